// SPDX-License-Identifier: Apache-2.0
// The text of `--help`, as wide as a terminal: CLI11 writes each description on one line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sangam::node::cli {

/// The lines of a help text, broken at spaces where they are longer than `width`. What goes on of
/// an option's or command's description stands below its beginning. A word longer than a line
/// stays.
[[nodiscard]] std::string wrap_help(std::string_view text, std::size_t width);

}  // namespace sangam::node::cli
