// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/registry_client.hpp"

#include "node/http/client.hpp"

namespace sangam::node {
namespace {

/// A directory's chunk of 2 MiB comes over a slow line in this time; beyond it the next poll asks
/// again.
constexpr std::chrono::milliseconds exchange_deadline{8'000};

}  // namespace

RegistryFetch fetch_over_http() {
    return [](const std::string& url,
              const registry::HttpRequest& request) -> Result<registry::HttpResponse> {
        http::ClientRequest out;
        out.method = request.method;
        out.target = request.target;
        out.content_type = "application/cbor";
        out.body = std::string(as_text(request.body));
        out.deadline = exchange_deadline;
        out.max_response_bytes = registry::client::max_reply_bytes;
        const auto response = http::fetch_tcp(url, out);
        if (!response) return std::unexpected(response.error());
        const ByteView body = as_bytes(response->body);
        return registry::HttpResponse{static_cast<unsigned>(response->status),
                                      response->content_type,
                                      {},
                                      Bytes(body.begin(), body.end())};
    };
}

Result<Bytes> RegistryClient::roots() const {
    const auto response = ask(registry::client::get_roots());
    if (!response) return std::unexpected(response.error());
    return registry::client::body_of(*response);
}

Result<messages::DirectoryUpdate> RegistryClient::directory(std::uint64_t from_size) const {
    const auto response = ask(registry::client::get_directory(from_size));
    if (!response) return std::unexpected(response.error());
    return registry::client::directory_update(*response);
}

Result<Bytes> RegistryClient::document(const Hash& hash) const {
    const auto response = ask(registry::client::get_document(hash));
    if (!response) return std::unexpected(response.error());
    return registry::client::body_of(*response);
}

Result<registry::EnrolmentReply> RegistryClient::enrolment(const NodeId& node) const {
    const auto response = ask(registry::client::get_enrolment(node));
    if (!response) return std::unexpected(response.error());
    return registry::client::enrolment(*response);
}

Result<registry::EnrolmentReply> RegistryClient::enrol(
    const registry::EnrolRequest& request) const {
    const auto response = ask(registry::client::post_enrol(request));
    if (!response) return std::unexpected(response.error());
    return registry::client::enrolment(*response);
}

Result<registry::EnrolmentReply> RegistryClient::admit(
    const registry::AdmitRequest& request) const {
    const auto response = ask(registry::client::post_admit(request));
    if (!response) return std::unexpected(response.error());
    return registry::client::enrolment(*response);
}

Result<void> RegistryClient::publish(const registry::SignedDocument& document) const {
    const auto response = ask(registry::client::post_document(document));
    if (!response) return std::unexpected(response.error());
    const auto body = registry::client::body_of(*response);
    if (!body) return std::unexpected(body.error());
    return {};
}

}  // namespace sangam::node
