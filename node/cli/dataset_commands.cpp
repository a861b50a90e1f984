// SPDX-License-Identifier: Apache-2.0
// `sangam dataset ...`: making, listing and describing datasets.
#include <boost/json/array.hpp>

#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/table.hpp"

namespace sangam::node::cli {
namespace {

namespace json = boost::json;

/// What `create` and `set` share.
struct DescriptionOptions {
    std::string name;
    std::optional<std::string> title;
    std::optional<std::string> licence;
    std::optional<std::string> writers;
    std::vector<std::string> merge;
    std::vector<std::string> groups;
    std::vector<std::string> types;
};

json::array to_array(const std::vector<std::string>& texts) {
    return json::array(texts.begin(), texts.end());
}

Result<json::object> assignments(const std::vector<std::string>& options) {
    json::object out;
    for (const auto& option : options) {
        const auto pair = split_assignment(option);
        if (!pair) return std::unexpected(pair.error());
        out[pair->first] = pair->second;
    }
    return out;
}

Result<json::object> description(const DescriptionOptions& options) {
    json::object body;
    if (options.title) body["title"] = *options.title;
    if (options.licence) body["licence"] = *options.licence;
    if (options.writers) {
        json::array writers;
        if (!options.writers->empty()) {
            const auto names = split_commas(*options.writers);
            if (!names) return std::unexpected(names.error());
            writers = to_array(*names);
        }
        body["writers"] = std::move(writers);
    }
    auto merge = assignments(options.merge);
    if (!merge) return merge;
    if (!merge->empty()) body["merge"] = std::move(*merge);
    auto types = assignments(options.types);
    if (!types) return types;
    if (!types->empty()) body["types"] = std::move(*types);
    json::object groups;
    for (const auto& option : options.groups) {
        const auto pair = split_assignment(option);
        if (!pair) return std::unexpected(pair.error());
        const auto fields = split_commas(pair->second);
        if (!fields) return std::unexpected(fields.error());
        groups[pair->first] = to_array(*fields);
    }
    if (!groups.empty()) body["groups"] = std::move(groups);
    return body;
}

int create(const Session& session, const DescriptionOptions& options) {
    auto body = description(options);
    if (!body) return session.report(body.error());
    (*body)["name"] = options.name;
    return session.finish(call_node(session, "POST", "/api/v1/datasets", &*body),
                          [&](const json::object& made) {
                              session.out() << "Made " << text_at(made, "dataset")
                                            << ". Nobody else sees it until it is granted.\n";
                          });
}

int set_description(const Session& session, const DescriptionOptions& options) {
    const auto body = description(options);
    if (!body) return session.report(body.error());
    if (body->empty())
        return session.report({ErrorKind::usage, "nothing_to_set", "nothing was named to change",
                               options.name,
                               "name --title, --licence, --writers, --merge, --group, --type"});
    const auto target = dataset_target(options.name);
    if (!target) return session.report(target.error());
    return session.finish(call_node(session, "PATCH", target->text(), &*body),
                          [&](const json::object& changed) {
                              session.out() << "Changed " << text_at(changed, "dataset") << '\n';
                          });
}

struct ListDatasetsOptions {
    bool remote = false;
};

int list_datasets(const Session& session, const ListDatasetsOptions& options) {
    const std::string target = options.remote ? "/api/v1/datasets?remote=true" : "/api/v1/datasets";
    return session.finish(call_node(session, "GET", target), [&](const json::object& document) {
        Table table({"dataset", "records", "can", "licence", "title"});
        for (const auto& entry : array_at(document, "datasets")) {
            const auto& dataset = entry.as_object();
            std::string can;
            for (const auto& action : array_at(dataset, "can"))
                can += (can.empty() ? "" : ",") + shown(action);
            table.add({text_at(dataset, "dataset"), shown_count(number_at(dataset, "records")), can,
                       text_at(dataset, "licence"), text_at(dataset, "title")});
        }
        if (table.empty()) {
            session.out() << (options.remote
                                  ? "No dataset of another institution is visible here.\n"
                                  : "No datasets yet: sangam dataset create NAME ...\n");
            return;
        }
        table.print(session.out(), session.terminal().width);
    });
}

struct ShowDatasetOptions {
    std::string name;
};

void print_pairs(const Session& session, std::string_view heading, const json::object& pairs) {
    if (pairs.empty()) return;
    session.out() << heading << '\n';
    for (const auto& [name, value] : pairs)
        session.out() << "  " << printable(name) << " = " << printable(shown(value)) << '\n';
}

int show_dataset(const Session& session, const ShowDatasetOptions& options) {
    const auto target = dataset_target(options.name);
    if (!target) return session.report(target.error());
    return session.finish(call_node(session, "GET", target->text()), [&](const json::object& d) {
        session.out() << text_at(d, "dataset") << "\n  title     " << printable(text_at(d, "title"))
                      << "\n  licence   " << printable(text_at(d, "licence")) << "\n  owner     "
                      << text_at(d, "owner") << "\n  here as   " << text_at(d, "holding")
                      << "\n  records   " << shown_count(number_at(d, "records"))
                      << "\n  manifest  " << number_at(d, "manifest_number") << "\n  uid       "
                      << text_at(d, "uid") << '\n';
        if (!array_at(d, "writers").empty())
            session.out() << "  writers   " << shown(array_at(d, "writers")) << '\n';
        print_pairs(session, "merge strategies set here:", object_at(d, "merge"));
        print_pairs(session, "types set here:", object_at(d, "types"));
        print_pairs(session, "groups set here:", object_at(d, "groups"));
    });
}

int resume_dataset(const Session& session, const ShowDatasetOptions& options) {
    const auto target = dataset_target(options.name);
    if (!target) return session.report(target.error());
    const json::object nothing;
    return session.finish(
        call_node(session, "POST", target->text() + "/resume", &nothing),
        [&](const json::object& done) {
            const auto& given_up = array_at(done, "given_up");
            if (given_up.empty()) {
                session.out() << "Nothing was waited for: " << text_at(done, "dataset") << '\n';
                return;
            }
            session.out() << "Shared again as the entries held here say: "
                          << text_at(done, "dataset") << "\nNot waited for any more:\n";
            for (const auto& entry : given_up)
                session.out() << "  entry " << number_at(entry.as_object(), "number") << " of "
                              << text_at(entry.as_object(), "chain") << '\n';
        });
}

void add_description(CLI::App& command, DescriptionOptions& options) {
    add_option(command, "--title", options.title, "T", "what it is, in a line");
    add_option(command, "--licence", options.licence, "L",
               "under which others may use it: CC-BY-4.0, SMTA, ...");
    add_option(command, "--writers", options.writers, "h1,h2",
               "institutions that may write besides the owner");
    add_repeatable(
        command, "--merge", options.merge, "FIELD_OR_GROUP=STRATEGY",
        "how concurrent edits are settled: latest, owner_wins, keep_all, union, precision, "
        "max, min, sum, identity");
    add_repeatable(command, "--group", options.groups, "NAME=f1,f2",
                   "fields that are written and settled together");
    add_repeatable(command, "--type", options.types, "FIELD=TYPE",
                   "how a field is compared: text, number, date or code");
}

}  // namespace

void add_dataset_commands(CLI::App& root, Session& session) {
    auto& dataset = *add_command_group(root, "dataset",
                                       "the units that are owned, described, licensed and shared");

    auto& create_command = *add_command(dataset, "create", "make a dataset of this institution");
    auto create_options = std::make_shared<DescriptionOptions>();
    add_positional(create_command, "NAME", create_options->name,
                   "small letters, digits and dashes: rice-genebank")
        ->required();
    add_description(create_command, *create_options);
    create_command.get_option("--title")->required();
    create_command.get_option("--licence")->required();
    when_chosen(create_command, session, create_options, create);

    auto& list_command = *add_command(dataset, "list", "list the datasets that are held here");
    auto list_options = std::make_shared<ListDatasetsOptions>();
    add_flag(list_command, "--remote", list_options->remote,
             "those of other institutions that are visible here, held or not");
    when_chosen(list_command, session, list_options, list_datasets);

    auto& set_command = *add_command(
        dataset, "set", "change a dataset's description, writers or rules; what is named replaces");
    auto set_options = std::make_shared<DescriptionOptions>();
    add_positional(set_command, "NAME", set_options->name, "the dataset")->required();
    add_description(set_command, *set_options);
    when_chosen(set_command, session, set_options, set_description);

    auto& show_command = *add_command(dataset, "show", "show a dataset's description and rules");
    auto show_options = std::make_shared<ShowDatasetOptions>();
    add_positional(show_command, "NAME", show_options->name, "the dataset")->required();
    when_chosen(show_command, session, show_options, show_dataset);

    auto& resume_command = *add_command(
        dataset, "resume",
        "share a dataset again without the control entries that a holder says were forgotten");
    auto resume_options = std::make_shared<ShowDatasetOptions>();
    add_positional(resume_command, "NAME", resume_options->name, "the dataset")->required();
    when_chosen(resume_command, session, resume_options, resume_dataset);
}

}  // namespace sangam::node::cli
