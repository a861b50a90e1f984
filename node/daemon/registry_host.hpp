// SPDX-License-Identifier: Apache-2.0
// A running registry: registry::Service with its files and the clock, behind one lock; the public
// HTTP interface and the operator's.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "node/http/message.hpp"
#include "protocol/crypto.hpp"
#include "registry/service.hpp"

namespace sangam::node {

/// Thread-safe: one request at a time. The caller holds the directory's lock.
class RegistryHost {
public:
    /// Loads, repairs what a crash left, signs a checkpoint. Errors of registry::Service::load()
    /// and of the key files.
    static Result<std::unique_ptr<RegistryHost>> open(const std::string& directory);

    /// Goes into invitations. Set before the first request.
    void set_url(std::string url) { url_ = std::move(url); }

    /// registry::handle() with its effects made durable before it answers.
    [[nodiscard]] http::Response handle_public(const http::Request& request);
    /// What registry_app.hpp lists, for the socket in the directory.
    [[nodiscard]] http::Response handle_operator(const http::Request& request);
    /// Signs the checkpoint anew when it is time. Logs what fails.
    void tick();

private:
    explicit RegistryHost(std::string directory) : directory_(std::move(directory)) {}
    [[nodiscard]] Result<void> load();
    void make_durable(const registry::Effects& effects);
    [[nodiscard]] Result<http::Response> invite(const http::Request& request);
    [[nodiscard]] Result<http::Response> approve(const http::Request& request);
    [[nodiscard]] Result<http::Response> revoke(const http::Request& request);

    const std::string directory_;
    std::string url_;
    SystemRandom random_;
    std::mutex mutex_;
    std::optional<registry::Service> service_;  ///< empty after the disk failed: loaded anew
};

/// `registry members` (COMMANDS).
[[nodiscard]] boost::json::object members_document(const registry::MembersReport& report);

}  // namespace sangam::node
