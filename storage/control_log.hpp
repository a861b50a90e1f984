// SPDX-License-Identifier: Apache-2.0
// control.log: the control entries that this node made, in a plain append-only file beside the
// database (SEMANTICS section 3), so that a store restored from an older backup does not give a
// number twice. docs/storage.md has the format.
#pragma once

#include <string>
#include <vector>

#include "protocol/control.hpp"

namespace sangam::storage {

/// The open file. Not thread-safe. Throws StoreError with the path when the disk fails.
class ControlLog {
public:
    /// Opens or makes the file and reads it. What a crash left half written at its end is cut off;
    /// damage before the end is a StoreError.
    explicit ControlLog(std::string path);
    ~ControlLog();
    ControlLog(const ControlLog&) = delete;
    ControlLog& operator=(const ControlLog&) = delete;

    /// What stood in the file when it was opened, in order of writing.
    [[nodiscard]] const std::vector<SignedControl>& entries() const { return entries_; }
    /// Writes entries at the end; on disk once sync() returned.
    void append(const std::vector<SignedControl>& entries);
    void sync();
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// Cuts off what was appended after `size`: its transaction did not happen.
    void truncate(std::uint64_t size);

private:
    void read_all();
    [[noreturn]] void fail(const std::string& doing) const;

    std::string path_;
    int file_ = -1;
    std::uint64_t size_ = 0;
    std::vector<SignedControl> entries_;
};

}  // namespace sangam::storage
