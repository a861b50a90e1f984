// SPDX-License-Identifier: Apache-2.0
// What a change may write under the manifest that its commit names (SEMANTICS section 4). A change
// that breaks these rules is quarantined alone, on every node alike: it counts for nothing, and the
// commit around it stands.
//
//  - A field reserved to the owner (owner_wins, identity) is written by the owner only; another
//    writer's value goes to its own `_proposal` path, which the owner may only remove.
//  - Who writes one member of a group writes all of them.
//  - A set is written element by element, a counter by each lane under its own path with a number;
//    never a plain value.
//
// Of a change with hidden fields only what shows is judged.
#pragma once

#include <optional>
#include <string>

#include "protocol/change.hpp"
#include "sync/merge_schema.hpp"

namespace sangam::sync {

/// Where a lane keeps its total of a counter: the counter's path and the lane.
[[nodiscard]] Path counter_path(const Path& counter, const Lane& lane);

/// The first rule that the change breaks, as a sentence; nothing when it keeps them. `by_owner`: a
/// node of the dataset's owner wrote it, on `lane`.
[[nodiscard]] std::optional<std::string> broken_rule(const MergeSchema& schema,
                                                     const Change& change, const Lane& lane,
                                                     bool by_owner);

}  // namespace sangam::sync
