// SPDX-License-Identifier: Apache-2.0
// Making the directory of a node or registry, so that a crash, a kill or a full disk in the middle
// stands in nobody's way: what an attempt made goes with it, at once or before the next one.
#pragma once

#include <string>

#include "node/daemon/node_directory.hpp"
#include "protocol/error.hpp"

namespace sangam::node {

class InitAttempt {
public:
    /// An empty directory of mode 0700, locked, with a file in it that says that it is being made.
    /// Removes first what an attempt left that did not come to its end. Errors as
    /// make_fresh_directory() and DirectoryLock::take(). Throws as write_file_durably().
    static Result<InitAttempt> begin(const std::string& directory);
    /// Removes what is in the directory, and the directory if the attempt made it, unless finish()
    /// was called.
    ~InitAttempt();
    InitAttempt(InitAttempt&& other) noexcept;
    InitAttempt& operator=(InitAttempt&&) = delete;

    /// All of it is on disk: it stays.
    void finish();
    /// True when an attempt before this one had left something, which was removed.
    [[nodiscard]] bool has_removed_remains() const { return has_removed_remains_; }

private:
    InitAttempt(std::string directory, DirectoryLock lock)
        : directory_(std::move(directory)), lock_(std::move(lock)) {}

    std::string directory_;
    DirectoryLock lock_;
    bool is_ours_ = true;  ///< to be removed when it ends unfinished
    bool has_made_directory_ = false;
    bool has_removed_remains_ = false;
};

/// What to say of an init that failed for a reason of its own, such as a full disk.
[[nodiscard]] std::unexpected<Error> init_failed(const std::string& directory,
                                                 const std::string& why);

}  // namespace sangam::node
