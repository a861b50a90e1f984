// SPDX-License-Identifier: Apache-2.0
// The file that `--out` names: written beside its place and put there whole, so that a command that
// breaks leaves neither half a file nor the old one lost.
#pragma once

#include <string>

#include "protocol/error.hpp"

namespace sangam::node::cli {

/// A regular file is replaced at the end, keeping its permissions; a symbolic link is followed.
/// What is no regular file (a pipe, a terminal, a device) is written into and never replaced. What
/// goes to standard output waits in a temporary file until it is whole. Not copyable; what was not
/// kept is removed with the object, or by SIGINT, SIGTERM and SIGHUP. One at a time.
class OutputFile {
public:
    /// "-" is standard output. Errors: unwritable_file, for a directory or where none is.
    [[nodiscard]] static Result<OutputFile> at(const std::string& path);
    OutputFile(OutputFile&& other) noexcept;
    OutputFile& operator=(OutputFile&&) = delete;
    ~OutputFile();

    /// Where to write to, from the beginning.
    [[nodiscard]] const std::string& path() const { return path_; }
    /// Whether it is the command's own standard output, where nothing else may then be said.
    [[nodiscard]] bool is_standard_output() const { return is_standard_output_; }
    /// All is written: puts it in its place. Error: unwritable_file, and the old file stays.
    [[nodiscard]] Result<void> keep();

private:
    OutputFile() = default;
    std::string path_;
    std::string place_;  ///< where path_ is moved to; empty: it is its place
    bool is_standard_output_ = false;
};

}  // namespace sangam::node::cli
