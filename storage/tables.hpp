// SPDX-License-Identifier: Apache-2.0
// What a backend must offer: rows put, found and removed inside a transaction that the backend
// runs. All rules (who may write, what is live, what a proof covers) are above it, in change_batch,
// author, apply, put_control and verify, and so are the same for every backend.
//
// Not thread-safe. Methods throw StoreError when the backend fails and CorruptError when a row
// cannot be read as what it should be. Rows handed in are trusted.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/flat_record.hpp"
#include "storage/store.hpp"
#include "storage/text_index.hpp"
#include "storage/visibility.hpp"

namespace sangam::storage {

/// The store's own bytes do not say what they must: names what was being read.
class CorruptError : public StoreError {
public:
    using StoreError::StoreError;
};

// Numbers that mean something in one store only; sequential from 1.
enum class DatasetId : std::uint64_t {};
enum class LaneId : std::uint64_t {};
enum class CommitId : std::uint64_t {};
enum class SourceId : std::uint64_t {};
[[nodiscard]] constexpr std::uint64_t raw(DatasetId id) { return static_cast<std::uint64_t>(id); }
[[nodiscard]] constexpr std::uint64_t raw(LaneId id) { return static_cast<std::uint64_t>(id); }
[[nodiscard]] constexpr std::uint64_t raw(CommitId id) { return static_cast<std::uint64_t>(id); }
[[nodiscard]] constexpr std::uint64_t raw(SourceId id) { return static_cast<std::uint64_t>(id); }

struct DatasetRow {
    DatasetId id{};
    DatasetUid uid;
    Holding holding = Holding::known;
    std::uint64_t manifest_number = 0;  ///< the newest manifest in the chain for all
    Hash manifest_hash;
    Position last_position{};
    std::uint64_t live_records = 0;  ///< with a live change and not deleted
    std::uint64_t copy = 0;          ///< how many full copies have begun here
};

struct ControlRow {
    std::uint64_t number = 0;
    Hash hash;      ///< of the entry
    Bytes encoded;  ///< SignedControl
};

struct LaneRow {
    LaneId id{};
    DatasetId dataset{};
    Lane lane;
    /// Whose node it is; none: a store from before this was kept, and no commit has come since.
    std::optional<InstitutionId> institution{};
    Sequence head{};  ///< of the last commit without a gap; 0 at a replica
    Hash head_hash;
    Hlc head_hlc;
    VersionVector seen;  ///< the highest heads that commits of this lane have named
};

/// What names a commit, without its bytes.
struct CommitName {
    CommitId id{};
    LaneId lane{};
    Sequence sequence{};
    Hlc hlc;
    Hash header_hash;
};

struct CommitRow {
    CommitName name;
    Bytes signed_header;  ///< SignedHeader::encode
    Bytes proof;          ///< multiproof for exactly the changes held, 32 bytes a hash
};

struct RecordRow {
    RecordNumber number{};
    DatasetId dataset{};
    RecordKey key;
    bool is_deleted = false;
    std::uint32_t live_changes = 0;  ///< 0: gone, kept while a ledger still counts the number
    std::uint64_t copy = 0;          ///< DatasetRow::copy when a delivery last named it
    friend bool operator==(const RecordRow&, const RecordRow&) = default;
};

struct ChangeRow {
    DatasetId dataset{};
    Position position{};
    RecordNumber record{};
    CommitId commit{};
    std::uint32_t index = 0;  ///< in the commit's tree
    bool is_live = true;
    Hash hash;
    Bytes body;  ///< Change::encode
    /// Against the rules of its manifest: kept with its commit, and counts for nothing. Not live.
    bool is_refused = false;
};

/// A change's place in its commit's tree, without its body.
struct CommitLeaf {
    std::uint32_t index = 0;
    Hash change_hash;
};

struct ArrivalRow {
    Position position{};
    RecordNumber record{};
    CommitId commit{};
};

enum class LedgerState : std::uint8_t { sent = 1, acknowledged = 2 };

/// One piece of a ledger bitmap: the records number / 65536 == chunk.
struct LedgerChunk {
    std::uint64_t chunk = 0;
    std::uint32_t count = 0;
    Bytes bitmap;  ///< portable roaring bitmap of number % 65536
};

/// Which records to hand over, and what of them.
struct Selection {
    Visibility& visibility;                               ///< the scope's rules
    const FieldTypes& types;                              ///< of the dataset's manifest
    const Condition* where = nullptr;                     ///< reads visible fields only
    const std::vector<TextQuery::Term>* terms = nullptr;  ///< to count in the visible text
    bool is_any_term_enough = false;                      ///< else each must stand there
    bool needs_length = false;  ///< count the visible text although there are no terms
    const std::vector<Path>* fields = nullptr;  ///< whose visible texts to hand over
};

struct Selected {
    RecordNumber number{};
    RecordKey key;
    const std::vector<Path>* hidden = nullptr;    ///< in this record; lives in the visibility
    std::vector<std::vector<std::string>> shown;  ///< one for each of Selection::fields
    TermCounts counts;                            ///< where terms or the length were asked for
};

class Tables {
public:
    virtual ~Tables() = default;

    // Datasets and control.
    [[nodiscard]] virtual std::vector<DatasetRow> datasets() const = 0;  ///< by uid
    [[nodiscard]] virtual std::optional<DatasetRow> find_dataset(const DatasetUid&) const = 0;
    virtual DatasetId add_dataset(const DatasetRow&) = 0;  ///< ignores row.id
    virtual void update_dataset(const DatasetRow&) = 0;
    [[nodiscard]] virtual std::vector<ControlRow> control(DatasetId, const std::string& chain,
                                                          std::uint64_t after) const = 0;
    [[nodiscard]] virtual std::optional<ControlRow> control_entry(DatasetId,
                                                                  const std::string& chain,
                                                                  std::uint64_t number) const = 0;
    [[nodiscard]] virtual std::vector<std::pair<std::string, std::uint64_t>> control_numbers(
        DatasetId) const = 0;
    virtual void add_control(DatasetId, const std::string& chain, const ControlRow&) = 0;

    // Lanes and commits.
    [[nodiscard]] virtual std::vector<LaneRow> lanes(DatasetId) const = 0;  ///< by lane
    [[nodiscard]] virtual LaneRow lane(LaneId) const = 0;
    virtual LaneId add_lane(const LaneRow&) = 0;  ///< ignores row.id
    virtual void update_lane(const LaneRow&) = 0;
    [[nodiscard]] virtual std::optional<CommitName> find_commit(LaneId, Sequence) const = 0;
    [[nodiscard]] virtual CommitName commit_name(CommitId) const = 0;
    [[nodiscard]] virtual CommitRow commit(CommitId) const = 0;
    /// The lane's commits with sequence > after, ascending.
    [[nodiscard]] virtual std::vector<CommitId> commits_after(LaneId, Sequence after,
                                                              std::size_t limit) const = 0;
    virtual CommitId add_commit(const CommitRow&) = 0;  ///< ignores name.id
    virtual void set_proof(CommitId, const Bytes& proof) = 0;
    virtual void remove_commit(CommitId) = 0;

    // Records and changes.
    [[nodiscard]] virtual std::optional<RecordRow> find_record(DatasetId,
                                                               const RecordKey&) const = 0;
    [[nodiscard]] virtual std::optional<RecordRow> record(RecordNumber) const = 0;
    virtual RecordNumber add_record(const RecordRow&) = 0;  ///< ignores row.number
    virtual void update_record(const RecordRow&) = 0;
    virtual void remove_record(RecordNumber) = 0;  ///< and its import states and findings
    /// All rows, gone ones too, ascending by key from the first greater than `after`. The visitor
    /// may read, not write.
    virtual void scan_records(DatasetId, const std::string& collection, const RecordKey* after,
                              const std::function<bool(const RecordRow&)>& visit) const = 0;
    /// By position, without refused ones.
    [[nodiscard]] virtual std::vector<ChangeRow> changes_of_record(RecordNumber,
                                                                   bool only_live) const = 0;
    /// By position.
    [[nodiscard]] virtual std::vector<ChangeRow> refused_changes(RecordNumber) const = 0;
    /// By index, refused ones too.
    [[nodiscard]] virtual std::vector<ChangeRow> changes_of_commit(CommitId) const = 0;
    [[nodiscard]] virtual std::vector<CommitLeaf> leaves_of_commit(CommitId) const = 0;
    [[nodiscard]] virtual std::optional<ChangeRow> change(DatasetId, Position) const = 0;
    /// Live ones with position > after, ascending.
    [[nodiscard]] virtual std::vector<ArrivalRow> arrivals(DatasetId, Position after,
                                                           std::size_t limit) const = 0;
    virtual void add_change(const ChangeRow&) = 0;
    virtual void set_superseded(DatasetId, Position) = 0;
    virtual void set_body(DatasetId, Position, const Bytes& body) = 0;
    virtual void remove_change(DatasetId, Position) = 0;

    // Imports.
    [[nodiscard]] virtual std::optional<SourceId> find_source(DatasetId,
                                                              const ImportSource&) const = 0;
    virtual SourceId add_source(DatasetId, const ImportSource&) = 0;
    [[nodiscard]] virtual std::optional<ImportState> import_state(SourceId, RecordNumber) const = 0;
    virtual void put_import_state(SourceId, RecordNumber, const ImportState&) = 0;
    virtual void scan_import_keys(DatasetId, const ImportSource&,
                                  const std::function<bool(const RecordKey&)>& visit) const = 0;
    virtual void replace_findings(std::optional<SourceId>, RecordNumber,
                                  const std::vector<Edit::Finding>&) = 0;
    [[nodiscard]] virtual std::uint64_t findings_count() const = 0;

    // Subscriptions and ledgers.
    [[nodiscard]] virtual std::vector<OwnSubscription> own_subscriptions() const = 0;
    virtual void put_own_subscription(const OwnSubscription&) = 0;
    virtual void remove_own_subscription(const SubscriptionId&) = 0;
    [[nodiscard]] virtual std::vector<ServedSubscription> served_subscriptions() const = 0;
    virtual void put_served_subscription(const ServedSubscription&) = 0;
    virtual void remove_served_subscription(const SubscriptionId&) = 0;  ///< and its ledger
    [[nodiscard]] virtual LedgerCounts ledger_counts(const SubscriptionId&) const = 0;
    [[nodiscard]] virtual std::optional<LedgerChunk> ledger_chunk(const SubscriptionId&,
                                                                  LedgerState,
                                                                  std::uint64_t chunk) const = 0;
    /// Numbers of the chunks >= from that hold something in either state, ascending.
    [[nodiscard]] virtual std::vector<std::uint64_t> ledger_chunk_numbers(
        const SubscriptionId&, std::uint64_t from) const = 0;
    /// A count of 0 removes the chunk.
    virtual void put_ledger_chunk(const SubscriptionId&, LedgerState, const LedgerChunk&) = 0;
    virtual void clear_ledger(const SubscriptionId&) = 0;

    // The rest.
    [[nodiscard]] virtual std::vector<QuarantineItem> quarantine(std::size_t limit,
                                                                 std::uint64_t after) const = 0;
    [[nodiscard]] virtual std::uint64_t quarantine_count() const = 0;
    /// Ignores item.id. An item equal to one that is held but for its time is held once.
    virtual void add_quarantine(const QuarantineItem&) = 0;
    virtual void remove_quarantine(std::uint64_t id) = 0;
    [[nodiscard]] virtual std::optional<Bytes> document(const std::string& kind,
                                                        const std::string& key) const = 0;
    [[nodiscard]] virtual std::vector<std::pair<std::string, Bytes>> documents(
        const std::string& kind) const = 0;  ///< by key
    virtual void put_document(const std::string& kind, const std::string& key, ByteView) = 0;
    virtual void remove_document(const std::string& kind, const std::string& key) = 0;
    virtual void set_epoch(Epoch) = 0;

    // Flat records: one for each live record that is not deleted.
    virtual void put_flat(DatasetId, RecordNumber, const FlatRecord&) = 0;
    /// No error when there is none.
    virtual void remove_flat(DatasetId, RecordNumber) = 0;
    /// As put, but every field's type is text; nullopt when there is none.
    [[nodiscard]] virtual std::optional<FlatRecord> flat(DatasetId, RecordNumber) const = 0;
    [[nodiscard]] virtual std::uint64_t flat_count(DatasetId) const = 0;
    /// False when no record can have the field; true promises nothing.
    [[nodiscard]] virtual bool has_field(DatasetId, const Path&) const = 0;
    /// Hands over the records that the selection lets through, in any order, until `visit` says
    /// false.
    virtual void select(DatasetId, const Selection&,
                        const std::function<bool(Selected&&)>& visit) const = 0;
    /// What ranking has to know where nothing is hidden from anybody.
    [[nodiscard]] virtual TextStatistics whole_statistics(
        DatasetId, const std::vector<TextQuery::Term>& terms) const = 0;

    /// The index of one dataset. Lives as long as these tables.
    [[nodiscard]] virtual const TextIndex& text(DatasetId) const = 0;
    [[nodiscard]] virtual TextIndex& text(DatasetId) = 0;
    /// Structural damage that the backend finds by itself; empty when there is none.
    [[nodiscard]] virtual std::vector<std::string> check_structure() const = 0;
};

}  // namespace sangam::storage
