// SPDX-License-Identifier: Apache-2.0
// The changes of one write on their way into the tables: brings together what is held of each
// record with what arrives, decides what is live (supersession.hpp), and writes rows, proofs,
// counts and the text index. Own and writer datasets keep superseded changes as history; a replica
// drops them and narrows their commits' proofs, and keeps superseded fields of live changes as
// leaves only (SEMANTICS section 4).
#pragma once

#include <map>
#include <memory>
#include <set>
#include <unordered_map>

#include "storage/lane_book.hpp"
#include "storage/stored_changes.hpp"

namespace sangam::storage {

class ChangeBatch {
public:
    /// `dataset` is counted up in place; the caller writes it back after finish().
    ChangeBatch(Tables& tables, const Projector& projector, DatasetRow& dataset,
                const Manifest& manifest);
    ~ChangeBatch();
    ChangeBatch(const ChangeBatch&) = delete;
    ChangeBatch& operator=(const ChangeBatch&) = delete;

    struct Tally {
        std::uint64_t added = 0;
        std::uint64_t known = 0;
        std::uint64_t dropped = 0;
    };

    /// Whether a record is deleted before this batch.
    [[nodiscard]] bool is_deleted(const RecordKey& key);
    /// The record's version before this batch; empty when it has no live change.
    [[nodiscard]] VersionVector version(const RecordKey& key);
    /// The caller has checked that the part may be taken: for own and writer datasets that it is
    /// complete and the lane's next, for replicas that it is no fork. `refused`: places in the part
    /// of changes against the rules; an own or writer dataset keeps them with their commit, a
    /// replica takes none of them.
    void add(const VerifiedPart& part, const LaneRow& lane,
             const std::set<std::size_t>& refused = {});
    /// Drops a replica's record with all its changes, before anything is added to it; false when
    /// none are held.
    bool withdraw(const RecordKey& key);
    /// Drops all that is held of a record: superseded and refused changes too.
    void wipe(const RecordKey& key);
    /// To be called with all parts before any is added. A record that a full copy names for the
    /// first time shows from then on what the copy shows: when something that is held of it does
    /// not come again, or comes with fewer fields open, all that is held of it goes first.
    void give_way(const std::vector<VerifiedPart>& parts);
    /// Decides and writes. Nothing may be added afterwards.
    void finish();

    [[nodiscard]] const Tally& tally() const { return tally_; }
    /// After finish(): the record's number and version as written.
    struct Outcome {
        RecordNumber number{};
        VersionVector version;
    };
    [[nodiscard]] const Outcome& outcome(const RecordKey& key) const;

private:
    struct WorkingChange;
    struct WorkingRecord;
    struct WorkingCommit;

    WorkingRecord& record(const RecordKey& key);
    void drop_changes(WorkingRecord& record);
    WorkingCommit& commit(CommitId id);
    /// A replica's commit with the part's changes united with those held.
    WorkingCommit& united_commit(const VerifiedPart& part, CommitId id, bool is_new);
    /// The records of the part's changes, in the tables all.
    std::vector<WorkingRecord*> numbered_records(const VerifiedPart& part);
    void take(WorkingRecord& record, const VerifiedPart& part, const LaneRow& lane, std::size_t i,
              CommitId commit, const std::set<std::uint32_t>& history);
    void keep_refused(WorkingRecord& record, const VerifiedPart& part, std::size_t i,
                      CommitId commit, const std::set<std::uint32_t>& history);
    void decide(WorkingRecord& record);
    void write_whole(WorkingRecord& record, WorkingChange& change, bool is_live);
    void write_replica(WorkingRecord& record, WorkingChange& change, const struct Standing&);
    void write_commit(WorkingCommit& commit);
    void remove_or_keep_number(const RecordRow& row);
    [[nodiscard]] bool keeps_whole() const;
    [[nodiscard]] ChangeRow row_of(const WorkingRecord& record, const WorkingChange& change) const;

    Tables& tables_;
    const Projector& projector_;
    DatasetRow& dataset_;
    const Manifest& manifest_;
    FieldTypes types_;
    ChangeLoader loader_;
    std::vector<std::unique_ptr<WorkingRecord>> records_;  // in order of first mention
    std::unordered_map<RecordKey, WorkingRecord*> by_key_;
    std::map<std::uint64_t, WorkingCommit> commits_;  // replicas only
    std::optional<std::vector<SubscriptionId>> served_;
    Tally tally_;
};

/// Whether a ledger of one of these subscriptions counts the record.
[[nodiscard]] bool is_in_ledger(const Tables&, const std::vector<SubscriptionId>&, RecordNumber);
/// Subscriptions that we serve of the dataset.
[[nodiscard]] std::vector<SubscriptionId> served_of(const Tables&, const DatasetUid&);

}  // namespace sangam::storage
