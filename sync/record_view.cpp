// SPDX-License-Identifier: Apache-2.0
#include "sync/record_view.hpp"

#include <algorithm>

#include "sync/merger.hpp"

namespace sangam::sync {

RecordView view_of(const storage::RecordState& record, const RowScope& row) {
    RecordView view;
    view.is_deleted = is_deleted(record.changes);
    if (!row.is_visible()) return view;
    for (const storage::StoredChange& change : record.changes) {
        std::set<Path> superseded;
        bool shows = false;
        for (const OpenField& field : change.change.fields) {
            const Path& path = field.write.path;
            const bool is_superseded =
                std::any_of(record.changes.begin(), record.changes.end(), [&](const auto& other) {
                    return other.dot != change.dot && other.change.context.covers(change.dot) &&
                           other.change.find(path) != nullptr;
                });
            if (is_superseded)
                superseded.insert(path);
            else if (path == life_path() || row.shows(path))
                shows = true;
        }
        if (shows) view.changes.emplace(change.position, std::move(superseded));
    }
    return view;
}

Change as_it_crosses(const Change& change, const std::set<Path>& superseded, const RowScope& row) {
    if (superseded.empty() && row.hides_nothing()) return change;
    return change.redacted(
        [&](const Path& path) { return !superseded.contains(path) && row.shows(path); });
}

bool shows_more(const storage::RecordState& record, const RowScope& a, const RowScope& b) {
    if (b.hides_nothing()) return false;
    return std::any_of(record.changes.begin(), record.changes.end(), [&](const auto& stored) {
        return std::any_of(stored.change.fields.begin(), stored.change.fields.end(),
                           [&](const OpenField& field) {
                               const Path& path = field.write.path;
                               return path != life_path() && a.shows(path) && !b.shows(path);
                           });
    });
}

}  // namespace sangam::sync
