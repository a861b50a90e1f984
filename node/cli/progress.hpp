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
    /// `at_end`: what is said once all bytes are done.
    Progress(const Terminal& terminal, std::string what, std::string at_end);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    /// Bytes done and in all.
    void update(std::uint64_t done, std::uint64_t total);

private:
    const Terminal& terminal_;
    std::string what_;
    std::string at_end_;
    std::chrono::steady_clock::time_point started_;
    std::chrono::steady_clock::time_point drawn_;
    bool is_drawn_ = false;
};

/// One line of at most `width` columns: what, bar, share, rate, time left; when all is done, what
/// and `at_end`.
[[nodiscard]] std::string progress_line(const std::string& what, const std::string& at_end,
                                        std::uint64_t done, std::uint64_t total,
                                        std::chrono::milliseconds elapsed, std::size_t width);

}  // namespace sangam::node::cli
