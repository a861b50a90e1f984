// SPDX-License-Identifier: Apache-2.0
// What is odd in a row that is stored all the same, as written (COMMANDS, "What an import writes").
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/ingest/row_mapper.hpp"

namespace sangam::node::ingest {

/// One finding about one field of a row. The codes:
///   impossible_date         month 13, 31 February
///   odd_date                not YYYYMMDD with `-` or `00` for unknown parts; a day without its
///                           month; a year before 1600 or after 2100
///   coordinate_out_of_range a latitude beyond 90, a longitude beyond 180 degrees
///   lone_coordinate         a latitude without its longitude, or the other way round
///   not_a_number            text in a field that the schema or MCPD reads as a number
///   unknown_code            not in MCPD's list, or no ISO 3166 country
///   unknown_institute       not of the shape of a FAO WIEWS code
///   repeated_element        an element stands twice in a set
///   list_lengths_differ     lists that go together (codes and names) have different lengths
///   unnamed_column          a value in a column without a name
///   stray_quote             text after a closing quote; the cell is kept with its quotes
struct Finding {
    std::string field;  ///< the field path's text
    std::string code;
    std::string message;  ///< with the value, cut to a readable length
    friend bool operator==(const Finding&, const Finding&) = default;
};

/// Looks at rows of one file. Immutable; the mapper must outlive it.
class FindingChecker {
public:
    explicit FindingChecker(const RowMapper& mapper);
    /// Appends what is odd about the row, in field order.
    void check(const MappedCells& cells, std::vector<Finding>& out) const;

private:
    /// What is looked for in one column.
    struct Check {
        std::size_t column = 0;
        std::string field;
        std::string_view mcpd_name;  ///< empty for other fields
        std::string_view type;       ///< text | number | date | code
        Shape shape = Shape::text;
    };
    void check_cell(const Check& check, std::string_view text, std::vector<Finding>& out) const;

    std::vector<Check> checks_;  ///< only columns that something is looked for in
    struct Pair {
        std::optional<std::size_t> first;  ///< column; nothing when the file has none
        std::optional<std::size_t> second;
        std::string first_field;
        std::string second_field;
    };
    std::vector<Pair> coordinate_pairs_;
    std::vector<Pair> list_pairs_;
};

/// How a partial date (`YYYYMMDD`, `-` or `00` for unknown month and day) fares.
enum class DateVerdict { good, odd, impossible };
[[nodiscard]] DateVerdict judge_date(std::string_view text);

}  // namespace sangam::node::ingest
