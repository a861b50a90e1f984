// SPDX-License-Identifier: Apache-2.0
#include "storage/verify.hpp"

#include <algorithm>
#include <variant>

#include "storage/stored_changes.hpp"
#include "storage/supersession.hpp"

namespace sangam::storage {

namespace {

/// Commits looked at between two queries for more.
constexpr std::size_t commits_read_at_once = 256;

class Verifier {
public:
    Verifier(const Tables& tables, const Projector& projector, const DatasetNames& names)
        : tables_(tables), projector_(projector), names_(names) {}

    VerifyReport run(const std::optional<DatasetUid>& only) {
        guarded("store", [&] {
            for (const auto& damage : tables_.check_structure()) failed("store", damage);
        });
        guarded("list of datasets", [&] {
            for (const auto& row : tables_.datasets())
                if (!only || row.uid == *only) dataset(row);
        });
        return std::move(report_);
    }

private:
    void failed(const std::string& what, std::string reason) {
        ++report_.failed;
        if (report_.failures.size() < max_reported_failures)
            report_.failures.push_back({what, std::move(reason)});
    }

    /// Damage that stops a read is a failure like any other.
    template <class Check>
    void guarded(const std::string& what, Check check) {
        try {
            check();
        } catch (const StoreError& e) {
            failed(what, e.what());
        }
    }

    void dataset(const DatasetRow& row) {
        dataset_ = row;
        dataset_name_ = row.uid.hex();
        manifest_.reset();
        live_records_ = 0;
        indexed_records_ = 0;
        highest_position_ = {};
        guarded(dataset_name_, [&] { control_chains(); });
        lanes_.clear();
        guarded(dataset_name_ + " lanes", [&] {
            lanes_ = tables_.lanes(dataset_.id);
            for (const auto& lane : lanes_)
                guarded("lane " + lane.lane.text(), [&] { check_lane(lane); });
        });
        guarded(dataset_name_ + " records", [&] {
            tables_.scan_records(dataset_.id, {}, nullptr, [&](const RecordRow& record) {
                guarded(name_of(record.key), [&] { check_record(record); });
                return true;
            });
            if (live_records_ != dataset_.live_records)
                failed(dataset_name_, "says " + std::to_string(dataset_.live_records) +
                                          " live records and has " + std::to_string(live_records_));
            if (highest_position_ > dataset_.last_position)
                failed(dataset_name_, "has a change after its last position");
        });
        guarded(dataset_name_ + " flat records", [&] {
            const auto flat = tables_.flat_count(dataset_.id);
            if (flat != live_records_)
                failed(
                    dataset_name_ + " flat records",
                    "are " + std::to_string(flat) + " instead of " + std::to_string(live_records_));
        });
        guarded(dataset_name_ + " text index", [&] {
            const auto& text = tables_.text(dataset_.id);
            if (const auto damage = text.check()) failed(dataset_name_ + " text index", *damage);
            if (text.size() != indexed_records_)
                failed(dataset_name_ + " text index", "holds " + std::to_string(text.size()) +
                                                          " records instead of " +
                                                          std::to_string(indexed_records_));
        });
    }

    [[nodiscard]] std::string name_of(const RecordKey& key) const {
        return dataset_name_ + "/" + record_text(key);
    }

    // ---- control --------------------------------------------------------------------------------

    void control_chains() {
        for (const auto& [chain, highest] : tables_.control_numbers(dataset_.id)) {
            const auto rows = tables_.control(dataset_.id, chain, 0);
            Hash previous;
            std::uint64_t number = 0;
            for (const auto& row : rows) {
                ++number;
                const auto what = "control " + chain + "/" + std::to_string(row.number);
                if (row.number != number) failed(what, "an entry before it is missing");
                number = row.number;
                check_control(what, chain, row, previous);
                previous = row.hash;
            }
        }
        if (!manifest_) failed(dataset_name_, "no manifest can be read");
    }

    void check_control(const std::string& what, const std::string& chain, const ControlRow& row,
                       const Hash& previous) {
        const auto control = SignedControl::decode(row.encoded);
        if (!control) return failed(what, "cannot be read: " + control.error().message);
        const auto& entry = control->entry;
        if (entry.hash() != row.hash) failed(what, "its hash differs");
        if (entry.chain != chain || entry.number != row.number)
            failed(what, "stands under another name");
        if (entry.dataset_uid() != dataset_.uid) failed(what, "belongs to another dataset");
        if (entry.previous != previous) failed(what, "does not continue its chain");
        if (!control->has_valid_signature()) failed(what, "its signature is wrong");
        const auto* manifest = std::get_if<Manifest>(&entry.body);
        if (manifest == nullptr || chain != chain_for_all) return;
        dataset_name_ = names_ ? names_(*manifest) : manifest->name;
        manifest_ = *manifest;
        if (row.number > dataset_.manifest_number ||
            (row.number == dataset_.manifest_number && row.hash != dataset_.manifest_hash))
            failed(what, "is not the manifest that the dataset names");
    }

    // ---- lanes and commits ----------------------------------------------------------------------

    [[nodiscard]] bool is_whole() const {
        return dataset_.holding == Holding::own || dataset_.holding == Holding::writer;
    }

    void check_lane(const LaneRow& lane) {
        LaneRow walked;  // what the commits say of the lane
        walked.lane = lane.lane;
        Sequence after{};
        while (true) {
            const auto ids = tables_.commits_after(lane.id, after, commits_read_at_once);
            if (ids.empty()) break;
            for (const auto id : ids) {
                const auto name = tables_.commit_name(id);
                after = name.sequence;
                const auto what =
                    "commit " + lane.lane.text() + "/" + std::to_string(raw(name.sequence));
                guarded(what, [&] { check_commit(what, lane, walked, id); });
            }
        }
        if (!is_whole()) return;
        const auto what = "lane " + lane.lane.text();
        if (walked.head != lane.head)
            failed(what, "says commit " + std::to_string(raw(lane.head)) + " is its last and has " +
                             std::to_string(raw(walked.head)));
        else if (walked.head_hash != lane.head_hash || walked.head_hlc != lane.head_hlc ||
                 walked.seen != lane.seen)
            failed(what, "its row differs from what its commits say");
    }

    void check_commit(const std::string& what, const LaneRow& lane, LaneRow& walked, CommitId id) {
        ++report_.commits;
        const auto row = tables_.commit(id);
        const auto changes = tables_.changes_of_commit(id);
        const auto signed_header = SignedHeader::decode(row.signed_header);
        if (!signed_header) {
            failed(what, "its header cannot be read: " + signed_header.error().message);
            for (const auto& change : changes) check_body(change, nullptr);
            return;
        }
        const auto& header = signed_header->header;
        if (header.dataset != dataset_.uid || header.lane != lane.lane ||
            header.sequence != row.name.sequence)
            failed(what, "its header names another place");
        if (header.hlc != row.name.hlc) failed(what, "its clock differs");
        const auto header_hash = header.hash();
        if (header_hash != row.name.header_hash) failed(what, "its header hash differs");
        if (!signed_header->has_valid_signature()) failed(what, "its signature is wrong");

        std::vector<std::uint32_t> indices;
        std::vector<Hash> leaves;
        for (const auto& change : changes) {
            check_body(change, &header);
            indices.push_back(change.index);
            leaves.push_back(merkle::leaf_hash(change.hash.bytes));
        }
        const auto proof = unpack_hashes(row.proof);
        if (!proof) {
            failed(what, "its proof is cut off");
        } else {
            const auto root = merkle::root_from_multiproof(header.count, indices, leaves, *proof);
            if (!root || *root != header.root)
                failed(what, "its changes and proof do not give the signed root");
        }
        if (is_whole() && header.sequence <= lane.head)
            check_in_lane(what, header, header_hash, changes.size(), walked);
    }

    /// The rules of a lane that is held whole.
    void check_in_lane(const std::string& what, const CommitHeader& header, const Hash& header_hash,
                       std::size_t changes, LaneRow& walked) {
        if (header.sequence != next(walked.head)) failed(what, "a commit before it is missing");
        if (header.previous != walked.head_hash) failed(what, "does not continue its lane");
        if (header.hlc <= walked.head_hlc) failed(what, "its clock does not grow");
        if (changes != header.count) failed(what, "some of its changes are missing");
        for (const auto& head : header.heads) {
            walked.seen.add({head.lane, head.sequence});
            // What the owner's cut took out of its lane is held by nobody.
            if (manifest_ && !manifest_->counts(head.lane, head.sequence)) continue;
            const auto other = std::ranges::find(lanes_, head.lane, &LaneRow::lane);
            const auto held = other == lanes_.end() ? std::nullopt
                                                    : tables_.find_commit(other->id, head.sequence);
            if (!held || held->header_hash != head.header_hash)
                failed(what, "names a head of lane " + head.lane.text() + " that is not held");
        }
        const auto manifest =
            tables_.control_entry(dataset_.id, std::string(chain_for_all), header.manifest_number);
        if (!manifest || manifest->hash != header.manifest_hash)
            failed(what, "names a manifest that is not held");
        walked.head = header.sequence;
        walked.head_hash = header_hash;
        walked.head_hlc = header.hlc;
    }

    /// The change against its row and its commit; without a header only that it can be read.
    void check_body(const ChangeRow& row, const CommitHeader* header) {
        const auto record = tables_.record(row.record);
        const auto what = record ? name_of(record->key)
                                 : dataset_name_ + " position " + std::to_string(raw(row.position));
        if (!record || record->dataset != dataset_.id || row.dataset != dataset_.id)
            failed(what, "a change belongs to no record of this dataset");
        highest_position_ = std::max(highest_position_, row.position);
        const auto change = Change::decode(row.body);
        if (!change) return failed(what, "a change cannot be read: " + change.error().message);
        if (record && change->key != record->key)
            failed(what, "a change is to another record: " + record_text(change->key));
        if (header != nullptr && change->hash(dataset_.uid, header->dot()) != row.hash)
            failed(what,
                   "the hash of a change differs: a value, a secret, a salt or its header is "
                   "not what was signed");
        if (header != nullptr && row.is_refused) check_refusal(what, *header, *change);
    }

    /// A change that counts for nothing must break a rule of the manifest that its commit names. A
    /// store that does not know whose node wrote it takes either: one that breaks none was sound.
    void check_refusal(const std::string& what, const CommitHeader& header, const Change& change) {
        const auto row =
            tables_.control_entry(dataset_.id, std::string(chain_for_all), header.manifest_number);
        if (!row || row->hash != header.manifest_hash) return;  // at replicas
        const auto control = SignedControl::decode(row->encoded);
        const auto* manifest = control ? std::get_if<Manifest>(&control->entry.body) : nullptr;
        if (manifest == nullptr) return;  // already reported with its chain
        const auto breaks = [&](bool by_owner) {
            return projector_.broken_rule(*manifest, change, header.lane, by_owner).has_value();
        };
        const auto lane = std::ranges::find(lanes_, header.lane, &LaneRow::lane);
        const bool is_known = lane != lanes_.end() && lane->institution.has_value();
        if (is_known ? !breaks(*lane->institution == manifest->owner)
                     : !breaks(true) && !breaks(false))
            failed(what, "a change is marked refused and breaks no rule");
    }

    // ---- records --------------------------------------------------------------------------------

    void check_record(const RecordRow& row) {
        const auto what = name_of(row.key);
        const auto rows = tables_.changes_of_record(row.number, false);
        if (row.live_changes > 0) ++report_.records;
        std::vector<StoredChange> changes;
        ChangeLoader loader(tables_);
        for (const auto& held : rows) {
            // A body that cannot be read is already reported with its commit.
            if (!Change::decode(held.body)) return;
            changes.push_back(loader.load(held));
        }
        const auto standings = weigh(changes);
        std::vector<StoredChange> live;
        for (std::size_t i = 0; i < changes.size(); ++i) {
            if (changes[i].is_live != standings[i].is_live)
                failed(what, std::string("a change is marked ") + (changes[i].is_live
                                                                       ? "live and is superseded"
                                                                       : "superseded and is live"));
            if (standings[i].is_live) live.push_back(std::move(changes[i]));
        }
        sort_by_time(live);
        if (live.size() != row.live_changes) failed(what, "its count of live changes differs");
        Projection projection;
        if (manifest_ && !live.empty()) projection = projector_.project(*manifest_, row.key, live);
        if (projection.is_deleted != row.is_deleted)
            failed(what, "is marked deleted and is not, or the other way round");
        if (!live.empty() && !projection.is_deleted) ++live_records_;
        const auto expected = indexed_fields(projection);
        const auto stored = tables_.text(dataset_.id).stored(row.number);
        if (!expected.empty()) ++indexed_records_;
        if (stored.value_or(std::vector<IndexedField>{}) != expected)
            failed(what, "the text index holds something else than the record");
        const bool is_counted = !live.empty() && !projection.is_deleted;
        const auto flat = tables_.flat(dataset_.id, row.number);
        const auto as_text = [](const Path&) { return FieldType::text; };
        if (flat.has_value() != is_counted || (flat && *flat != flat_record(projection, as_text)))
            failed(what, "the fields that conditions read differ from the record's");
    }

    const Tables& tables_;
    const Projector& projector_;
    const DatasetNames& names_;
    VerifyReport report_;
    DatasetRow dataset_;
    std::string dataset_name_;  // in failures
    std::optional<Manifest> manifest_;
    std::vector<LaneRow> lanes_;
    std::uint64_t live_records_ = 0;
    std::uint64_t indexed_records_ = 0;
    Position highest_position_{};
};

}  // namespace

VerifyReport verify_tables(const Tables& tables, const Projector& projector,
                           const std::optional<DatasetUid>& only, const DatasetNames& name_of) {
    return Verifier(tables, projector, name_of).run(only);
}

}  // namespace sangam::storage
