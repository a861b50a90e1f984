// SPDX-License-Identifier: Apache-2.0
// `sangam import` and `sangam export`: files go to the daemon and come from it as they are.
#include <unistd.h>

#include <boost/json/array.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/import_watch.hpp"
#include "node/cli/output_file.hpp"
#include "node/cli/progress.hpp"
#include "node/cli/table.hpp"
#include "node/http/target.hpp"
#include "protocol/bytes.hpp"

namespace sangam::node::cli {
namespace {

namespace json = boost::json;

struct ImportOptions {
    std::string dataset;
    std::vector<std::string> files;
    std::optional<std::string> collection;
    std::optional<std::string> format;
    std::optional<std::string> id;
    std::vector<std::string> maps;
    std::optional<std::string> source;
    std::optional<std::string> encoding;
    std::optional<std::string> delimiter;
    std::vector<std::string> missing;
    bool mirror = false;
    bool dry_run = false;
    std::optional<std::string> rejects;
};

Result<TargetBuilder> import_target(const ImportOptions& options) {
    TargetBuilder out("/api/v1/import");
    out.parameter("dataset", options.dataset);
    const auto add = [&](std::string_view name, const std::optional<std::string>& value) {
        if (value) out.parameter(name, *value);
    };
    add("collection", options.collection);
    add("format", options.format);
    add("id", options.id);
    add("source", options.source);
    add("encoding", options.encoding);
    add("delimiter", options.delimiter);
    for (const auto& map : options.maps) {
        if (const auto pair = split_assignment(map); !pair) return std::unexpected(pair.error());
        out.parameter("map", map);
    }
    for (const auto& missing : options.missing) out.parameter("missing", missing);
    if (options.mirror) out.parameter("mirror", "true");
    if (options.dry_run) out.parameter("dry_run", "true");
    if (options.rejects) out.parameter("rejected_rows", "true");
    for (const auto& file : options.files) {
        std::error_code error;
        if (!std::filesystem::exists(file, error) && !error)
            return fail("no_such_file", "there is no such file", file, "check its name",
                        ErrorKind::not_found);
        if (!std::filesystem::is_regular_file(file, error))
            return fail("unreadable_file",
                        error ? "the file cannot be read: " + error.message()
                              : "this is no file that can be read to its end, but a directory, a "
                                "pipe or a device",
                        file, "check its name and permissions", ErrorKind::failed);
        const auto size = std::filesystem::file_size(file, error);
        if (error)
            return fail("unreadable_file", "the file cannot be read: " + error.message(), file,
                        "check its permissions", ErrorKind::failed);
        if (!std::ifstream(file, std::ios::binary))
            return fail("unreadable_file", "the file cannot be opened", file,
                        "check its permissions", ErrorKind::failed);
        out.parameter("file", is_utf8(file) ? file : printable(file));
        out.parameter("size", std::to_string(size));
    }
    return out;
}

/// The rejected rows as the node gives them: CSV, with place and reason before the row's own cells.
Result<void> write_rejects(const std::string& path, const std::string& rows) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << rows;
    out.flush();
    if (out) return {};
    return fail("unwritable_file", "the rejected rows could not be written", path,
                "check the directory and the free space; the import itself is done");
}

void print_import(const Session& session, const ImportOptions& options, const json::object& r) {
    auto& out = session.out();
    out << shown_count(number_at(r, "read"))
        << " rows read: " << shown_count(number_at(r, "written"))
        << (options.dry_run ? " to write, " : " written, ")
        << shown_count(number_at(r, "unchanged")) << " unchanged, "
        << shown_count(number_at(r, "rejected")) << " rejected";
    if (!options.dry_run) out << ", in " << number_at(r, "commits") << " signed commits";
    out << '\n';
    for (const auto& notice : array_at(r, "notices"))
        out << "note: " << printable(shown(notice)) << '\n';
    constexpr std::size_t shown_rows = 20;
    const auto& rejects = array_at(r, "rejects");
    for (std::size_t i = 0; i < std::min(rejects.size(), shown_rows); ++i) {
        const auto& reject = rejects[i].as_object();
        const auto* column = reject.if_contains("column");
        out << "rejected " << printable(text_at(reject, "file")) << ':'
            << number_at(reject, "line");
        if (column && !column->is_null() && !shown(*column).empty())
            out << " (" << printable(shown(*column)) << ")";
        out << ": " << printable(text_at(reject, "reason")) << '\n';
    }
    if (rejects.size() > shown_rows)
        out << "... and " << rejects.size() - shown_rows
            << " more; --rejects FILE writes them all\n";
    const auto& findings = object_at(r, "findings");
    if (number_at(findings, "count") == 0) return;
    out << shown_count(number_at(findings, "count"))
        << (number_at(findings, "count") == 1 ? " finding" : " findings")
        << " (stored as written); the first ones:\n";
    Table table({"line", "field", "finding"});
    for (const auto& entry : array_at(findings, "first")) {
        const auto& finding = entry.as_object();
        table.add({std::to_string(number_at(finding, "line")), text_at(finding, "field"),
                   text_at(finding, "message")});
    }
    table.print(out, session.terminal().width);
}

int import(const Session& session, const ImportOptions& options) {
    auto target = import_target(options);
    if (!target) return session.report(target.error());
    // By which the node tells it from others that run at the same time.
    const auto name = std::to_string(::getpid()) + "-" +
                      std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
    target->parameter("name", name);
    http::ClientRequest request;
    request.method = "POST";
    request.target = target->text();
    request.content_type = "application/octet-stream";
    request.body_files = options.files;
    request.deadline = std::chrono::milliseconds(0);  // as long as the disk takes
    Result<json::object> report;
    {
        Progress progress(session.terminal(), "send", "sent; the node begins to write");
        request.progress = [&](std::uint64_t sent, std::uint64_t total) {
            progress.update(sent, total);
        };
        const ImportWatch watch(session, name);
        report = call(session, DaemonKind::node, request);
    }
    if (!report) return session.report(report.error());
    if (options.rejects) {
        const auto rows = text_at(*report, "rejected_rows");
        report->erase("rejected_rows");
        if (const auto written = write_rejects(*options.rejects, rows); !written)
            return session.report(written.error());
    }
    const bool is_done = number_at(*report, "rejected") == 0 && number_at(*report, "held") == 0;
    const int code = is_done ? 0 : 1;
    return session.finish(Outcome{*report, code},
                          [&](const json::object& r) { print_import(session, options, r); });
}

struct ExportOptions {
    std::string dataset;
    std::optional<std::string> where;
    std::optional<std::string> format;
    std::optional<std::string> collection;
    std::string out;
};

int export_to(const Session& session, const ExportOptions& options) {
    auto file = OutputFile::at(options.out);
    if (!file) return session.report(file.error());
    TargetBuilder target("/api/v1/export");
    target.parameter("dataset", options.dataset);
    if (options.where) target.parameter("where", *options.where);
    if (options.format) target.parameter("format", *options.format);
    if (options.collection) target.parameter("collection", *options.collection);
    http::ClientRequest request;
    request.target = target.text();
    request.response_file = file->path();
    request.deadline = std::chrono::milliseconds(0);
    const auto response = call_raw(session, DaemonKind::node, request);
    if (!response) return session.report(response.error());
    if (const auto kept = file->keep(); !kept) return session.report(kept.error());
    json::object document;
    document["written"] = 0;
    document["left_out"] = 0;
    json::array notices;
    for (const auto& [name, value] : response->headers) {
        if (name == "Sangam-Written") document["written"] = std::stoll(value);
        if (name == "Sangam-Left-Out") document["left_out"] = std::stoll(value);
        if (name == "Sangam-Notice")
            notices.emplace_back(http::percent_decode(value).value_or(value));
    }
    const bool is_shown = !session.wants_json || file->is_standard_output();
    for (const auto& notice : notices)
        if (is_shown) session.err() << "note: " << printable(shown(notice)) << '\n';
    document["notices"] = std::move(notices);
    if (file->is_standard_output()) return 0;  // the records are there, and nothing else
    return session.finish(Result<json::object>(document), [&](const json::object& d) {
        session.out() << shown_count(number_at(d, "written")) << " records written to "
                      << options.out << '\n';
    });
}

}  // namespace

void add_transfer_commands(CLI::App& root, Session& session) {
    auto& import_command = *add_command(
        root, "import",
        "write what files say into a dataset; cells that say the same as last time write nothing");
    auto options = std::make_shared<ImportOptions>();
    add_option(import_command, "--dataset", options->dataset, "DS", "the dataset")->required();
    add_positionals(import_command, "FILE", options->files, "the files, read as one run");
    add_option(import_command, "--collection", options->collection, "C",
               "the collection of csv rows: germplasm, observation, ...");
    add_option(import_command, "--format", options->format, "FORMAT",
               "mcpd, csv or brapi (default: csv when --collection or --id is given, else mcpd)");
    add_option(import_command, "--id", options->id, "COLUMN", "the column with the id of csv rows");
    add_repeatable(import_command, "--map", options->maps, "COLUMN=FIELD",
                   "the field that a column is stored in; may be repeated");
    add_option(import_command, "--source", options->source, "NAME",
               "names the source, whose previous import this one is compared with");
    add_option(import_command, "--encoding", options->encoding, "E",
               "utf-8, cp1252, ... (default: found out)");
    add_option(import_command, "--delimiter", options->delimiter, "D",
               "between cells: , ; | or tab (default: by the header)");
    add_repeatable(import_command, "--missing", options->missing, "TEXT",
                   "a cell with exactly this text counts as empty: NA; may be repeated");
    add_flag(import_command, "--mirror", options->mirror,
             "delete records whose rows disappeared; held when more than 15 % would go");
    add_flag(import_command, "--dry-run", options->dry_run, "say what would happen, write nothing");
    add_option(import_command, "--rejects", options->rejects, "F",
               "write the rejected rows with their places and reasons to this file");
    when_chosen(import_command, session, options, import);

    auto& export_command = *add_command(root, "export", "write a dataset's records to a file");
    auto export_options = std::make_shared<ExportOptions>();
    add_option(export_command, "--dataset", export_options->dataset, "DS", "the dataset")
        ->required();
    add_option(export_command, "--where", export_options->where, "COND",
               "only records of which the condition is true");
    add_option(export_command, "--format", export_options->format, "FORMAT",
               "mcpd, csv, brapi or ndjson (default ndjson)");
    add_option(export_command, "--collection", export_options->collection, "C",
               "the one collection of a csv or brapi file, where the dataset has several");
    add_option(export_command, "--out", export_options->out, "F",
               "the file to write; - is standard output")
        ->required();
    when_chosen(export_command, session, export_options, export_to);
}

}  // namespace sangam::node::cli
