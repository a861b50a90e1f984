// SPDX-License-Identifier: Apache-2.0
// Appending to the control chains of a dataset (SEMANTICS section 3).
#include <variant>

#include "storage/cut_lanes.hpp"
#include "storage/end_of_writing.hpp"
#include "storage/operations.hpp"
#include "storage/stored_changes.hpp"

namespace sangam::storage {

namespace {

std::string entry_text(const ControlEntry& entry) {
    return "control " + entry.chain + "/" + std::to_string(entry.number) + " of dataset " +
           entry.dataset_uid().hex();
}

/// The row to be of an entry that continues its chain; nullopt when it is held already.
Result<std::optional<ControlRow>> next_row(const Tables& tables, const DatasetRow& dataset,
                                           const SignedControl& control) {
    const auto& entry = control.entry;
    const ControlRow row{entry.number, entry.hash(), control.encode()};
    if (const auto held = tables.control_entry(dataset.id, entry.chain, entry.number)) {
        if (held->hash == row.hash) return std::nullopt;
        return fail(
            "control_conflict", "another entry is held under the same number", entry_text(entry),
            "one of the two was made by a store that had forgotten its own entries; ask the "
            "owner which one stands",
            ErrorKind::refused);
    }
    if (entry.number == 0)
        return fail("bad_control", "control entries are numbered from 1", entry_text(entry), {},
                    ErrorKind::refused);
    Hash previous;
    if (entry.number > 1) {
        const auto before = tables.control_entry(dataset.id, entry.chain, entry.number - 1);
        if (!before)
            return fail("control_gap", "the entry before is missing", entry_text(entry),
                        "send the chain from its first missing entry on");
        previous = before->hash;
    }
    if (entry.previous != previous)
        return fail("bad_control", "the entry does not continue the chain that is held",
                    entry_text(entry), {}, ErrorKind::refused);
    return row;
}

bool is_whole(Holding holding) { return holding == Holding::own || holding == Holding::writer; }

/// A dataset that was held whole once, then in part, and is to be whole again: what was dropped
/// meanwhile must come again, so every lane starts over. Our own lane comes home like the others,
/// and we write on under a new epoch.
void start_lanes_over(Writing& writing, const DatasetRow& dataset) {
    bool had_own = false;
    for (auto& lane : writing.tables.lanes(dataset.id)) {
        if (raw(lane.head) == 0) continue;
        had_own = had_own || lane.lane.node == writing.author.node;
        lane.head = {};
        lane.head_hash = {};
        lane.head_hlc = {};
        lane.seen = {};
        writing.tables.update_lane(lane);
    }
    if (had_own) draw_epoch(writing);
}

}  // namespace

void draw_epoch(Writing& writing) {
    do writing.epoch = Epoch{writing.author.random->draw_u64()};
    while (raw(writing.epoch) == 0);
    writing.tables.set_epoch(writing.epoch);
}

void project_again(Writing& writing, DatasetRow& dataset, const Manifest& manifest) {
    std::vector<RecordRow> rows;
    writing.tables.scan_records(dataset.id, {}, nullptr, [&](const RecordRow& row) {
        if (row.live_changes > 0) rows.push_back(row);
        return true;
    });
    ChangeLoader loader(writing.tables);
    const FieldTypes types = [&](const Path& path) {
        return writing.projector.type_of(manifest, path);
    };
    dataset.live_records = 0;
    for (auto& row : rows) {
        const auto projection =
            writing.projector.project(manifest, row.key, loader.of_record(row.number, true));
        if (row.is_deleted != projection.is_deleted) {
            row.is_deleted = projection.is_deleted;
            writing.tables.update_record(row);
        }
        if (!row.is_deleted) ++dataset.live_records;
        auto& text = writing.tables.text(dataset.id);
        text.remove(row.number);
        if (const auto fields = indexed_fields(projection); !fields.empty())
            text.add(row.number, fields);
        if (row.is_deleted)
            writing.tables.remove_flat(dataset.id, row.number);
        else
            writing.tables.put_flat(dataset.id, row.number, flat_record(projection, types));
    }
}

void project_all_again(Writing& writing) {
    for (auto dataset : writing.tables.datasets()) {
        if (dataset.holding == Holding::known) continue;
        project_again(writing, dataset, manifest_of(writing.tables, dataset));
        writing.tables.update_dataset(dataset);
    }
}

Result<void> put_control(Writing& writing, const DatasetUid& uid,
                         const std::vector<SignedControl>& entries,
                         std::optional<Holding> holding) {
    auto& tables = writing.tables;
    auto dataset = tables.find_dataset(uid);
    std::optional<Manifest> before;
    if (dataset) before = manifest_of(tables, *dataset);
    std::optional<Manifest> now;
    for (const auto& control : entries) {
        const auto& entry = control.entry;
        if (entry.dataset_uid() != uid)
            return fail("bad_control", "the entry belongs to another dataset", entry_text(entry),
                        {}, ErrorKind::refused);
        if (!control.has_valid_signature())
            return fail("bad_signature", "the signature under a control entry is not by its key",
                        entry_text(entry), {}, ErrorKind::refused);
        const auto* manifest = std::get_if<Manifest>(&entry.body);
        const bool is_for_all = entry.chain == chain_for_all;
        if (!dataset) {
            if (manifest == nullptr || !is_for_all || entry.number != 1)
                return fail("unknown_dataset", "no manifest of the dataset is held",
                            entry_text(entry), "send the chain \"all\" from its first entry on",
                            ErrorKind::not_found);
            dataset.emplace();
            dataset->uid = uid;
            dataset->id = tables.add_dataset(*dataset);
        }
        if (manifest != nullptr && !is_for_all)
            return fail("bad_control", "a manifest stands in a chain that is not for all",
                        entry_text(entry), {}, ErrorKind::refused);
        auto row = next_row(tables, *dataset, control);
        if (!row) return std::unexpected(std::move(row.error()));
        if (!*row) continue;
        tables.add_control(dataset->id, entry.chain, **row);
        if (entry.author == writing.author.node) writing.own_control.push_back(control);
        if (manifest != nullptr) {
            dataset->manifest_number = entry.number;
            dataset->manifest_hash = (*row)->hash;
            now = *manifest;
        }
    }
    if (!dataset)
        return fail("unknown_dataset", "no manifest of the dataset is held", uid.hex(), {},
                    ErrorKind::not_found);
    if (holding) {
        if (is_whole(*holding) && !is_whole(dataset->holding)) start_lanes_over(writing, *dataset);
        const bool ends_writing = dataset->holding == Holding::writer && *holding == Holding::known;
        dataset->holding = *holding;
        if (ends_writing) end_writing(writing, *dataset, now ? *now : *before);
    }
    if (before && now && before->cuts != now->cuts) drop_beyond_cuts(writing, *dataset, *now);
    if (before && now &&
        (before->schema != now->schema || before->owner != now->owner ||
         before->writers != now->writers))
        project_again(writing, *dataset, *now);
    tables.update_dataset(*dataset);
    return {};
}

}  // namespace sangam::storage
