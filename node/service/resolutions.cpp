// SPDX-License-Identifier: Apache-2.0
// Resolving a conflict: an ordinary change whose context covers all that stands, with the reason
// beside it (SEMANTICS section 4, docs/decisions/0101).
#include <boost/json/serialize.hpp>

#include "node/ingest/cell_shape.hpp"
#include "node/ingest/field_model.hpp"
#include "node/ingest/json.hpp"
#include "node/service/conflicts.hpp"
#include "node/service/json_value.hpp"
#include "node/service/record_writing.hpp"
#include "node/service/verbs.hpp"
#include "sync/past_conflicts.hpp"
#include "sync/reserved_paths.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;
using ingest::FieldModel;
using sync::MergeConflict;

constexpr std::size_t max_reason_bytes = 4 * 1024;  // a reason, not a report

struct Decision {
    std::optional<std::size_t> take;  ///< from 0
    std::optional<Value> value;
    std::string reason;
};

std::unexpected<Error> bad_decision(std::string message, const std::string& subject) {
    return fail("bad_resolution", std::move(message), subject,
                "sangam conflicts show RECORD FIELD numbers the values; give --take N or --value V",
                ErrorKind::usage);
}

Result<Decision> read_decision(Call& call, const MergeConflict& conflict) {
    const auto body = call.body({"take", "value", "reason"});
    if (!body) return std::unexpected(body.error());
    Decision out;
    auto reason = required_text(*body, "reason");
    if (!reason) return std::unexpected(reason.error());
    if (reason->empty() || reason->size() > max_reason_bytes)
        return bad_decision("a reason has 1 to 4,096 bytes", "reason");
    out.reason = std::move(*reason);
    const auto* take = body->if_contains("take");
    const auto* value = body->if_contains("value");
    if ((take != nullptr) == (value != nullptr))
        return bad_decision("one of the values is taken, or another one given", conflict.field);
    if (take) {
        boost::system::error_code error;
        const auto number = take->to_number<std::uint64_t>(error);
        if (error || number < 1 || number > conflict.values.size())
            return bad_decision("there is no value of that number: there are " +
                                    std::to_string(conflict.values.size()),
                                json::serialize(*take));
        out.take = number - 1;
        return out;
    }
    auto parsed = member_of_body(call.request.body, "value", 1);
    if (!parsed) return std::unexpected(parsed.error());
    out.value = std::move(*parsed);
    return out;
}

/// A command line gives everything as text. That is JSON where the values in dispute are no texts,
/// and where it begins like the objects and lists among them; else it is the text that it is.
Result<Value> meant_value(const FieldModel& model, const MergeConflict& conflict, Value given) {
    if (!given.is_text()) return given;
    const std::string text(given.text());
    const bool looks_like_json = text.starts_with('{') || text.starts_with('[');
    if (!conflict.is_group) {
        const Path path = Path::parse(conflict.field).value();
        if (model.set_of(path)) return given;
        if (!looks_like_json && model.shape(path) == ingest::Shape::list) {  // as in a file
            Value::Array elements;
            for (const auto element : ingest::split_list(text)) elements.emplace_back(element);
            return Value(std::move(elements));
        }
    }
    bool has_texts = false;
    bool has_others = false;
    for (const auto& sibling : conflict.values) {
        if (!sibling.value) continue;
        has_texts = has_texts || sibling.value->is_text();
        has_others = has_others || !sibling.value->is_text();
    }
    if (!has_others || (has_texts && !looks_like_json)) return given;
    auto parsed = ingest::from_json(text);
    if (parsed || has_texts) return parsed ? parsed : Result<Value>(std::move(given));
    Error error = parsed.error();
    error.message =
        "the values in dispute are no texts, and this is no value of their kind: " + error.message;
    error.subject = conflict.field + (error.subject.empty() ? "" : ", " + error.subject);
    error.fix = "give the value as JSON; a text stands in double quotes";
    return std::unexpected(std::move(error));
}

/// What the group's members get from an object by member path.
Result<std::vector<FieldWrite>> group_writes(const FieldModel& model, const MergeConflict& conflict,
                                             std::optional<Value> value) {
    const auto* object = value ? value->get_if<Value::Map>() : nullptr;
    if (value && !object)
        return bad_decision("the value of a group is an object of its fields, such as {" +
                                model.members_of(conflict.field).front().text() + ": ...}",
                            conflict.field);
    std::vector<FieldWrite> out;
    std::size_t known = 0;
    for (const Path& member : model.members_of(conflict.field)) {
        FieldWrite write{member, std::nullopt};
        if (object)
            if (const auto it = object->find(member.text()); it != object->end()) {
                write.value = it->second;
                ++known;
            }
        out.push_back(std::move(write));
    }
    if (object && known != object->size())
        return bad_decision("the object names a field that is not in the group", conflict.field);
    return out;
}

Result<std::vector<FieldWrite>> plan(const FieldModel& model, const MergeConflict& conflict,
                                     const Decision& decision) {
    const std::optional<Value> value =
        decision.take ? conflict.values[*decision.take].value : decision.value;
    if (conflict.is_group) return group_writes(model, conflict, value);
    const Path path = Path::parse(conflict.field).value();
    if (model.set_of(path) && !decision.take)
        return bad_decision("an element of a set stands or is removed: take one of the two",
                            conflict.field);
    return std::vector<FieldWrite>{{path, value}};
}

/// The owner's decision answers the proposals that stand: they go.
void answer_proposals(const RecordAccess& access, const FieldModel& model,
                      std::vector<FieldWrite>& writes) {
    const std::vector<FieldWrite> decided = writes;
    for (const auto& [path, siblings] : access.merged.siblings) {
        const auto proposal = sync::proposal_at(path);
        if (!proposal || !model.is_reserved_to_owner(proposal->field)) continue;
        for (const auto& write : decided)
            if (write.path == proposal->field) writes.push_back({path, std::nullopt});
    }
}

}  // namespace

Result<Reply> resolve_conflict(Call& call) {
    const auto reader = call.reader();
    const auto access = open_for_writing(call, *reader);
    if (!access) return std::unexpected(access.error());
    const auto* conflict = find_conflict(*access, call.arguments[4]);
    if (!conflict) return no_such_conflict(*access, call.arguments[4]);
    const FieldModel model(access->dataset.manifest.schema);
    const Path member = conflict->is_group ? model.members_of(conflict->field).front()
                                           : Path::parse(conflict->field).value();
    if (model.is_reserved_to_owner(member) && !is_owner(call, *access))
        return fail("reserved_field", "only the dataset's owner decides on this field",
                    access->text + " " + conflict->field,
                    "ask " + call.handle_of(access->dataset.manifest.owner) + " to resolve it",
                    ErrorKind::refused);
    auto decision = read_decision(call, *conflict);
    if (!decision) return std::unexpected(decision.error());
    if (decision->value) {
        auto meant = meant_value(model, *conflict, std::move(*decision->value));
        if (!meant) return std::unexpected(meant.error());
        decision->value = std::move(*meant);
    }
    auto writes = plan(model, *conflict, *decision);
    if (!writes) return std::unexpected(writes.error());
    answer_proposals(*access, model, *writes);
    writes->push_back(
        {sync::resolution_path(), sync::resolution_value({conflict->field, decision->reason})});
    const auto written = write_record(call, *access, std::move(*writes));
    if (!written) return std::unexpected(written.error());

    MergeConflict settled = *conflict;
    settled.is_open = false;
    auto document = conflict_document(call, access->text, settled);
    const auto& chosen = decision->take ? settled.values[*decision->take].value : decision->value;
    document["chosen"] = chosen ? to_json(*chosen) : json::value(nullptr);
    document["reason"] = decision->reason;
    document["commit"] = written->commit;
    document["version"] = written->version;
    Reply reply(std::move(document));
    reply.headers.emplace_back("ETag", "\"" + written->version + "\"");
    return reply;
}

}  // namespace sangam::node
