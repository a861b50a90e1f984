// SPDX-License-Identifier: Apache-2.0
// Tables in maps, with an undo log: what the SQLite backend is compared with, and what the
// simulator runs on. Plain on purpose.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "storage/tables.hpp"

namespace sangam::storage::memory {

struct State;

/// The texts of one dataset.
class MemoryTextIndex final : public TextIndex {
public:
    /// `undo` takes what reverses a write.
    MemoryTextIndex(State& state, DatasetId dataset, std::vector<std::function<void()>>& undo)
        : state_(state), dataset_(dataset), undo_(undo) {}
    void add(RecordNumber, const std::vector<IndexedField>&) override;
    void remove(RecordNumber) override;
    std::optional<std::vector<IndexedField>> stored(RecordNumber) const override;
    std::uint64_t size() const override;
    std::optional<std::string> check() const override { return std::nullopt; }

private:
    const std::map<RecordNumber, std::vector<IndexedField>>& texts() const;
    State& state_;
    DatasetId dataset_;
    std::vector<std::function<void()>>& undo_;
};

struct State {
    std::uint64_t last_record = 0;  ///< never given twice, as with AUTOINCREMENT
    std::uint64_t last_id = 0;      ///< of everything else that is numbered
    Epoch epoch{};
    std::map<DatasetUid, DatasetRow> datasets;
    std::map<std::tuple<DatasetId, std::string, std::uint64_t>, ControlRow> control;
    std::map<LaneId, LaneRow> lanes;
    std::map<CommitId, CommitRow> commits;
    std::map<std::pair<LaneId, Sequence>, CommitId> commit_places;
    std::map<RecordNumber, RecordRow> records;
    std::map<std::pair<DatasetId, RecordKey>, RecordNumber> record_keys;
    std::map<std::pair<DatasetId, Position>, std::shared_ptr<const ChangeRow>> changes;
    std::map<std::pair<RecordNumber, Position>, DatasetId> record_changes;
    std::map<std::pair<CommitId, std::uint32_t>, std::pair<DatasetId, Position>> commit_changes;
    std::map<std::tuple<DatasetId, std::string, std::string>, SourceId> sources;
    std::map<std::pair<RecordNumber, SourceId>, ImportState> imports;
    std::map<std::pair<RecordNumber, SourceId>, std::vector<Edit::Finding>> findings;
    std::map<SubscriptionId, OwnSubscription> own_subscriptions;
    std::map<SubscriptionId, ServedSubscription> served_subscriptions;
    std::map<std::tuple<SubscriptionId, LedgerState, std::uint64_t>, LedgerChunk> ledger;
    std::map<std::uint64_t, QuarantineItem> quarantine;
    std::map<std::pair<std::string, std::string>, Bytes> documents;
    std::map<DatasetId, std::map<RecordNumber, std::vector<IndexedField>>> texts;
    std::map<DatasetId, std::map<RecordNumber, FlatRecord>> flats;
};

class MemoryTables final : public Tables {
public:
    /// Reads and writes the state in place.
    explicit MemoryTables(State& state) : state_(state) {}
    /// Takes back everything since construction or the last commit().
    void roll_back();
    void commit() { undo_.clear(); }

    std::vector<DatasetRow> datasets() const override;
    std::optional<DatasetRow> find_dataset(const DatasetUid&) const override;
    DatasetId add_dataset(const DatasetRow&) override;
    void update_dataset(const DatasetRow&) override;
    std::vector<ControlRow> control(DatasetId, const std::string& chain,
                                    std::uint64_t after) const override;
    std::optional<ControlRow> control_entry(DatasetId, const std::string& chain,
                                            std::uint64_t number) const override;
    std::vector<std::pair<std::string, std::uint64_t>> control_numbers(DatasetId) const override;
    void add_control(DatasetId, const std::string& chain, const ControlRow&) override;

    std::vector<LaneRow> lanes(DatasetId) const override;
    LaneRow lane(LaneId) const override;
    LaneId add_lane(const LaneRow&) override;
    void update_lane(const LaneRow&) override;
    std::optional<CommitName> find_commit(LaneId, Sequence) const override;
    CommitName commit_name(CommitId) const override;
    CommitRow commit(CommitId) const override;
    std::vector<CommitId> commits_after(LaneId, Sequence after, std::size_t limit) const override;
    CommitId add_commit(const CommitRow&) override;
    void set_proof(CommitId, const Bytes& proof) override;
    void remove_commit(CommitId) override;

    std::optional<RecordRow> find_record(DatasetId, const RecordKey&) const override;
    std::optional<RecordRow> record(RecordNumber) const override;
    RecordNumber add_record(const RecordRow&) override;
    void update_record(const RecordRow&) override;
    void remove_record(RecordNumber) override;
    void scan_records(DatasetId, const std::string& collection, const RecordKey* after,
                      const std::function<bool(const RecordRow&)>& visit) const override;
    std::vector<ChangeRow> changes_of_record(RecordNumber, bool only_live) const override;
    std::vector<ChangeRow> refused_changes(RecordNumber) const override;
    std::vector<ChangeRow> changes_of_commit(CommitId) const override;
    std::vector<CommitLeaf> leaves_of_commit(CommitId) const override;
    std::optional<ChangeRow> change(DatasetId, Position) const override;
    std::vector<ArrivalRow> arrivals(DatasetId, Position after, std::size_t limit) const override;
    void add_change(const ChangeRow&) override;
    void set_superseded(DatasetId, Position) override;
    void set_body(DatasetId, Position, const Bytes& body) override;
    void remove_change(DatasetId, Position) override;

    std::optional<SourceId> find_source(DatasetId, const ImportSource&) const override;
    SourceId add_source(DatasetId, const ImportSource&) override;
    std::optional<ImportState> import_state(SourceId, RecordNumber) const override;
    void put_import_state(SourceId, RecordNumber, const ImportState&) override;
    void scan_import_keys(DatasetId, const ImportSource&,
                          const std::function<bool(const RecordKey&)>& visit) const override;
    void replace_findings(std::optional<SourceId>, RecordNumber,
                          const std::vector<Edit::Finding>&) override;
    std::uint64_t findings_count() const override;

    std::vector<OwnSubscription> own_subscriptions() const override;
    void put_own_subscription(const OwnSubscription&) override;
    void remove_own_subscription(const SubscriptionId&) override;
    std::vector<ServedSubscription> served_subscriptions() const override;
    void put_served_subscription(const ServedSubscription&) override;
    void remove_served_subscription(const SubscriptionId&) override;
    LedgerCounts ledger_counts(const SubscriptionId&) const override;
    std::optional<LedgerChunk> ledger_chunk(const SubscriptionId&, LedgerState,
                                            std::uint64_t chunk) const override;
    std::vector<std::uint64_t> ledger_chunk_numbers(const SubscriptionId&,
                                                    std::uint64_t from) const override;
    void put_ledger_chunk(const SubscriptionId&, LedgerState, const LedgerChunk&) override;
    void clear_ledger(const SubscriptionId&) override;

    std::vector<QuarantineItem> quarantine(std::size_t limit, std::uint64_t after) const override;
    std::uint64_t quarantine_count() const override;
    void add_quarantine(const QuarantineItem&) override;
    void remove_quarantine(std::uint64_t id) override;
    std::optional<Bytes> document(const std::string& kind, const std::string& key) const override;
    std::vector<std::pair<std::string, Bytes>> documents(const std::string& kind) const override;
    void put_document(const std::string& kind, const std::string& key, ByteView) override;
    void remove_document(const std::string& kind, const std::string& key) override;
    void set_epoch(Epoch) override;

    void put_flat(DatasetId, RecordNumber, const FlatRecord&) override;
    void remove_flat(DatasetId, RecordNumber) override;
    std::optional<FlatRecord> flat(DatasetId, RecordNumber) const override;
    std::uint64_t flat_count(DatasetId) const override;
    bool has_field(DatasetId, const Path&) const override { return true; }
    void select(DatasetId, const Selection&,
                const std::function<bool(Selected&&)>& visit) const override;
    TextStatistics whole_statistics(DatasetId,
                                    const std::vector<TextQuery::Term>& terms) const override;

    const TextIndex& text(DatasetId) const override;
    TextIndex& text(DatasetId) override;
    std::vector<std::string> check_structure() const override { return {}; }

private:
    template <class Map>
    void put(Map& map, const typename Map::key_type& key, typename Map::mapped_type value);
    template <class Map>
    void erase(Map& map, const typename Map::key_type& key);
    void replace_change(DatasetId, Position, const std::function<void(ChangeRow&)>& edit);
    MemoryTextIndex& index(DatasetId) const;

    State& state_;
    mutable std::vector<std::function<void()>> undo_;
    mutable std::map<DatasetId, std::unique_ptr<MemoryTextIndex>> indexes_;
};

}  // namespace sangam::storage::memory
