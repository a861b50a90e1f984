// SPDX-License-Identifier: Apache-2.0
// A progress bar with rate and time left, for what takes over a second, on a terminal only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "node/cli/terminal.hpp"

namespace sangam::node::cli {

/// Draws on standard error, at most ten times a second. Removes its line at the end.
class Progress {
public:
    Progress(const Terminal& terminal, std::string what);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    /// Bytes done and in all.
    void update(std::uint64_t done, std::uint64_t total);

private:
    const Terminal& terminal_;
    std::string what_;
    std::chrono::steady_clock::time_point started_;
    std::chrono::steady_clock::time_point drawn_;
    bool is_drawn_ = false;
};

/// One line of at most `width` columns: what, bar, share, rate, time left.
[[nodiscard]] std::string progress_line(const std::string& what, std::uint64_t done,
                                        std::uint64_t total, std::chrono::milliseconds elapsed,
                                        std::size_t width);

}  // namespace sangam::node::cli
