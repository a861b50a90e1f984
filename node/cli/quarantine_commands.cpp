// SPDX-License-Identifier: Apache-2.0
// `sangam quarantine list|show|drop`: what could not be applied and was set aside.
#include <boost/json/array.hpp>

#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/table.hpp"

namespace sangam::node::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t value_columns = 60;

struct ListQuarantineOptions {
    std::optional<std::string> dataset;
};

int list_quarantine(const Session& session, const ListQuarantineOptions& options) {
    TargetBuilder target("/api/v1/quarantine");
    if (options.dataset) target.parameter("dataset", *options.dataset);
    return session.finish(
        call_node(session, "GET", target.text()), [&](const json::object& document) {
            Table table({"no", "dataset", "from", "time", "state", "reason"});
            for (const auto& entry : array_at(document, "items")) {
                const auto& item = entry.as_object();
                table.add({std::to_string(number_at(item, "id")), text_at(item, "dataset"),
                           text_at(item, "from"), text_at(item, "time").substr(0, 19),
                           text_at(item, "state"), text_at(item, "reason")});
            }
            if (table.empty()) {
                session.out() << "Nothing is set aside.\n";
                return;
            }
            table.print(session.out(), session.terminal().width);
            session.out() << "What waits is applied by itself once it can be. What stays is for a "
                             "person: see it with\nsangam quarantine show NO, and drop it when it "
                             "is dealt with.\n";
        });
}

struct QuarantineItemOptions {
    std::string number;
};

std::string target_of(const QuarantineItemOptions& options) {
    TargetBuilder target("/api/v1/quarantine");
    target.segment(options.number);
    return target.text();
}

void print_item(const Session& session, const json::object& item) {
    auto& out = session.out();
    out << "set aside " << text_at(item, "time") << "  " << printable(text_at(item, "dataset"))
        << "  from " << printable(text_at(item, "from")) << "\n  "
        << printable(text_at(item, "reason")) << '\n';
    const auto& commit = object_at(item, "commit");
    if (!commit.empty())
        out << "  written by " << printable(text_at(commit, "author")) << " at "
            << text_at(commit, "time") << ", commit " << number_at(commit, "sequence")
            << " of lane " << text_at(commit, "lane") << '\n';
    for (const auto& entry : array_at(item, "changes")) {
        const auto& change = entry.as_object();
        out << printable(text_at(change, "record")) << "  " << text_at(change, "kind") << '\n';
        for (const auto& [name, value] : object_at(change, "fields"))
            out << "    " << printable(name) << " = "
                << printable(cut_to(printable(shown(value)), value_columns)) << '\n';
        if (const auto hidden = number_at(change, "hidden"); hidden > 0)
            out << "    (and " << hidden << " fields that this node was not given)\n";
    }
}

int show_quarantined(const Session& session, const QuarantineItemOptions& options) {
    return session.finish(call_node(session, "GET", target_of(options)),
                          [&](const json::object& item) { print_item(session, item); });
}

int drop_quarantined(const Session& session, const QuarantineItemOptions& options) {
    return session.finish(
        call_node(session, "DELETE", target_of(options)), [&](const json::object& item) {
            session.out() << "Dropped: " << printable(text_at(item, "reason")) << '\n';
        });
}

}  // namespace

void add_quarantine_commands(CLI::App& root, Session& session) {
    auto& quarantine = *add_command_group(
        root, "quarantine", "what could not be applied and was set aside, with the reason");
    auto& list_command = *add_command(quarantine, "list", "list what is set aside");
    auto list_options = std::make_shared<ListQuarantineOptions>();
    add_option(list_command, "--dataset", list_options->dataset, "DS", "of this dataset only");
    when_chosen(list_command, session, list_options, list_quarantine);

    auto& show_command = *add_command(quarantine, "show", "show the records and values of one");
    auto show_options = std::make_shared<QuarantineItemOptions>();
    add_positional(show_command, "NO", show_options->number, "its number in the list")->required();
    when_chosen(show_command, session, show_options, show_quarantined);

    auto& drop_command =
        *add_command(quarantine, "drop", "drop one that was dealt with; it is gone for good");
    auto drop_options = std::make_shared<QuarantineItemOptions>();
    add_positional(drop_command, "NO", drop_options->number, "its number in the list")->required();
    when_chosen(drop_command, session, drop_options, drop_quarantined);
}

}  // namespace sangam::node::cli
