// SPDX-License-Identifier: Apache-2.0
#include "node/service/conflicts.hpp"

#include <algorithm>
#include <unordered_map>

#include "node/ingest/import_report.hpp"
#include "node/service/json_value.hpp"
#include "node/service/record_access.hpp"
#include "node/service/verbs.hpp"
#include "node/service/visible_record.hpp"
#include "protocol/mcpd.hpp"
#include "sync/past_conflicts.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;

/// Arrivals are read in pages, so that memory stays small.
constexpr std::size_t arrivals_in_page = 20'000;

/// As a field is called that people write in their own way: by an MCPD name, or with other quotes.
std::string field_text(const std::string& field) {
    if (const auto* column = find_mcpd_column(field)) return column->path.text();
    const auto path = Path::parse(field);
    return path ? path->text() : field;
}

}  // namespace

json::object conflict_document(const Call& call, const std::string& record,
                               const sync::MergeConflict& conflict) {
    json::array values;
    for (const auto& sibling : conflict.values) {
        json::object entry;
        entry["value"] = sibling.value ? to_json(*sibling.value) : json::value(nullptr);
        entry["author"] = call.author_text(sibling.author());
        entry["time"] = time_text(Millis(sibling.hlc.unix_ms()));
        values.push_back(std::move(entry));
    }
    json::object out;
    out["record"] = record;
    out["field"] = conflict.field;
    out["strategy"] = conflict.strategy;
    out["state"] = conflict.is_open ? "open" : "settled";
    out["chosen"] = conflict.chosen ? values[*conflict.chosen].at("value") : json::value(nullptr);
    out["values"] = std::move(values);
    return out;
}

ConflictIndex::Counts ConflictIndex::count(const storage::RecordState& record,
                                           const Manifest& manifest) const {
    Counts out;
    if (record.changes.size() < 2) return out;
    const auto merged = merger_.merge(manifest, record.changes);
    if (merged.is_deleted) return out;
    for (const auto& conflict : merged.conflicts) ++(conflict.is_open ? out.open : out.settled);
    return out;
}

ConflictIndex::Entry& ConflictIndex::refresh(const storage::Reader& reader,
                                             const DatasetUid& dataset) {
    auto& entry = entries_[dataset];
    const auto info = reader.dataset(dataset);
    if (!info) {
        entry = {};
        return entry;
    }
    if (entry.manifest_number != info->manifest_number || entry.position > info->last_position)
        entry = {};  // other rules, or a replica that was dropped and copied anew
    const bool is_new = raw(entry.position) == 0;
    // A record with one live change has no conflict, so a first build looks only at those that
    // arrive twice; later every arrival counts, since its record may have older changes.
    std::unordered_map<std::uint64_t, std::uint32_t> arrived;
    Position position = entry.position;
    while (true) {
        const auto page = reader.arrivals(dataset, position, arrivals_in_page);
        for (const auto& arrival : page) ++arrived[raw(arrival.record)];
        if (page.empty()) break;
        position = page.back().position;
    }
    for (const auto& [number, times] : arrived)
        if (!is_new || times > 1) entry.records[storage::RecordNumber{number}];
    for (auto it = entry.records.begin(); it != entry.records.end();) {
        const auto record = reader.record(it->first);
        it->second = record ? count(*record, info->manifest) : Counts{};
        if (it->second.open + it->second.settled == 0)
            it = entry.records.erase(it);
        else
            ++it;
    }
    entry.position = std::max(position, info->last_position);
    entry.manifest_number = info->manifest_number;
    return entry;
}

ConflictIndex::Counts ConflictIndex::counts(const DatasetUid& dataset) {
    const auto reader = store_.reader();
    const std::lock_guard lock(mutex_);
    Counts sum;
    for (const auto& [number, counts] : refresh(*reader, dataset).records) {
        sum.open += counts.open;
        sum.settled += counts.settled;
    }
    return sum;
}

std::vector<storage::RecordNumber> ConflictIndex::records(const DatasetUid& dataset) {
    const auto reader = store_.reader();
    const std::lock_guard lock(mutex_);
    std::vector<storage::RecordNumber> out;
    for (const auto& [number, counts] : refresh(*reader, dataset).records) out.push_back(number);
    return out;
}

const sync::MergeConflict* find_conflict(const RecordAccess& access, const std::string& field) {
    const auto& conflicts = access.merged.conflicts;
    auto found = std::ranges::find(conflicts, field, &sync::MergeConflict::field);
    if (found == conflicts.end())
        found = std::ranges::find(conflicts, field_text(field), &sync::MergeConflict::field);
    return found == conflicts.end() ? nullptr : &*found;
}

std::unexpected<Error> no_such_conflict(const RecordAccess& access, const std::string& field) {
    return fail("no_such_conflict", "there is no such conflict", access.text + " " + field,
                "sangam conflicts list --all shows what there is, sangam history what was settled",
                ErrorKind::not_found);
}

namespace {

/// A conflict with who settled it, when, why and as what.
json::object past_document(const Call& call, const std::string& record,
                           const sync::PastConflict& past) {
    auto settled = past.conflict;
    settled.is_open = false;
    auto document = conflict_document(call, record, settled);
    document["chosen"] =
        past.settled_by.value ? to_json(*past.settled_by.value) : json::value(nullptr);
    json::object by;
    by["author"] = call.author_text(past.settled_by.author());
    by["time"] = time_text(Millis(past.settled_by.hlc.unix_ms()));
    by["reason"] = past.reason;
    document["resolved"] = std::move(by);
    return document;
}

/// What the history says of conflicts that a later write settled.
void append_past(Call& call, const storage::Reader& reader, const storage::DatasetInfo& info,
                 const sync::RowJudge& judge, const std::string& dataset,
                 std::map<std::string, json::array>& by_record) {
    if (!sees_history(call, info)) return;
    std::vector<RecordKey> keys;
    reader.scan_records(info.uid, {}, nullptr, [&](const storage::RecordState& record) {
        // Only who had seen something can have written over it.
        const bool is_based = std::ranges::any_of(record.changes, [](const auto& change) {
            return !change.change.context.entries().empty();
        });
        if (is_based && judge.of(record).hides_nothing()) keys.push_back(record.key);
        return true;
    });
    for (const auto& key : keys) {
        const auto history = reader.history(info.uid, key);
        const auto name = ingest::record_text(dataset, key);
        for (const auto& past :
             sync::past_conflicts(*call.context.merger, info.manifest, history)) {
            by_record[name].push_back(past_document(call, name, past));
        }
    }
}

bool is_about(const sync::MergeConflict& conflict, const std::string& field) {
    return conflict.field == field || conflict.field == field_text(field);
}

/// The conflicts of a field that were settled, the newest last. Where the history is kept: as
/// append_past().
json::array settled_before(Call& call, const storage::Reader& reader, const RecordAccess& access,
                           const std::string& field) {
    json::array out;
    const auto& info = access.dataset;
    if (!sees_history(call, info) || !access.row || !access.row->hides_nothing()) return out;
    const auto history = reader.history(info.uid, access.key);
    for (const auto& past : sync::past_conflicts(*call.context.merger, info.manifest, history))
        if (is_about(past.conflict, field)) out.push_back(past_document(call, access.text, past));
    return out;
}

}  // namespace

Result<Reply> list_conflicts(Call& call) {
    const auto reader = call.reader();
    std::vector<storage::DatasetInfo> datasets;
    if (const auto wanted = call.request.parameter("dataset")) {
        auto found = call.find_dataset(*reader, *wanted);
        if (!found) return std::unexpected(found.error());
        datasets.push_back(std::move(*found));
    } else {
        datasets = reader->datasets();
    }
    const bool wants_all = call.flag("all");
    json::array out;
    for (const auto& info : datasets) {
        const auto scope = call.decide(Action::search, *reader, info.uid);
        if (!scope.allowed) continue;
        const sync::RowJudge judge(scope, info.manifest, *call.context.merger);
        const auto dataset = call.dataset_text(info.manifest);
        std::map<std::string, json::array> by_record;
        for (const auto number : call.conflicts.records(info.uid)) {
            const auto record = reader->record(number);
            if (!record) continue;
            const auto row = judge.of(*record);
            if (!row.is_visible()) continue;
            const auto name = ingest::record_text(dataset, record->key);
            const auto merged =
                visible_part(call.context.merger->merge(info.manifest, record->changes), row,
                             *call.context.merger->schema_of(info.manifest));
            for (const auto& conflict : merged.conflicts)
                if (wants_all || conflict.is_open)
                    by_record[name].push_back(conflict_document(call, name, conflict));
        }
        if (wants_all) append_past(call, *reader, info, judge, dataset, by_record);
        for (auto& [name, documents] : by_record)
            for (auto& document : documents) out.push_back(std::move(document));
    }
    json::object document;
    document["conflicts"] = std::move(out);
    return Reply(std::move(document));
}

Result<Reply> show_conflict(Call& call) {
    const auto reader = call.reader();
    const auto access = open_record(call, *reader);
    if (!access) return std::unexpected(access.error());
    const auto& field = call.arguments[4];
    const auto* conflict = find_conflict(*access, field);
    json::array settled = settled_before(call, *reader, *access, field);
    if (!conflict && settled.empty()) return no_such_conflict(*access, field);
    json::object document;
    if (conflict) {
        document = conflict_document(call, access->text, *conflict);
    } else {
        document = settled.back().as_object();
        settled.pop_back();
    }
    document["settled_before"] = std::move(settled);
    return Reply(std::move(document));
}

}  // namespace sangam::node
