// SPDX-License-Identifier: Apache-2.0
// `sangam conflicts list|show|resolve`: concurrent edits of one field, settled by its strategy or
// open.
#include <boost/json/array.hpp>

#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/table.hpp"

namespace sangam::node::cli {
namespace {

namespace json = boost::json;

struct ListConflictsOptions {
    bool all = false;
    std::optional<std::string> dataset;
};

int list_conflicts(const Session& session, const ListConflictsOptions& options) {
    TargetBuilder target("/api/v1/conflicts");
    if (options.all) target.parameter("all", "true");
    if (options.dataset) target.parameter("dataset", *options.dataset);
    return session.finish(
        call_node(session, "GET", target.text()), [&](const json::object& document) {
            Table table({"record", "field", "strategy", "state", "values"});
            for (const auto& entry : array_at(document, "conflicts")) {
                const auto& conflict = entry.as_object();
                table.add({text_at(conflict, "record"), text_at(conflict, "field"),
                           text_at(conflict, "strategy"), text_at(conflict, "state"),
                           std::to_string(array_at(conflict, "values").size())});
            }
            if (table.empty())
                session.out() << (options.all ? "No conflicts.\n" : "No open conflicts.\n");
            else
                table.print(session.out(), session.terminal().width);
        });
}

struct ShowConflictOptions {
    std::string record;
    std::string field;
};

void print_conflict(const Session& session, const json::object& conflict) {
    auto& out = session.out();
    out << printable(text_at(conflict, "record")) << "  " << printable(text_at(conflict, "field"))
        << "\n  strategy " << text_at(conflict, "strategy") << ", " << text_at(conflict, "state")
        << '\n';
    Table table({"no", "value", "written by", "time"});
    std::size_t number = 1;
    for (const auto& entry : array_at(conflict, "values")) {
        const auto& value = entry.as_object();
        const auto* v = value.if_contains("value");
        table.add({std::to_string(number++), v ? shown(*v) : "-", text_at(value, "author"),
                   text_at(value, "time")});
    }
    table.print(out, session.terminal().width);
    const auto* chosen = conflict.if_contains("chosen");
    const bool is_shown = chosen && !chosen->is_null();
    const auto* resolved = conflict.if_contains("resolved");
    if (!resolved) {
        if (is_shown) out << "shown: " << printable(shown(*chosen)) << '\n';
        return;
    }
    const auto& by = resolved->as_object();
    const auto reason = text_at(by, "reason");
    out << (reason.empty() ? "written over by " : "resolved by ")
        << printable(text_at(by, "author")) << " at " << text_at(by, "time") << ": "
        << (is_shown ? printable(shown(*chosen)) : std::string("removed")) << '\n';
    if (!reason.empty()) out << "because: " << printable(reason) << '\n';
}

int show_conflict(const Session& session, const ShowConflictOptions& options) {
    const auto record = record_target(options.record);
    if (!record) return session.report(record.error());
    TargetBuilder target("/api/v1/conflicts" + record->text().substr(sizeof "/api/v1/records" - 1));
    target.segment(options.field);
    return session.finish(call_node(session, "GET", target.text()),
                          [&](const json::object& conflict) {
                              print_conflict(session, conflict);
                              for (const auto& before : array_at(conflict, "settled_before")) {
                                  session.out() << "\nand before that:\n";
                                  print_conflict(session, before.as_object());
                              }
                          });
}

struct ResolveOptions {
    std::string record;
    std::string field;
    std::uint32_t take = 0;
    std::optional<std::string> value;
    std::string reason;
};

int resolve(const Session& session, const ResolveOptions& options) {
    if ((options.take == 0) == !options.value)
        return session.report({ErrorKind::usage, "bad_resolution",
                               "one of the values is taken, or another one given", options.field,
                               "give --take N, counted from 1, or --value V"});
    const auto record = record_target(options.record);
    if (!record) return session.report(record.error());
    TargetBuilder target("/api/v1/conflicts" + record->text().substr(sizeof "/api/v1/records" - 1));
    target.segment(options.field);
    json::object body;
    if (options.value)
        body["value"] = *options.value;
    else
        body["take"] = options.take;
    body["reason"] = options.reason;
    return session.finish(
        call_node(session, "POST", target.text(), &body), [&](const json::object& done) {
            const auto* chosen = done.if_contains("chosen");
            session.out() << printable(text_at(done, "record")) << "  "
                          << printable(text_at(done, "field")) << " is now "
                          << (chosen && !chosen->is_null() ? printable(shown(*chosen))
                                                           : std::string("removed"))
                          << "\n";
        });
}

}  // namespace

void add_conflict_commands(CLI::App& root, Session& session) {
    auto& conflicts = *add_command_group(root, "conflicts",
                                         "edits that did not know of each other, and what became "
                                         "of them");
    auto& list_command = *add_command(conflicts, "list", "list open conflicts");
    auto list_options = std::make_shared<ListConflictsOptions>();
    add_flag(list_command, "--all", list_options->all, "also those that a strategy settled");
    add_option(list_command, "--dataset", list_options->dataset, "DS", "of this dataset only");
    when_chosen(list_command, session, list_options, list_conflicts);

    auto& show_command = *add_command(conflicts, "show", "show a conflict's values and authors");
    auto show_options = std::make_shared<ShowConflictOptions>();
    add_positional(show_command, "RECORD", show_options->record,
                   "institution/dataset/collection/id")
        ->required();
    add_positional(show_command, "FIELD", show_options->field, "the field or group")->required();
    when_chosen(show_command, session, show_options, show_conflict);

    auto& resolve_command =
        *add_command(conflicts, "resolve", "settle a conflict for every node, with a reason");
    auto resolve_options = std::make_shared<ResolveOptions>();
    add_positional(resolve_command, "RECORD", resolve_options->record,
                   "institution/dataset/collection/id")
        ->required();
    add_positional(resolve_command, "FIELD", resolve_options->field, "the field or group")
        ->required();
    add_number(resolve_command, "--take", resolve_options->take, "N",
               "the value of that number in `conflicts show`");
    add_option(resolve_command, "--value", resolve_options->value, "V",
               "another value; of a group, a JSON object of its fields");
    add_option(resolve_command, "--reason", resolve_options->reason, "TEXT",
               "why; it is kept in the record's history")
        ->required();
    when_chosen(resolve_command, session, resolve_options, resolve);
}

}  // namespace sangam::node::cli
