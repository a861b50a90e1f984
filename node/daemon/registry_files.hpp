// SPDX-License-Identifier: Apache-2.0
// A registry's directory on disk: reads what registry::Service loads, carries out its effects
// durably and in order (registry/service.hpp, "Durability").
#pragma once

#include <string>

#include "protocol/error.hpp"
#include "registry/service.hpp"

namespace sangam::node {

/// Names besides those of registry::file.
struct RegistryPaths {
    std::string root;
    [[nodiscard]] std::string of(const char* name) const { return root + "/" + name; }
    [[nodiscard]] std::string log_key() const { return root + "/log.key"; }
    [[nodiscard]] std::string freshness_key() const { return root + "/freshness.key"; }
    [[nodiscard]] std::string root_keys() const { return root + "/root-keys"; }
    [[nodiscard]] std::string socket() const { return root + "/sangam.sock"; }
};

/// Everything that is there, also while a registry runs on it: files are read in the reverse of
/// the order in which they are written, so that none lacks what an earlier one names. Error
/// "not_found" when it is no registry's directory.
[[nodiscard]] Result<registry::StoredRegistry> read_registry(const std::string& directory);

[[nodiscard]] Result<registry::RegistryKeys> load_registry_keys(const std::string& directory);

/// All of them, each on disk before the next. Throws std::runtime_error when the disk does.
void carry_out(const std::string& directory, const registry::Effects& effects);

/// Cuts a torn last entry off, before the first append. Throws as carry_out().
void cut_entries_file(const std::string& directory, std::size_t bytes);

}  // namespace sangam::node
