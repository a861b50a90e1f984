// SPDX-License-Identifier: Apache-2.0
// Small files that must be whole after a crash: keys, configuration, checkpoints. And an
// append-only file of lines, for audit.
#pragma once

#include <sys/types.h>

#include <string>

#include "protocol/bytes.hpp"
#include "protocol/error.hpp"

namespace sangam::node {

/// Replaces `path` by a file with these bytes and this mode; after a crash there is the old file or
/// the new one, whole. On disk, its directory entry too, on return. Throws std::runtime_error that
/// names the file when the disk is full or does not permit it.
void write_file_durably(const std::string& path, ByteView bytes, mode_t mode);

/// Appends to `path`, which is made with `mode` when it is not there; on disk on return. A crash
/// can leave a prefix of `bytes`. Throws as write_file_durably().
void append_file_durably(const std::string& path, ByteView bytes, mode_t mode);

/// The whole file. Error "not_found", "unreadable" (with the system's reason), or "too_large" past
/// `limit` bytes.
[[nodiscard]] Result<Bytes> read_file(const std::string& path, std::size_t limit);

/// The names in a directory, ascending, without "." and ".."; empty when there is no such
/// directory.
[[nodiscard]] std::vector<std::string> list_directory(const std::string& path);

/// Makes one directory with mode 0700 and puts its entry on disk; nothing when it exists. Throws as
/// write_file_durably().
void make_directory(const std::string& path);

}  // namespace sangam::node
