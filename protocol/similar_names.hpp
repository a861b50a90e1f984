// SPDX-License-Identifier: Apache-2.0
// Which names somebody may have meant who wrote one that is not there.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sangam {

/// Letters to insert, drop, change or swap with their neighbour to make one of the other; upper and
/// lower case are one.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// At most three of `names`, the nearest first: those that differ in a third of their letters at
/// most, and those of which `name` is the last part (`elevation` of `site.elevation`).
[[nodiscard]] std::vector<std::string> similar_names(std::string_view name,
                                                     const std::set<std::string>& names);

}  // namespace sangam
