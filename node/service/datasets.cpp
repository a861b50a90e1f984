// SPDX-License-Identifier: Apache-2.0
// Datasets: making, describing, listing.
#include <boost/json/array.hpp>

#include "node/service/control_author.hpp"
#include "node/service/field_data.hpp"
#include "node/service/verbs.hpp"
#include "sync/control_author.hpp"
#include "sync/row_scope.hpp"
#include "sync/schema_check.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;
using storage::Holding;

constexpr Action all_actions[] = {Action::discover, Action::search, Action::aggregate,
                                  Action::replicate};

std::string_view to_text(Holding holding) {
    switch (holding) {
        case Holding::own:
            return "own";
        case Holding::writer:
            return "writer";
        case Holding::replica:
            return "replica";
        case Holding::known:
            break;
    }
    return "known";
}

Result<std::map<std::string, std::string>> text_map(const json::object& body,
                                                    std::string_view key) {
    std::map<std::string, std::string> out;
    const auto* value = body.if_contains(key);
    if (!value || value->is_null()) return out;
    const auto bad = [&] {
        return fail("bad_body", "a key of the body is not as wanted", std::string(key),
                    "it must be an object of texts", ErrorKind::usage);
    };
    if (!value->is_object()) return bad();
    for (const auto& [name, text] : value->get_object()) {
        if (!text.is_string()) return bad();
        out[std::string(name)] = std::string(text.get_string());
    }
    return out;
}

/// What the body says of types, merge strategies and groups, put over `schema`.
Result<Schema> schema_from(const json::object& body, Schema schema) {
    auto types = text_map(body, "types");
    if (!types) return std::unexpected(types.error());
    for (auto& [name, type] : *types) schema.types[name] = std::move(type);
    auto strategies = text_map(body, "merge");
    if (!strategies) return std::unexpected(strategies.error());
    for (auto& [name, strategy] : *strategies) schema.strategies[name] = std::move(strategy);
    const auto* groups = body.if_contains("groups");
    if (groups && !groups->is_object())
        return fail("bad_body", "a key of the body is not as wanted", "groups",
                    "it must be an object of lists", ErrorKind::usage);
    if (groups)
        for (const auto& [name, ignored] : groups->get_object()) {
            auto fields = text_list(groups->get_object(), name);
            if (!fields) return std::unexpected(fields.error());
            schema.groups[std::string(name)] = std::move(*fields);
        }
    return sync::checked_schema(schema);
}

bool touches_schema(const json::object& body) {
    return body.contains("types") || body.contains("merge") || body.contains("groups");
}

/// Rights as the asker has them here; people of the own institution see theirs at the owner.
json::array can_of(const Call& call, const storage::Reader& reader,
                   const storage::DatasetInfo& info) {
    json::array out;
    const bool is_home = call.asker.kind == sync::Asker::Kind::home;
    const bool is_whole = info.holding == Holding::own || info.holding == Holding::writer;
    if (is_home && is_whole) {
        for (const auto action : all_actions) out.emplace_back(sangam::to_text(action));
        out.emplace_back("write");
        return out;
    }
    if (is_home) {
        const auto policy = sync::DatasetPolicy::load(reader, info.uid);
        if (!policy) return out;
        for (const auto action :
             sync::rights_at_owner(call.own_institution, *policy, *call.directory))
            out.emplace_back(sangam::to_text(action));
        return out;
    }
    for (const auto action : all_actions)
        if (call.decide(action, reader, info.uid).allowed)
            out.emplace_back(sangam::to_text(action));
    return out;
}

json::object describe(const Call& call, const storage::Reader& reader,
                      const storage::DatasetInfo& info) {
    json::object out;
    out["dataset"] = call.dataset_text(info.manifest);
    out["title"] = info.manifest.title;
    out["licence"] = info.manifest.licence;
    out["owner"] = call.handle_of(info.manifest.owner);
    // A count is a read like any other.
    out["records"] =
        sync::count_visible(reader, info, call.decide(Action::search, reader, info.uid));
    out["can"] = can_of(call, reader, info);
    out["holding"] = to_text(info.holding);
    return out;
}

Result<Reply> described(const Call& call, const DatasetUid& uid) {
    const auto reader = call.reader();
    const auto info = reader->dataset(uid);
    SANGAM_ASSERT(info);
    return Reply(describe(call, *reader, *info));
}

/// Makes sure that every writer's handle is known, asking the registry where one is not.
Result<void> look_up(Call& call, const std::vector<std::string>& handles) {
    for (const auto& handle : handles)
        if (auto found = call.find_institution(handle); !found)
            return std::unexpected(found.error());
    return {};
}

}  // namespace

Result<Reply> list_datasets(Call& call) {
    const bool wants_remote = call.flag("remote");
    const auto reader = call.reader();
    std::vector<std::pair<std::string, json::object>> found;
    for (const auto& info : reader->datasets()) {
        const bool is_own = info.holding == Holding::own;
        if (wants_remote ? is_own : info.holding == Holding::known) continue;
        if (!call.decide(Action::discover, *reader, info.uid).allowed) continue;
        found.emplace_back(call.dataset_text(info.manifest), describe(call, *reader, info));
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    json::array datasets;
    for (auto& [name, description] : found) datasets.push_back(std::move(description));
    json::object document;
    document["datasets"] = std::move(datasets);
    return Reply(std::move(document));
}

Result<Reply> show_dataset(Call& call) {
    const auto reader = call.reader();
    const auto info = call.find_dataset(*reader, call.dataset_argument());
    if (!info) return std::unexpected(info.error());
    auto out = describe(call, *reader, *info);
    out["uid"] = info->uid.hex();
    out["manifest_number"] = info->manifest_number;
    json::array writers;
    for (const auto& writer : info->manifest.writers) writers.emplace_back(call.handle_of(writer));
    out["writers"] = std::move(writers);
    json::object merge;
    for (const auto& [field, strategy] : info->manifest.schema.strategies) merge[field] = strategy;
    json::object types;
    for (const auto& [field, type] : info->manifest.schema.types) types[field] = type;
    json::object groups;
    for (const auto& [group, fields] : info->manifest.schema.groups)
        groups[group] = json::array(fields.begin(), fields.end());
    out["merge"] = std::move(merge);
    out["types"] = std::move(types);
    out["groups"] = std::move(groups);
    return Reply(std::move(out));
}

Result<Reply> create_dataset(Call& call) {
    const auto body =
        call.body({"name", "title", "licence", "writers", "merge", "types", "groups"});
    if (!body) return std::unexpected(body.error());
    sync::DatasetSpec spec;
    for (const auto& [key, into] : {std::pair("name", &spec.name), std::pair("title", &spec.title),
                                    std::pair("licence", &spec.licence)}) {
        auto text = required_text(*body, key);
        if (!text) return std::unexpected(text.error());
        *into = std::move(*text);
    }
    auto writers = text_list(*body, "writers");
    if (!writers) return std::unexpected(writers.error());
    if (auto known = look_up(call, *writers); !known) return std::unexpected(known.error());
    spec.writers = std::move(*writers);
    auto schema = schema_from(*body, {});
    if (!schema) return std::unexpected(schema.error());
    spec.schema = std::move(*schema);
    const auto made = author_control(call, storage::Holding::own, [&](const ControlMaking& making) {
        return sync::create_dataset(making.reader, making.directory, making.author, spec,
                                    making.now);
    });
    if (!made) return std::unexpected(made.error());
    return described(call, made->entry.dataset_uid());
}

Result<Reply> set_dataset(Call& call) {
    const auto body = call.body({"title", "licence", "writers", "merge", "types", "groups"});
    if (!body) return std::unexpected(body.error());
    const auto reader = call.reader();
    const auto info = call.find_dataset(*reader, call.dataset_argument());
    if (!info) return std::unexpected(info.error());
    sync::DatasetChange change;
    auto title = optional_text(*body, "title");
    if (!title) return std::unexpected(title.error());
    change.title = std::move(*title);
    auto licence = optional_text(*body, "licence");
    if (!licence) return std::unexpected(licence.error());
    change.licence = std::move(*licence);
    if (body->contains("writers")) {
        auto writers = text_list(*body, "writers");
        if (!writers) return std::unexpected(writers.error());
        if (auto known = look_up(call, *writers); !known) return std::unexpected(known.error());
        change.writers = std::move(*writers);
    }
    if (touches_schema(*body)) {
        auto schema = schema_from(*body, info->manifest.schema);
        if (!schema) return std::unexpected(schema.error());
        auto keeps = sync::check_schema_change(
            info->manifest.schema, *schema,
            [&](const Path& path) { return has_data(*reader, info->uid, path); });
        if (!keeps) return std::unexpected(keeps.error());
        change.schema = std::move(*schema);
    }
    const auto made = author_control(call, std::nullopt, [&](const ControlMaking& making) {
        return sync::change_dataset(making.reader, making.directory, making.author, info->uid,
                                    change, making.now);
    });
    if (!made) return std::unexpected(made.error());
    return described(call, info->uid);
}

Result<Reply> resume_dataset(Call& call) {
    const auto reader = call.reader();
    const auto name = call.dataset_argument();
    const auto info = call.find_dataset(*reader, name);
    if (!info) return std::unexpected(info.error());
    if (info->holding != Holding::own)
        return fail("not_owner", "only the owner waits for control entries that it forgot", name,
                    "ask " + call.handle_of(info->manifest.owner) + " to do it",
                    ErrorKind::refused);
    const auto given_up = call.context.engine->call([&](sync::Engine& engine, Millis now) {
        auto numbers = sync::share_without_forgotten(*call.context.store, info->uid);
        engine.control_changed(info->uid, now);
        return numbers;
    });
    json::object out;
    out["dataset"] = call.dataset_text(info->manifest);
    json::array entries;
    for (const auto& [chain, number] : given_up)
        entries.push_back(json::object{{"chain", chain}, {"number", number}});
    out["given_up"] = std::move(entries);
    return Reply(std::move(out));
}

}  // namespace sangam::node
