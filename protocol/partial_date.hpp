// SPDX-License-Identifier: Apache-2.0
// Partial dates as genebanks write them (MCPD V.2.1: YYYYMMDD, `--` or `00` for what is unknown): a
// date is the interval of the days that it may mean (COMMANDS, "Conditions").
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sangam {

/// The days from `first` to `last`, both inclusive, as the numbers YYYYMMDD.
struct PartialDate {
    std::int32_t first = 0;
    std::int32_t last = 0;

    /// Reads `20010513`, `200105--`, `2001----`, `20010500`, `200105`, `2001`, and ISO 8601's
    /// `2001-05`, `2001-05-13`, also with a time behind it. A known day in an unknown month says no
    /// more than the year. Nothing for other text, for an unknown year, and for days that no
    /// calendar has.
    static std::optional<PartialDate> parse(std::string_view text);
    /// True when every day that this may mean is one that `other` may mean.
    [[nodiscard]] bool is_within(const PartialDate& other) const {
        return first >= other.first && last <= other.last;
    }
    friend bool operator==(const PartialDate&, const PartialDate&) = default;
};

}  // namespace sangam
