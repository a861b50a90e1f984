// SPDX-License-Identifier: Apache-2.0
// How storage asks the layer above what a record looks like once its live changes are merged. The
// merging rules are sync's (sync/merger.hpp); this interface is storage's, so that the text index
// can be kept in the same transaction as the changes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/change.hpp"
#include "protocol/control.hpp"
#include "protocol/hlc.hpp"

namespace sangam::storage {

/// A change as a store holds it.
struct StoredChange {
    Position position{};  ///< in this store's order of arrival in the dataset; unique there
    Dot dot;
    Hlc hlc;           ///< of its commit
    Hash header_hash;  ///< of its commit
    Hash change_hash;
    Change change;
    bool is_live = true;  ///< false: all its fields are superseded; kept for history only
    /// Whose node wrote it; none: not known (LaneRow::institution).
    std::optional<InstitutionId> institution{};
};

/// One field of the merged record, at its leaf path (an element of a union is a leaf of its own).
struct ProjectedField {
    Path path;
    Value value;
    bool has_conflict = false;  ///< more than one sibling stands, whether or not one was chosen
    /// An element of a union: its text is the path's last name, its value only says where it
    /// stands.
    bool is_element = false;
};

/// How the schema has a field's values compared and sorted (COMMANDS, "Conditions").
enum class FieldType : std::uint8_t {
    text,    ///< by the bytes of UTF-8
    number,  ///< text that reads as a number, as one
    date,    ///< a partial date: an interval of days
    code,    ///< as text; a number literal is the code that it spells
};
/// A schema's word for it; `text` for any other word.
[[nodiscard]] constexpr FieldType field_type_of(std::string_view word) {
    if (word == "number") return FieldType::number;
    if (word == "date") return FieldType::date;
    return word == "code" ? FieldType::code : FieldType::text;
}

/// The merged record. `fields` ascending by path, without removed fields and without `_life`.
struct Projection {
    bool is_deleted = false;
    std::vector<ProjectedField> fields;
    /// Where concurrent writes of different values stand, settled or not: all their values, in the
    /// merge's order, nullopt for a removal. Not of a union's elements. A condition on such a field
    /// must be true for each.
    std::map<Path, std::vector<std::optional<Value>>> siblings;
};

/// Implemented by sync::Merger. Pure: equal arguments give equal results on every node. Called from
/// the writer's and the readers' threads at the same time.
class Projector {
public:
    virtual ~Projector() = default;
    /// `live` holds the record's live changes in any order.
    [[nodiscard]] virtual Projection project(const Manifest& manifest, const RecordKey& key,
                                             const std::vector<StoredChange>& live) const = 0;
    /// The type of the field at a path, whether or not a record has it.
    [[nodiscard]] virtual FieldType type_of(const Manifest& manifest, const Path& path) const = 0;
    /// What the change breaks of the rules of `manifest`, the one that its commit names, as a
    /// sentence; nothing for a sound one. `by_owner`: a node of the dataset's owner wrote it, on
    /// `lane`. Such a change counts for nothing (SEMANTICS section 4).
    [[nodiscard]] virtual std::optional<std::string> broken_rule(const Manifest& manifest,
                                                                 const Change& change,
                                                                 const Lane& lane,
                                                                 bool by_owner) const {
        static_cast<void>(manifest), static_cast<void>(change), static_cast<void>(lane);
        static_cast<void>(by_owner);
        return std::nullopt;  // no rules
    }
};

}  // namespace sangam::storage
