// SPDX-License-Identifier: Apache-2.0
// A node's own store: one interface, an SQLite backend and an in-memory one for tests; one test
// suite runs on both. Every write is one transaction and durable on return; nothing enters that was
// not verified (VerifiedPart). Readers never wait for the writer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/types.hpp"

namespace sangam::storage {

/// A consistent view of the store as of its creation. Not thread-safe; any number may exist at
/// once. Short-lived: a long one keeps old pages alive. Methods throw StoreError on I/O failure.
class Reader {
public:
    virtual ~Reader() = default;

    // Datasets and control.
    [[nodiscard]] virtual std::vector<DatasetInfo> datasets() const = 0;  ///< by uid
    [[nodiscard]] virtual std::optional<DatasetInfo> dataset(const DatasetUid&) const = 0;
    /// Entries of a chain with number > after, ascending.
    [[nodiscard]] virtual std::vector<SignedControl> control(const DatasetUid&,
                                                             const std::string& chain,
                                                             std::uint64_t after) const = 0;
    /// Chain -> highest number held, ordered.
    [[nodiscard]] virtual std::vector<std::pair<std::string, std::uint64_t>> control_numbers(
        const DatasetUid&) const = 0;

    // Records.
    [[nodiscard]] virtual std::optional<RecordState> record(const DatasetUid&,
                                                            const RecordKey&) const = 0;
    [[nodiscard]] virtual std::optional<RecordState> record(RecordNumber) const = 0;
    /// Live and superseded changes of a record that are still held, by (hlc, lane).
    [[nodiscard]] virtual std::vector<StoredChange> history(const DatasetUid&,
                                                            const RecordKey&) const = 0;
    /// Calls `visit` for each record with a live change, deleted ones too, ascending by
    /// (collection, id) bytewise, from the first key greater than `after` (nullptr: from the
    /// start), until it returns false. An empty collection means all.
    virtual void scan_records(const DatasetUid&, const std::string& collection,
                              const RecordKey* after,
                              const std::function<bool(const RecordState&)>& visit) const = 0;
    /// What `source` last stated of each record, in the order of `keys`; nullopt: never.
    [[nodiscard]] virtual std::vector<std::optional<ImportState>> import_states(
        const DatasetUid&, const ImportSource& source,
        const std::vector<RecordKey>& keys) const = 0;
    /// Keys that `source` ever stated, ascending (for --mirror).
    virtual void scan_import_keys(const DatasetUid&, const ImportSource& source,
                                  const std::function<bool(const RecordKey&)>& visit) const = 0;

    // Arrival order.
    /// A live change in order of arrival.
    struct Arrival {
        Position position{};
        RecordNumber record{};
        Dot dot;
    };
    /// At most `limit` live changes with position > after, ascending.
    [[nodiscard]] virtual std::vector<Arrival> arrivals(const DatasetUid&, Position after,
                                                        std::size_t limit) const = 0;
    /// Parts for these live changes of the dataset, one for each commit, in order of each commit's
    /// first arrival, with proofs for exactly those changes.
    [[nodiscard]] virtual std::vector<CommitPart> parts(
        const DatasetUid&, const std::vector<Position>& changes) const = 0;

    // Lanes (own and writer datasets).
    [[nodiscard]] virtual std::vector<Head> heads(const DatasetUid&) const = 0;  ///< by lane
    /// Whole commits of a lane with sequence > after, ascending, at most `limit`; superseded
    /// changes whose bodies are gone are left out with proof.
    [[nodiscard]] virtual std::vector<CommitPart> commits(const DatasetUid&, const Lane&,
                                                          Sequence after,
                                                          std::size_t limit) const = 0;

    // Subscriptions.
    [[nodiscard]] virtual std::vector<OwnSubscription> own_subscriptions() const = 0;  // by id
    [[nodiscard]] virtual std::vector<ServedSubscription> served_subscriptions()
        const = 0;  // by id
    [[nodiscard]] virtual LedgerCounts ledger_counts(const SubscriptionId&) const = 0;
    [[nodiscard]] virtual Delivered delivered(const SubscriptionId&, RecordNumber) const = 0;
    /// Records sent or acknowledged with number > after, ascending, at most `limit`.
    [[nodiscard]] virtual std::vector<RecordNumber> delivered_records(const SubscriptionId&,
                                                                      RecordNumber after,
                                                                      std::size_t limit) const = 0;

    // The rest.
    /// By id, those above `after`.
    [[nodiscard]] virtual std::vector<QuarantineItem> quarantine(std::size_t limit,
                                                                 std::uint64_t after = 0) const = 0;
    [[nodiscard]] virtual std::uint64_t quarantine_count() const = 0;
    [[nodiscard]] virtual std::uint64_t findings_count() const = 0;
    /// Totals, facets and the best matches of one dataset, of what the scope shows and of nothing
    /// else; deleted records never match.
    [[nodiscard]] virtual SearchResult search(const SearchScope&, const SearchQuestion&) const = 0;
    /// Small documents of the layers above, by (kind, key): tokens, settings.
    [[nodiscard]] virtual std::optional<Bytes> document(const std::string& kind,
                                                        const std::string& key) const = 0;
    [[nodiscard]] virtual std::vector<std::pair<std::string, Bytes>> documents(
        const std::string& kind) const = 0;

    /// Recomputes every leaf, path, hash and signature from the bytes on disk, and compares every
    /// derived column with them; `only` limits it to one dataset. Long: runs on a view of its own.
    virtual VerifyReport verify(const std::optional<DatasetUid>& only,
                                const DatasetNames& name_of = {}) const = 0;
};

/// A failure of the store itself (disk full, I/O, corruption): what, which file, what to do.
class StoreError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The store. Thread-safe. Writes are serialised; concurrent ones may share one disk sync.
class Store {
public:
    virtual ~Store() = default;

    /// Changes while the store is open only when apply() or put_control() say so.
    [[nodiscard]] virtual Epoch epoch() const = 0;
    /// The reader must not outlive the store.
    [[nodiscard]] virtual std::unique_ptr<Reader> reader() const = 0;

    /// Appends entries that continue chains of the dataset (which the first manifest makes).
    /// Entries already held are skipped. An error, and nothing changes, for a gap, a wrong previous
    /// hash, another entry under a number that is held, or a wrong signature. With `holding`, sets
    /// it. An entry made here (author == the node) is on disk in control.log before this returns.
    /// A writer that comes to know of the dataset only keeps nothing of it, but for its own commits
    /// that the manifest's cuts leave out: those go to quarantine.
    /// A replica that becomes own or writer having been that before starts its lanes over, and the
    /// store draws a new epoch: what it dropped as a replica must come again.
    virtual Result<void> put_control(const DatasetUid&, const std::vector<SignedControl>&,
                                     std::optional<Holding> holding) = 0;

    /// Makes and signs commits of this node's lane. Sequence, previous hash, heads, HLC and
    /// positions are given under the dataset's lock. An error for an unknown dataset or one that
    /// is neither own nor writer, and for edits out of bounds; then nothing was written.
    virtual Result<AuthorResult> author(const AuthorRequest&) = 0;

    /// Takes what a peer sent. Own and writer datasets: parts must continue their lanes without a
    /// gap and their named heads must be held. Two different commits under one dot are a fork: the
    /// first stays, an error is returned, the other one goes to quarantine. Withdrawals come before
    /// parts: one request may take a record back and send it again with less shown.
    ///
    /// What is to be tried again once more is held: "gap", "missing_head", "missing_manifest",
    /// "unknown_dataset". What will not become right: "fork", "cut", "incomplete_commit",
    /// "bad_commit", "bad_head", "bad_context", "bad_clock", "bad_manifest", "not_held",
    /// "not_replica". A commit of this store's own lane that it did not remember is taken, and the
    /// store draws a new epoch (SEMANTICS section 5).
    virtual Result<ApplyResult> apply(const ApplyRequest&) = 0;

    virtual void put_own_subscription(const OwnSubscription&) = 0;
    /// Ends it and drops the replica's records, when no other subscription has the dataset.
    virtual void remove_own_subscription(const SubscriptionId&) = 0;
    virtual void put_served_subscription(const ServedSubscription&) = 0;
    virtual void remove_served_subscription(const SubscriptionId&) = 0;
    virtual void ledger(const LedgerStep&) = 0;

    virtual void add_quarantine(const QuarantineItem&) = 0;
    virtual void remove_quarantine(std::uint64_t id) = 0;
    virtual void put_document(const std::string& kind, const std::string& key, ByteView) = 0;
    virtual void remove_document(const std::string& kind, const std::string& key) = 0;

    /// Rewrites what was removed before (withdrawn, superseded, quarantined) out of every place
    /// where its bytes may still stand in this store's files: logs, free pages, the text index.
    /// Costs one rewrite of the index; nothing when nothing is left over. False when a reader still
    /// needs the old pages: to be called again.
    virtual bool clear_remains() { return true; }
};

/// A store in memory, for tests and the simulator. `epoch` must not be zero. The projector and what
/// `author` points at must outlive it.
[[nodiscard]] std::unique_ptr<Store> open_memory_store(Epoch epoch, Author author,
                                                       const Projector& projector);

/// A second store with what a memory store holds now, under `epoch`: a backup that was restored
/// when the epoch is another one, a disk that is rolled back later when it is the same.
[[nodiscard]] std::unique_ptr<Store> copy_memory_store(const Store& original, Epoch epoch);

/// How the SQLite store trades durability for speed.
struct SqliteOptions {
    /// true: PRAGMA synchronous=FULL, a commit survives power loss; false: OFF, for benchmarks.
    bool syncs = true;
    int readers = 4;  ///< connections kept open for readers
};

/// Opens or makes `directory`/store.sqlite (and control.log), runs migrations. Draws a new epoch
/// when the file is new. Throws StoreError: a newer schema than this build knows, a file that is no
/// database, no permission, a disk that is full.
[[nodiscard]] std::unique_ptr<Store> open_sqlite_store(const std::string& directory, Author author,
                                                       const Projector& projector,
                                                       SqliteOptions options = {});

/// A view of the store in `directory` without opening it: nothing is written, made or repaired, so
/// that `verify` also works on one that is too damaged to run. Beside a running node it is one more
/// reader. Throws StoreError when there is no store, or a newer one than this build knows.
[[nodiscard]] std::unique_ptr<Reader> open_sqlite_reader(const std::string& directory,
                                                         const Projector& projector);

}  // namespace sangam::storage
