// SPDX-License-Identifier: Apache-2.0
#include "storage/cut_lanes.hpp"

#include <algorithm>
#include <set>

#include "storage/change_batch.hpp"
#include "storage/supersession.hpp"

namespace sangam::storage {

namespace {

constexpr std::size_t commits_cut_at_once = 256;

bool is_whole(const DatasetRow& dataset) {
    return dataset.holding == Holding::own || dataset.holding == Holding::writer;
}

class Cutter {
public:
    Cutter(Writing& writing, DatasetRow& dataset, const Manifest& manifest)
        : tables_(writing.tables),
          projector_(writing.projector),
          dataset_(dataset),
          manifest_(manifest),
          loader_(writing.tables),
          served_(served_of(writing.tables, dataset.uid)) {}

    bool run() {
        for (auto& lane : tables_.lanes(dataset_.id))
            if (const auto* cut = manifest_.cut_of(lane.lane)) cut_lane(lane, *cut);
        for (const auto& [number, before] : touched_) weigh_again(number, before);
        if (!touched_.empty() && !is_whole(dataset_)) start_copies_over();
        return !touched_.empty();
    }

private:
    /// What counted of each held change before anything was dropped.
    using Standings = std::map<Position, Standing>;

    void cut_lane(LaneRow lane, const Cut& cut) {
        Sequence last = cut.last;
        const auto held = tables_.find_commit(lane.id, cut.last);
        // The other branch of a fork: none of it is known to be right.
        if (held && held->header_hash != cut.header_hash) last = Sequence{0};
        const auto beyond = tables_.commits_after(lane.id, last, 1);
        if (beyond.empty()) return;
        while (true) {
            const auto ids = tables_.commits_after(lane.id, last, commits_cut_at_once);
            if (ids.empty()) break;
            for (const auto id : ids) drop_commit(id);
        }
        if (is_whole(dataset_) && last < lane.head) wind_back(lane, last);
    }

    void drop_commit(CommitId id) {
        for (const auto& change : tables_.changes_of_commit(id)) {
            if (!touched_.contains(change.record))
                touched_.emplace(change.record, standings_of(change.record));
            tables_.remove_change(dataset_.id, change.position);
        }
        tables_.remove_commit(id);
    }

    /// The lane's row as its remaining commits say.
    void wind_back(LaneRow& lane, Sequence last) {
        lane.head = {};
        lane.head_hash = {};
        lane.head_hlc = {};
        lane.seen = {};
        Sequence after{};
        while (after < last) {
            const auto ids = tables_.commits_after(lane.id, after, commits_cut_at_once);
            if (ids.empty()) break;
            for (const auto id : ids) {
                const auto row = tables_.commit(id);
                const auto header = SignedHeader::decode(row.signed_header);
                if (!header)
                    throw CorruptError("the header of commit number " + std::to_string(raw(id)) +
                                       " cannot be read; run `sangam verify`");
                after = row.name.sequence;
                lane.head = row.name.sequence;
                lane.head_hash = row.name.header_hash;
                lane.head_hlc = row.name.hlc;
                for (const auto& head : header->header.heads)
                    lane.seen.add({head.lane, head.sequence});
            }
        }
        tables_.update_lane(lane);
    }

    Standings standings_of(RecordNumber number) {
        const auto changes = loader_.of_record(number, false);
        const auto standings = weigh(changes);
        Standings out;
        for (std::size_t i = 0; i < changes.size(); ++i)
            out.emplace(changes[i].position, standings[i]);
        return out;
    }

    void weigh_again(RecordNumber number, const Standings& before) {
        auto row = tables_.record(number);
        if (!row) return;
        const bool was_counted = row->live_changes > 0 && !row->is_deleted;
        const auto rows = tables_.changes_of_record(number, false);
        std::vector<StoredChange> changes;
        for (const auto& held : rows) changes.push_back(loader_.load(held));
        const auto standings = weigh(changes);
        std::vector<StoredChange> live;
        for (std::size_t i = 0; i < changes.size(); ++i) {
            const auto& was = before.at(rows[i].position);
            if (standings[i].is_live && (!was.is_live || was.superseded != standings[i].superseded))
                arrive_again(rows[i]);
            if (standings[i].is_live) live.push_back(std::move(changes[i]));
        }
        sort_by_time(live);
        Projection projection;
        if (!live.empty()) projection = projector_.project(manifest_, row->key, live);
        row->live_changes = static_cast<std::uint32_t>(live.size());
        row->is_deleted = projection.is_deleted;
        const bool is_counted = !live.empty() && !row->is_deleted;
        if (is_counted && !was_counted) ++dataset_.live_records;
        if (!is_counted && was_counted) --dataset_.live_records;
        auto& text = tables_.text(dataset_.id);
        text.remove(number);
        if (const auto fields = indexed_fields(projection); !fields.empty())
            text.add(number, fields);
        if (is_counted)
            tables_.put_flat(dataset_.id, number, flat_record(projection, [&](const Path& path) {
                                 return projector_.type_of(manifest_, path);
                             }));
        else
            tables_.remove_flat(dataset_.id, number);
        if (live.empty() && !is_in_ledger(tables_, served_, number) &&
            tables_.refused_changes(number).empty())
            tables_.remove_record(number);
        else
            tables_.update_record(*row);
    }

    void arrive_again(ChangeRow row) {
        tables_.remove_change(dataset_.id, row.position);
        dataset_.last_position = next(dataset_.last_position);
        row.position = dataset_.last_position;
        row.is_live = true;
        tables_.add_change(row);
    }

    void start_copies_over() {
        for (auto subscription : tables_.own_subscriptions()) {
            if (subscription.dataset != dataset_.uid) continue;
            subscription.cursor.reset();
            tables_.put_own_subscription(subscription);
        }
    }

    Tables& tables_;
    const Projector& projector_;
    DatasetRow& dataset_;
    const Manifest& manifest_;
    ChangeLoader loader_;
    std::vector<SubscriptionId> served_;
    std::map<RecordNumber, Standings> touched_;
};

}  // namespace

bool drop_beyond_cuts(Writing& writing, DatasetRow& dataset, const Manifest& manifest) {
    return !manifest.cuts.empty() && Cutter(writing, dataset, manifest).run();
}

}  // namespace sangam::storage
