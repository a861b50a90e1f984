// SPDX-License-Identifier: Apache-2.0
// `sangam subscribe|unsubscribe|subscriptions`: what this node wants of others' datasets.
#include <boost/json/array.hpp>

#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/table.hpp"

namespace sangam::node::cli {
namespace {

namespace json = boost::json;

struct SubscribeOptions {
    std::string dataset;
    std::string where;
};

int subscribe(const Session& session, const SubscribeOptions& options) {
    json::object body;
    body["dataset"] = options.dataset;
    if (!options.where.empty()) body["where"] = options.where;
    return session.finish(
        call_node(session, "POST", "/api/v1/subscriptions", &body), [&](const json::object& made) {
            session.out() << "Subscribed to " << options.dataset << "\n  subscription id  "
                          << text_at(made, "subscription_id")
                          << "\nIt starts by itself as soon as the owner lets it; see sangam "
                             "subscriptions.\n";
        });
}

struct UnsubscribeOptions {
    std::string id;
};

int unsubscribe(const Session& session, const UnsubscribeOptions& options) {
    TargetBuilder target("/api/v1/subscriptions");
    target.segment(options.id);
    return session.finish(call_node(session, "DELETE", target.text()), [&](const json::object&) {
        session.out() << "Unsubscribed; the copies held here are gone.\n";
    });
}

struct ListSubscriptionsOptions {};

int list_subscriptions(const Session& session, const ListSubscriptionsOptions&) {
    return session.finish(
        call_node(session, "GET", "/api/v1/subscriptions"), [&](const json::object& document) {
            Table table({"subscription id", "dataset", "state", "records", "of", "age"});
            std::string details;
            for (const auto& entry : array_at(document, "subscriptions")) {
                const auto& s = entry.as_object();
                table.add({text_at(s, "subscription_id"), text_at(s, "dataset"),
                           text_at(s, "state"), shown_count(number_at(s, "records")),
                           shown_count(number_at(s, "expected")),
                           shown_age(number_at(s, "age_s"))});
                if (const auto reason = text_at(s, "reason"); !reason.empty())
                    details += text_at(s, "subscription_id").substr(0, 8) + "  " + reason + '\n';
                if (const auto where = text_at(s, "where"); !where.empty())
                    details +=
                        text_at(s, "subscription_id").substr(0, 8) + "  only where " + where + '\n';
            }
            if (table.empty())
                session.out() << "No subscriptions: sangam dataset list --remote shows what there "
                                 "is.\n";
            else
                table.print(session.out(), session.terminal().width);
            if (!details.empty()) session.out() << '\n' << details;
        });
}

}  // namespace

void add_subscription_commands(CLI::App& root, Session& session) {
    auto& subscribe_command = *add_command(
        root, "subscribe", "hold a copy of another institution's dataset and keep it up to date");
    auto subscribe_options = std::make_shared<SubscribeOptions>();
    add_positional(subscribe_command, "DS", subscribe_options->dataset,
                   "institution/dataset; it may be one that is not visible yet")
        ->required();
    add_option(subscribe_command, "--where", subscribe_options->where, "COND",
               "only records of which the condition is true: \"genus = 'Oryza'\"");
    when_chosen(subscribe_command, session, subscribe_options, subscribe);

    auto& unsubscribe_command =
        *add_command(root, "unsubscribe", "end a subscription and drop the copies");
    auto unsubscribe_options = std::make_shared<UnsubscribeOptions>();
    add_positional(unsubscribe_command, "ID", unsubscribe_options->id,
                   "as `sangam subscriptions` prints it")
        ->required();
    when_chosen(unsubscribe_command, session, unsubscribe_options, unsubscribe);

    auto& list_command =
        *add_command(root, "subscriptions", "list the subscriptions and how far they are");
    when_chosen(list_command, session, std::make_shared<ListSubscriptionsOptions>(),
                list_subscriptions);
}

}  // namespace sangam::node::cli
