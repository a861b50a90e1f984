// SPDX-License-Identifier: Apache-2.0
// Which changes of a record live, and which of their fields are superseded (SEMANTICS section 4).
// Pure: contexts and paths decide, never the schema, never the order of arrival. Both backends and
// the views of sync call it.
//
// Field f of X is superseded when a live Z writes f and has X's dot in its context; X is live while
// one of its open fields is not superseded. Contexts are transitively closed: when Z itself was
// superseded at f, what superseded it covers X too. So asking the whole set at once, dead ones
// included, gives the same answer as asking the live ones again and again until nothing falls.
#pragma once

#include <span>
#include <vector>

#include "storage/projection.hpp"

namespace sangam::storage {

/// How one change stands among the others of its record.
struct Standing {
    bool is_live = false;                 ///< one of its open fields is not superseded
    std::vector<std::size_t> superseded;  ///< ascending places in Change::fields
};

/// What of a change the weighing looks at. Points into the caller's values.
struct Candidate {
    const Dot* dot = nullptr;
    const Change* change = nullptr;
};

/// The standing of each candidate among all of them; all are changes to one record with distinct
/// dots, in any order. A change without an open field is not live.
[[nodiscard]] std::vector<Standing> weigh(std::span<const Candidate> candidates);
[[nodiscard]] std::vector<Standing> weigh(std::span<const StoredChange> changes);

/// The change with its superseded fields reduced to their leaves, as it crosses to and rests at
/// replicas; the same change when none is superseded. `_life` stays open (redacted()).
[[nodiscard]] Change without_superseded(const Change& change, const Standing& standing);

}  // namespace sangam::storage
