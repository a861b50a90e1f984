// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/brapi_additional_info.hpp"

#include <algorithm>

#include "node/ingest/json.hpp"

namespace sangam::node::ingest {
namespace {

// An import reads values of so many levels, and the entity and its additionalInfo are two.
constexpr int max_info_levels = max_value_depth - 2;

/// False when something stands there, or in the way.
bool put_nested(Value::Map& into, const Path& path, std::size_t from, const Value& value) {
    const std::string& name = path.names[from];
    const auto it = into.find(name);
    if (from + 1 == path.names.size()) return into.emplace(name, value).second;
    Value::Map inner;
    if (it != into.end()) {
        const auto* map = it->second.get_if<Value::Map>();
        if (!map) return false;
        inner = *map;
    }
    if (!put_nested(inner, path, from + 1, value)) return false;
    into.insert_or_assign(name, Value(std::move(inner)));
    return true;
}

}  // namespace

void AdditionalInfo::put_below(const Path& path, std::size_t from, Value value) {
    const auto levels = static_cast<int>(path.names.size() - from) + nesting_of(value);
    const bool has_keys =
        std::none_of(path.names.begin() + static_cast<std::ptrdiff_t>(from), path.names.end(),
                     [](const auto& name) { return name.empty(); });
    if (has_keys && levels <= max_info_levels && put_nested(object_, path, from, value)) return;
    put(Path(std::vector(path.names.begin() + static_cast<std::ptrdiff_t>(from), path.names.end()))
            .text(),
        std::move(value));
}

void AdditionalInfo::put(std::string key, Value value) {
    while (key.empty() || object_.contains(key)) key = '"' + key + '"';
    object_.emplace(std::move(key), std::move(value));
}

}  // namespace sangam::node::ingest
