// SPDX-License-Identifier: Apache-2.0
// Writes RFC 4180 text that CsvReader gives back unchanged, cell by cell.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sangam::node::ingest {

/// Appends one row and a LF. A cell is quoted when it holds the delimiter, a quote, CR or LF, when
/// it is the only one of its row and empty (a line without a byte is no row), and when it begins
/// with what would be a byte order mark.
void append_csv_row(std::string& out, std::span<const std::string_view> cells,
                    char delimiter = ',');
/// The same for a header, from which a reader finds the delimiter out: cells with any that it
/// might take for one are quoted.
void append_csv_header(std::string& out, std::span<const std::string_view> cells,
                       char delimiter = ',');

}  // namespace sangam::node::ingest
