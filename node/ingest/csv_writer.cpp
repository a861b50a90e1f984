// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/csv_writer.hpp"

namespace sangam::node::ingest {
namespace {

void append_cells(std::string& out, std::span<const std::string_view> cells, char delimiter,
                  std::string_view specials) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) out += delimiter;
        const std::string_view cell = cells[i];
        const bool needs_quotes = cell.find_first_of(specials) != std::string_view::npos ||
                                  (cells.size() == 1 && cell.empty()) ||
                                  cell.starts_with("\xEF\xBB\xBF");
        if (!needs_quotes) {
            out += cell;
            continue;
        }
        out += '"';
        for (const char c : cell) {
            if (c == '"') out += '"';
            out += c;
        }
        out += '"';
    }
    out += '\n';
}

}  // namespace

void append_csv_row(std::string& out, std::span<const std::string_view> cells, char delimiter) {
    const char special[] = {'"', '\r', '\n', delimiter};
    append_cells(out, cells, delimiter, std::string_view(special, sizeof special));
}

void append_csv_header(std::string& out, std::span<const std::string_view> cells, char delimiter) {
    const char special[] = {'"', '\r', '\n', ',', ';', '\t', '|', delimiter};
    append_cells(out, cells, delimiter, std::string_view(special, sizeof special));
}

}  // namespace sangam::node::ingest
