// SPDX-License-Identifier: Apache-2.0
#include "node/cli/table.hpp"

#include <algorithm>
#include <cstdint>

#include "protocol/bytes.hpp"
#include "protocol/error.hpp"

namespace sangam::node::cli {
namespace {

constexpr std::size_t gap = 2;         // spaces between columns
constexpr std::size_t min_column = 6;  // no column is cut below this

}  // namespace

void Table::add(std::vector<std::string> row) {
    SANGAM_ASSERT(row.size() == header_.size());
    for (auto& cell : row) cell = printable(cell);
    rows_.push_back(std::move(row));
}

void Table::print(std::ostream& out, std::size_t width) const {
    std::vector<std::size_t> widths;
    for (const auto& name : header_) widths.push_back(display_width(name));
    for (const auto& row : rows_)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], display_width(row[i]));
    std::size_t total = gap * (widths.size() - 1);
    for (const auto w : widths) total += w;
    while (total > width) {
        const auto widest = std::max_element(widths.begin() + 1, widths.end());
        if (widest == widths.end() || *widest <= min_column) break;
        --*widest;
        --total;
    }
    const auto line = [&](const std::vector<std::string>& cells) {
        std::string text;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const auto cell = cut_to(cells[i], widths[i]);
            text += cell;
            if (i + 1 < cells.size())
                text += std::string(widths[i] - display_width(cell) + gap, ' ');
        }
        text.erase(text.find_last_not_of(' ') + 1);
        out << text << '\n';
    };
    line(header_);
    for (const auto& row : rows_) line(row);
}

}  // namespace sangam::node::cli
