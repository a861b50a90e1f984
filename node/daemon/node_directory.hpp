// SPDX-License-Identifier: Apache-2.0
// A node's directory on disk (COMMANDS, "Common to all"): its files' names, the lock that keeps two
// daemons apart, and its making. docs/node.md describes every file for the admin.
#pragma once

#include <string>

#include "protocol/crypto.hpp"
#include "protocol/error.hpp"
#include "protocol/ids.hpp"

namespace sangam::node {

/// Names inside a node's or a registry's directory.
struct DirectoryPaths {
    std::string root;
    [[nodiscard]] std::string config() const { return root + "/sangam.toml"; }
    [[nodiscard]] std::string identity() const { return root + "/identity.key"; }
    [[nodiscard]] std::string store() const { return root + "/store.sqlite"; }
    [[nodiscard]] std::string socket() const { return root + "/sangam.sock"; }
    [[nodiscard]] std::string directory() const { return root + "/directory"; }
    [[nodiscard]] std::string blobs() const { return root + "/blobs"; }
    /// Imports on their way in and exports on their way out; emptied at every start.
    [[nodiscard]] std::string spool() const { return root + "/spool"; }
};

/// What a directory is, told by the files that make it one; `none` also for one that is not there.
enum class DirectoryUse { none, node, registry };
[[nodiscard]] DirectoryUse use_of_directory(const std::string& directory);

/// Error "not_found" when it is not that, which says what it is instead.
[[nodiscard]] Result<void> check_use(const std::string& directory, DirectoryUse wanted);

/// Whether this user may enter and list it. Errors: "not_found" when there is no such directory;
/// "permission_denied" (kind failed), with who owns what keeps the user out.
[[nodiscard]] Result<void> check_directory(const std::string& directory);

/// An exclusive flock on the directory itself, held until destroyed. The kernel drops it with the
/// process, so what a killed one left never stops the next start.
class DirectoryLock {
public:
    /// Errors of check_directory(); "locked" when a running process holds it.
    static Result<DirectoryLock> take(const std::string& directory);
    ~DirectoryLock();
    DirectoryLock(DirectoryLock&& other) noexcept;
    DirectoryLock& operator=(DirectoryLock&& other) noexcept;
    DirectoryLock(const DirectoryLock&) = delete;
    DirectoryLock& operator=(const DirectoryLock&) = delete;

private:
    explicit DirectoryLock(int fd) : fd_(fd) {}
    int fd_ = -1;
};

/// True when a running process holds the directory's lock.
[[nodiscard]] bool is_locked(const std::string& directory);

/// Makes `directory` (mode 0700) when it does not exist. Error when it exists and holds anything,
/// with a message of its own for an existing node or registry.
[[nodiscard]] Result<void> make_fresh_directory(const std::string& directory);

/// `sangam node init`: the directory, identity.key, sangam.toml, the store with its epoch. `name`
/// is the node's name for people (1..100 bytes) and, until it joins, its institution's handle.
/// Refuses an existing node's directory.
[[nodiscard]] Result<NodeId> init_node(const std::string& directory, const std::string& name);

/// The identity key of the node in `directory`. Errors: those of check_directory(), check_use() and
/// load_key_file().
[[nodiscard]] Result<SigningKey> load_identity(const std::string& directory);

}  // namespace sangam::node
