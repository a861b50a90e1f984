// SPDX-License-Identifier: Apache-2.0
// The composition root of `sangam node run`: makes every part of the daemon, joins them, runs until
// it is told to stop. And `node join` for a node that does not run.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/error.hpp"
#include "storage/store.hpp"

namespace sangam::node {

/// Opens the store in a node's directory. A test's daemon puts one that can fail in SQLite's place.
using OpenStore = std::function<std::unique_ptr<storage::Store>(
    const std::string& directory, storage::Author author, const storage::Projector& projector)>;

[[nodiscard]] std::unique_ptr<storage::Store> open_node_store(const std::string& directory,
                                                              storage::Author author,
                                                              const storage::Projector& projector);

/// What the command line said; what it did not say comes from the environment (SANGAM_PEER_LISTEN,
/// ...), then sangam.toml, then the defaults.
struct NodeRunOptions {
    std::optional<std::string> peer_listen;
    std::optional<std::string> http_listen;
    std::vector<std::string> advertise;        ///< HOST:PORT; empty: not said
    std::optional<std::string> registry_poll;  ///< "30s"
    std::optional<std::string> log_level;
    bool json = false;  ///< the ready and the stopping line as JSON
    OpenStore open_store = open_node_store;
};

/// Runs the node until SIGTERM or SIGINT, finishes what is being written, returns. One line on
/// standard output when ready, one when stopping; logs on standard error. An error for what keeps
/// it from starting: no node there, its lock is held, bad configuration or key, a port in use.
[[nodiscard]] Result<void> run_node(const std::string& directory, const NodeRunOptions& options);

/// `sangam node join INVITATION` for a node that does not run; "pending" or "member". Error
/// "locked" when a daemon runs there: ask it through its socket instead.
[[nodiscard]] Result<std::string> join_node(const std::string& directory,
                                            const std::string& invitation);

/// `sangam node admit NODE_ID` for a node that does not run; the invitation for that node. Else as
/// join_node().
[[nodiscard]] Result<std::string> admit_node(const std::string& directory,
                                             const std::string& node_id);

}  // namespace sangam::node
