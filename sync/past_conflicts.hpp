// SPDX-License-Identifier: Apache-2.0
// Conflicts that a later write settled: a curator's resolution, or any edit by somebody who had
// seen both sides. They are read from the history, which only the dataset's owner and its writers
// keep (SEMANTICS section 4); conflicts of the live set are MergedRecord::conflicts.
#pragma once

#include <string>
#include <vector>

#include "storage/projection.hpp"
#include "sync/merger.hpp"

namespace sangam::sync {

struct PastConflict {
    /// As it stood: open or settled by its strategy, with all values.
    MergeConflict conflict;
    Sibling settled_by;  ///< what was written over it; its value as in `conflict.values`
    std::string reason;  ///< of a resolution; empty for an ordinary edit
};

/// `history`: all changes to the record that are held, live and superseded, in any order. For each
/// change that wrote a field or group while several values of it stood before its author: the
/// conflict that it ended. By (HLC, lane) of the settling write, then field.
[[nodiscard]] std::vector<PastConflict> past_conflicts(
    const Merger& merger, const Manifest& manifest,
    const std::vector<storage::StoredChange>& history);

/// {"field", "reason"} of a change that resolves a conflict; nothing for any other.
struct Resolution {
    std::string field;  ///< the conflict's field or group
    std::string reason;
};
[[nodiscard]] std::optional<Resolution> resolution_of(const Change& change);
[[nodiscard]] Value resolution_value(const Resolution& resolution);

}  // namespace sangam::sync
