// SPDX-License-Identifier: Apache-2.0
// Tables over one SQLite connection. The methods are split by concept: sqlite_control.cpp,
// sqlite_commits.cpp, _records.cpp, _imports.cpp, _subscriptions.cpp, _search.cpp.
#pragma once

#include <map>
#include <memory>

#include "storage/sqlite/database.hpp"
#include "storage/sqlite/fts5_index.hpp"

namespace sangam::storage::sqlite {

/// A version vector as its column holds it.
[[nodiscard]] Bytes encode(const VersionVector& vector);
/// Throws CorruptError.
[[nodiscard]] VersionVector version_vector(const Query& query, int column);

/// Works inside the transaction that its user holds open on `db`.
class SqliteTables final : public Tables {
public:
    /// A writer's connection sees no other's writes.
    explicit SqliteTables(Database& db, bool is_writer = false) : db_(db), is_writer_(is_writer) {}

    [[nodiscard]] Epoch epoch() const;

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
    bool has_field(DatasetId, const Path&) const override;
    void select(DatasetId, const Selection&,
                const std::function<bool(Selected&&)>& visit) const override;
    TextStatistics whole_statistics(DatasetId,
                                    const std::vector<TextQuery::Term>& terms) const override;
    /// Of flat_fields; nothing when no record ever had the field.
    [[nodiscard]] std::optional<std::uint64_t> field_number(DatasetId, const Path&) const;
    [[nodiscard]] std::map<std::uint64_t, Path> field_paths(DatasetId) const;

    const TextIndex& text(DatasetId) const override;
    TextIndex& text(DatasetId) override;
    std::vector<std::string> check_structure() const override;
    /// Forgets the indexes of datasets and the numbers of fields, some of which a rollback may have
    /// undone.
    void forget() {
        indexes_.clear();
        field_numbers_.clear();
    }

private:
    Fts5Index& index(DatasetId) const;

    Database& db_;
    bool is_writer_;
    mutable std::map<DatasetId, std::map<Path, std::uint64_t>> field_numbers_;
    mutable std::map<DatasetId, std::unique_ptr<Fts5Index>> indexes_;
};

}  // namespace sangam::storage::sqlite
