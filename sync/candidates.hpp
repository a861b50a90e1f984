// SPDX-License-Identifier: Apache-2.0
// What competes for a field or a group: each candidate is what one change says of all its members.
// Merging's inner part, between the writes that stand (siblings) and the strategies.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "storage/projection.hpp"
#include "sync/merge_schema.hpp"
#include "sync/strategies.hpp"

namespace sangam::sync {

/// Of every written path, the writes that no other live write to it has in its context; canonical
/// order.
using SiblingMap = std::map<Path, std::vector<Sibling>>;
[[nodiscard]] SiblingMap siblings_of(const std::vector<storage::StoredChange>& live);

struct Candidate {
    /// Its value is the field's, or for a group the object by member path; none: all removed.
    Sibling sibling;
    std::map<Path, std::optional<Value>> members;  ///< every member
    const VersionVector* context = nullptr;        ///< of its change
    /// Whose node wrote it; none: not known.
    std::optional<InstitutionId> institution{};
};

/// The candidates for the unit (a group's members or one field), in canonical order.
///
/// A change that writes a group under its rules writes all of it. One from before the group was
/// made may not have: what it leaves unsaid is filled in with what its author saw of the member
/// and still stands; and a candidate that another one has in its context does not compete.
[[nodiscard]] std::vector<Candidate> own_candidates(std::span<const Path> members,
                                                    const std::vector<storage::StoredChange>& live,
                                                    const SiblingMap& siblings, bool is_group);
/// Proposals for a unit that is reserved to the owner: other writers' values that no write of the
/// unit itself among `own` has in its context.
[[nodiscard]] std::vector<Candidate> pending_proposals(
    std::span<const Path> members, const std::vector<storage::StoredChange>& live,
    const SiblingMap& siblings, bool is_group, std::span<const Candidate> own);

/// True when all say the same of every member, in the members' types.
[[nodiscard]] bool all_say_the_same(std::span<const Candidate> candidates,
                                    const MergeSchema& schema);

}  // namespace sangam::sync
