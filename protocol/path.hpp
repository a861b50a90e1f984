// SPDX-License-Identifier: Apache-2.0
// Field paths (SEMANTICS section 2): a list of names, joined by `.` in commands. Order is bytewise,
// name by name. A first name that starts with `_` is reserved for Sangam.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace sangam {

inline constexpr std::size_t max_name_bytes = 1024;  ///< a collection, a record id, a path name
inline constexpr std::size_t max_path_names = 32;    ///< wire format; MCPD and BrAPI need 5

/// One field's place in a record: at least one name in a valid path. An element of a set is the
/// set's path plus the element's text as the last name; names may hold any UTF-8 text, also none.
struct Path {
    std::vector<std::string> names;

    Path() = default;
    explicit Path(std::vector<std::string> n) : names(std::move(n)) {}
    friend auto operator<=>(const Path&, const Path&) = default;

    /// Reads `collectingInfo.collectingSite.elevation`; a name in double quotes is taken as it is,
    /// `""` inside stands for one quote. Refuses an empty unquoted name and an open quote.
    static Result<Path> parse(std::string_view text);
    /// A path of one name, also when that has dots (an unmapped CSV header).
    static Path single(std::string_view name) { return Path({std::string(name)}); }
    /// The form that parse() reads: names that are empty or hold `.`, `"`, a space or another
    /// character outside letters, digits, `_`, `-` and non-ASCII are quoted.
    [[nodiscard]] std::string text() const;
    /// True when this path is `other` or lies below it (a grant on a path covers all below).
    [[nodiscard]] bool is_at_or_below(const Path& other) const;
    /// True when the first name starts with `_`.
    [[nodiscard]] bool is_reserved() const;
    /// The path with one more name.
    [[nodiscard]] Path child(std::string_view name) const;
};

/// The reserved field that says whether a record lives (SEMANTICS section 4). Its value is a map:
/// {"state": "deleted" | "live"} and optionally "replaced_by": RECORD text.
[[nodiscard]] const Path& life_path();

}  // namespace sangam
