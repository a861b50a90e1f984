// SPDX-License-Identifier: Apache-2.0
// `sangam grant ...` and `sangam holders`: who may see what, and who holds what.
#include <boost/json/array.hpp>
#include <map>
#include <string>
#include <utility>

#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/table.hpp"

namespace sangam::node::cli {
namespace {

namespace json = boost::json;

struct GrantOptions {
    std::string dataset;
    std::string to;
    std::string can;
    std::string where;
    std::string hide;
};

int add_grant(const Session& session, const GrantOptions& options) {
    const auto actions = split_commas(options.can);
    if (!actions) return session.report(actions.error());
    json::object body;
    body["dataset"] = options.dataset;
    body["to"] = options.to;
    body["can"] = json::array(actions->begin(), actions->end());
    if (!options.where.empty()) body["where"] = options.where;
    if (!options.hide.empty()) {
        const auto fields = split_commas(options.hide);
        if (!fields) return session.report(fields.error());
        body["hide"] = json::array(fields->begin(), fields->end());
    }
    const auto made = call_node(session, "POST", "/api/v1/grants", &body);
    if (made) {
        // Not on standard output, where scripts read the document.
        for (const auto& field : array_at(*made, "hides_nothing_yet")) {
            session.err() << "note: no record has the field " << printable(shown(field))
                          << " now, so it hides nothing yet";
            const auto* similar = object_at(*made, "similar_fields").if_contains(shown(field));
            if (similar) session.err() << "; similar: " << printable(shown(*similar));
            session.err() << '\n';
        }
    }
    return session.finish(made, [&](const json::object& grant) {
        session.out() << "Granted: " << options.to << " can " << options.can << " on "
                      << options.dataset << "\n  grant id  " << text_at(grant, "grant_id") << '\n';
    });
}

struct ListGrantsOptions {};

int list_grants(const Session& session, const ListGrantsOptions&) {
    return session.finish(
        call_node(session, "GET", "/api/v1/grants"), [&](const json::object& document) {
            std::map<std::string, Table> tables;  // by dataset
            std::string details;
            for (const auto& entry : array_at(document, "grants")) {
                const auto& grant = entry.as_object();
                const auto& actions = array_at(grant, "can");
                std::string can;
                for (const auto& action : actions)  // every other action includes discover
                    if (actions.size() == 1 || shown(action) != "discover")
                        can += (can.empty() ? "" : ",") + shown(action);
                std::string hidden;
                for (const auto& field : array_at(grant, "hide"))
                    hidden += (hidden.empty() ? "" : ",") + shown(field);
                tables
                    .try_emplace(text_at(grant, "dataset"),
                                 Table({"grant id", "to", "can", "created"}))
                    .first->second.add({text_at(grant, "grant_id"), text_at(grant, "to"), can,
                                        text_at(grant, "created").substr(0, 10)});
                const auto id = text_at(grant, "grant_id").substr(0, 8);
                if (const auto where = text_at(grant, "where"); !where.empty())
                    details += id + "  only where " + where + '\n';
                if (!hidden.empty()) details += id + "  without " + hidden + '\n';
            }
            if (tables.empty())
                session.out() << "Nothing is shared: sangam grant add --dataset DS --to ... --can "
                                 "...\n";
            bool is_first = true;
            for (const auto& [dataset, table] : tables) {
                session.out() << (std::exchange(is_first, false) ? "" : "\n") << printable(dataset)
                              << '\n';
                table.print(session.out(), session.terminal().width);
            }
            if (!details.empty()) session.out() << '\n' << details;
        });
}

struct RevokeGrantOptions {
    std::string grant;
};

int revoke_grant(const Session& session, const RevokeGrantOptions& options) {
    TargetBuilder target("/api/v1/grants");
    target.segment(options.grant);
    return session.finish(
        call_node(session, "DELETE", target.text()), [&](const json::object& document) {
            session.out() << "Revoked. " << shown_count(number_at(document, "withdrawn"))
                          << " records are to be dropped by those who hold them; `sangam holders` "
                             "shows how far that is.\n";
        });
}

struct HoldersOptions {
    std::string dataset;
};

int holders(const Session& session, const HoldersOptions& options) {
    const auto target = dataset_target(options.dataset);
    if (!target) return session.report(target.error());
    return session.finish(
        call_node(session, "GET", target->text() + "/holders"), [&](const json::object& document) {
            Table table({"institution", "node", "records", "since", "last answer", "to withdraw"});
            for (const auto& entry : array_at(document, "holders")) {
                const auto& holder = entry.as_object();
                table.add({text_at(holder, "institution"), text_at(holder, "node_id").substr(0, 12),
                           shown_count(number_at(holder, "records")),
                           text_at(holder, "since").substr(0, 16),
                           text_at(holder, "last_ack").substr(0, 16),
                           shown_count(number_at(holder, "withdrawals_pending"))});
            }
            if (table.empty())
                session.out() << "Nobody else holds anything of it.\n";
            else
                table.print(session.out(), session.terminal().width);
            if (!flag_at(document, "complete"))
                session.out() << "Whom the dataset's owner serves besides, its node alone knows.\n";
        });
}

}  // namespace

void add_sharing_commands(CLI::App& root, Session& session) {
    auto& grant = *add_command_group(root, "grant", "what others may do with a dataset of yours");

    auto& add_command_ =
        *add_command(grant, "add", "share a dataset; without a grant nobody sees it");
    auto add_options = std::make_shared<GrantOptions>();
    add_option(add_command_, "--dataset", add_options->dataset, "DS", "the dataset")->required();
    add_option(add_command_, "--to", add_options->to, "AUDIENCE",
               "an institution's handle, `members` (whom the registry admits) or `public`")
        ->required();
    add_option(add_command_, "--can", add_options->can, "ACTION,...",
               "discover (see that it exists), search, aggregate, replicate (hold a copy)")
        ->required();
    add_option(add_command_, "--where", add_options->where, "COND",
               "only records of which the condition is true: \"countryOfOriginCode = 'PHL'\"");
    add_option(add_command_, "--hide", add_options->hide, "FIELD,...",
               "fields that do not show, with all below them: collectingInfo.collectingSite");
    when_chosen(add_command_, session, add_options, add_grant);

    auto& list_command = *add_command(grant, "list", "list the grants that hold");
    when_chosen(list_command, session, std::make_shared<ListGrantsOptions>(), list_grants);

    auto& revoke_command =
        *add_command(grant, "revoke", "end a grant; who holds records under it must drop them");
    auto revoke_options = std::make_shared<RevokeGrantOptions>();
    add_positional(revoke_command, "GRANT_ID", revoke_options->grant, "as `grant list` prints it")
        ->required();
    when_chosen(revoke_command, session, revoke_options, revoke_grant);

    auto& holders_command =
        *add_command(root, "holders", "who holds records of a dataset, as sent and acknowledged");
    auto holders_options = std::make_shared<HoldersOptions>();
    add_positional(holders_command, "DS", holders_options->dataset, "the dataset")->required();
    when_chosen(holders_command, session, holders_options, holders);
}

}  // namespace sangam::node::cli
