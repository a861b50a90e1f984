// SPDX-License-Identifier: Apache-2.0
#include "sync/row_scope.hpp"

#include <algorithm>
#include <set>

#include "storage/condition_evaluation.hpp"
#include "storage/visibility.hpp"
#include "sync/reserved_paths.hpp"

namespace sangam::sync {
namespace {

/// Takes out what the record shows; whether it shows anything.
bool erase_shown(std::vector<Path>& missing, const RowJudge& judge,
                 const storage::DatasetInfo& dataset, const storage::Projector& projector,
                 const storage::RecordState& record) {
    const RowScope row = judge.of(record);
    if (!row.is_visible()) return false;
    const auto flat = storage::flat_record(projector, dataset.manifest, record.key, record.changes);
    std::erase_if(missing,
                  [&](const Path& path) { return row.shows(path) && flat.fields.contains(path); });
    return !flat.fields.empty();
}

}  // namespace

bool RowScope::shows(const Path& field) const { return is_visible_ && !hides(hidden_, field); }

RowScope RowJudge::of(const RecordKey& key, const std::vector<storage::StoredChange>& live) const {
    RowScope out;
    if (!scope_.allowed) return out;
    std::optional<storage::FlatRecord> made;
    const auto flat = [&]() -> const storage::FlatRecord& {
        if (!made) made = storage::flat_record(projector_, manifest_, key, live);
        return *made;
    };
    const auto is_true = [&](const Condition& condition, const std::vector<Path>& hidden) {
        return storage::lets_through(condition, flat(), hidden);
    };
    for (const Rule& rule : scope_.rules) {
        if (rule.where && !is_true(*rule.where, {})) continue;
        out.hidden_ =
            out.is_visible_ ? storage::hidden_by_both(out.hidden_, rule.hidden) : rule.hidden;
        out.is_visible_ = true;
    }
    if (out.is_visible_ && !out.hidden_.empty() && !storage::is_anything_left(flat(), out.hidden_))
        out.is_visible_ = false;
    if (out.is_visible_ && filter_ && !is_true(*filter_, out.hidden_)) out.is_visible_ = false;
    return out;
}

storage::SearchScope search_scope(const DatasetUid& dataset, const Scope& scope) {
    storage::SearchScope out{dataset, {}};
    for (const Rule& rule : scope.rules) out.rules.push_back({rule.where, rule.hidden});
    return out;
}

std::uint64_t count_visible(const storage::Reader& reader, const storage::DatasetInfo& dataset,
                            const Scope& scope) {
    if (!scope.allowed) return 0;
    if (!scope.depends_on_rows()) return dataset.live_records;
    return reader.search(search_scope(dataset.uid, scope), {}).total;
}

std::vector<Path> unusable_fields(const Condition& condition, const storage::Reader& reader,
                                  const storage::DatasetInfo& dataset, const Scope& scope,
                                  const storage::Projector& projector) {
    std::vector<Path> missing = condition.paths();
    const RowJudge judge(scope, dataset.manifest, projector);
    std::size_t looked_at = 0;
    bool anything_shows = false;
    reader.scan_records(dataset.uid, {}, nullptr, [&](const storage::RecordState& record) {
        anything_shows = erase_shown(missing, judge, dataset, projector, record) || anything_shows;
        return !missing.empty() && ++looked_at < max_looked_at;
    });
    if (!anything_shows) missing.clear();
    return missing;
}

std::vector<Path> still_unusable(std::vector<Path> missing, Position after,
                                 const storage::Reader& reader, const storage::DatasetInfo& dataset,
                                 const Scope& scope, const storage::Projector& projector) {
    constexpr std::size_t page_size = 1000;
    const RowJudge judge(scope, dataset.manifest, projector);
    while (!missing.empty()) {
        const auto page = reader.arrivals(dataset.uid, after, page_size);
        std::set<storage::RecordNumber> records;
        for (const auto& arrival : page) records.insert(arrival.record);
        for (const auto number : records)
            if (const auto record = reader.record(number))
                erase_shown(missing, judge, dataset, projector, *record);
        if (page.size() < page_size) break;
        after = page.back().position;
    }
    return missing;
}

std::optional<Path> unusable_field(const Condition& condition, const storage::Reader& reader,
                                   const storage::DatasetInfo& dataset, const Scope& scope,
                                   const storage::Projector& projector) {
    const auto missing = unusable_fields(condition, reader, dataset, scope, projector);
    return missing.empty() ? std::nullopt : std::optional(missing.front());
}

}  // namespace sangam::sync
