// SPDX-License-Identifier: Apache-2.0
// A node's configuration: sangam.toml, the environment, options (docs/node.md, "Configuration").
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace sangam::node {

/// What the node does once the directory is past its expiry (SEMANTICS section 6).
enum class OnExpired { go_on, stop };

/// All settings with their defaults. Checked: addresses and durations have been parsed once.
struct NodeConfig {
    std::string name;         ///< for people
    std::string institution;  ///< the handle before the node joins a federation; default: name
    std::string peer_listen = "127.0.0.1:7420";
    std::string http_listen = "127.0.0.1:7430";
    std::vector<std::string> advertise;  ///< HOST:PORT; empty: the real listening address
    /// Names without port, in small letters, that HTTP requests may name besides addresses and
    /// `localhost` (DNS rebinding).
    std::vector<std::string> http_hosts;
    std::chrono::milliseconds registry_poll{30'000};
    OnExpired on_expired = OnExpired::go_on;
    std::string log_level = "info";  ///< debug | info | warning | error
};

/// Settings that came as options; each wins over environment and file.
struct ConfigOverrides {
    std::optional<std::string> peer_listen;
    std::optional<std::string> http_listen;
    std::vector<std::string> advertise;
    std::optional<std::string> registry_poll;
    std::optional<std::string> log_level;
};

/// getenv, or a map in tests.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] Environment process_environment();

/// Reads `toml` (the text of the file `path`, which errors name with the line), then applies the
/// environment (SANGAM_NAME, SANGAM_PEER_LISTEN, ...; lists separated by commas), then the options.
/// Errors are of kind usage: no TOML, an unknown key, a value of the wrong type or form.
[[nodiscard]] Result<NodeConfig> parse_config(std::string_view toml, const std::string& path,
                                              const Environment& environment,
                                              const ConfigOverrides& overrides);

/// parse_config() of the node's directory with this process's environment.
[[nodiscard]] Result<NodeConfig> load_config(const std::string& directory,
                                             const ConfigOverrides& overrides);

/// The file `node init` writes: the name, and every other setting as a comment with its default.
[[nodiscard]] std::string initial_config(const std::string& name);

}  // namespace sangam::node
