// SPDX-License-Identifier: Apache-2.0
#include "storage/table_reader.hpp"

#include <algorithm>
#include <map>

#include "storage/ledger_bitmap.hpp"
#include "storage/record_search.hpp"
#include "storage/stored_changes.hpp"
#include "storage/verify.hpp"

namespace sangam::storage {

std::vector<DatasetInfo> TableReader::datasets() const {
    std::vector<DatasetInfo> out;
    for (const auto& row : tables_.datasets()) out.push_back(info_of(tables_, row));
    return out;
}

std::optional<DatasetInfo> TableReader::dataset(const DatasetUid& uid) const {
    const auto row = tables_.find_dataset(uid);
    if (!row) return std::nullopt;
    return info_of(tables_, *row);
}

std::vector<SignedControl> TableReader::control(const DatasetUid& uid, const std::string& chain,
                                                std::uint64_t after) const {
    std::vector<SignedControl> out;
    const auto dataset = tables_.find_dataset(uid);
    if (!dataset) return out;
    for (const auto& row : tables_.control(dataset->id, chain, after)) {
        auto control = SignedControl::decode(row.encoded);
        if (!control)
            throw CorruptError("control entry " + chain + "/" + std::to_string(row.number) +
                               " of dataset " + uid.hex() + " cannot be read; run `sangam verify`");
        out.push_back(std::move(*control));
    }
    return out;
}

std::vector<std::pair<std::string, std::uint64_t>> TableReader::control_numbers(
    const DatasetUid& uid) const {
    const auto dataset = tables_.find_dataset(uid);
    if (!dataset) return {};
    return tables_.control_numbers(dataset->id);
}

std::optional<RecordState> TableReader::record(const DatasetUid& uid, const RecordKey& key) const {
    const auto dataset = tables_.find_dataset(uid);
    if (!dataset) return std::nullopt;
    const auto row = tables_.find_record(dataset->id, key);
    if (!row || row->live_changes == 0) return std::nullopt;
    RecordState out{row->number, uid, key, {}, ChangeLoader(tables_).of_record(row->number, true)};
    out.version = version_of(out.changes);
    return out;
}

std::optional<RecordState> TableReader::record(RecordNumber number) const {
    auto row = tables_.record(number);
    if (!row) return std::nullopt;
    RecordState out;
    out.number = number;
    for (const auto& dataset : tables_.datasets())
        if (dataset.id == row->dataset) out.dataset = dataset.uid;
    out.key = std::move(row->key);
    out.changes = ChangeLoader(tables_).of_record(number, true);
    out.version = version_of(out.changes);
    return out;
}

std::vector<StoredChange> TableReader::history(const DatasetUid& uid, const RecordKey& key) const {
    const auto dataset = tables_.find_dataset(uid);
    if (!dataset) return {};
    const auto row = tables_.find_record(dataset->id, key);
    if (!row) return {};
    return ChangeLoader(tables_).of_record(row->number, false);
}

void TableReader::scan_records(const DatasetUid& uid, const std::string& collection,
                               const RecordKey* after,
                               const std::function<bool(const RecordState&)>& visit) const {
    const auto dataset = tables_.find_dataset(uid);
    if (!dataset) return;
    ChangeLoader loader(tables_);
    tables_.scan_records(dataset->id, collection, after, [&](const RecordRow& row) {
        if (row.live_changes == 0) return true;
        RecordState state{row.number, uid, row.key, {}, loader.of_record(row.number, true)};
        state.version = version_of(state.changes);
        return visit(state);
    });
}

std::vector<std::optional<ImportState>> TableReader::import_states(
    const DatasetUid& uid, const ImportSource& source, const std::vector<RecordKey>& keys) const {
    std::vector<std::optional<ImportState>> out(keys.size());
    const auto dataset = tables_.find_dataset(uid);
    if (!dataset) return out;
    const auto id = tables_.find_source(dataset->id, source);
    if (!id) return out;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto row = tables_.find_record(dataset->id, keys[i]);
        if (!row) continue;
        out[i] = tables_.import_state(*id, row->number);
        if (out[i]) out[i]->is_deleted = row->is_deleted;
    }
    return out;
}

void TableReader::scan_import_keys(const DatasetUid& uid, const ImportSource& source,
                                   const std::function<bool(const RecordKey&)>& visit) const {
    if (const auto dataset = tables_.find_dataset(uid))
        tables_.scan_import_keys(dataset->id, source, visit);
}

std::vector<Reader::Arrival> TableReader::arrivals(const DatasetUid& uid, Position after,
                                                   std::size_t limit) const {
    std::vector<Arrival> out;
    const auto dataset = tables_.find_dataset(uid);
    if (!dataset) return out;
    ChangeLoader loader(tables_);
    for (const auto& row : tables_.arrivals(dataset->id, after, limit))
        out.push_back({row.position, row.record, loader.dot(row.commit)});
    return out;
}

std::vector<CommitPart> TableReader::parts(const DatasetUid& uid,
                                           const std::vector<Position>& changes) const {
    std::vector<CommitPart> out;
    const auto dataset = tables_.find_dataset(uid);
    if (!dataset) return out;
    auto positions = changes;
    std::ranges::sort(positions);
    positions.erase(std::ranges::unique(positions).begin(), positions.end());
    std::map<CommitId, std::size_t> places;  // commit -> place in `grouped`
    std::vector<std::pair<CommitId, std::vector<ChangeRow>>> grouped;
    for (const auto position : positions) {
        auto row = tables_.change(dataset->id, position);
        if (!row || !row->is_live) continue;
        const auto [place, is_first] = places.try_emplace(row->commit, grouped.size());
        if (is_first) grouped.emplace_back(row->commit, std::vector<ChangeRow>{});
        grouped[place->second].second.push_back(std::move(*row));
    }
    for (auto& [id, rows] : grouped) {
        std::ranges::sort(rows, {}, &ChangeRow::index);
        out.push_back(part_of(tables_, id, rows));
    }
    return out;
}

std::vector<Head> TableReader::heads(const DatasetUid& uid) const {
    std::vector<Head> out;
    if (const auto dataset = tables_.find_dataset(uid))
        for (const auto& lane : tables_.lanes(dataset->id))
            if (raw(lane.head) > 0) out.push_back({lane.lane, lane.head, lane.head_hash});
    return out;
}

std::vector<CommitPart> TableReader::commits(const DatasetUid& uid, const Lane& lane,
                                             Sequence after, std::size_t limit) const {
    std::vector<CommitPart> out;
    const auto dataset = tables_.find_dataset(uid);
    if (!dataset) return out;
    for (const auto& row : tables_.lanes(dataset->id))
        if (row.lane == lane)
            for (const auto id : tables_.commits_after(row.id, after, limit))
                out.push_back(part_of(tables_, id, tables_.changes_of_commit(id)));
    return out;
}

std::vector<OwnSubscription> TableReader::own_subscriptions() const {
    return tables_.own_subscriptions();
}
std::vector<ServedSubscription> TableReader::served_subscriptions() const {
    return tables_.served_subscriptions();
}
LedgerCounts TableReader::ledger_counts(const SubscriptionId& id) const {
    return tables_.ledger_counts(id);
}
Delivered TableReader::delivered(const SubscriptionId& id, RecordNumber number) const {
    return delivered_in(tables_, id, number);
}
std::vector<RecordNumber> TableReader::delivered_records(const SubscriptionId& id,
                                                         RecordNumber after,
                                                         std::size_t limit) const {
    return delivered_after(tables_, id, after, limit);
}
std::vector<QuarantineItem> TableReader::quarantine(std::size_t limit, std::uint64_t after) const {
    return tables_.quarantine(limit, after);
}
std::uint64_t TableReader::quarantine_count() const { return tables_.quarantine_count(); }
std::uint64_t TableReader::findings_count() const { return tables_.findings_count(); }
std::optional<Bytes> TableReader::document(const std::string& kind, const std::string& key) const {
    return tables_.document(kind, key);
}
std::vector<std::pair<std::string, Bytes>> TableReader::documents(const std::string& kind) const {
    return tables_.documents(kind);
}

SearchResult TableReader::search(const SearchScope& scope, const SearchQuestion& question) const {
    const auto dataset = tables_.find_dataset(scope.dataset);
    if (!dataset || scope.rules.empty()) return {};
    return search_records(tables_, projector_, *dataset, scope.rules, question);
}

VerifyReport TableReader::verify(const std::optional<DatasetUid>& only,
                                 const DatasetNames& name_of) const {
    return verify_tables(tables_, projector_, only, name_of);
}

}  // namespace sangam::storage
