// SPDX-License-Identifier: Apache-2.0
// Whether this process may use a file or a directory, and if not, what an operator does about it.
// Asked before anything is opened: SQLite takes a file that it cannot write as a read-only one.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace sangam::storage {

/// 0, or the errno (EACCES, EROFS, ENOENT, ...) with which the kernel refuses `mode` (R_OK | W_OK |
/// X_OK) to this process's effective user.
[[nodiscard]] int refused_access(const std::string& path, int mode);

/// What to do about a `path` that was refused with `error`: the nearest part of it that can be
/// looked at, to whom that belongs, and the command or the user to run as.
[[nodiscard]] std::string access_advice(const std::string& path, int error);

/// "0700".
[[nodiscard]] std::string mode_text(mode_t mode);

/// The file or directory of a store in `directory` that this process may not read and write, in
/// words with what to do; nullopt when there is none. What does not exist yet is not looked at.
[[nodiscard]] std::optional<std::string> unwritable_store_file(const std::string& directory);

}  // namespace sangam::storage
