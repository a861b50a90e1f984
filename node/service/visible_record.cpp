// SPDX-License-Identifier: Apache-2.0
#include "node/service/visible_record.hpp"

#include <algorithm>

#include "sync/typed_value.hpp"

namespace sangam::node {
namespace {

bool shows(const sync::RowScope& row, const std::string& field) {
    const auto path = Path::parse(field);
    return path && row.shows(*path);
}

std::optional<Value> member_of(const Value::Map& members, const std::string& field) {
    const auto it = members.find(field);
    return it == members.end() ? std::nullopt : std::optional(it->second);
}

/// As merging compares a group: member by member, by the members' types. By bytes, 36 beside 36.0
/// would stand as a conflict and tell that a hidden member differs.
bool says_the_same_group(const std::optional<Value>& a, const std::optional<Value>& b,
                         const sync::MergeSchema& schema) {
    const auto* x = a ? a->get_if<Value::Map>() : nullptr;
    const auto* y = b ? b->get_if<Value::Map>() : nullptr;
    if (!x || !y) return a == b;
    const auto covers = [&](const Value::Map& one, const Value::Map& other) {
        return std::ranges::all_of(one, [&](const auto& member) {
            const auto path = Path::parse(member.first);
            return sync::says_the_same(member.second, member_of(other, member.first),
                                       path ? schema.type_of(*path) : "text");
        });
    };
    return covers(*x, *y) && covers(*y, *x);
}

/// Takes hidden members out of a group's values. False when nothing visible differs.
bool restrict_group(sync::MergeConflict& conflict, const sync::RowScope& row,
                    const sync::MergeSchema& schema) {
    for (auto& sibling : conflict.values) {
        const auto* members = sibling.value ? sibling.value->get_if<Value::Map>() : nullptr;
        if (!members) continue;
        Value::Map kept;
        for (const auto& [field, value] : *members)
            if (shows(row, field)) kept.emplace(field, value);
        sibling.value = Value(std::move(kept));
    }
    const sync::Sibling& first = conflict.values.front();
    return std::any_of(conflict.values.begin(), conflict.values.end(), [&](const sync::Sibling& s) {
        return !says_the_same_group(s.value, first.value, schema);
    });
}

}  // namespace

sync::MergedRecord visible_part(sync::MergedRecord record, const sync::RowScope& row,
                                const sync::MergeSchema& schema) {
    if (row.hides_nothing()) return record;
    std::erase_if(record.leaves,
                  [&](const storage::ProjectedField& leaf) { return !row.shows(leaf.path); });
    std::erase_if(record.fields, [&](const auto& field) { return !row.shows(field.first); });
    std::erase_if(record.siblings, [&](const auto& field) {
        return field.first != life_path() && !row.shows(field.first);
    });
    std::erase_if(record.conflicts, [&](sync::MergeConflict& conflict) {
        return conflict.is_group ? !restrict_group(conflict, row, schema)
                                 : !shows(row, conflict.field);
    });
    return record;
}

}  // namespace sangam::node
