// SPDX-License-Identifier: Apache-2.0
// Reads RFC 4180 comma-separated text from a buffer, row by row, without copying cells: LF, CRLF or
// CR ends a row; quoted cells may hold delimiters, line ends and doubled quotes. The bytes may be
// of any encoding in which ASCII stays ASCII.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sangam::node::ingest {

/// The delimiter that the header row holds most of, outside quotes, among `,` `;` tab `|`; the
/// earlier of these when they tie, a comma when there is none.
[[nodiscard]] char detect_delimiter(std::string_view body);

/// One row. Views point into the body or into the reader, until its next call.
struct CsvRow {
    std::size_t line = 0;  ///< where the row begins; the first line of the file is 1
    std::span<std::string_view> cells;
    /// A quoted cell had text after its closing quote. Such a cell is given as it stands in the
    /// file, quotes included: whoever wrote it did not quote.
    bool has_stray_quote = false;
};

/// Not thread-safe. `body` must outlive the reader. Lines without any byte are no rows.
class CsvReader {
public:
    CsvReader(std::string_view body, char delimiter);

    enum class Step {
        row,         ///< `row` is set
        end,         ///< nothing is left
        open_quote,  ///< the rest is a quoted cell that nothing closes; `row.line` is where its row
                     ///< begins, open_quote_line() where the cell does. The next step is `end`.
    };
    Step next(CsvRow& row);

    /// Bytes of the body that are read, for progress.
    [[nodiscard]] std::size_t offset() const { return at_; }
    [[nodiscard]] std::size_t open_quote_line() const { return open_quote_line_; }

private:
    struct Cell {
        std::size_t begin;
        std::size_t size;
        bool is_unescaped;  ///< `begin` counts in unescaped_, not in body_
    };
    /// Reads the cell that begins at at_ with a quote. False when nothing closes it.
    bool read_quoted(CsvRow& row);
    void skip_line_end();

    std::string_view body_;
    char delimiter_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    std::size_t open_quote_line_ = 0;
    std::vector<Cell> cells_;
    std::vector<std::string_view> views_;
    std::string unescaped_;
    bool ends_cell_[256] = {};
};

}  // namespace sangam::node::ingest
