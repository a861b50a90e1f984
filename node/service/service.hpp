// SPDX-License-Identifier: Apache-2.0
// The node's verbs, each returning the JSON document that COMMANDS names; the HTTP API and, through
// the Unix socket, the command line call these. Every verb has the asker as a parameter.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "node/daemon/engine_runner.hpp"
#include "node/daemon/membership.hpp"
#include "node/daemon/peer_table.hpp"
#include "node/http/message.hpp"
#include "protocol/crypto.hpp"
#include "storage/store.hpp"
#include "sync/merger.hpp"

namespace sangam::node {

/// What the verbs work on; all outlive the service.
struct ServiceContext {
    storage::Store* store = nullptr;
    const sync::Merger* merger = nullptr;
    EngineRunner* engine = nullptr;
    Membership* membership = nullptr;
    const PeerTable* peers = nullptr;
    NodeId node;
    const SigningKey* key = nullptr;
    Random* random = nullptr;  ///< thread-safe (SystemRandom)
    std::string version;
    std::string directory;        ///< for exports on their way out; the HTTP server's spool
    std::string store_directory;  ///< where store.sqlite is, for its size
    /// Peers are listened for and the logic runs; nothing: always.
    std::function<bool()> is_running;
    /// Names (without port) under which the node answers on TCP, besides addresses and localhost.
    std::vector<std::string> http_hosts;
    std::function<Millis()> now;  ///< the wall clock; the system's when not set
};

/// The handler for both HTTP listeners: routes /api/v1/..., /healthz, /readyz, /metrics.
/// Thread-safe: runs on worker threads.
class Service {
public:
    explicit Service(ServiceContext context);
    ~Service();
    [[nodiscard]] http::Response handle(const http::Request& request);
    /// Whether the request's body is to be spooled to a file: an import, by somebody who may
    /// (http::ServerOptions::spools_body).
    [[nodiscard]] bool takes_file(const http::Request& request);
    /// Whether the body may be as long as max_value_body_bytes: an edit, by somebody who may
    /// (http::ServerOptions::takes_long_body).
    [[nodiscard]] bool takes_value(const http::Request& request);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sangam::node
