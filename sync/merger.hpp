// SPDX-License-Identifier: Apache-2.0
// Merging: what a record looks like, given its live changes and the manifest, and of nothing else
// (SEMANTICS section 4). The same on every node, in whatever order changes came.
//
// Writes to one field that no other live write has in its context are its *siblings*. One sibling:
// that is the value. Several: the field's strategy chooses (strategies.hpp); siblings whose values
// are equal in the schema's typed view are no conflict. Members of a group are chosen together,
// from one change. A field reserved to the owner is chosen among its own writes and the proposals
// of others that the owner has not answered. A strategy that this build does not know leaves the
// conflict open, so that nothing is decided in silence by another rule (docs/decisions/0100).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/projection.hpp"
#include "sync/candidates.hpp"
#include "sync/merge_schema.hpp"

namespace sangam::sync {

/// Several different values stand for a field or a group.
struct MergeConflict {
    std::string field;     ///< path text, or the group's name
    std::string strategy;  ///< as the manifest names it
    bool is_open = false;  ///< no rule settled it
    bool is_group = false;
    /// By (HLC, lane); the value of a group is an object by field path.
    std::vector<Sibling> values;
    std::optional<std::size_t> chosen;  ///< index into values; none while open
};

struct MergedRecord {
    bool is_deleted = false;
    /// Leaf by leaf, ascending, without removed fields and without reserved ones; a counter is one
    /// leaf.
    std::vector<storage::ProjectedField> leaves;
    /// As people see it: the elements of a union put together to one list at the union's path, the
    /// lanes' totals of a counter added up at the counter's.
    std::map<Path, Value> fields;
    /// Of every written path, reserved ones too, by (HLC, lane).
    SiblingMap siblings;
    std::vector<MergeConflict> conflicts;  ///< by field
};

/// Thread-safe.
class Merger final : public storage::Projector {
public:
    [[nodiscard]] MergedRecord merge(const Manifest& manifest,
                                     const std::vector<storage::StoredChange>& live) const;
    [[nodiscard]] storage::Projection project(
        const Manifest& manifest, const RecordKey& key,
        const std::vector<storage::StoredChange>& live) const override;
    [[nodiscard]] storage::FieldType type_of(const Manifest& manifest,
                                             const Path& path) const override;
    [[nodiscard]] std::optional<std::string> broken_rule(const Manifest& manifest,
                                                         const Change& change, const Lane& lane,
                                                         bool by_owner) const override;
    /// The rules of a manifest, made once for each different schema.
    [[nodiscard]] std::shared_ptr<const MergeSchema> schema_of(const Manifest& manifest) const;

private:
    mutable std::mutex mutex_;
    mutable std::vector<std::pair<Schema, std::shared_ptr<const MergeSchema>>> schemas_;
};

/// A record is deleted while a live delete exists that no live restore has in its context.
[[nodiscard]] bool is_deleted(const std::vector<storage::StoredChange>& live);
/// The value of `_life` that deletes a record; `replaced_by` is RECORD text or empty.
[[nodiscard]] Value deleted_value(const std::string& replaced_by = {});
/// The value of `_life` that restores a record.
[[nodiscard]] Value restored_value();

}  // namespace sangam::sync
