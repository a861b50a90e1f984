// SPDX-License-Identifier: Apache-2.0
#include "storage/change_batch.hpp"

#include <algorithm>

#include "storage/ledger_bitmap.hpp"
#include "storage/supersession.hpp"

namespace sangam::storage {

struct ChangeBatch::WorkingChange {
    StoredChange stored;
    CommitId commit{};
    std::uint32_t index = 0;
    bool is_new = false;
    std::optional<Change> before;  ///< the held body, once more of it arrived
};

struct ChangeBatch::WorkingRecord {
    RecordRow row;                     ///< number 0: not in the tables yet
    std::optional<RecordRow> written;  ///< as the tables have it
    bool is_new = false;               ///< made by this batch
    bool is_touched = false;
    bool was_counted = false;  ///< in DatasetRow::live_records
    std::vector<WorkingChange> changes;
    Outcome outcome;
};

struct ChangeBatch::WorkingCommit {
    CommitId id{};
    merkle::PartialTree tree;      ///< held and arrived changes
    std::set<std::uint32_t> kept;  ///< those that stay
    bool is_changed = false;
};

namespace {

/// Whether `arrived` opens every field that `held` opens.
bool shows_all_of(const Change& arrived, const Change& held) {
    return std::ranges::all_of(held.fields, [&](const OpenField& field) {
        return arrived.find(field.write.path) != nullptr;
    });
}

/// A change of which two deliveries showed different fields: what both show together.
Change combined(const Change& held, const Change& arrived) {
    if (held.is_whole()) return held;
    if (arrived.is_whole()) return arrived;
    Change out = held;
    for (const auto& field : arrived.fields) {
        if (held.find(field.write.path) != nullptr) continue;
        std::erase(out.hidden_leaves, Change::leaf(field));
        out.fields.push_back(field);
    }
    std::ranges::sort(out.fields, {},
                      [](const OpenField& f) -> const Path& { return f.write.path; });
    return out;
}

}  // namespace

ChangeBatch::ChangeBatch(Tables& tables, const Projector& projector, DatasetRow& dataset,
                         const Manifest& manifest)
    : tables_(tables),
      projector_(projector),
      dataset_(dataset),
      manifest_(manifest),
      types_([this](const Path& path) { return projector_.type_of(manifest_, path); }),
      loader_(tables) {}

ChangeBatch::~ChangeBatch() = default;

bool ChangeBatch::keeps_whole() const {
    return dataset_.holding == Holding::own || dataset_.holding == Holding::writer;
}

ChangeBatch::WorkingRecord& ChangeBatch::record(const RecordKey& key) {
    if (const auto it = by_key_.find(key); it != by_key_.end()) return *it->second;
    auto working = std::make_unique<WorkingRecord>();
    if (auto row = tables_.find_record(dataset_.id, key)) {
        working->row = std::move(*row);
        working->written = working->row;
        working->was_counted = working->row.live_changes > 0 && !working->row.is_deleted;
        for (const auto& held : tables_.changes_of_record(working->row.number, true))
            working->changes.push_back({loader_.load(held), held.commit, held.index, false, {}});
    } else {
        working->row.dataset = dataset_.id;
        working->row.key = key;
    }
    records_.push_back(std::move(working));
    by_key_.emplace(key, records_.back().get());
    return *records_.back();
}

bool ChangeBatch::is_deleted(const RecordKey& key) { return record(key).row.is_deleted; }

ChangeBatch::WorkingCommit& ChangeBatch::commit(CommitId id) {
    const auto it = commits_.find(raw(id));
    if (it != commits_.end()) return it->second;
    WorkingCommit working;
    working.id = id;
    const auto header = SignedHeader::decode(tables_.commit(id).signed_header);
    if (!header)
        throw CorruptError("the header of commit number " + std::to_string(raw(id)) +
                           " cannot be read; run `sangam verify`");
    working.tree = held_tree(tables_, id, header->header.count);
    working.kept.insert(working.tree.indices.begin(), working.tree.indices.end());
    return commits_.emplace(raw(id), std::move(working)).first->second;
}

ChangeBatch::WorkingCommit& ChangeBatch::united_commit(const VerifiedPart& part, CommitId id,
                                                       bool is_new) {
    merkle::PartialTree arrived = tree_of(part);
    if (is_new) {
        WorkingCommit working;
        working.id = id;
        working.tree = std::move(arrived);
        return commits_.insert_or_assign(raw(id), std::move(working)).first->second;
    }
    auto& working = commit(id);
    auto united = merkle::unite(working.tree, arrived);
    working.is_changed = working.is_changed || united.indices != working.tree.indices;
    working.tree = std::move(united);
    return working;
}

VersionVector ChangeBatch::version(const RecordKey& key) {
    std::vector<StoredChange> live;
    for (const auto& change : record(key).changes) live.push_back(change.stored);
    return version_of(live);
}

void ChangeBatch::add(const VerifiedPart& part, const LaneRow& lane,
                      const std::set<std::size_t>& refused) {
    const auto held = tables_.find_commit(lane.id, part.header().sequence);
    CommitId id{};
    if (held) {
        id = held->id;
    } else {
        CommitRow row;
        row.name = {{}, lane.id, part.header().sequence, part.header().hlc, part.header_hash()};
        row.signed_header = part.part().signed_header.encode();
        row.proof = pack_hashes(part.part().proof);
        id = tables_.add_commit(row);
    }
    std::set<std::uint32_t> history;  // places held and maybe superseded
    if (keeps_whole()) {
        // Held in part from a time as a replica: complete from now on.
        if (held) {
            for (const auto& leaf : tables_.leaves_of_commit(id)) history.insert(leaf.index);
            tables_.set_proof(id, {});
        }
    } else {
        united_commit(part, id, !held);
    }
    const auto records = numbered_records(part);
    for (std::size_t i = 0; i < records.size(); ++i)
        if (refused.contains(i))
            keep_refused(*records[i], part, i, id, history);
        else
            take(*records[i], part, lane, i, id, history);
}

std::vector<ChangeBatch::WorkingRecord*> ChangeBatch::numbered_records(const VerifiedPart& part) {
    std::vector<WorkingRecord*> out;
    std::vector<WorkingRecord*> unnumbered;
    for (const auto& change : part.part().changes) {
        auto& working = record(change.key);
        out.push_back(&working);
        if (raw(working.row.number) == 0) unnumbered.push_back(&working);
    }
    // In key order, so that neighbours in the index of keys are written together and read together.
    std::ranges::sort(unnumbered, {},
                      [](const WorkingRecord* r) -> const RecordKey& { return r->row.key; });
    for (auto* working : unnumbered) {
        // What most will be in the end; decide() corrects the others.
        working->row.live_changes = 1;
        working->row.copy = dataset_.copy;
        working->row.number = tables_.add_record(working->row);
        working->written = working->row;
        working->is_new = true;
    }
    return out;
}

void ChangeBatch::take(WorkingRecord& record, const VerifiedPart& part, const LaneRow& lane,
                       std::size_t i, CommitId commit_id, const std::set<std::uint32_t>& history) {
    const auto& change = part.part().changes[i];
    record.is_touched = true;
    const auto held = std::ranges::find_if(
        record.changes, [&](const WorkingChange& c) { return c.commit == commit_id; });
    if (held != record.changes.end()) {
        ++tally_.known;
        auto both = combined(held->stored.change, change);
        if (both == held->stored.change) return;
        if (!held->is_new && !held->before) held->before = held->stored.change;
        held->stored.change = std::move(both);
        return;
    }
    if (history.contains(part.part().indices[i])) {
        ++tally_.known;
        return;
    }
    dataset_.last_position = next(dataset_.last_position);
    WorkingChange arrived;
    arrived.stored = {dataset_.last_position,
                      part.header().dot(),
                      part.header().hlc,
                      part.header_hash(),
                      part.change_hashes()[i],
                      change,
                      true,
                      lane.institution};
    arrived.commit = commit_id;
    arrived.index = part.part().indices[i];
    arrived.is_new = true;
    record.changes.push_back(std::move(arrived));
    if (!keeps_whole()) commit(commit_id).kept.insert(part.part().indices[i]);
}

void ChangeBatch::keep_refused(WorkingRecord& record, const VerifiedPart& part, std::size_t i,
                               CommitId commit_id, const std::set<std::uint32_t>& history) {
    record.is_touched = true;  // a record made for it has no live change
    const auto index = part.part().indices[i];
    const bool is_kept = keeps_whole() && !history.contains(index);
    ++(is_kept ? tally_.added : tally_.known);
    if (!is_kept) return;
    dataset_.last_position = next(dataset_.last_position);
    tables_.add_change({dataset_.id, dataset_.last_position, record.row.number, commit_id, index,
                        false, part.change_hashes()[i], part.part().changes[i].encode(), true});
}

bool ChangeBatch::withdraw(const RecordKey& key) {
    auto& working = record(key);
    if (working.changes.empty()) return false;
    drop_changes(working);
    ++tally_.dropped;
    return true;
}

void ChangeBatch::wipe(const RecordKey& key) {
    auto& working = record(key);
    if (raw(working.row.number) != 0) drop_changes(working);
}

void ChangeBatch::drop_changes(WorkingRecord& working) {
    working.is_touched = true;
    auto held = tables_.changes_of_record(working.row.number, false);
    for (auto& refused : tables_.refused_changes(working.row.number))
        held.push_back(std::move(refused));  // from a time as a writer
    for (const auto& change : held) {
        auto& from = commit(change.commit);
        from.kept.erase(change.index);
        from.is_changed = true;
        tables_.remove_change(dataset_.id, change.position);
    }
    working.changes.clear();
}

void ChangeBatch::give_way(const std::vector<VerifiedPart>& parts) {
    std::map<RecordKey, std::map<Dot, const Change*>> arriving;
    for (const auto& part : parts)
        for (const auto& change : part.part().changes)
            arriving[change.key].emplace(part.header().dot(), &change);
    for (const auto& [key, changes] : arriving) {
        auto& working = record(key);
        if (working.changes.empty() || working.row.copy >= dataset_.copy) continue;
        const bool all_come_again =
            std::ranges::all_of(working.changes, [&](const WorkingChange& held) {
                const auto it = changes.find(held.stored.dot);
                return it != changes.end() && shows_all_of(*it->second, held.stored.change);
            });
        if (!all_come_again) drop_changes(working);
    }
}

void ChangeBatch::finish() {
    // Ascending: rows go to the ends of their tables, and FTS5 writes a new segment each time that
    // a row number is lower than the one before.
    std::ranges::sort(records_, {}, [](const auto& working) { return working->row.number; });
    for (const auto& working : records_)
        if (working->is_touched) decide(*working);
    for (auto& [id, working] : commits_) write_commit(working);
}

ChangeRow ChangeBatch::row_of(const WorkingRecord& record, const WorkingChange& change) const {
    return {dataset_.id,
            change.stored.position,
            record.row.number,
            change.commit,
            change.index,
            change.stored.is_live,
            change.stored.change_hash,
            change.stored.change.encode()};
}

void ChangeBatch::write_whole(WorkingRecord& record, WorkingChange& change, bool is_live) {
    change.stored.is_live = is_live;
    if (change.is_new) {
        ++(is_live ? tally_.added : tally_.known);
        tables_.add_change(row_of(record, change));
    } else if (!is_live) {
        tables_.set_superseded(dataset_.id, change.stored.position);
    } else if (change.before) {
        tables_.set_body(dataset_.id, change.stored.position, change.stored.change.encode());
    }
}

void ChangeBatch::write_replica(WorkingRecord& record, WorkingChange& change,
                                const Standing& standing) {
    change.stored.is_live = standing.is_live;
    if (!standing.is_live) {
        // The commit's tree is read before its row goes.
        auto& from = commit(change.commit);
        from.kept.erase(change.index);
        from.is_changed = true;
        if (change.is_new)
            ++tally_.known;
        else
            tables_.remove_change(dataset_.id, change.stored.position);
        return;
    }
    if (!change.is_new && !change.before && standing.superseded.empty()) return;
    std::optional<Change> before;
    if (!change.is_new) before = change.before ? *change.before : change.stored.change;
    if (!standing.superseded.empty())
        change.stored.change = without_superseded(change.stored.change, standing);
    if (change.is_new) {
        ++tally_.added;
        tables_.add_change(row_of(record, change));
    } else if (change.stored.change.fields.size() > before->fields.size()) {
        // More of it is visible than before: news for those whom we serve, so it arrives again.
        tables_.remove_change(dataset_.id, change.stored.position);
        dataset_.last_position = next(dataset_.last_position);
        change.stored.position = dataset_.last_position;
        tables_.add_change(row_of(record, change));
    } else if (change.stored.change != *before) {
        tables_.set_body(dataset_.id, change.stored.position, change.stored.change.encode());
    }
}

void ChangeBatch::decide(WorkingRecord& working) {
    std::vector<Candidate> candidates;
    for (const auto& change : working.changes)
        candidates.push_back({&change.stored.dot, &change.stored.change});
    const auto standings = weigh(candidates);
    std::vector<StoredChange> live;
    for (std::size_t i = 0; i < working.changes.size(); ++i) {
        auto& change = working.changes[i];
        if (keeps_whole())
            write_whole(working, change, standings[i].is_live);
        else
            write_replica(working, change, standings[i]);
        if (standings[i].is_live) live.push_back(std::move(change.stored));
    }
    sort_by_time(live);
    working.outcome = {working.row.number, version_of(live)};

    Projection projection;
    if (!live.empty()) projection = projector_.project(manifest_, working.row.key, live);
    auto& row = working.row;
    row.live_changes = static_cast<std::uint32_t>(live.size());
    row.is_deleted = projection.is_deleted;
    row.copy = dataset_.copy;
    const bool is_counted = !live.empty() && !row.is_deleted;
    if (is_counted && !working.was_counted) ++dataset_.live_records;
    if (!is_counted && working.was_counted) --dataset_.live_records;
    auto& text = tables_.text(dataset_.id);
    if (!working.is_new) text.remove(row.number);
    if (const auto fields = indexed_fields(projection); !fields.empty())
        text.add(row.number, fields);
    if (is_counted)
        tables_.put_flat(dataset_.id, row.number, flat_record(projection, types_));
    else if (!working.is_new)
        tables_.remove_flat(dataset_.id, row.number);
    if (live.empty())
        remove_or_keep_number(row);
    else if (row != working.written)
        tables_.update_record(row);
}

void ChangeBatch::remove_or_keep_number(const RecordRow& row) {
    if (!served_) served_ = served_of(tables_, dataset_.uid);
    if (is_in_ledger(tables_, *served_, row.number) || !tables_.refused_changes(row.number).empty())
        tables_.update_record(row);
    else
        tables_.remove_record(row.number);
}

void ChangeBatch::write_commit(WorkingCommit& working) {
    if (working.kept.empty()) {
        tables_.remove_commit(working.id);
        return;
    }
    if (working.kept.size() != working.tree.indices.size()) {
        const std::vector<std::uint32_t> kept(working.kept.begin(), working.kept.end());
        working.tree = merkle::narrow(working.tree, kept);
        working.is_changed = true;
    }
    if (working.is_changed) tables_.set_proof(working.id, pack_hashes(working.tree.proof));
}

const ChangeBatch::Outcome& ChangeBatch::outcome(const RecordKey& key) const {
    return by_key_.at(key)->outcome;
}

bool is_in_ledger(const Tables& tables, const std::vector<SubscriptionId>& subscriptions,
                  RecordNumber number) {
    return std::ranges::any_of(subscriptions, [&](const SubscriptionId& id) {
        return delivered_in(tables, id, number) != Delivered::no;
    });
}

std::vector<SubscriptionId> served_of(const Tables& tables, const DatasetUid& dataset) {
    std::vector<SubscriptionId> out;
    for (const auto& served : tables.served_subscriptions())
        if (served.dataset == dataset) out.push_back(served.id);
    return out;
}

}  // namespace sangam::storage
