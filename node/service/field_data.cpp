// SPDX-License-Identifier: Apache-2.0
#include "node/service/field_data.hpp"

namespace sangam::node {

bool has_data(const storage::Reader& reader, const DatasetUid& dataset, const Path& path) {
    bool found = false;
    reader.scan_records(dataset, {}, nullptr, [&](const storage::RecordState& record) {
        for (const auto& change : record.changes)
            for (const auto& field : change.change.fields)
                found = found || field.write.path.is_at_or_below(path);
        return !found;
    });
    return found;
}

}  // namespace sangam::node
