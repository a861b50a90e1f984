// SPDX-License-Identifier: Apache-2.0
// Decides what an import writes of one row: only what differs from what its source said of the
// record before (COMMANDS, "What an import writes"; SEMANTICS section 1, "Based on").
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "node/ingest/row_mapper.hpp"
#include "protocol/ids.hpp"
#include "storage/types.hpp"

namespace sangam::node::ingest {

/// The edit that a row asks for: nothing when the source said the same before. `previous` is what
/// the source stated last, nullptr for never. A field of a group writes the whole group, members
/// that the file has no column for as removed; a cell of a set writes all of its elements. Fields
/// that the file has no column for stay as they are. The edit's context is the record's version as
/// of the previous import, its import_cells what has been stated then.
///
/// `proposes_as`: set on a node of a writer that does not own the dataset; fields reserved to the
/// owner are then written as its proposals (SEMANTICS section 4).
///
/// A problem when the row cannot be a change: a value, an element or the whole beyond the wire
/// format's bounds.
[[nodiscard]] std::expected<std::optional<storage::Edit>, RowProblem> plan_row(
    const RowMapper& mapper, const MappedCells& cells, const std::string& record_id,
    const storage::ImportState* previous, const std::optional<NodeId>& proposes_as);

}  // namespace sangam::node::ingest
