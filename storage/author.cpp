// SPDX-License-Identifier: Apache-2.0
// Making and signing commits of this node's lane (SEMANTICS sections 1 and 2).
#include <algorithm>
#include <unordered_set>

#include "storage/change_batch.hpp"
#include "storage/operations.hpp"

namespace sangam::storage {

namespace {

/// One request on its way into commits.
class Authoring {
public:
    Authoring(Writing& writing, const AuthorRequest& request, DatasetRow dataset)
        : writing_(writing),
          request_(request),
          dataset_(std::move(dataset)),
          manifest_(manifest_of(writing.tables, dataset_)),
          lanes_(writing.tables, dataset_.id) {}

    Result<AuthorResult> run() {
        if (auto ok = check_edits(); !ok) return std::unexpected(std::move(ok.error()));
        if (request_.source) {
            source_ = writing_.tables.find_source(dataset_.id, *request_.source);
            if (!source_) source_ = writing_.tables.add_source(dataset_.id, *request_.source);
        }
        begin_batch();
        for (std::size_t i = 0; i < request_.edits.size(); ++i) {
            const auto& edit = request_.edits[i];
            if (batch_->is_deleted(edit.key) && !writes_life(edit)) {
                result_.refused_deleted.push_back(i);
                continue;
            }
            if (edit.only_at && batch_->version(edit.key) != *edit.only_at) {
                result_.refused_changed.push_back(i);
                continue;
            }
            auto change = Change::make(edit.key, edit.context, edit.writes,
                                       writing_.author.random->draw<ChangeSecret>());
            if (!change) return std::unexpected(std::move(change.error()));
            // The manifest may have changed since the edit was planned.
            if (const auto broken = writing_.projector.broken_rule(
                    manifest_, *change, {writing_.author.node, writing_.epoch},
                    dataset_.holding == Holding::own))
                return fail(
                    "against_rules", "the edit breaks a rule of the dataset: " + *broken,
                    record_text(edit.key),
                    "if the dataset's rules have just changed, read the record and try again",
                    ErrorKind::refused);
            const auto size = change->encoded_size();
            if (!changes_.empty() &&
                (changes_.size() == max_commit_changes || bytes_ + size > max_commit_bytes))
                if (auto ok = commit(); !ok) return std::unexpected(std::move(ok.error()));
            bytes_ += size;
            changes_.push_back(std::move(*change));
            edits_.push_back(i);
        }
        if (!changes_.empty())
            if (auto ok = commit(); !ok) return std::unexpected(std::move(ok.error()));
        lanes_.save();
        if (lanes_.has_learned_of_others(manifest_.owner))
            project_again(writing_, dataset_, manifest_);
        writing_.tables.update_dataset(dataset_);
        result_.last_position = dataset_.last_position;
        return std::move(result_);
    }

private:
    static bool writes_life(const Edit& edit) {
        return std::ranges::any_of(
            edit.writes, [](const FieldWrite& write) { return write.path == life_path(); });
    }

    Result<void> check_edits() {
        std::unordered_set<RecordKey> keys;
        for (const auto& edit : request_.edits) {
            if (!keys.insert(edit.key).second)
                return fail("duplicate_record", "two edits of one request are to the same record",
                            record_text(edit.key), "send the second one in a request of its own",
                            ErrorKind::usage);
            for (const auto& [lane, sequence] : edit.context.entries()) {
                const auto* held = lanes_.find(lane);
                if (held == nullptr || held->head < sequence)
                    return fail("bad_context", "an edit claims to have seen a commit not held here",
                                record_text(edit.key) + ", lane " + lane.text(),
                                "read the record again and edit that version", ErrorKind::usage);
            }
        }
        return {};
    }

    void begin_batch() {
        batch_.emplace(writing_.tables, writing_.projector, dataset_, manifest_);
        changes_.clear();
        edits_.clear();
        bytes_ = 0;
    }

    /// Other lanes that advanced since this lane's previous commit; what the clock must be above.
    Hlc name_heads(const LaneRow& lane, CommitHeader& header) const {
        Hlc seen = lane.head_hlc;
        for (const auto& head : lanes_.heads()) {
            if (head.lane == header.lane || lane.seen.covers({head.lane, head.sequence})) continue;
            // More lanes than a header may name: the rest is named by the next commit.
            if (header.heads.size() == max_commit_heads) break;
            header.heads.push_back(head);
            seen = std::max(seen, lanes_.find(head.lane)->head_hlc);
        }
        return seen;
    }

    Result<void> commit() {
        CommitHeader header;
        header.dataset = dataset_.uid;
        header.lane = {writing_.author.node, writing_.epoch};
        auto& lane = lanes_.of(header.lane, dataset_.holding == Holding::own
                                                ? manifest_.owner
                                                : InstitutionId{header.lane.node.bytes});
        header.sequence = next(lane.head);
        header.previous = lane.head_hash;
        header.manifest_number = dataset_.manifest_number;
        header.manifest_hash = dataset_.manifest_hash;
        header.hlc = tick(name_heads(lane, header), request_.now);
        auto built = build_commit(std::move(header), std::move(changes_), *writing_.author.key);
        if (!built) return std::unexpected(std::move(built.error()));
        batch_->add(*built, lane);
        batch_->finish();
        lanes_.advance(lane, built->header(), built->header_hash());
        result_.commits.push_back(built->part().signed_header);
        for (const auto i : edits_) keep_import_state(request_.edits[i]);
        begin_batch();
        return {};
    }

    void keep_import_state(const Edit& edit) {
        const auto& outcome = batch_->outcome(edit.key);
        if (source_ && edit.import_cells)
            writing_.tables.put_import_state(*source_, outcome.number,
                                             {*edit.import_cells, outcome.version});
        if (source_ || !edit.findings.empty())
            writing_.tables.replace_findings(source_, outcome.number, edit.findings);
    }

    Writing& writing_;
    const AuthorRequest& request_;
    DatasetRow dataset_;
    Manifest manifest_;
    LaneBook lanes_;
    std::optional<SourceId> source_;
    std::optional<ChangeBatch> batch_;
    std::vector<Change> changes_;     // of the commit being filled
    std::vector<std::size_t> edits_;  // where they come from
    std::size_t bytes_ = 0;           // of their encodings
    AuthorResult result_;
};

}  // namespace

Result<AuthorResult> author(Writing& writing, const AuthorRequest& request) {
    auto dataset = writing.tables.find_dataset(request.dataset);
    if (!dataset)
        return fail("unknown_dataset", "no such dataset is held here", request.dataset.hex(), {},
                    ErrorKind::not_found);
    if (dataset->holding != Holding::own && dataset->holding != Holding::writer)
        return fail("not_writer", "this node may not write to the dataset", request.dataset.hex(),
                    "its owner names the writers in the manifest", ErrorKind::refused);
    return Authoring(writing, request, std::move(*dataset)).run();
}

}  // namespace sangam::storage
