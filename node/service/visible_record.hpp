// SPDX-License-Identifier: Apache-2.0
// A merged record without what is hidden of it: what every verb that shows a record works on.
#pragma once

#include "sync/merge_schema.hpp"
#include "sync/merger.hpp"
#include "sync/row_scope.hpp"

namespace sangam::node {

/// Drops hidden fields, and conflicts about them; a group's conflict loses its hidden members, and
/// goes when what is left of its values says the same, in the types of `schema` (which is the
/// dataset's). `leaves` and `siblings` are filtered alike.
[[nodiscard]] sync::MergedRecord visible_part(sync::MergedRecord record, const sync::RowScope& row,
                                              const sync::MergeSchema& schema);

}  // namespace sangam::node
