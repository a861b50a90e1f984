// SPDX-License-Identifier: Apache-2.0
// `sangam search`: over the whole federation, or what this node holds.
#include <algorithm>
#include <boost/json/array.hpp>
#include <cstdio>

#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/table.hpp"

namespace sangam::node::cli {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

/// What an answer may take beyond the search's own deadline, until the command gives up.
constexpr milliseconds answer_margin{15'000};

struct SearchOptions {
    std::string query;
    std::optional<std::string> where;
    std::vector<std::string> facets;
    std::optional<std::string> sort;
    std::uint32_t limit = 20;
    std::uint32_t page = 0;
    std::optional<milliseconds> deadline;
    std::optional<std::string> nodes;
    bool local = false;
    bool require_complete = false;
};

Result<std::string> search_target(const SearchOptions& options) {
    TargetBuilder target("/api/v1/search");
    if (!options.query.empty()) target.parameter("q", options.query);
    if (options.where) target.parameter("where", *options.where);
    for (const auto& facet : options.facets) target.parameter("facet", facet);
    if (options.sort) target.parameter("sort", *options.sort);
    target.parameter("limit", std::to_string(options.limit));
    target.parameter("page", std::to_string(options.page));
    if (options.deadline)
        target.parameter("deadline_ms", std::to_string(options.deadline->count()));
    if (options.nodes) {
        const auto handles = split_commas(*options.nodes);
        if (!handles) return std::unexpected(handles.error());
        for (const auto& handle : *handles) target.parameter("node", handle);
    }
    if (options.local) target.parameter("local", "true");
    return target.text();
}

std::string score_text(const json::object& hit) {
    const auto* score = hit.if_contains("score");
    if (!score || score->is_null()) return "-";
    char text[32];
    std::snprintf(
        text, sizeof text, "%.2f",
        score->is_double() ? score->get_double() : static_cast<double>(number_at(hit, "score")));
    return text;
}

void print_search(const Session& session, const json::object& document) {
    auto& out = session.out();
    const auto width = session.terminal().width;
    const auto& hits = array_at(document, "hits");
    const auto total = number_at(document, "total");
    out << shown_count(total) << (total == 1 ? " record matches; " : " records match; ")
        << number_at(document, "nodes_answered") << " of " << number_at(document, "nodes_asked")
        << " nodes answered in " << number_at(document, "took_ms") << " ms\n";
    if (!hits.empty()) {
        Table table({"record", "title", "score", "from", "age"});
        for (const auto& entry : hits) {
            const auto& hit = entry.as_object();
            table.add({text_at(hit, "record"), text_at(hit, "title"), score_text(hit),
                       text_at(hit, "answered_by"), shown_age(number_at(hit, "age_s"))});
        }
        out << '\n';
        table.print(out, width);
    }
    for (const auto& [facet, values] : object_at(document, "facets")) {
        out << '\n';
        Table table({std::string(facet), "records"});
        for (const auto& entry : values.as_array())
            table.add({text_at(entry.as_object(), "value"),
                       shown_count(number_at(entry.as_object(), "count"))});
        table.print(out, width);
    }
    if (array_at(document, "completeness").empty()) return;
    out << '\n';
    Table table({"dataset", "answered", "by", "age", "ms"});
    // What is missing, in full: a column would cut it off.
    std::vector<std::pair<std::string, std::string>> reasons;  // reason, its datasets
    for (const auto& entry : array_at(document, "completeness")) {
        const auto& row = entry.as_object();
        const auto dataset = text_at(row, "dataset");
        const auto from = text_at(row, "from");
        const bool has_answer = from != "none";
        table.add({dataset, has_answer && flag_at(row, "partial") ? from + ", in part" : from,
                   text_at(row, "answered_by"),
                   has_answer ? shown_age(number_at(row, "age_s")) : "-",
                   std::to_string(number_at(row, "took_ms"))});
        const auto reason = text_at(row, "reason");
        if (reason.empty()) continue;
        const auto known =
            std::ranges::find(reasons, reason, &std::pair<std::string, std::string>::first);
        if (known == reasons.end())
            reasons.emplace_back(reason, dataset);
        else
            known->second += ", " + dataset;
    }
    table.print(out, width);
    if (flag_at(document, "complete") && reasons.empty()) return;
    out << (flag_at(document, "complete") ? "\n" : "\nThe answer is not complete:\n");
    for (const auto& [reason, datasets] : reasons)
        out << "  " << printable(datasets) << ": " << printable(reason) << '\n';
}

int search(const Session& session, const SearchOptions& options) {
    const auto target = search_target(options);
    if (!target) return session.report(target.error());
    http::ClientRequest request;
    request.target = *target;
    request.deadline = options.deadline.value_or(milliseconds(2000)) + answer_margin;
    const auto document = call(session, DaemonKind::node, request);
    if (!document) return session.report(document.error());
    const bool falls_short = options.require_complete && !flag_at(*document, "complete");
    const int code = falls_short ? static_cast<int>(ErrorKind::incomplete) : 0;
    return session.finish(Outcome{*document, code},
                          [&](const json::object& d) { print_search(session, d); });
}

}  // namespace

void add_search_command(CLI::App& root, Session& session) {
    auto& command = *add_command(
        root, "search",
        "find records; every institution answers for its own, each row says where it came from");
    auto options = std::make_shared<SearchOptions>();
    add_positional(command, "QUERY", options->query,
                   "words, \"phrases\" and prefix*, all of which must match; one argument");
    add_option(command, "--where", options->where, "COND",
               "a condition: countryOfOriginCode = 'IND' AND genus = 'Oryza'");
    add_repeatable(command, "--facet", options->facets, "F",
                   "count the values of this field; may be repeated");
    add_option(command, "--sort", options->sort, "F", "by this field; -F or F:desc for descending");
    add_number(command, "--limit", options->limit, "N", "hits on a page");
    add_number(command, "--page", options->page, "N", "the page, from 0");
    add_duration(command, "--deadline", options->deadline,
                 "how long to wait for nodes (default 2s)");
    auto* nodes =
        add_option(command, "--nodes", options->nodes, "h1,h2", "ask these institutions only");
    auto* local = add_flag(command, "--local", options->local, "only what this node holds itself");
    nodes->excludes(local);
    add_flag(command, "--require-complete", options->require_complete,
             "exit with 6 when some dataset did not answer whole");
    when_chosen(command, session, options, search);
}

}  // namespace sangam::node::cli
