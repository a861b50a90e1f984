// SPDX-License-Identifier: Apache-2.0
// Reading one record: its merged fields, where each came from, its history.
#include <boost/json/array.hpp>

#include "node/ingest/field_model.hpp"
#include "node/ingest/import_report.hpp"
#include "node/service/change_kind.hpp"
#include "node/service/conflicts.hpp"
#include "node/service/json_value.hpp"
#include "node/service/record_writing.hpp"
#include "node/service/verbs.hpp"
#include "node/service/visible_record.hpp"
#include "protocol/cbor.hpp"
#include "protocol/commit.hpp"
#include "sync/past_conflicts.hpp"
#include "sync/record_view.hpp"
#include "sync/reserved_paths.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;

/// Whether each change, by its position, is proven by the commit that its author signed: recomputed
/// from the stored bytes now.
std::set<Position> proven_changes(const Call& call, const storage::Reader& reader,
                                  const DatasetUid& dataset,
                                  const std::vector<storage::StoredChange>& changes) {
    std::set<Position> out;
    for (const auto& change : changes) {
        auto parts = reader.parts(dataset, {change.position});
        if (parts.size() != 1) continue;
        const auto verified = VerifiedPart::verify(
            std::move(parts.front()), [&](const NodeId& node, const PublicKey& key) {
                // Outside a federation no directory speaks for the node's own key.
                const bool is_own =
                    node == call.context.node && key == call.context.key->public_key();
                return is_own || call.directory->may_sign(node, key);
            });
        if (!verified) continue;
        for (const auto& hash : verified->change_hashes())
            if (hash == change.change_hash) out.insert(change.position);
    }
    return out;
}

/// What the latest deletion that stands names in the record's place; empty for nothing.
std::string replaced_by(const sync::MergedRecord& record) {
    std::string out;
    const auto life = record.siblings.find(life_path());
    if (life == record.siblings.end()) return out;
    for (const auto& sibling : life->second) {
        const auto* map = sibling.value ? sibling.value->get_if<Value::Map>() : nullptr;
        if (!map) continue;
        const auto named = map->find("replaced_by");
        if (named != map->end() && named->second.is_text()) out = named->second.text();
    }
    return out;
}

json::object change_document(const Call& call, const sync::RowScope& row,
                             const storage::StoredChange& stored) {
    json::object fields;
    std::uint64_t hidden = stored.change.hidden_leaves.size();
    for (const auto& field : stored.change.fields) {
        if (field.write.path == life_path() || field.write.path == sync::resolution_path())
            continue;
        if (!row.shows(field.write.path))
            ++hidden;
        else
            fields[field.write.path.text()] =
                field.write.value ? to_json(*field.write.value) : json::value(nullptr);
    }
    json::object out;
    out["author"] = call.author_text(stored.dot.lane.node);
    out["node_id"] = stored.dot.lane.node.hex();
    out["commit"] = stored.header_hash.hex();
    out["time"] = time_text(Millis(stored.hlc.unix_ms()));
    out["kind"] = change_kind(stored.change);
    out["fields"] = std::move(fields);
    out["hidden"] = hidden;
    const auto resolution = sync::resolution_of(stored.change);
    if (resolution && row.shows(sync::resolution_path())) {
        out["resolves"] = resolution->field;
        out["reason"] = resolution->reason;
    }
    return out;
}

/// What a change did, in the words of people: the element of a set that came or went, an author's
/// total of a counter, a proposal, instead of the paths under which these are kept.
json::array said_by(const Call& call, const ingest::FieldModel& model, const sync::RowScope& row,
                    const Change& change) {
    json::array out;
    for (const auto& field : change.fields) {
        const Path& path = field.write.path;
        const auto& value = field.write.value;
        if (path == sync::resolution_path() || !row.shows(path)) continue;
        json::object entry;
        if (path == life_path()) {
            const auto* life = value ? value->get_if<Value::Map>() : nullptr;
            const auto named = life ? life->find("replaced_by") : Value::Map::const_iterator{};
            if (!life || named == life->end()) continue;
            entry["action"] = "replaced_by";
            entry["value"] = to_json(named->second);
            out.push_back(std::move(entry));
            continue;
        }
        const auto proposal = sync::proposal_at(path);
        entry["field"] = proposal ? proposal->field.text() : path.text();
        entry["action"] = value ? "set" : "remove";
        if (value) entry["value"] = to_json(*value);
        if (proposal) {
            entry["action"] = value ? "propose" : "answer_proposal";
            entry["by"] = call.author_text(proposal->author);
        } else if (const Path* set = model.set_of(path)) {
            entry["field"] = set->text();
            entry["action"] = value ? "add_element" : "remove_element";
            entry["value"] = path.names.back();
        } else if (const Path* counter = model.counter_of(path)) {
            entry["field"] = counter->text();
            entry["action"] = "count";
        }
        out.push_back(std::move(entry));
    }
    return out;
}

}  // namespace

std::string version_tag(const VersionVector& version) {
    cbor::Writer writer;
    writer.version_vector(version);
    return sha256(writer.data()).hex().substr(0, 32);
}

namespace {

/// A version for one who sees these changes so: nothing that only others see moves it.
std::string version_in_view(const std::vector<storage::StoredChange>& changes) {
    Bytes all;
    for (const auto& change : changes) {
        const auto name = change.change_hash.view();
        const auto body = change.change.encode();
        all.insert(all.end(), name.begin(), name.end());
        all.insert(all.end(), body.begin(), body.end());
    }
    return sha256(all).hex().substr(0, 32);
}

}  // namespace

bool sees_history(const Call& call, const storage::DatasetInfo& dataset) {
    using storage::Holding;
    return call.asker.kind == sync::Asker::Kind::home &&
           (dataset.holding == Holding::own || dataset.holding == Holding::writer);
}

Result<RecordAccess> open_record(Call& call, const storage::Reader& reader) {
    auto info = call.find_dataset(reader, call.arguments[0] + "/" + call.arguments[1]);
    if (!info) return std::unexpected(info.error());
    RecordAccess out;
    out.key = {call.arguments[2], call.arguments[3]};
    if (out.key.collection.empty() || out.key.id.empty() || !is_utf8(out.key.collection) ||
        !is_utf8(out.key.id))
        return fail("bad_record", "a part of the record's name is empty or not UTF-8",
                    call.request.path, {}, ErrorKind::usage);
    out.text = ingest::record_text(call.dataset_text(info->manifest), out.key);
    const auto scope = call.decide(Action::search, reader, info->uid);
    // What may not be seen is answered in the words of what does not exist (COMMANDS, Conditions).
    if (scope.allowed) out.state = reader.record(info->uid, out.key);
    if (out.state) {
        out.row = sync::RowJudge(scope, info->manifest, *call.context.merger).of(*out.state);
        if (!out.row->is_visible()) out.state.reset();
    }
    if (out.state) {
        out.merged = visible_part(call.context.merger->merge(info->manifest, out.state->changes),
                                  *out.row, *call.context.merger->schema_of(info->manifest));
        if (call.asker.kind == sync::Asker::Kind::home) {
            out.changes = out.state->changes;
            out.version = version_tag(out.state->version);
        } else {
            const auto view = sync::view_of(*out.state, *out.row);
            for (auto change : out.state->changes) {
                const auto seen = view.changes.find(change.position);
                if (seen == view.changes.end()) continue;
                change.change = sync::as_it_crosses(change.change, seen->second, *out.row);
                out.changes.push_back(std::move(change));
            }
            out.version = version_in_view(out.changes);
        }
    }
    out.dataset = std::move(*info);
    return out;
}

Error no_such_record(const RecordAccess& access) {
    return {ErrorKind::not_found, "no_such_record", "there is no such record here", access.text,
            "sangam search finds records; ids are compared byte by byte"};
}

namespace {

Error record_deleted(const RecordAccess& access) {
    const auto successor = replaced_by(access.merged);
    return {ErrorKind::not_found, "record_deleted",
            successor.empty() ? "the record is deleted"
                              : "the record is deleted and replaced by " + successor,
            access.text, "sangam history shows what it said, sangam restore brings it back"};
}

}  // namespace

Result<Reply> get_record(Call& call) {
    const auto reader = call.reader();
    const auto access = open_record(call, *reader);
    if (!access) return std::unexpected(access.error());
    if (!access->state) return std::unexpected(no_such_record(*access));
    const auto& changes = access->changes;
    if (access->merged.is_deleted) return std::unexpected(record_deleted(*access));

    const auto& version = access->version;
    const auto known = tags_of_header(call, "If-None-Match");
    if (!known) return std::unexpected(known.error());
    if (*known && ((*known)->is_any || (*known)->has_weak(version))) {
        Reply reply;
        reply.status = 304;
        reply.headers.emplace_back("ETag", "\"" + version + "\"");
        return reply;
    }

    json::object fields;
    for (const auto& [path, value] : access->merged.fields) fields[path.text()] = to_json(value);
    json::object record;
    record["dataset"] = call.dataset_text(access->dataset.manifest);
    record["collection"] = access->key.collection;
    record["id"] = access->key.id;
    record["fields"] = std::move(fields);

    json::array provenance;
    const auto proven = proven_changes(call, *reader, access->dataset.uid, changes);
    for (const auto& change : changes) {
        auto entry = change_document(call, *access->row, change);
        json::array names;
        for (const auto& [name, value] : entry["fields"].as_object()) names.emplace_back(name);
        entry["fields"] = std::move(names);
        entry["verified"] = proven.contains(change.position);
        provenance.push_back(std::move(entry));
    }
    json::array conflicts;
    for (const auto& conflict : access->merged.conflicts)
        conflicts.push_back(conflict_document(call, access->text, conflict));

    json::object document;
    document["record"] = std::move(record);
    document["provenance"] = std::move(provenance);
    document["conflicts"] = std::move(conflicts);
    document["duplicates"] = json::array();
    document["version"] = version;
    Reply reply(std::move(document));
    reply.headers.emplace_back("ETag", "\"" + version + "\"");
    return reply;
}

Result<Reply> record_history(Call& call) {
    const auto reader = call.reader();
    const auto access = open_record(call, *reader);
    if (!access) return std::unexpected(access.error());
    if (!access->state) return std::unexpected(no_such_record(*access));
    const bool sees_all = sees_history(call, access->dataset);
    // To others a deleted record is gone, as it is from their copies.
    if (!sees_all && access->merged.is_deleted && call.asker.kind != sync::Asker::Kind::home)
        return std::unexpected(record_deleted(*access));
    const ingest::FieldModel model(access->dataset.manifest.schema);
    json::array changes;
    for (const auto& change :
         sees_all ? reader->history(access->dataset.uid, access->key) : access->changes) {
        auto entry = change_document(call, *access->row, change);
        entry["live"] = change.is_live;
        entry["says"] = said_by(call, model, *access->row, change.change);
        changes.push_back(std::move(entry));
    }
    json::object document;
    document["changes"] = std::move(changes);
    return Reply(std::move(document));
}

}  // namespace sangam::node
