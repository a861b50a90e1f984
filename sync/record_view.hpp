// SPDX-License-Identifier: Apache-2.0
// What of a record crosses under a decision (SEMANTICS sections 4 and 5): its changes that are live
// *in view*, each with hidden and superseded fields reduced to their leaves.
#pragma once

#include <map>
#include <set>

#include "storage/types.hpp"
#include "sync/row_scope.hpp"

namespace sangam::sync {

struct RecordView {
    bool is_deleted = false;
    /// Position of each change that crosses -> its fields that stay closed (superseded ones; what
    /// the scope hides comes on top).
    std::map<Position, std::set<Path>> changes;

    /// In scope: it lives, and something of it shows.
    [[nodiscard]] bool is_in_scope() const { return !is_deleted && !changes.empty(); }
};

/// Empty for a record that is not visible.
[[nodiscard]] RecordView view_of(const storage::RecordState& record, const RowScope& row);

/// The change as it crosses: without what the row hides and what was superseded.
[[nodiscard]] Change as_it_crosses(const Change& change, const std::set<Path>& superseded,
                                   const RowScope& row);

/// Whether `a` shows a field of the record's live changes that `b` does not.
[[nodiscard]] bool shows_more(const storage::RecordState& record, const RowScope& a,
                              const RowScope& b);

}  // namespace sangam::sync
