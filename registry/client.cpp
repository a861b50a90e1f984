// SPDX-License-Identifier: Apache-2.0
#include "registry/client.hpp"

#include "protocol/value.hpp"

namespace sangam::registry::client {
namespace {

HttpRequest get_request(std::string target) { return {"GET", std::move(target), {}}; }
HttpRequest post_request(std::string target, Bytes body) {
    return {"POST", std::move(target), std::move(body)};
}

std::unexpected<Error> bad_reply(unsigned status) {
    return fail("bad_reply",
                "the registry answered with HTTP status " + std::to_string(status) +
                    " and nothing that a registry says",
                {}, "check that the address is a registry's and what stands in between",
                ErrorKind::unreachable);
}

/// The text under a key of an error document; empty when it is not there.
std::string text_at(const Value::Map& map, std::string_view key) {
    const auto found = map.find(key);
    return found != map.end() && found->second.is_text() ? std::string(found->second.text())
                                                         : std::string();
}

}  // namespace

HttpRequest get_roots() { return get_request("/root"); }
HttpRequest get_checkpoint() { return get_request("/checkpoint"); }
HttpRequest get_directory(std::uint64_t from_size) {
    return get_request("/api/v1/directory?from=" + std::to_string(from_size));
}
HttpRequest get_document(const Hash& hash) { return get_request("/documents/" + hash.hex()); }
HttpRequest get_enrolment(const NodeId& node) {
    return get_request("/api/v1/enrolment?node=" + node.hex());
}
HttpRequest get_tile(const std::string& tile_path) { return get_request("/" + tile_path); }
HttpRequest post_enrol(const EnrolRequest& request) {
    return post_request("/api/v1/enrol", request.encode());
}
HttpRequest post_admit(const AdmitRequest& request) {
    return post_request("/api/v1/admit", request.encode());
}
HttpRequest post_revoke(const RevokeRequest& request) {
    return post_request("/api/v1/revoke", request.encode());
}
HttpRequest post_document(const SignedDocument& document) {
    return post_request("/api/v1/document", document.encode());
}

Result<Bytes> body_of(const HttpResponse& response) {
    if (response.status == 200) return response.body;
    const auto value = Value::from_cbor(response.body);
    const auto* outer = value ? value->get_if<Value::Map>() : nullptr;
    const auto found = outer != nullptr ? outer->find("error") : Value::Map::const_iterator{};
    const auto* inner =
        outer != nullptr && found != outer->end() ? found->second.get_if<Value::Map>() : nullptr;
    if (inner == nullptr) return bad_reply(response.status);
    Error error;
    error.code = text_at(*inner, "code");
    error.message = text_at(*inner, "message");
    error.subject = text_at(*inner, "subject");
    error.fix = text_at(*inner, "fix");
    if (error.code.empty() || error.message.empty()) return bad_reply(response.status);
    const auto kind = inner->find("kind");
    const auto* number = kind != inner->end() ? kind->second.get_if<std::int64_t>() : nullptr;
    if (number != nullptr && *number >= static_cast<std::int64_t>(ErrorKind::failed) &&
        *number <= static_cast<std::int64_t>(ErrorKind::incomplete))
        error.kind = static_cast<ErrorKind>(*number);
    return std::unexpected(std::move(error));
}

Result<messages::DirectoryUpdate> directory_update(const HttpResponse& response) {
    const auto body = body_of(response);
    if (!body) return std::unexpected(body.error());
    return decode_update(*body);
}

Result<EnrolmentReply> enrolment(const HttpResponse& response) {
    const auto body = body_of(response);
    if (!body) return std::unexpected(body.error());
    return EnrolmentReply::decode(*body);
}

}  // namespace sangam::registry::client
