// SPDX-License-Identifier: Apache-2.0
#include "node/service/visible_record.hpp"

#include <algorithm>

namespace sangam::node {
namespace {

bool shows(const sync::RowScope& row, const std::string& field) {
    const auto path = Path::parse(field);
    return path && row.shows(*path);
}

/// Takes hidden members out of a group's values. False when nothing visible differs.
bool restrict_group(sync::MergeConflict& conflict, const sync::RowScope& row) {
    for (auto& sibling : conflict.values) {
        const auto* members = sibling.value ? sibling.value->get_if<Value::Map>() : nullptr;
        if (!members) continue;
        Value::Map kept;
        for (const auto& [field, value] : *members)
            if (shows(row, field)) kept.emplace(field, value);
        sibling.value = Value(std::move(kept));
    }
    return std::any_of(conflict.values.begin(), conflict.values.end(), [&](const sync::Sibling& s) {
        return s.value != conflict.values.front().value;
    });
}

}  // namespace

sync::MergedRecord visible_part(sync::MergedRecord record, const sync::RowScope& row) {
    if (row.hides_nothing()) return record;
    std::erase_if(record.leaves,
                  [&](const storage::ProjectedField& leaf) { return !row.shows(leaf.path); });
    std::erase_if(record.fields, [&](const auto& field) { return !row.shows(field.first); });
    std::erase_if(record.siblings, [&](const auto& field) {
        return field.first != life_path() && !row.shows(field.first);
    });
    std::erase_if(record.conflicts, [&](sync::MergeConflict& conflict) {
        return conflict.is_group ? !restrict_group(conflict, row) : !shows(row, conflict.field);
    });
    return record;
}

}  // namespace sangam::node
