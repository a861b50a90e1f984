// SPDX-License-Identifier: Apache-2.0
// Writing one record by hand: put, delete, restore. An edit's context is the version that was read
// (SEMANTICS section 1): the one that If-Match names, else the present one.
#include <algorithm>
#include <boost/json/array.hpp>

#include "node/ingest/collection_name.hpp"
#include "node/ingest/field_edit.hpp"
#include "node/ingest/field_model.hpp"
#include "node/service/json_value.hpp"
#include "node/service/record_name.hpp"
#include "node/service/record_writing.hpp"
#include "node/service/verbs.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;
using ingest::FieldEdit;
using ingest::FieldModel;

Result<std::vector<FieldEdit>> read_edits(Call& call, const FieldModel& model) {
    auto body = call.body({"fields", "set", "unset"});
    if (!body) return std::unexpected(body.error());
    std::vector<FieldEdit> out;
    if (const auto* fields = body->if_contains("fields")) {
        if (!fields->is_object())
            return fail("bad_body", "`fields` of the body is no object", {}, {}, ErrorKind::usage);
        const auto values = member_of_body(call.request.body, "fields", 2);
        if (!values) return std::unexpected(values.error());
        for (const auto& [name, value] : *values->get_if<Value::Map>()) {
            auto edit = ingest::parse_unset(name);
            if (!edit) return std::unexpected(edit.error());
            edit->value = value;
            out.push_back(std::move(*edit));
        }
    }
    const auto assignments = text_list(*body, "set");
    if (!assignments) return std::unexpected(assignments.error());
    for (const auto& text : *assignments) {
        auto edit = ingest::parse_assignment(model, text);
        if (!edit) return std::unexpected(edit.error());
        out.push_back(std::move(*edit));
    }
    const auto unset = text_list(*body, "unset");
    if (!unset) return std::unexpected(unset.error());
    for (const auto& text : *unset) {
        auto edit = ingest::parse_unset(text);
        if (!edit) return std::unexpected(edit.error());
        out.push_back(std::move(*edit));
    }
    return out;
}

/// Whether the record says all of it already, undisputed.
bool says_already(const RecordAccess& access, const std::vector<FieldWrite>& writes) {
    if (!access.state) return false;
    for (const auto& write : writes) {
        const auto found = access.merged.siblings.find(write.path);
        const bool has_none = found == access.merged.siblings.end() || found->second.empty();
        if (has_none && !write.value) continue;
        if (has_none || found->second.size() != 1 || found->second.front().value != write.value)
            return false;
    }
    return true;
}

Reply edit_reply(const RecordAccess& access, bool is_changed, const std::string& commit,
                 const std::string& version) {
    json::object document;
    document["record"] = access.text;
    document["changed"] = is_changed;
    document["version"] = version;
    if (is_changed) document["commit"] = commit;
    Reply reply(std::move(document));
    reply.headers.emplace_back("ETag", "\"" + version + "\"");
    return reply;
}

Reply unchanged(const RecordAccess& access) {
    return edit_reply(access, false, {}, present_version(access));
}

Result<Reply> write(Call& call, const RecordAccess& access, std::vector<FieldWrite> writes,
                    bool only_at_version = false) {
    const auto written = write_record(call, access, std::move(writes), only_at_version);
    if (!written) return std::unexpected(written.error());
    return edit_reply(access, true, written->commit, written->version);
}

/// Additions to a counter are to the total that this lane wrote last, so two at a time are made one
/// after the other.
constexpr int max_tries = 20;

}  // namespace

Result<Reply> put_record(Call& call) {
    for (int tries = 1;; ++tries) {
        const auto reader = call.reader();
        const auto access = open_for_writing(call, *reader);
        if (!access) return std::unexpected(access.error());
        if (access->merged.is_deleted)
            return fail("record_deleted", "the record is deleted: restore it first", access->text,
                        "sangam restore " + access->text, ErrorKind::refused);
        if (!access->state)
            if (auto ok = ingest::check_collection_name(access->key.collection); !ok)
                return std::unexpected(ok.error());
        const FieldModel model(access->dataset.manifest.schema);
        const auto edits = read_edits(call, model);
        if (!edits) return std::unexpected(edits.error());
        const bool adds = std::ranges::any_of(*edits, &FieldEdit::adds);
        const ingest::CounterBase counters{{call.context.node, call.context.store->epoch()},
                                           access->merged.siblings};
        auto writes = ingest::plan_edit(model, access->merged.fields, *edits,
                                        proposes_as(call, *access), &counters);
        if (!writes) return std::unexpected(writes.error());
        if (!adds && says_already(*access, *writes)) return unchanged(*access);
        auto reply = write(call, *access, std::move(*writes), adds);
        if (reply || !adds || reply.error().code != "version_changed" || tries == max_tries ||
            call.request.headers.contains("if-match") ||
            call.request.headers.contains("if-none-match"))
            return reply;
    }
}

Result<Reply> delete_record(Call& call) {
    const auto reader = call.reader();
    const auto access = open_for_writing(call, *reader);
    if (!access) return std::unexpected(access.error());
    if (!access->state) return std::unexpected(no_such_record(*access));
    std::string replaced_by;
    if (const auto text = call.request.parameter("replaced_by")) {
        const auto name = parse_record_name(*text);
        if (!name) return std::unexpected(name.error());
        const auto dataset = call.find_dataset(*reader, name->institution + "/" + name->dataset);
        if (!dataset) return std::unexpected(dataset.error());
        if (dataset->holding != storage::Holding::known && !reader->record(dataset->uid, name->key))
            return fail("no_such_record", "the record that replaces it does not exist here", *text,
                        {}, ErrorKind::not_found);
        if (dataset->uid == access->dataset.uid && name->key == access->key)
            return fail("bad_record", "a record cannot replace itself", *text,
                        "name another record with --replaced-by", ErrorKind::usage);
        replaced_by = *text;
    }
    if (access->merged.is_deleted && replaced_by.empty()) return unchanged(*access);
    return write(call, *access, {{life_path(), sync::deleted_value(replaced_by)}});
}

Result<Reply> restore_record(Call& call) {
    const auto reader = call.reader();
    const auto access = open_for_writing(call, *reader);
    if (!access) return std::unexpected(access.error());
    if (!access->state) return std::unexpected(no_such_record(*access));
    if (!access->merged.is_deleted) return unchanged(*access);
    return write(call, *access, {{life_path(), sync::restored_value()}});
}

}  // namespace sangam::node
