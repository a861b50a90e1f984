// SPDX-License-Identifier: Apache-2.0
// From a file's header to its records: which column is stored in which field, which make the record
// id, and which fields are written together (COMMANDS, "What an import writes").
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/ingest/field_model.hpp"
#include "node/ingest/import_state.hpp"
#include "protocol/error.hpp"
#include "protocol/path.hpp"

namespace sangam::node::ingest {

enum class Format { mcpd, csv, brapi };
[[nodiscard]] Result<Format> format_from_text(std::string_view text);

/// How columns become fields; the same for all files of a run.
struct MappingOptions {
    /// Nothing: mcpd for a header with INSTCODE, ACCENUMB and GENUS where no id column and no other
    /// collection is asked for, else csv.
    std::optional<Format> format;
    std::string collection;  ///< csv: must be given; mcpd: empty or `germplasm`
    /// csv: must be given; mcpd: must not. `_id`, which a csv export writes where no field holds
    /// the id, is taken as id only; every other id column is a field too.
    std::optional<std::string> id_column;
    /// COLUMN and FIELD of each --map; a field may be given by its MCPD name.
    std::vector<std::pair<std::string, std::string>> maps;
    std::vector<std::string> missing;  ///< cells with exactly these texts count as empty
};

/// The header of the record ids in a csv export that has no field for them.
inline constexpr std::string_view bare_id_header = "_id";

/// A column that is stored.
struct MappedColumn {
    std::size_t position = 0;  ///< in the file, from 0
    std::string header;        ///< `column_N` when it has no name
    bool is_unnamed = false;
    Path field;
    Shape shape = Shape::text;
    Bytes field_cbor;  ///< the field path's encoding
};

/// Fields that are written together: the members of a group, or one field.
struct WriteUnit {
    struct Member {
        Path field;
        Shape shape = Shape::text;
        /// Index into columns(); nothing for a member that the file has no column for.
        std::optional<std::size_t> column;
    };
    std::vector<Member> members;  ///< ascending by field
};

/// Why a row is not stored, and the column at fault where there is one.
struct RowProblem {
    std::string column;
    std::string reason;
};

/// The cells of a row that are stored, in the order of RowMapper::columns(); `missing` texts are
/// empty. Views are the caller's.
using MappedCells = std::vector<std::string_view>;

/// Immutable after make(); any thread. The model must outlive it.
class RowMapper {
public:
    /// Refuses, naming the column and what to do: two columns of one name or one field, a field
    /// below another one, a reserved or over-long name, an id column that is not there, a map of a
    /// column that is not there, options that do not fit the format.
    static Result<RowMapper> make(std::span<const std::string_view> header,
                                  const MappingOptions& options, const FieldModel& model);

    /// For rows that have a cell for each of `fields` and bring their record id themselves (BrAPI);
    /// fields that are no MCPD column's and no set take any value (Shape::value).
    static Result<RowMapper> make_for_fields(std::string collection, std::span<const Path> fields,
                                             const std::vector<std::string>& missing,
                                             const FieldModel& model);

    [[nodiscard]] const std::string& collection() const { return collection_; }
    [[nodiscard]] const std::vector<MappedColumn>& columns() const { return columns_; }
    [[nodiscard]] const std::vector<WriteUnit>& units() const { return units_; }
    [[nodiscard]] std::size_t header_size() const { return header_.size(); }
    /// The header as in the file.
    [[nodiscard]] const std::vector<std::string>& header() const { return header_; }
    [[nodiscard]] const FieldModel& model() const { return *model_; }

    /// Picks the stored cells out of a decoded row; a row that is too short ends in empty cells.
    void map(std::span<const std::string_view> row, MappedCells& out) const;
    /// The record id that a row gives, or why there is none. `row` as read, `cells` as mapped.
    [[nodiscard]] std::expected<std::string, RowProblem> record_id(
        std::span<const std::string_view> row, const MappedCells& cells) const;
    /// A digest of all cells that are not empty with their fields, in field order: equal for equal
    /// rows, whatever the order of the file's columns.
    [[nodiscard]] Digest16 row_digest(const MappedCells& cells) const;

private:
    RowMapper() = default;
    std::string collection_;
    std::vector<std::string> header_;
    std::vector<MappedColumn> columns_;  // ascending by field
    std::vector<WriteUnit> units_;
    std::vector<std::size_t> id_columns_;          // indexes into columns_
    std::optional<std::size_t> bare_id_position_;  // of a column `_id`
    std::vector<std::string> missing_;
    const FieldModel* model_ = nullptr;
};

}  // namespace sangam::node::ingest
