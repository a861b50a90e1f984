// SPDX-License-Identifier: Apache-2.0
#include "storage/end_of_writing.hpp"

#include <string>
#include <utility>
#include <vector>

#include "storage/change_batch.hpp"
#include "storage/stored_changes.hpp"

namespace sangam::storage {
namespace {

constexpr std::size_t commits_at_once = 256;

/// Calls `visit` with each commit of the lane after `after`, in order; it may remove it.
template <class Visit>
void for_each_commit(const Tables& tables, const LaneRow& lane, Sequence after, Visit visit) {
    while (true) {
        const auto ids = tables.commits_after(lane.id, after, commits_at_once);
        if (ids.empty()) return;
        for (const auto id : ids) {
            after = tables.commit_name(id).sequence;
            visit(id);
        }
    }
}

/// The last commit of the lane that the owner had accepted.
Sequence accepted_of(const Tables& tables, const LaneRow& lane, const Manifest& manifest) {
    const Cut* cut = manifest.cut_of(lane.lane);
    if (!cut) return Sequence{0};
    const auto held = tables.find_commit(lane.id, cut->last);
    // The other branch of a fork: none of it is known to be accepted.
    return held && held->header_hash != cut->header_hash ? Sequence{0} : cut->last;
}

void set_aside_unaccepted(Writing& writing, const DatasetRow& dataset, const Manifest& manifest) {
    auto& tables = writing.tables;
    for (const auto& lane : tables.lanes(dataset.id)) {
        if (lane.lane.node != writing.author.node) continue;
        for_each_commit(tables, lane, accepted_of(tables, lane, manifest), [&](CommitId id) {
            const auto name = tables.commit_name(id);
            QuarantineItem item;
            item.dataset = dataset.uid;
            item.source = writing.author.node;
            item.reason = std::string(unaccepted_reason) + " commit " +
                          std::to_string(raw(name.sequence)) + " of lane " + lane.lane.text() +
                          ", made here, had not reached the owner of " + manifest.name;
            item.data = part_of(tables, id, tables.changes_of_commit(id)).encode();
            item.at = Millis(static_cast<std::int64_t>(name.hlc.unix_ms()));
            tables.add_quarantine(item);
        });
    }
}

}  // namespace

void end_writing(Writing& writing, DatasetRow& dataset, const Manifest& manifest) {
    auto& tables = writing.tables;
    set_aside_unaccepted(writing, dataset, manifest);
    std::vector<RecordKey> keys;
    tables.scan_records(dataset.id, {}, nullptr, [&](const RecordRow& row) {
        keys.push_back(row.key);
        return true;
    });
    ChangeBatch batch(tables, writing.projector, dataset, manifest);
    for (const auto& key : keys) batch.wipe(key);
    batch.finish();
    // Commits of which nothing was held but the header.
    for (const auto& lane : tables.lanes(dataset.id))
        for_each_commit(tables, lane, Sequence{0}, [&](CommitId id) { tables.remove_commit(id); });
    for (auto subscription : tables.own_subscriptions()) {
        if (subscription.dataset != dataset.uid) continue;
        subscription.cursor.reset();
        tables.put_own_subscription(subscription);
    }
}

}  // namespace sangam::storage
