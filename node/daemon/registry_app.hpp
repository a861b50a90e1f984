// SPDX-License-Identifier: Apache-2.0
// The daemon of `sangam registry run` and the registry's commands that need no daemon.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "protocol/error.hpp"

namespace sangam::node {

struct RegistryInitOptions {
    std::string name;                                     ///< of the federation, for people
    unsigned root_keys = 1;                               ///< how many offline keys are made
    unsigned threshold = 1;                               ///< how many of them must sign a new root
    std::chrono::seconds expiry{std::chrono::hours(24)};  ///< past this age a checkpoint is expired
};

/// `sangam registry init`: {"registry_id","root_keys":[..],"threshold"}. The root's secret keys are
/// in R/root-keys/, to be taken to where no network reaches; the log and freshness keys stay in R.
[[nodiscard]] Result<boost::json::object> init_registry(const std::string& directory,
                                                        const RegistryInitOptions& options);

struct RegistryRunOptions {
    std::string listen = "127.0.0.1:7410";
    std::optional<std::string> public_url;  ///< in invitations; default http://LISTEN
    bool json = false;
};

/// `sangam registry run`, until SIGTERM or SIGINT, as run_node().
///
/// The operator's commands reach it on R/sangam.sock, as HTTP with JSON bodies and answers:
///   POST /api/v1/registry/invite   {"institution","name","wiews"?,"ror"?,"valid_s"?,
///                                   "auto_approve"?}      -> {"invitation"}
///   POST /api/v1/registry/approve  {"node_ids":[..]}      -> {"approved":[..]}
///   POST /api/v1/registry/revoke   {"node"|"institution","reason"} -> {"revoked"}
///   GET  /api/v1/registry/members                          -> as registry_members()
[[nodiscard]] Result<void> run_registry(const std::string& directory,
                                        const RegistryRunOptions& options);

/// `sangam registry members` from the files, also beside a running registry.
[[nodiscard]] Result<boost::json::object> registry_members(const std::string& directory);
/// `sangam registry log verify --dir`: recomputes everything from the files.
[[nodiscard]] Result<boost::json::object> verify_registry_log(const std::string& directory);
/// `sangam registry log verify --url`: the same from what the registry serves.
[[nodiscard]] Result<boost::json::object> verify_registry_url(const std::string& url);

}  // namespace sangam::node
