// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/duration.hpp"

#include <charconv>
#include <string>

namespace sangam::node {

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    using std::chrono::milliseconds;
    const auto bad = [&] {
        return fail("bad_duration", "this is no duration", std::string(text),
                    "write a number and a unit, as in 250ms, 30s, 5m, 24h, 7d", ErrorKind::usage);
    };
    std::int64_t count = 0;
    if (text.empty() || text.front() < '0' || text.front() > '9') return bad();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{}) return bad();
    const std::string_view unit(end, text.data() + text.size());
    std::int64_t unit_ms = 0;
    if (unit == "ms") unit_ms = 1;
    if (unit == "s") unit_ms = 1000;
    if (unit == "m") unit_ms = 60'000;
    if (unit == "h") unit_ms = 3'600'000;
    if (unit == "d") unit_ms = 86'400'000;
    constexpr std::int64_t hundred_years_ms = 100LL * 366 * 86'400'000;
    if (unit_ms == 0 || count > hundred_years_ms / unit_ms) return bad();
    return milliseconds(count * unit_ms);
}

}  // namespace sangam::node
