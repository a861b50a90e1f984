// SPDX-License-Identifier: Apache-2.0
// Tables for people: columns as wide as their content, cut so that a line fits the terminal.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "node/daemon/printable.hpp"

namespace sangam::node::cli {

/// Rows under a header. Control characters in cells are shown as `?`, so that data from elsewhere
/// cannot move the cursor or colour the screen.
class Table {
public:
    explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
    /// As many cells as the header has.
    void add(std::vector<std::string> row);
    [[nodiscard]] bool empty() const { return rows_.empty(); }
    /// Lines of at most `width` columns where that can be: the widest columns are cut, with `…` at
    /// the cut, but never the first, whose names and ids are there to be copied.
    void print(std::ostream& out, std::size_t width) const;

private:
    std::vector<std::string> header_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace sangam::node::cli
