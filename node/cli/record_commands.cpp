// SPDX-License-Identifier: Apache-2.0
// `sangam get|history|put|delete|restore`: one record.
#include <boost/json/array.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/table.hpp"

namespace sangam::node::cli {
namespace {

namespace json = boost::json;

struct RecordOptions {
    std::string record;
};

std::string short_id(const std::string& hex) { return hex.substr(0, 12); }

void print_record(const Session& session, const json::object& document) {
    auto& out = session.out();
    const auto& record = object_at(document, "record");
    out << printable(text_at(record, "dataset") + '/' + text_at(record, "collection") + '/' +
                     text_at(record, "id"))
        << '\n';
    Table fields({"field", "value"});
    for (const auto& [name, value] : object_at(record, "fields"))
        fields.add({std::string(name), shown(value)});
    fields.print(out, session.terminal().width);
    out << '\n';
    Table provenance({"written by", "time", "fields", "hidden", "verified", "commit"});
    for (const auto& entry : array_at(document, "provenance")) {
        const auto& change = entry.as_object();
        provenance.add({text_at(change, "author"), text_at(change, "time"),
                        std::to_string(array_at(change, "fields").size()),
                        std::to_string(number_at(change, "hidden")),
                        flag_at(change, "verified") ? "yes" : "NO",
                        short_id(text_at(change, "commit"))});
    }
    provenance.print(out, session.terminal().width);
    for (const auto& entry : array_at(document, "conflicts")) {
        const auto& conflict = entry.as_object();
        out << "conflict (" << text_at(conflict, "state") << ") in "
            << printable(text_at(conflict, "field")) << ": " << array_at(conflict, "values").size()
            << " values; see sangam conflicts show\n";
    }
}

int get(const Session& session, const RecordOptions& options) {
    const auto target = record_target(options.record);
    if (!target) return session.report(target.error());
    return session.finish(call_node(session, "GET", target->text()),
                          [&](const json::object& d) { print_record(session, d); });
}

/// One line of what a change said (the service's `says`).
std::string said(const json::object& entry) {
    const auto field = printable(text_at(entry, "field"));
    const auto action = text_at(entry, "action");
    const auto* held = entry.if_contains("value");
    const auto value = cut_to(printable(held ? shown(*held) : std::string()), 60);
    const auto by = printable(text_at(entry, "by"));
    if (action == "remove") return field + " removed";
    if (action == "add_element") return field + " + " + value;
    if (action == "remove_element") return field + " - " + value;
    if (action == "count") return field + ": " + value + " counted by this author in all";
    if (action == "propose") return field + " = " + value + " proposed by " + by;
    if (action == "answer_proposal") return field + ": the proposal of " + by + " is answered";
    if (action == "replaced_by") return "replaced by " + value;
    return field + " = " + value;
}

int history(const Session& session, const RecordOptions& options) {
    const auto target = record_target(options.record);
    if (!target) return session.report(target.error());
    return session.finish(
        call_node(session, "GET", target->text() + "/history"), [&](const json::object& document) {
            for (const auto& entry : array_at(document, "changes")) {
                const auto& change = entry.as_object();
                session.out() << text_at(change, "time") << "  "
                              << printable(text_at(change, "author")) << "  "
                              << text_at(change, "kind");
                if (const auto field = text_at(change, "resolves"); !field.empty())
                    session.out() << " of " << printable(field);
                session.out() << (flag_at(change, "live") ? "" : "  (superseded)") << '\n';
                if (const auto reason = text_at(change, "reason"); !reason.empty())
                    session.out() << "    because: " << printable(reason) << '\n';
                for (const auto& line : array_at(change, "says"))
                    session.out() << "    " << said(line.as_object()) << '\n';
                if (const auto hidden = number_at(change, "hidden"); hidden > 0)
                    session.out() << "    and " << hidden << " fields that are not shown to you\n";
            }
        });
}

struct PutOptions {
    std::string record;
    std::vector<std::string> assignments;
    std::vector<std::string> files;  ///< FIELD=FILE or FIELD:=FILE
    std::vector<std::string> unset;
};

/// FIELD=FILE with the file's whole content in its place: the shell passes on at most 128 KiB.
Result<std::string> assignment_from_file(const std::string& text) {
    std::size_t equals = 0;
    for (bool is_quoted = false; equals < text.size(); ++equals) {
        if (text[equals] == '"') is_quoted = !is_quoted;
        if (text[equals] == '=' && !is_quoted) break;
    }
    if (equals >= text.size() || equals == 0 || equals + 1 == text.size())
        return fail("bad_assignment", "not of the form FIELD=FILE or FIELD:=FILE", text,
                    "name the file with the value", ErrorKind::usage);
    const std::string file = text.substr(equals + 1);
    std::error_code error;
    if (!std::filesystem::exists(file, error))
        return fail("no_such_file", "there is no such file", file, "check its name",
                    ErrorKind::not_found);
    std::ifstream in(file, std::ios::binary);
    std::ostringstream content;
    if (!in || std::filesystem::is_directory(file, error) || !(content << in.rdbuf()) || in.bad())
        return fail("unreadable_file", "the file cannot be read, or is empty", file,
                    "check its permissions; FIELD= writes an empty text");
    return text.substr(0, equals + 1) + std::move(content).str();
}

int put_record(const Session& session, const PutOptions& options) {
    const auto target = record_target(options.record);
    if (!target) return session.report(target.error());
    json::object body;
    json::array set(options.assignments.begin(), options.assignments.end());
    for (const auto& each : options.files) {
        auto assignment = assignment_from_file(each);
        if (!assignment) return session.report(assignment.error());
        set.emplace_back(std::move(*assignment));
    }
    body["set"] = std::move(set);
    body["unset"] = json::array(options.unset.begin(), options.unset.end());
    if (options.assignments.empty() && options.files.empty() && options.unset.empty())
        return session.report({ErrorKind::usage, "nothing_to_put", "no field was named",
                               options.record, "give FIELD=VALUE, FIELD:=JSON or --unset FIELD"});
    return session.finish(
        call_node(session, "PATCH", target->text(), &body), [&](const json::object& done) {
            session.out() << (flag_at(done, "changed") ? "Written and signed: "
                                                       : "Says that already, nothing written: ")
                          << printable(text_at(done, "record")) << '\n';
        });
}

struct DeleteOptions {
    std::string record;
    std::optional<std::string> replaced_by;
};

int remove(const Session& session, const DeleteOptions& options) {
    auto target = record_target(options.record);
    if (!target) return session.report(target.error());
    if (options.replaced_by) target->parameter("replaced_by", *options.replaced_by);
    return session.finish(call_node(session, "DELETE", target->text()),
                          [&](const json::object& done) {
                              session.out() << "Deleted " << printable(text_at(done, "record"))
                                            << "; sangam restore brings it back.\n";
                          });
}

int restore(const Session& session, const RecordOptions& options) {
    const auto target = record_target(options.record);
    if (!target) return session.report(target.error());
    return session.finish(
        call_node(session, "POST", target->text() + "/restore"), [&](const json::object& done) {
            session.out() << "Restored " << printable(text_at(done, "record")) << '\n';
        });
}

constexpr const char* record_help =
    "institution/dataset/collection/id; % and / of the id as %25 and %2F";

}  // namespace

void add_record_commands(CLI::App& root, Session& session) {
    auto& get_command =
        *add_command(root, "get", "show a record, who wrote what of it, and its conflicts");
    auto get_options = std::make_shared<RecordOptions>();
    add_positional(get_command, "RECORD", get_options->record, record_help)->required();
    when_chosen(get_command, session, get_options, get);

    auto& history_command = *add_command(root, "history", "show every change to a record");
    auto history_options = std::make_shared<RecordOptions>();
    add_positional(history_command, "RECORD", history_options->record, record_help)->required();
    when_chosen(history_command, session, history_options, history);

    auto& put_command = *add_command(root, "put", "write fields of a record, or make it");
    auto put_options = std::make_shared<PutOptions>();
    add_positional(put_command, "RECORD", put_options->record, record_help)->required();
    add_positionals(put_command, "FIELD", put_options->assignments,
                    "FIELD=VALUE for text, FIELD:=JSON for numbers, flags and lists")
        ->required(false);
    add_repeatable(put_command, "--from", put_options->files, "FIELD=FILE",
                   "the value is the whole content of a file (FIELD:=FILE: JSON); may be repeated");
    add_repeatable(put_command, "--unset", put_options->unset, "FIELD",
                   "remove a field; may be repeated");
    when_chosen(put_command, session, put_options, put_record);

    auto& delete_command = *add_command(
        root, "delete", "delete a record everywhere; concurrent edits do not bring it back");
    auto delete_options = std::make_shared<DeleteOptions>();
    add_positional(delete_command, "RECORD", delete_options->record, record_help)->required();
    add_option(delete_command, "--replaced-by", delete_options->replaced_by, "RECORD",
               "the record that takes its place");
    when_chosen(delete_command, session, delete_options, remove);

    auto& restore_command = *add_command(root, "restore", "bring a deleted record back");
    auto restore_options = std::make_shared<RecordOptions>();
    add_positional(restore_command, "RECORD", restore_options->record, record_help)->required();
    when_chosen(restore_command, session, restore_options, restore);
}

}  // namespace sangam::node::cli
