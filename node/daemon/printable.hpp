// SPDX-License-Identifier: Apache-2.0
// Text from elsewhere, in a form that a terminal or a log can be given: it moves no cursor, colours
// nothing and begins no line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sangam::node {

/// What a terminal shows of the text: control characters and broken UTF-8 become `?`.
[[nodiscard]] std::string printable(std::string_view text);
/// Columns that printable text fills: one for each code point, two for East Asian wide ones, none
/// for combining marks.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// At most `width` columns of the text, ending in `…` when something was cut.
[[nodiscard]] std::string cut_to(std::string_view text, std::size_t width);

}  // namespace sangam::node
