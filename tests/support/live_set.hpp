// SPDX-License-Identifier: Apache-2.0
// What a store holds of a dataset, in forms that two stores can be compared by.
#pragma once

#include <map>
#include <set>
#include <string>

#include "storage/store.hpp"
#include "sync/merger.hpp"

namespace sangam::testing {

/// Record -> hashes of its live changes; records that are deleted are in it too.
using LiveSet = std::map<RecordKey, std::set<Hash>>;

inline LiveSet live_set(const storage::Reader& reader, const DatasetUid& dataset) {
    LiveSet out;
    if (!reader.dataset(dataset)) return out;
    reader.scan_records(dataset, {}, nullptr, [&](const storage::RecordState& record) {
        for (const auto& change : record.changes) out[record.key].insert(change.change_hash);
        return true;
    });
    return out;
}

/// Record -> its merged fields; deleted records are left out.
using FieldSet = std::map<RecordKey, std::map<Path, Value>>;

inline FieldSet field_set(const storage::Reader& reader, const sync::Merger& merger,
                          const DatasetUid& dataset) {
    FieldSet out;
    const auto info = reader.dataset(dataset);
    if (!info) return out;
    reader.scan_records(dataset, {}, nullptr, [&](const storage::RecordState& record) {
        const auto merged = merger.merge(info->manifest, record.changes);
        if (!merged.is_deleted) out[record.key] = merged.fields;
        return true;
    });
    return out;
}

}  // namespace sangam::testing
