// SPDX-License-Identifier: Apache-2.0
// Hybrid logical clock (Kulkarni et al., OPODIS 2014) in 64 bits: 48 bits of Unix milliseconds, 16
// bits of counter. `now` is always handed in; nothing here reads a clock.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

#include "protocol/error.hpp"

namespace sangam {

/// Unix time in milliseconds, as the caller's clock gives it.
using Millis = std::chrono::milliseconds;

/// A point on the hybrid clock. Ordered by time, then counter. Zero: before every commit.
struct Hlc {
    std::uint64_t value = 0;
    friend auto operator<=>(const Hlc&, const Hlc&) = default;

    static constexpr Hlc of(std::uint64_t unix_ms, std::uint16_t counter) {
        return {(unix_ms << 16) | counter};
    }
    [[nodiscard]] constexpr std::uint64_t unix_ms() const { return value >> 16; }
    [[nodiscard]] constexpr std::uint16_t counter() const { return value & 0xffff; }
};

/// How far ahead of the receiver's clock a commit may be before it is set aside (SEMANTICS
/// section 1).
inline constexpr Millis max_clock_ahead = std::chrono::minutes(10);

/// The next reading: not before `now`, and later than every clock in `seen` (the lane's last commit
/// and every head that the commit names). A full counter carries into the milliseconds.
[[nodiscard]] constexpr Hlc tick(Hlc seen, Millis now) {
    const auto now_hlc = Hlc::of(now.count() < 0 ? 0 : static_cast<std::uint64_t>(now.count()), 0);
    return seen.value >= now_hlc.value ? Hlc{seen.value + 1} : now_hlc;
}

/// True when `clock` is more than max_clock_ahead in front of `now`.
[[nodiscard]] constexpr bool is_far_ahead(Hlc clock, Millis now) {
    return static_cast<std::int64_t>(clock.unix_ms()) > (now + max_clock_ahead).count();
}

}  // namespace sangam
