// SPDX-License-Identifier: Apache-2.0
// A node's requests to its registry. Blocking; nothing that comes back is trusted here.
#pragma once

#include <functional>
#include <string>

#include "registry/client.hpp"

namespace sangam::node {

/// Carries a request to the registry at `url`; an error of kind unreachable when there is no
/// answer. Over HTTP in the daemon, by a call in tests.
using RegistryFetch = std::function<Result<registry::HttpResponse>(
    const std::string& url, const registry::HttpRequest& request)>;

/// Over TCP, with a deadline short enough that a hung registry does not hold up a stopping node.
[[nodiscard]] RegistryFetch fetch_over_http();

/// The requests of registry/client.hpp, carried out. Errors: those of the fetch, those that the
/// registry gave, "bad_reply".
class RegistryClient {
public:
    RegistryClient(std::string url, const RegistryFetch& fetch)
        : url_(std::move(url)), fetch_(fetch) {}

    [[nodiscard]] Result<Bytes> roots() const;
    [[nodiscard]] Result<messages::DirectoryUpdate> directory(std::uint64_t from_size) const;
    [[nodiscard]] Result<Bytes> document(const Hash& hash) const;
    [[nodiscard]] Result<registry::EnrolmentReply> enrolment(const NodeId& node) const;
    [[nodiscard]] Result<registry::EnrolmentReply> enrol(
        const registry::EnrolRequest& request) const;
    [[nodiscard]] Result<registry::EnrolmentReply> admit(
        const registry::AdmitRequest& request) const;
    [[nodiscard]] Result<void> publish(const registry::SignedDocument& document) const;

private:
    [[nodiscard]] Result<registry::HttpResponse> ask(const registry::HttpRequest& request) const {
        return fetch_(url_, request);
    }
    std::string url_;
    const RegistryFetch& fetch_;
};

}  // namespace sangam::node
