// SPDX-License-Identifier: Apache-2.0
// How the tables in memory change: each change of a map notes how to take it back. Included by
// the sources of MemoryTables alone.
#pragma once

#include "storage/memory/memory_tables.hpp"

namespace sangam::storage::memory {

template <class Map>
auto find_copy(const Map& map, const typename Map::key_type& key)
    -> std::optional<typename Map::mapped_type> {
    const auto it = map.find(key);
    if (it == map.end()) return std::nullopt;
    return it->second;
}

/// Replaces or (nullopt) removes an entry and notes how to get the old one back.
template <class Map>
void change_entry(Map& map, const typename Map::key_type& key,
                  std::optional<typename Map::mapped_type> value,
                  std::vector<std::function<void()>>& undo) {
    undo.push_back([&map, key, old = find_copy(map, key)] {
        if (old)
            map.insert_or_assign(key, *old);
        else
            map.erase(key);
    });
    if (value)
        map.insert_or_assign(key, std::move(*value));
    else
        map.erase(key);
}

template <class Map>
void MemoryTables::put(Map& map, const typename Map::key_type& key,
                       typename Map::mapped_type value) {
    change_entry(map, key, std::optional(std::move(value)), undo_);
}

template <class Map>
void MemoryTables::erase(Map& map, const typename Map::key_type& key) {
    change_entry(map, key, std::nullopt, undo_);
}

}  // namespace sangam::storage::memory
