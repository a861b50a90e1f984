// SPDX-License-Identifier: Apache-2.0
// The plain values that go into and come out of a store (store.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/commit.hpp"
#include "protocol/condition.hpp"
#include "protocol/control.hpp"
#include "storage/projection.hpp"

namespace sangam::storage {

/// What this node is to a dataset. Decides how commits are taken: complete and in lane order for
/// own and writer, in any part and order for replica, not at all for known.
enum class Holding : std::uint8_t {
    own = 1,      ///< the node's institution owns it
    writer = 2,   ///< the manifest names the institution as a writer
    replica = 3,  ///< held for another institution under a subscription
    known = 4,    ///< only its control entries are held
};

struct DatasetInfo {
    DatasetUid uid;
    Holding holding = Holding::known;
    Manifest manifest;  ///< the newest in the chain "all"
    std::uint64_t manifest_number = 0;
    Hash manifest_hash;
    Position last_position{};        ///< of the newest change here; 0 for none
    std::uint64_t live_records = 0;  ///< records with a live change that are not deleted
};

/// A record's number in this store: sequential, never reused, local to the store. Ledgers count by
/// it.
enum class RecordNumber : std::uint64_t {};
[[nodiscard]] constexpr std::uint64_t raw(RecordNumber n) { return static_cast<std::uint64_t>(n); }

struct RecordState {
    RecordNumber number{};
    DatasetUid dataset;
    RecordKey key;
    VersionVector version;  ///< covers every change to the record that this store ever applied
    std::vector<StoredChange> changes;  ///< live ones, by (hlc, lane)
};

// ---- authoring ---------------------------------------------------------------------------------

/// What one import source stated of one record the last time it wrote it.
struct ImportState {
    Bytes cells;              ///< the importer's own encoding
    VersionVector version;    ///< the record's version right after that write
    bool is_deleted = false;  ///< the record is deleted now; filled in by import_states()
};

/// A source of imports: (dataset, collection, this node, name).
struct ImportSource {
    std::string collection;
    std::string name;
};

/// One edit to one record, to be signed by this node.
struct Edit {
    RecordKey key;
    VersionVector context;           ///< what the edit is based on (SEMANTICS section 1)
    std::vector<FieldWrite> writes;  ///< at least one
    /// Set by imports: replaces the source's state for the record, in the same transaction; its
    /// version is filled in by the store.
    std::optional<Bytes> import_cells;
    /// Findings of the import about the record as written; they replace the record's earlier ones
    /// of this source.
    struct Finding {
        std::string field;
        std::string code;
        std::string message;
    };
    std::vector<Finding> findings;
    /// Set: the edit is made only while the record has exactly this version (empty: while it does
    /// not exist), checked under the lock that orders edits.
    std::optional<VersionVector> only_at{};
};

struct AuthorRequest {
    DatasetUid dataset;
    std::vector<Edit> edits;  ///< at most one for a record
    std::optional<ImportSource> source;
    Millis now{};
};

struct AuthorResult {
    std::vector<SignedHeader> commits;  ///< one, or several when the bounds of one are exceeded
    Position last_position{};
    /// Edits that were not made, by index into the request: the record is deleted and the edit is
    /// no restore. All others were made.
    std::vector<std::size_t> refused_deleted;
    /// Edits that were not made, by index: the record has another version than `only_at`.
    std::vector<std::size_t> refused_changed{};
};

/// The identity under which a store makes commits. The key must outlive the store.
struct Author {
    NodeId node;
    const SigningKey* key = nullptr;
    Random* random = nullptr;  ///< for change secrets; used from the writer's thread only
};

// ---- receiving ---------------------------------------------------------------------------------

/// A record that left a replica.
struct RecordWithdrawal {
    RecordKey key;
    std::string reason;
};

/// Where a subscription of ours stands at its source.
struct SubscriptionCursor {
    Epoch sender_epoch{};
    Epoch receiver_epoch{};  ///< ours at the time; void when the store has another now
    Position position{};
    friend bool operator==(const SubscriptionCursor&, const SubscriptionCursor&) = default;
};

/// What we want of a remote dataset.
struct OwnSubscription {
    SubscriptionId id;
    std::string dataset_name;           ///< as the admin wrote it: `irri/rice`
    std::optional<DatasetUid> dataset;  ///< once it is known
    std::string where;
    std::optional<SubscriptionCursor> cursor;
    bool is_copying = false;     ///< a full copy has begun and has not completed
    std::uint64_t expected = 0;  ///< records in scope, as the source last said
    Millis last_heard{};         ///< when the source last said something; 0 never
    Millis created{};
    std::string state_reason;  ///< why it waits or was refused; empty when it runs
};

/// All of it becomes durable together, or none.
struct ApplyRequest {
    DatasetUid dataset;
    std::vector<VerifiedPart> parts;
    std::vector<RecordWithdrawal> withdrawals;  ///< replica only; unknown records are no error
    /// Set for deliveries under a subscription: its new state.
    std::optional<OwnSubscription> subscription;
    /// Set with the last delivery of a full copy: records of the dataset that no delivery of this
    /// copy named are dropped (they left the scope while no cursor was valid).
    bool completes_copy = false;
    /// Set with the first delivery of a full copy.
    bool begins_copy = false;
    Millis now{};  ///< stamps what goes to quarantine; 0: the commit's own clock does
    /// Whose the authors of `parts` are; one that is not in it stands for itself.
    std::map<NodeId, InstitutionId> institutions{};
};

struct ApplyResult {
    std::uint64_t changes_added = 0;    ///< not held before
    std::uint64_t changes_known = 0;    ///< held already, or superseded on arrival
    std::uint64_t records_dropped = 0;  ///< by withdrawals and by completes_copy
    Position last_position{};
};

// ---- serving -----------------------------------------------------------------------------------

/// Somebody else's subscription to a dataset that we serve, as durable here.
struct ServedSubscription {
    SubscriptionId id;
    DatasetUid dataset;
    NodeId subscriber;
    InstitutionId institution;
    std::string where;
    Epoch receiver_epoch{};
    Position scanned{};  ///< everything up to here was put into deliveries that are marked sent
    Position acknowledged{};  ///< everything up to here was acknowledged
    bool has_ended =
        false;  ///< grant gone or unsubscribed; withdrawals may still be unacknowledged
    Millis created{};
    Millis last_ack{};  ///< 0: never
};

/// One step of the delivered ledger (SEMANTICS section 5), durable on return.
struct LedgerStep {
    SubscriptionId subscription;
    std::vector<RecordNumber> sent;           ///< added to "sent", before the first byte leaves
    std::vector<RecordNumber> acknowledged;   ///< moved from "sent" to "acknowledged"
    std::vector<RecordNumber> withdrawing;    ///< a withdrawal leaves: moved back to "sent"
    std::vector<RecordNumber> withdrawn;      ///< acknowledged withdrawals: removed from both
    bool clears_all = false;                  ///< before the rest: the subscriber holds nothing now
    std::optional<ServedSubscription> state;  ///< the subscription's new row
};

struct LedgerCounts {
    std::uint64_t sent = 0;  ///< sent and not acknowledged
    std::uint64_t acknowledged = 0;
};

/// How a record stands in a ledger.
enum class Delivered : std::uint8_t { no, sent, acknowledged };

// ---- what was set aside
// --------------------------------------------------------------------------

/// Reasons begin with this for commits of this node that the owner had not accepted when it took
/// the node's institution out of the writers.
inline constexpr const char* unaccepted_reason = "no writer any more:";

/// Something that could not be applied, with its reason: never dropped in silence.
struct QuarantineItem {
    std::uint64_t id = 0;
    DatasetUid dataset;
    NodeId source;
    std::string reason;
    Bytes data;  ///< the encoded CommitPart or control entry
    Millis at{};
};

// ---- verifying
// -----------------------------------------------------------------------------------

struct VerifyFailure {
    std::string record;  ///< the dataset's name (DatasetNames) and COLLECTION/ID, or "commit
                         ///< LANE/SEQ", "control N"
    std::string reason;
};

struct VerifyReport {
    std::uint64_t records = 0;
    std::uint64_t commits = 0;
    std::uint64_t failed = 0;  ///< all failures; `failures` holds at most max_reported_failures
    std::vector<VerifyFailure> failures;
};
inline constexpr std::size_t max_reported_failures = 1000;
/// How a report names a dataset; by the manifest's name alone where it is empty.
using DatasetNames = std::function<std::string(const Manifest&)>;

// ---- text search
// ---------------------------------------------------------------------------------

/// Words, "phrases" and prefixes*, all of which must match (COMMANDS, Search).
struct TextQuery {
    struct Term {
        std::vector<std::string> words;  ///< folded tokens; several for a phrase
        bool is_prefix = false;          ///< the last word is a prefix
    };
    std::vector<Term> terms;  ///< empty: everything matches, without a score

    /// Refuses an open quote and a query of punctuation only.
    static Result<TextQuery> parse(std::string_view text);
};

/// One way in which an asker may see a dataset: the records that `where` lets through (all without
/// one), without the fields at or below `hidden`. The condition reads hidden fields too: it is the
/// owner's.
struct SearchRule {
    std::optional<Condition> where;
    std::vector<Path> hidden;
};

/// What the asker may see of one dataset: each record that a rule lets through, with every field
/// that one of those rules shows. No rules: nothing.
struct SearchScope {
    DatasetUid dataset;
    std::vector<SearchRule> rules;
};

/// How often the terms stand in one record's visible text, and how long that is.
struct TermCounts {
    std::vector<std::uint32_t> occurrences;  ///< one a term
    std::uint64_t length = 0;                ///< bytes

    [[nodiscard]] bool has_all() const;
    friend bool operator==(const TermCounts&, const TermCounts&) = default;
};

/// What ranking has to know of all that the asker may see. Sums of datasets add up.
struct TextStatistics {
    std::uint64_t records = 0;                     ///< with a visible text
    std::uint64_t bytes = 0;                       ///< of their visible texts
    std::vector<std::uint64_t> records_with_term;  ///< one a term
    friend bool operator==(const TextStatistics&, const TextStatistics&) = default;
};

/// What is asked of one dataset.
struct SearchQuestion {
    TextQuery text;
    std::optional<Condition> where;  ///< the asker's: a field hidden in a record is missing there
    std::vector<Path> facets;
    std::optional<Path> sort;  ///< else by score, else by key
    bool is_descending = false;
    std::size_t limit = 0;
    /// Ranks by these (of a federation, say); by the dataset's own without.
    std::optional<TextStatistics> statistics;
};

struct SearchHit {
    RecordNumber number{};
    RecordKey key;
    double score = 0;          ///< BM25, higher is better; 0 without terms
    TermCounts counts;         ///< what the score is made of; empty without terms
    std::string sort_key;      ///< compares by bytes as the field's type orders it; empty: no value
    std::vector<Path> hidden;  ///< in this record
};

struct SearchResult {
    std::uint64_t total = 0;      ///< all that match, exact
    std::vector<SearchHit> best;  ///< in the order asked for, equal ones by key; at most the limit
    /// For each facet asked for: the values of the field in all that match, as facet_value() spells
    /// them, each counted once a record.
    std::vector<std::map<std::string, std::uint64_t>> facets;
    TextStatistics statistics;  ///< of the scope, whatever the condition; empty without terms
    /// Fields asked about that no record has as far as this asker sees; then nothing was searched.
    std::vector<Path> missing;
};

}  // namespace sangam::storage
