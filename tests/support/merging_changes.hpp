// SPDX-License-Identifier: Apache-2.0
// Changes to one record as a store holds them, made by hand for tests of merging.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "storage/projection.hpp"

namespace sangam::testing {

inline NodeId node(std::uint8_t n) {
    NodeId id;
    id.bytes[0] = n;
    return id;
}
inline Dot dot(std::uint8_t n, std::uint64_t sequence) {
    return {{node(n), Epoch{1}}, Sequence{sequence}};
}
inline VersionVector seen(std::initializer_list<Dot> dots) {
    VersionVector out;
    for (const Dot& d : dots) out.add(d);
    return out;
}
inline Path path(const std::string& text) { return Path::parse(text).value(); }

/// A live change to germplasm/x.
inline storage::StoredChange change(const Dot& at, std::uint64_t ms, VersionVector context,
                                    std::vector<FieldWrite> writes) {
    storage::StoredChange out;
    out.dot = at;
    out.hlc = Hlc::of(ms, 0);
    out.change.key = {"germplasm", "x"};
    out.change.context = std::move(context);
    for (FieldWrite& write : writes) out.change.fields.push_back({std::move(write), {}});
    return out;
}

}  // namespace sangam::testing
