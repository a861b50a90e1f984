// SPDX-License-Identifier: Apache-2.0
// Grants, and who holds what under them.
#include <algorithm>
#include <boost/json/array.hpp>
#include <tuple>

#include "node/service/control_author.hpp"
#include "node/service/field_data.hpp"
#include "node/service/verbs.hpp"
#include "protocol/mcpd.hpp"
#include "protocol/similar_names.hpp"
#include "sync/control_author.hpp"
#include "sync/former_writers.hpp"
#include "sync/row_scope.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;

/// When each grant of a dataset was made, by its id.
std::map<GrantId, Millis> creation_times(const storage::Reader& reader, const DatasetUid& uid) {
    std::map<GrantId, Millis> out;
    for (const auto& [chain, number] : reader.control_numbers(uid))
        for (const auto& entry : reader.control(uid, chain, 0))
            if (const auto* grant = std::get_if<Grant>(&entry.entry.body))
                out[grant->id] = Millis(entry.entry.hlc.unix_ms());
    return out;
}

/// Records that holders must drop because no grant lets them replicate them any more.
std::uint64_t records_to_withdraw(const Call& call, const storage::Reader& reader,
                                  const DatasetUid& dataset) {
    constexpr std::size_t page_size = 1000;
    std::uint64_t sum = 0;
    const auto directory = call.context.membership->view();
    const auto info = reader.dataset(dataset);
    if (!info) return 0;
    for (const auto& served : reader.served_subscriptions()) {
        if (served.dataset != dataset) continue;
        const auto scope = sync::decide(sync::Asker::member(served.institution), Action::replicate,
                                        dataset, reader, *directory);
        if (scope.allowed && !scope.depends_on_rows()) continue;
        const sync::RowJudge judge(scope, info->manifest, *call.context.merger);
        storage::RecordNumber after{};
        while (true) {
            const auto page = reader.delivered_records(served.id, after, page_size);
            for (const auto number : page) {
                after = number;
                const auto record = reader.record(number);
                if (!scope.allowed || (record && !judge.of(*record).is_visible())) ++sum;
            }
            if (page.size() < page_size) break;
        }
    }
    return sum;
}

/// The fields that a grant hides, each as `get` shows it or by its MCPD name, as in conditions.
Result<std::vector<Path>> hidden_fields(const json::object& body) {
    std::vector<Path> out;
    if (!body.contains("hide")) return out;
    const auto fields = text_list(body, "hide");
    if (!fields) return std::unexpected(fields.error());
    for (const auto& field : *fields) {
        if (const auto* column = find_mcpd_column(field)) {
            out.push_back(column->path);
            continue;
        }
        auto path = Path::parse(field);
        if (!path) return std::unexpected(path.error());
        out.push_back(std::move(*path));
    }
    return out;
}

/// The nodes of the institutions that the manifest names as writers: each holds all of it from the
/// moment it sees the manifest. Over which of the others it got what, no single node knows, so all
/// of it counts as held.
json::array writer_rows(const Call& call, const storage::Reader& reader,
                        const storage::DatasetInfo& info) {
    json::array out;
    for (const auto& writer : info.manifest.writers) {
        Millis since{};
        for (const auto& entry : reader.control(info.uid, std::string(chain_for_all), 0)) {
            const auto* manifest = std::get_if<Manifest>(&entry.entry.body);
            const bool names_it = manifest && std::ranges::binary_search(manifest->writers, writer);
            if (!names_it)
                since = Millis{};
            else if (since == Millis{})
                since = Millis(entry.entry.hlc.unix_ms());
        }
        for (const auto& node : call.directory->nodes_of(writer)) {
            if (node == call.context.node) continue;
            json::object row;
            row["institution"] = call.handle_of(writer);
            row["node_id"] = node.hex();
            row["records"] = info.live_records;
            row["since"] = time_or_null(since);
            row["last_ack"] = nullptr;
            row["withdrawals_pending"] = 0;
            row["writer"] = true;
            out.push_back(std::move(row));
        }
    }
    // Whom the owner took out holds all of it until it has shown that it removed its copy.
    if (info.holding != storage::Holding::own) return out;
    for (const auto& former : sync::unconfirmed_former_writers(reader, *call.directory, info.uid)) {
        json::object row;
        row["institution"] = call.handle_of(former.institution);
        row["node_id"] = former.node.hex();
        row["records"] = info.live_records;
        row["since"] = time_or_null(former.since);
        row["last_ack"] = nullptr;
        row["withdrawals_pending"] = info.live_records;
        row["writer"] = false;
        out.push_back(std::move(row));
    }
    return out;
}

}  // namespace

Result<Reply> add_grant(Call& call) {
    const auto body = call.body({"dataset", "to", "can", "where", "hide"});
    if (!body) return std::unexpected(body.error());
    const auto dataset = required_text(*body, "dataset");
    if (!dataset) return std::unexpected(dataset.error());
    const auto reader = call.reader();
    const auto info = call.find_dataset(*reader, *dataset);
    if (!info) return std::unexpected(info.error());
    sync::GrantSpec spec;
    spec.dataset = info->uid;
    auto audience = required_text(*body, "to");
    if (!audience) return std::unexpected(audience.error());
    if (audience->starts_with("group:"))
        return fail("no_groups", "the federation's directory has no groups", *audience,
                    "grant to an institution's handle, to members or to public",
                    ErrorKind::refused);
    if (*audience != "members" && *audience != "public")
        if (auto known = call.find_institution(*audience); !known)
            return std::unexpected(known.error());
    spec.audience = std::move(*audience);
    const auto actions = text_list(*body, "can");
    if (!actions) return std::unexpected(actions.error());
    for (const auto& text : *actions) {
        const auto action = action_from_text(text);
        if (!action)
            return fail("unknown_action", "this is nothing that a grant can allow", text,
                        "the actions are discover, search, aggregate and replicate",
                        ErrorKind::usage);
        spec.actions.insert(*action);
    }
    const auto where = optional_text(*body, "where");
    if (!where) return std::unexpected(where.error());
    spec.where = where->value_or("");
    auto hide = hidden_fields(*body);
    if (!hide) return std::unexpected(hide.error());
    spec.hide = std::move(*hide);
    const auto made = author_control(call, std::nullopt, [&](const ControlMaking& making) {
        return sync::add_grant(making.reader, making.directory, making.author, spec, making.now);
    });
    if (!made) return std::unexpected(made.error());
    json::object document;
    document["grant_id"] = std::get<Grant>(made->entry.body).id.hex();
    // A slip in the name of a field would hide nothing of what it was meant for. It may also be for
    // data to come, so the grant stands.
    json::array unused;
    json::object similar;
    std::optional<std::set<std::string>> names;
    for (const Path& path : std::get<Grant>(made->entry.body).hide) {
        if (find_mcpd_field(path) || has_data(*reader, info->uid, path)) continue;
        const auto text = path.text();
        unused.emplace_back(text);
        if (!names) {
            names = fields_with_data(*reader, info->uid);
            for (const McpdColumn& column : mcpd_columns()) names->emplace(column.name);
        }
        const auto meant = similar_names(text, *names);
        if (!meant.empty()) similar[text] = json::array(meant.begin(), meant.end());
    }
    document["hides_nothing_yet"] = std::move(unused);
    document["similar_fields"] = std::move(similar);
    return Reply(std::move(document));
}

Result<Reply> list_grants(Call& call) {
    const auto reader = call.reader();
    std::vector<std::pair<std::tuple<std::string, Millis, GrantId>, json::object>> found;
    for (const auto& info : reader->datasets()) {
        if (info.manifest.owner != call.own_institution) continue;
        const auto policy = sync::DatasetPolicy::load(*reader, info.uid);
        if (!policy) continue;
        const auto dataset = call.dataset_text(info.manifest);
        const auto times = creation_times(*reader, info.uid);
        for (const auto& grant : policy->grants) {
            json::object entry;
            entry["grant_id"] = grant.id.hex();
            entry["dataset"] = dataset;
            entry["to"] = sync::audience_text(grant.audience, *call.directory);
            json::array can;
            for (const auto action : grant.actions) can.emplace_back(sangam::to_text(action));
            entry["can"] = std::move(can);
            entry["where"] = grant.where;
            json::array hide;
            for (const auto& path : grant.hide) hide.emplace_back(path.text());
            entry["hide"] = std::move(hide);
            const auto time = times.find(grant.id);
            const auto created = time == times.end() ? Millis(0) : time->second;
            entry["created"] = time_or_null(created);
            found.emplace_back(std::tuple(dataset, created, grant.id), std::move(entry));
        }
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    json::array grants;
    for (auto& [order, entry] : found) grants.push_back(std::move(entry));
    json::object document;
    document["grants"] = std::move(grants);
    return Reply(std::move(document));
}

Result<Reply> revoke_grant(Call& call) {
    const auto id = GrantId::from_hex(call.arguments[0]);
    if (!id)
        return fail("bad_grant_id", "this is no grant id", call.arguments[0],
                    "copy it from sangam grant list", ErrorKind::usage);
    std::uint64_t withdrawn = 0;
    const auto made = author_control(
        call, std::nullopt,
        [&](const ControlMaking& making) {
            return sync::revoke_grant(making.reader, making.directory, making.author, *id,
                                      making.now);
        },
        [&](const storage::Reader& after, const SignedControl& entry) {
            withdrawn = records_to_withdraw(call, after, entry.entry.dataset_uid());
        });
    if (!made) return std::unexpected(made.error());
    json::object document;
    document["withdrawn"] = withdrawn;
    return Reply(std::move(document));
}

Result<Reply> list_holders(Call& call) {
    const auto reader = call.reader();
    const auto name = call.dataset_argument();
    const auto info = call.find_dataset(*reader, name);
    if (!info) return std::unexpected(info.error());
    if (info->holding != storage::Holding::own && info->holding != storage::Holding::writer)
        return fail("not_known_here", "who holds a dataset is known to its owner's node alone",
                    name,
                    "ask its owner; sangam search and get name the nodes that answer for a record",
                    ErrorKind::refused);
    const auto uid = info->uid;
    const auto status = call.context.engine->call(
        [](const sync::Engine& engine, Millis now) { return engine.status(now); });
    json::array holders = writer_rows(call, *reader, *info);
    for (const auto& serving : status.serving) {
        const auto records = serving.sent + serving.acknowledged;
        if (serving.dataset_uid != uid) continue;
        if (serving.has_ended && records == 0 && serving.withdrawals_pending == 0) continue;
        json::object entry;
        entry["institution"] = serving.institution;
        entry["node_id"] = serving.node.hex();
        entry["records"] = records;
        entry["since"] = time_or_null(serving.since);
        entry["last_ack"] = time_or_null(serving.last_ack);
        entry["withdrawals_pending"] = serving.withdrawals_pending;
        entry["writer"] = false;
        holders.push_back(std::move(entry));
    }
    json::object document;
    document["holders"] = std::move(holders);
    // A writer knows those whom it serves itself, and the other writers.
    // Each of the institution's nodes knows whom it serves itself.
    document["complete"] = info->holding == storage::Holding::own &&
                           call.directory->nodes_of(call.own_institution).size() <= 1;
    return Reply(std::move(document));
}

}  // namespace sangam::node
