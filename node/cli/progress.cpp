// SPDX-License-Identifier: Apache-2.0
#include "node/cli/progress.hpp"

#include <algorithm>
#include <cstdio>

#include "node/cli/table.hpp"

namespace sangam::node::cli {
namespace {

constexpr auto first_after = std::chrono::seconds(1);
constexpr auto redraw_every = std::chrono::milliseconds(100);

std::string bytes_text(double bytes) {
    static constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    while (bytes >= 1000 && unit + 1 < std::size(units)) {
        bytes /= 1000;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
    return text;
}

}  // namespace

std::string progress_line(const std::string& what, const std::string& at_end, std::uint64_t done,
                          std::uint64_t total, std::chrono::milliseconds elapsed,
                          std::size_t width) {
    done = std::min(done, total);
    if (done == total) return cut_to(what + "  " + at_end, width);
    const double share = static_cast<double>(done) / static_cast<double>(total);
    const double seconds = std::max(0.001, static_cast<double>(elapsed.count()) / 1000);
    const double rate = static_cast<double>(done) / seconds;
    char numbers[96];
    const auto left = rate > 0 ? static_cast<long>(static_cast<double>(total - done) / rate) : 0L;
    std::snprintf(numbers, sizeof numbers, " %3d %%  %s/s  %ld s left",
                  static_cast<int>(share * 100), bytes_text(rate).c_str(), left);
    const std::size_t fixed = display_width(what) + display_width(numbers) + 4;
    const std::size_t bar = fixed + 10 < width ? std::min<std::size_t>(30, width - fixed) : 10;
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(bar));
    return cut_to(
        what + " [" + std::string(filled, '#') + std::string(bar - filled, '.') + "]" + numbers,
        width);
}

Progress::Progress(const Terminal& terminal, std::string what, std::string at_end)
    : terminal_(terminal),
      what_(std::move(what)),
      at_end_(std::move(at_end)),
      started_(std::chrono::steady_clock::now()) {}

Progress::~Progress() {
    if (is_drawn_) terminal_.err << "\r\033[K" << std::flush;
}

void Progress::update(std::uint64_t done, std::uint64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_.err_is_terminal || total == 0 || now - started_ < first_after) return;
    if (is_drawn_ && now - drawn_ < redraw_every && done < total) return;
    drawn_ = now;
    is_drawn_ = true;
    const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - started_);
    terminal_.err << '\r'
                  << progress_line(what_, at_end_, done, total, elapsed, terminal_.width - 1)
                  << "\033[K" << std::flush;
}

}  // namespace sangam::node::cli
