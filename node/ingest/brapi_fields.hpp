// SPDX-License-Identifier: Apache-2.0
// From a BrAPI entity to the fields of a record. A Germplasm's or GermplasmMCPD's shapes (donors,
// storageTypes, synonyms by type, germplasmOrigin, institutes) are read into the fields of the MCPD
// columns that they stand for, so that a passport is the same record whichever way it came
// (COMMANDS, "MCPD 2.1 and field names"; docs/decisions/0112). All other keys keep their names.
#pragma once

#include <expected>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "node/ingest/brapi_entity.hpp"
#include "node/ingest/field_model.hpp"
#include "node/ingest/germplasm_id.hpp"
#include "node/ingest/row_mapper.hpp"

namespace sangam::node::ingest {

/// A record's cells by field, none of them empty. Where a field's shape is Shape::value, what is no
/// text is `value_mark` and its JSON.
using BrapiCells = std::map<Path, std::string>;

/// What to do with objects: one becomes a field for each of its members, except where another
/// entity of the file has a plain value in that place; there it is one value.
using WholePaths = std::set<Path>;

/// The cell that says `value` in this field; empty for null and for nothing.
[[nodiscard]] std::string brapi_cell(const Path& field, const Value& value,
                                     const FieldModel& model);

/// Whether a key of a Germplasm's additionalInfo stands for a field outside it: a path text of an
/// MCPD column's field, a Germplasm's own key, or a path that begins with additionalInfo.
[[nodiscard]] bool is_germplasm_field(std::string_view key);

struct BrapiRecord {
    /// The entity's own ...DbId. A germplasmDbId that names a dataset (germplasm_id.hpp) is ID
    /// where the dataset is this one, and where ID is the one that an MCPD import gives this very
    /// passport, INSTCODE:ACCENUMB:GENUS.
    std::string id;
    BrapiCells cells;
};
/// Why not: no ...DbId, a name that no field may have, text that no cell can hold. References to
/// germplasm are read by import_germplasm_references().
[[nodiscard]] std::expected<BrapiRecord, RowProblem> read_brapi_entity(
    const BrapiEntity& entity, const Value& object, std::string_view dataset_text,
    const FieldModel& model, const WholePaths& whole, const HasGermplasm& has_germplasm = {});

}  // namespace sangam::node::ingest
