// SPDX-License-Identifier: Apache-2.0
#include "node/service/field_data.hpp"

#include <algorithm>
#include <span>
#include <string>

namespace sangam::node {
namespace {

/// Whether an object, or one in a list, holds something at the names, one inside the other.
bool holds(const Value& value, std::span<const std::string> names) {
    if (names.empty()) return true;
    if (const auto* array = value.get_if<Value::Array>())
        return std::ranges::any_of(*array, [&](const Value& item) { return holds(item, names); });
    const auto* map = value.get_if<Value::Map>();
    if (map == nullptr) return false;
    const auto inner = map->find(names.front());
    return inner != map->end() && holds(inner->second, names.subspan(1));
}

bool is_of(const FieldWrite& write, const Path& path) {
    if (write.path.is_at_or_below(path)) return true;
    return write.value && path.is_at_or_below(write.path) &&
           holds(*write.value, std::span(path.names).subspan(write.path.names.size()));
}

/// Enough to find a slip in; a dataset with more has no fields but keys that are data.
constexpr std::size_t most_fields = 20'000;

void add_fields(const Value& value, const Path& path, std::set<std::string>& out) {
    if (out.size() >= most_fields) return;
    out.insert(path.text());
    if (const auto* array = value.get_if<Value::Array>())
        for (const Value& item : *array)
            if (item.get_if<Value::Map>()) add_fields(item, path, out);
    if (const auto* map = value.get_if<Value::Map>())
        for (const auto& [key, member] : *map) add_fields(member, path.child(key), out);
}

}  // namespace

bool has_data(const storage::Reader& reader, const DatasetUid& dataset, const Path& path) {
    bool found = false;
    reader.scan_records(dataset, {}, nullptr, [&](const storage::RecordState& record) {
        for (const auto& change : record.changes)
            for (const auto& field : change.change.fields)
                found = found || is_of(field.write, path);
        return !found;
    });
    return found;
}

std::set<std::string> fields_with_data(const storage::Reader& reader, const DatasetUid& dataset) {
    std::set<std::string> out;
    reader.scan_records(dataset, {}, nullptr, [&](const storage::RecordState& record) {
        for (const auto& change : record.changes)
            for (const auto& field : change.change.fields)
                if (field.write.value && !field.write.path.is_reserved())
                    add_fields(*field.write.value, field.write.path, out);
        return out.size() < most_fields;
    });
    return out;
}

}  // namespace sangam::node
