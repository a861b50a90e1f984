// SPDX-License-Identifier: Apache-2.0
#include "storage/memory/memory_tables.hpp"

#include <algorithm>
#include <ranges>

#include "storage/memory/memory_undo.hpp"

namespace sangam::storage::memory {

void MemoryTables::roll_back() {
    for (const auto& step : undo_ | std::views::reverse) step();
    undo_.clear();
}

// ---- datasets and control ----------------------------------------------------------------------

std::vector<DatasetRow> MemoryTables::datasets() const {
    std::vector<DatasetRow> out;
    for (const auto& [uid, row] : state_.datasets) out.push_back(row);
    return out;
}

std::optional<DatasetRow> MemoryTables::find_dataset(const DatasetUid& uid) const {
    return find_copy(state_.datasets, uid);
}

DatasetId MemoryTables::add_dataset(const DatasetRow& row) {
    auto added = row;
    added.id = DatasetId{++state_.last_id};
    put(state_.datasets, row.uid, added);
    put(state_.texts, added.id, {});
    put(state_.flats, added.id, {});
    return added.id;
}

void MemoryTables::update_dataset(const DatasetRow& row) { put(state_.datasets, row.uid, row); }

std::vector<ControlRow> MemoryTables::control(DatasetId dataset, const std::string& chain,
                                              std::uint64_t after) const {
    std::vector<ControlRow> out;
    for (auto it = state_.control.upper_bound({dataset, chain, after}); it != state_.control.end();
         ++it) {
        if (std::get<0>(it->first) != dataset || std::get<1>(it->first) != chain) break;
        out.push_back(it->second);
    }
    return out;
}

std::optional<ControlRow> MemoryTables::control_entry(DatasetId dataset, const std::string& chain,
                                                      std::uint64_t number) const {
    return find_copy(state_.control, {dataset, chain, number});
}

std::vector<std::pair<std::string, std::uint64_t>> MemoryTables::control_numbers(
    DatasetId dataset) const {
    std::map<std::string, std::uint64_t> highest;
    for (const auto& [key, row] : state_.control)
        if (std::get<0>(key) == dataset) highest[std::get<1>(key)] = std::get<2>(key);
    return {highest.begin(), highest.end()};
}

void MemoryTables::add_control(DatasetId dataset, const std::string& chain, const ControlRow& row) {
    put(state_.control, {dataset, chain, row.number}, row);
}

// ---- lanes and commits -------------------------------------------------------------------------

std::vector<LaneRow> MemoryTables::lanes(DatasetId dataset) const {
    std::vector<LaneRow> out;
    for (const auto& [id, row] : state_.lanes)
        if (row.dataset == dataset) out.push_back(row);
    std::ranges::sort(out, {}, &LaneRow::lane);
    return out;
}

LaneRow MemoryTables::lane(LaneId id) const { return state_.lanes.at(id); }

LaneId MemoryTables::add_lane(const LaneRow& row) {
    auto added = row;
    added.id = LaneId{++state_.last_id};
    put(state_.lanes, added.id, added);
    return added.id;
}

void MemoryTables::update_lane(const LaneRow& row) { put(state_.lanes, row.id, row); }

std::optional<CommitName> MemoryTables::find_commit(LaneId lane, Sequence sequence) const {
    const auto id = find_copy(state_.commit_places, {lane, sequence});
    if (!id) return std::nullopt;
    return commit_name(*id);
}

CommitName MemoryTables::commit_name(CommitId id) const { return state_.commits.at(id).name; }

CommitRow MemoryTables::commit(CommitId id) const { return state_.commits.at(id); }

std::vector<CommitId> MemoryTables::commits_after(LaneId lane, Sequence after,
                                                  std::size_t limit) const {
    std::vector<CommitId> out;
    for (auto it = state_.commit_places.upper_bound({lane, after});
         it != state_.commit_places.end() && it->first.first == lane && out.size() < limit; ++it)
        out.push_back(it->second);
    return out;
}

CommitId MemoryTables::add_commit(const CommitRow& row) {
    auto added = row;
    added.name.id = CommitId{++state_.last_id};
    put(state_.commits, added.name.id, added);
    put(state_.commit_places, {row.name.lane, row.name.sequence}, added.name.id);
    return added.name.id;
}

void MemoryTables::set_proof(CommitId id, const Bytes& proof) {
    auto row = state_.commits.at(id);
    row.proof = proof;
    put(state_.commits, id, std::move(row));
}

void MemoryTables::remove_commit(CommitId id) {
    const auto name = commit_name(id);
    erase(state_.commit_places, {name.lane, name.sequence});
    erase(state_.commits, id);
}

// ---- records and changes -----------------------------------------------------------------------

std::optional<RecordRow> MemoryTables::find_record(DatasetId dataset, const RecordKey& key) const {
    const auto number = find_copy(state_.record_keys, {dataset, key});
    if (!number) return std::nullopt;
    return record(*number);
}

std::optional<RecordRow> MemoryTables::record(RecordNumber number) const {
    return find_copy(state_.records, number);
}

RecordNumber MemoryTables::add_record(const RecordRow& row) {
    auto added = row;
    added.number = RecordNumber{++state_.last_record};
    put(state_.records, added.number, added);
    put(state_.record_keys, {row.dataset, row.key}, added.number);
    return added.number;
}

void MemoryTables::update_record(const RecordRow& row) { put(state_.records, row.number, row); }

void MemoryTables::remove_record(RecordNumber number) {
    const auto row = state_.records.at(number);
    erase(state_.record_keys, {row.dataset, row.key});
    erase(state_.records, number);
    const auto erase_of_record = [&](auto& map) {
        while (true) {
            const auto it = map.lower_bound({number, SourceId{0}});
            if (it == map.end() || it->first.first != number) return;
            erase(map, it->first);
        }
    };
    erase_of_record(state_.imports);
    erase_of_record(state_.findings);
}

void MemoryTables::scan_records(DatasetId dataset, const std::string& collection,
                                const RecordKey* after,
                                const std::function<bool(const RecordRow&)>& visit) const {
    const RecordKey first{collection, {}};  // ids are not empty
    const RecordKey& start = after != nullptr && *after > first ? *after : first;
    for (auto it = state_.record_keys.upper_bound({dataset, start}); it != state_.record_keys.end();
         ++it) {
        if (it->first.first != dataset) break;
        if (!collection.empty() && it->first.second.collection != collection) break;
        if (!visit(state_.records.at(it->second))) break;
    }
}

std::vector<ChangeRow> MemoryTables::changes_of_record(RecordNumber number, bool only_live) const {
    std::vector<ChangeRow> out;
    for (auto it = state_.record_changes.lower_bound({number, Position{0}});
         it != state_.record_changes.end() && it->first.first == number; ++it) {
        const auto& row = *state_.changes.at({it->second, it->first.second});
        if (!row.is_refused && (row.is_live || !only_live)) out.push_back(row);
    }
    return out;
}

std::vector<ChangeRow> MemoryTables::refused_changes(RecordNumber number) const {
    std::vector<ChangeRow> out;
    for (auto it = state_.record_changes.lower_bound({number, Position{0}});
         it != state_.record_changes.end() && it->first.first == number; ++it) {
        const auto& row = *state_.changes.at({it->second, it->first.second});
        if (row.is_refused) out.push_back(row);
    }
    return out;
}

std::vector<ChangeRow> MemoryTables::changes_of_commit(CommitId id) const {
    std::vector<ChangeRow> out;
    for (auto it = state_.commit_changes.lower_bound({id, 0});
         it != state_.commit_changes.end() && it->first.first == id; ++it)
        out.push_back(*state_.changes.at(it->second));
    return out;
}

std::vector<CommitLeaf> MemoryTables::leaves_of_commit(CommitId id) const {
    std::vector<CommitLeaf> out;
    for (const auto& row : changes_of_commit(id)) out.push_back({row.index, row.hash});
    return out;
}

std::optional<ChangeRow> MemoryTables::change(DatasetId dataset, Position position) const {
    const auto it = state_.changes.find({dataset, position});
    if (it == state_.changes.end()) return std::nullopt;
    return *it->second;
}

std::vector<ArrivalRow> MemoryTables::arrivals(DatasetId dataset, Position after,
                                               std::size_t limit) const {
    std::vector<ArrivalRow> out;
    for (auto it = state_.changes.upper_bound({dataset, after});
         it != state_.changes.end() && it->first.first == dataset && out.size() < limit; ++it)
        if (it->second->is_live)
            out.push_back({it->second->position, it->second->record, it->second->commit});
    return out;
}

void MemoryTables::add_change(const ChangeRow& row) {
    put(state_.changes, {row.dataset, row.position}, std::make_shared<const ChangeRow>(row));
    put(state_.record_changes, {row.record, row.position}, row.dataset);
    put(state_.commit_changes, {row.commit, row.index}, {row.dataset, row.position});
}

void MemoryTables::replace_change(DatasetId dataset, Position position,
                                  const std::function<void(ChangeRow&)>& edit) {
    auto row = *state_.changes.at({dataset, position});
    edit(row);
    put(state_.changes, {dataset, position}, std::make_shared<const ChangeRow>(std::move(row)));
}

void MemoryTables::set_superseded(DatasetId dataset, Position position) {
    replace_change(dataset, position, [](ChangeRow& row) { row.is_live = false; });
}

void MemoryTables::set_body(DatasetId dataset, Position position, const Bytes& body) {
    replace_change(dataset, position, [&](ChangeRow& row) { row.body = body; });
}

void MemoryTables::remove_change(DatasetId dataset, Position position) {
    const auto row = state_.changes.at({dataset, position});
    erase(state_.record_changes, {row->record, position});
    erase(state_.commit_changes, {row->commit, row->index});
    erase(state_.changes, {dataset, position});
}

}  // namespace sangam::storage::memory
