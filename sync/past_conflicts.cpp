// SPDX-License-Identifier: Apache-2.0
#include "sync/past_conflicts.hpp"

#include <algorithm>
#include <set>

#include "sync/reserved_paths.hpp"

namespace sangam::sync {
namespace {

using storage::StoredChange;

/// What the settling change says in the form of the conflict's values.
Sibling settling_write(const MergeSchema& schema, const StoredChange& by,
                       const MergeConflict& conflict) {
    Sibling out{std::nullopt, by.dot, by.hlc};
    if (!conflict.is_group) {
        for (const OpenField& field : by.change.fields)
            if (field.write.path.text() == conflict.field) out.value = field.write.value;
        return out;
    }
    Value::Map object;
    for (const Path& member : *schema.members_of(conflict.field))
        for (const OpenField& field : by.change.fields)
            if (field.write.path == member && field.write.value)
                object.emplace(member.text(), *field.write.value);
    if (!object.empty()) out.value = Value(std::move(object));
    return out;
}

/// Whether the change writes the field or a member of the group itself.
bool writes(const MergeSchema& schema, const Change& change, const MergeConflict& conflict) {
    return std::ranges::any_of(change.fields, [&](const OpenField& field) {
        const Path& path = field.write.path;
        return conflict.is_group ? schema.group_of(path) == conflict.field
                                 : path.text() == conflict.field;
    });
}

}  // namespace

std::vector<PastConflict> past_conflicts(const Merger& merger, const Manifest& manifest,
                                         const std::vector<StoredChange>& history) {
    const auto schema = merger.schema_of(manifest);
    std::vector<PastConflict> out;
    for (const StoredChange& by : history) {
        std::vector<StoredChange> seen;
        for (const StoredChange& change : history)
            if (by.change.context.covers(change.dot)) seen.push_back(change);
        if (seen.size() < 2) continue;
        const auto resolution = resolution_of(by.change);
        // Merging what its author saw gives the conflicts as they stood then.
        for (MergeConflict& conflict : merger.merge(manifest, seen).conflicts) {
            if (!writes(*schema, by.change, conflict)) continue;
            const bool is_resolved = resolution && resolution->field == conflict.field;
            Sibling settled_by = settling_write(*schema, by, conflict);
            out.push_back({std::move(conflict), std::move(settled_by),
                           is_resolved ? resolution->reason : std::string()});
        }
    }
    std::ranges::sort(out, [](const PastConflict& a, const PastConflict& b) {
        return std::tie(a.settled_by.hlc, a.settled_by.dot, a.conflict.field) <
               std::tie(b.settled_by.hlc, b.settled_by.dot, b.conflict.field);
    });
    return out;
}

std::optional<Resolution> resolution_of(const Change& change) {
    const OpenField* field = change.find(resolution_path());
    const auto* map =
        field && field->write.value ? field->write.value->get_if<Value::Map>() : nullptr;
    if (!map) return std::nullopt;
    const auto text = [&](std::string_view key) {
        const auto it = map->find(key);
        return it != map->end() && it->second.is_text() ? std::string(it->second.text())
                                                        : std::string();
    };
    return Resolution{text("field"), text("reason")};
}

Value resolution_value(const Resolution& resolution) {
    return Value(
        Value::Map{{"field", Value(resolution.field)}, {"reason", Value(resolution.reason)}});
}

}  // namespace sangam::sync
