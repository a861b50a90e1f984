// SPDX-License-Identifier: Apache-2.0
// Taking what a peer sent (SEMANTICS sections 1 and 5).
#include <algorithm>
#include <map>
#include <set>

#include "storage/change_batch.hpp"
#include "storage/ledger_bitmap.hpp"
#include "storage/operations.hpp"

namespace sangam::storage {

namespace {

std::string commit_text(const CommitHeader& header) {
    return "commit " + std::to_string(raw(header.sequence)) + " of lane " + header.lane.text() +
           " in dataset " + header.dataset.hex();
}

/// Refused changes stay with their commits in any case; this bounds how many a writer can have
/// listed in quarantine.
constexpr std::uint64_t max_refused_in_quarantine = 10'000;

class Applying {
public:
    Applying(Writing& writing, const ApplyRequest& request, DatasetRow dataset)
        : writing_(writing),
          request_(request),
          dataset_(std::move(dataset)),
          manifest_(manifest_of(writing.tables, dataset_)),
          lanes_(writing.tables, dataset_.id),
          is_replica_(dataset_.holding == Holding::replica) {}

    Result<ApplyResult> run() {
        if (request_.begins_copy) ++dataset_.copy;
        ChangeBatch batch(writing_.tables, writing_.projector, dataset_, manifest_);
        // Withdrawals first: one delivery may take a record back and send it anew with less shown.
        for (const auto& withdrawal : request_.withdrawals) batch.withdraw(withdrawal.key);
        if (is_replica_) batch.give_way(request_.parts);
        for (const auto& part : request_.parts) {
            auto is_news = is_replica_ ? check_replica(part) : check_next(part);
            if (!is_news) return std::unexpected(std::move(is_news.error()));
            if (!*is_news) {
                known_ += part.part().changes.size();
                continue;
            }
            auto& lane = lanes_.of(part.header().lane, institution_of(part.header().lane.node));
            batch.add(part, lane, refused_of(part));
            if (!is_replica_) lanes_.advance(lane, part.header(), part.header_hash());
        }
        batch.finish();
        auto dropped = batch.tally().dropped;
        if (request_.completes_copy && is_replica_) dropped += sweep();
        lanes_.save();
        if (lanes_.has_learned_of_others(manifest_.owner))
            project_again(writing_, dataset_, manifest_);
        writing_.tables.update_dataset(dataset_);
        if (request_.subscription) writing_.tables.put_own_subscription(*request_.subscription);
        return ApplyResult{batch.tally().added, batch.tally().known + known_, dropped,
                           dataset_.last_position};
    }

private:
    /// The manifest under which the commit was made; the newest where that one is not held, which
    /// happens at replicas only.
    const Manifest& manifest_named(const CommitHeader& header) {
        if (header.manifest_number == dataset_.manifest_number) return manifest_;
        const auto known = manifests_.find(header.manifest_number);
        if (known != manifests_.end()) return known->second;
        const auto row = writing_.tables.control_entry(dataset_.id, std::string(chain_for_all),
                                                       header.manifest_number);
        if (row && row->hash == header.manifest_hash)
            if (auto control = SignedControl::decode(row->encoded))
                if (auto* manifest = std::get_if<Manifest>(&control->entry.body))
                    return manifests_.emplace(header.manifest_number, std::move(*manifest))
                        .first->second;
        return manifest_;
    }

    /// A node that nobody told of stands for itself, as one does before it is a member.
    InstitutionId institution_of(const NodeId& node) const {
        const auto known = request_.institutions.find(node);
        return known == request_.institutions.end() ? InstitutionId{node.bytes} : known->second;
    }

    /// Places in the part of the changes that break the rules of the manifest that they name. Each
    /// goes to quarantine, alone; the commit stands.
    std::set<std::size_t> refused_of(const VerifiedPart& part) {
        const auto& header = part.header();
        const auto& manifest = manifest_named(header);
        const bool by_owner = institution_of(header.lane.node) == manifest.owner;
        std::set<std::size_t> out;
        const auto& changes = part.part().changes;
        for (std::size_t i = 0; i < changes.size(); ++i) {
            const auto broken =
                writing_.projector.broken_rule(manifest, changes[i], header.lane, by_owner);
            if (!broken) continue;
            out.insert(i);
            quarantine(part, i, *broken);
        }
        return out;
    }

    void quarantine(const VerifiedPart& part, std::size_t i, const std::string& reason) {
        if (writing_.tables.quarantine_count() >= max_refused_in_quarantine) return;
        const std::vector<std::uint32_t> only{part.part().indices[i]};
        CommitPart alone{part.part().signed_header,
                         only,
                         {part.part().changes[i]},
                         merkle::narrow(tree_of(part), only).proof};
        QuarantineItem item;
        item.dataset = dataset_.uid;
        item.source = part.header().lane.node;
        item.reason = "against the rules: " + reason + " (" +
                      record_text(part.part().changes[i].key) + " in " +
                      commit_text(part.header()) + ")";
        item.data = alone.encode();
        item.at = time_of(part.header());
        writing_.tables.add_quarantine(item);
    }

    Millis time_of(const CommitHeader& header) const {
        return request_.now.count() != 0 ? request_.now
                                         : Millis(static_cast<std::int64_t>(header.hlc.unix_ms()));
    }

    std::unexpected<Error> fork(const VerifiedPart& part) {
        QuarantineItem item;
        item.dataset = dataset_.uid;
        item.source = part.header().lane.node;
        item.reason = "fork: another commit is held as " + commit_text(part.header());
        item.data = part.part().encode();
        item.at = time_of(part.header());
        writing_.set_aside.push_back(std::move(item));
        return fail(
            "fork", "two different commits claim one place in a lane", commit_text(part.header()),
            "the first one stays, the other is in quarantine; the owner settles it by a cut",
            ErrorKind::refused);
    }

    /// What holds for every dataset: nothing beyond a cut.
    Result<void> check_cuts(const CommitHeader& header, const Hash& header_hash) const {
        const Cut* cut = manifest_.cut_of(header.lane);
        const bool is_other_branch =
            cut && cut->last == header.sequence && cut->header_hash != header_hash;
        if (is_other_branch || !manifest_.counts(header.lane, header.sequence))
            return fail("cut", "the owner has cut the lane before this commit", commit_text(header),
                        {}, ErrorKind::refused);
        return {};
    }

    /// True: to be taken; a replica takes any part of any commit.
    Result<bool> check_replica(const VerifiedPart& part) {
        if (auto ok = check_cuts(part.header(), part.header_hash()); !ok)
            return std::unexpected(std::move(ok.error()));
        if (const auto* lane = lanes_.find(part.header().lane))
            if (const auto held = writing_.tables.find_commit(lane->id, part.header().sequence))
                if (held->header_hash != part.header_hash()) return fork(part);
        return true;
    }

    /// True: the lane's next commit, complete and with all that it names held; false: held already.
    Result<bool> check_next(const VerifiedPart& part) {
        const auto& header = part.header();
        if (auto ok = check_cuts(header, part.header_hash()); !ok)
            return std::unexpected(std::move(ok.error()));
        auto& lane = lanes_.of(header.lane, institution_of(header.lane.node));
        if (header.sequence <= lane.head) {
            const auto held = writing_.tables.find_commit(lane.id, header.sequence);
            if (held && held->header_hash == part.header_hash()) return false;
            return fork(part);
        }
        if (header.sequence != next(lane.head))
            return fail("gap", "a commit came before the one that it continues",
                        commit_text(header), "send the lane from its first missing commit on");
        if (header.previous != lane.head_hash) return fork(part);
        if (!part.part().is_complete())
            return fail("incomplete_commit", "owners and writers take commits whole",
                        commit_text(header), {}, ErrorKind::refused);
        if (auto ok = check_manifest(header); !ok) return std::unexpected(std::move(ok.error()));
        if (auto ok = check_heads(part, lane); !ok) return std::unexpected(std::move(ok.error()));
        // Our own lane went further than we remember: the disk was rolled back. Writing on there
        // could fork it, so from now on we write on a lane of a new epoch (SEMANTICS section 5).
        if (lane.lane == Lane{writing_.author.node, writing_.epoch}) draw_epoch(writing_);
        return true;
    }

    Result<void> check_manifest(const CommitHeader& header) const {
        const auto held = writing_.tables.control_entry(dataset_.id, std::string(chain_for_all),
                                                        header.manifest_number);
        if (!held)
            return fail("missing_manifest", "the manifest that a commit names is not held",
                        commit_text(header), "send the control entries first");
        if (held->hash != header.manifest_hash)
            return fail("bad_manifest", "a commit names a manifest that is not the one held",
                        commit_text(header), {}, ErrorKind::refused);
        return {};
    }

    /// The heads that the author held must be held here, the clock be above theirs, and no context
    /// pass them.
    Result<void> check_heads(const VerifiedPart& part, const LaneRow& lane) const {
        const auto& header = part.header();
        if (header.hlc <= lane.head_hlc)
            return fail("bad_clock", "a commit's clock is not above its lane's previous one",
                        commit_text(header), {}, ErrorKind::refused);
        auto seen = lane.seen;
        for (const auto& head : header.heads) {
            // What its author held before it heard of the cut does not make its own work wait.
            if (!manifest_.counts(head.lane, head.sequence)) {
                seen.add({head.lane, head.sequence});
                continue;
            }
            const auto* other = lanes_.find(head.lane);
            if (other == nullptr || other->head < head.sequence)
                return fail("missing_head", "a commit names another lane's commit not held here",
                            commit_text(header) + " names " + head.lane.text(),
                            "send that lane first");
            const auto held = writing_.tables.find_commit(other->id, head.sequence);
            if (!held || held->header_hash != head.header_hash)
                return fail("bad_head", "a commit names a head that differs from the one held",
                            commit_text(header) + " names " + head.lane.text(), {},
                            ErrorKind::refused);
            if (header.hlc <= held->hlc)
                return fail("bad_clock", "a commit's clock is not above a head that it names",
                            commit_text(header), {}, ErrorKind::refused);
            seen.add({head.lane, head.sequence});
        }
        for (const auto& change : part.part().changes)
            for (const auto& [other, sequence] : change.context.entries())
                if (other != header.lane && seen.at(other) < sequence)
                    return fail("bad_context",
                                "a change claims to have seen more than its author held",
                                record_text(change.key) + " in " + commit_text(header), {},
                                ErrorKind::refused);
        return {};
    }

    /// Drops what no delivery of the copy named.
    std::uint64_t sweep() {
        std::vector<RecordKey> stale;
        writing_.tables.scan_records(dataset_.id, {}, nullptr, [&](const RecordRow& row) {
            if (row.live_changes > 0 && row.copy < dataset_.copy) stale.push_back(row.key);
            return true;
        });
        ChangeBatch batch(writing_.tables, writing_.projector, dataset_, manifest_);
        for (const auto& key : stale) batch.withdraw(key);
        batch.finish();
        return batch.tally().dropped;
    }

    Writing& writing_;
    const ApplyRequest& request_;
    DatasetRow dataset_;
    Manifest manifest_;
    LaneBook lanes_;
    bool is_replica_;
    std::map<std::uint64_t, Manifest> manifests_;  ///< older ones that commits name, by number
    std::uint64_t known_ = 0;
};

}  // namespace

Result<ApplyResult> apply(Writing& writing, const ApplyRequest& request) {
    auto dataset = writing.tables.find_dataset(request.dataset);
    if (!dataset)
        return fail("unknown_dataset", "no manifest of the dataset is held", request.dataset.hex(),
                    "send its control entries first", ErrorKind::not_found);
    for (const auto& part : request.parts)
        if (part.header().dataset != request.dataset)
            return fail("bad_commit", "a commit of another dataset", commit_text(part.header()), {},
                        ErrorKind::refused);
    const bool has_content = !request.parts.empty() || !request.withdrawals.empty();
    if (dataset->holding == Holding::known && has_content)
        return fail("not_held", "nothing of the dataset is to be held here", request.dataset.hex(),
                    "subscribe to it first", ErrorKind::refused);
    if (dataset->holding != Holding::replica && !request.withdrawals.empty())
        return fail("not_replica", "only a replica takes withdrawals", request.dataset.hex(), {},
                    ErrorKind::refused);
    return Applying(writing, request, std::move(*dataset)).run();
}

void remove_own_subscription(Writing& writing, const SubscriptionId& id) {
    auto& tables = writing.tables;
    std::optional<DatasetUid> uid;
    bool has_other = false;
    const auto all = tables.own_subscriptions();
    for (const auto& subscription : all)
        if (subscription.id == id) uid = subscription.dataset;
    for (const auto& subscription : all)
        if (uid && subscription.id != id && subscription.dataset == uid) has_other = true;
    tables.remove_own_subscription(id);
    if (!uid || has_other) return;
    auto dataset = tables.find_dataset(*uid);
    if (!dataset || dataset->holding != Holding::replica) return;
    const auto manifest = manifest_of(tables, *dataset);
    std::vector<RecordKey> keys;
    tables.scan_records(dataset->id, {}, nullptr, [&](const RecordRow& row) {
        keys.push_back(row.key);
        return true;
    });
    ChangeBatch batch(tables, writing.projector, *dataset, manifest);
    for (const auto& key : keys) batch.withdraw(key);
    batch.finish();
    dataset->holding = Holding::known;
    tables.update_dataset(*dataset);
}

void remove_served_subscription(Tables& tables, const SubscriptionId& id) {
    LedgerStep step;
    step.subscription = id;
    step.clears_all = true;
    apply_ledger_step(tables, step);
    tables.remove_served_subscription(id);
}

}  // namespace sangam::storage
