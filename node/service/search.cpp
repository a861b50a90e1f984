// SPDX-License-Identifier: Apache-2.0
// `search`: the question from a request, the outcome as a document (COMMANDS, Search).
#include <boost/json/array.hpp>
#include <charconv>

#include "node/service/json_value.hpp"
#include "node/service/verbs.hpp"
#include "protocol/condition.hpp"
#include "protocol/messages/search_messages.hpp"
#include "storage/types.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;

constexpr std::uint32_t max_limit = 10'000;        // as the peer protocol bounds it
constexpr std::uint32_t max_deadline_ms = 60'000;  // a worker waits that long
constexpr std::uint32_t min_deadline_ms = 1;

Result<std::uint32_t> number_parameter(const Call& call, const std::string& name,
                                       std::uint32_t otherwise, std::uint32_t least,
                                       std::uint32_t most) {
    const auto text = call.request.parameter(name);
    if (!text) return otherwise;
    std::uint32_t out = 0;
    const auto* const last = text->data() + text->size();
    const auto [end, error] = std::from_chars(text->data(), last, out);
    if (error != std::errc{} || end != last || out < least || out > most)
        return fail("bad_number",
                    "`" + name + "` must be a number from " + std::to_string(least) + " to " +
                        std::to_string(most),
                    *text, {}, ErrorKind::usage);
    return out;
}

/// `-F`, `F:desc` and `F:asc` as the peer protocol has them: `-F` and `F`.
std::string sort_form(std::string text) {
    constexpr std::string_view descending = ":desc";
    constexpr std::string_view ascending = ":asc";
    if (text.ends_with(descending)) {
        text.resize(text.size() - descending.size());
        if (!text.starts_with('-')) text.insert(0, 1, '-');
    } else if (text.ends_with(ascending)) {
        text.resize(text.size() - ascending.size());
    }
    return text;
}

/// What is wrong as written is said here, before anybody is asked.
Result<void> check_written(const sync::SearchQuery& query) {
    if (auto words = storage::TextQuery::parse(query.query); !words)
        return std::unexpected(words.error());
    if (!query.where.empty())
        if (auto where = Condition::parse(query.where); !where)
            return std::unexpected(where.error());
    if (query.facets.size() > messages::max_search_facets)
        return fail("too_many_facets",
                    "at most " + std::to_string(messages::max_search_facets) + " facets at once",
                    std::to_string(query.facets.size()), "ask in several searches",
                    ErrorKind::usage);
    const auto refused = [](const char* option, Error error) {
        error.message.insert(0, std::string(option) + ": ");
        return std::unexpected(std::move(error));
    };
    for (const auto& facet : query.facets)
        if (auto path = Path::parse(facet); !path) return refused("facet", path.error());
    const std::string_view sort = query.sort;
    if (!sort.empty())
        if (auto path = Path::parse(sort.starts_with('-') ? sort.substr(1) : sort); !path)
            return refused("sort", path.error());
    return {};
}

Result<sync::SearchQuery> read_query(Call& call) {
    sync::SearchQuery query;
    query.query = call.request.parameter("q").value_or("");
    query.where = call.request.parameter("where").value_or("");
    query.facets = call.parameters("facet");
    query.sort = sort_form(call.request.parameter("sort").value_or(""));
    query.nodes = call.parameters("node");
    query.local_only = call.flag("local");
    const auto limit = number_parameter(call, "limit", query.limit, 0, max_limit);
    if (!limit) return std::unexpected(limit.error());
    query.limit = *limit;
    const auto page = number_parameter(call, "page", 0, 0, max_limit);
    if (!page) return std::unexpected(page.error());
    query.page = *page;
    if (std::uint64_t{query.limit} * (std::uint64_t{query.page} + 1) > max_limit)
        return fail("page_too_far", "pages reach to hit number " + std::to_string(max_limit),
                    "page " + std::to_string(query.page),
                    "narrow the search, or take the data with sangam export", ErrorKind::usage);
    const auto deadline =
        number_parameter(call, "deadline_ms", static_cast<std::uint32_t>(query.deadline.count()),
                         min_deadline_ms, max_deadline_ms);
    if (!deadline) return std::unexpected(deadline.error());
    query.deadline = std::chrono::milliseconds(*deadline);
    if (auto written = check_written(query); !written) return std::unexpected(written.error());
    for (const auto& handle : query.nodes)
        if (auto known = call.find_institution(handle); !known)
            return std::unexpected(known.error());
    return query;
}

json::object hit_document(const sync::OutcomeHit& hit) {
    json::object fields;
    for (const auto& [name, value] : hit.fields) fields[name] = to_json(value);
    json::object out;
    out["record"] = hit.record;
    out["dataset"] = hit.dataset;
    out["collection"] = hit.collection;
    out["id"] = hit.id;
    out["title"] = hit.title;
    out["score"] = hit.score ? json::value(*hit.score) : json::value(nullptr);
    out["fields"] = std::move(fields);
    out["origin"] = hit.origin;
    out["answered_by"] = hit.answered_by;
    out["age_s"] = hit.age_s;
    out["holders"] = json::array(hit.holders.begin(), hit.holders.end());
    out["licence"] = hit.licence;
    out["snippet"] = hit.snippet;
    return out;
}

json::object outcome_document(const sync::SearchOutcome& outcome) {
    json::object out;
    out["total"] = outcome.total;
    json::array hits;
    for (const auto& hit : outcome.hits) hits.push_back(hit_document(hit));
    out["hits"] = std::move(hits);
    json::object facets;
    for (const auto& [facet, counts] : outcome.facets) {
        json::array values;
        for (const auto& [value, count] : counts) {
            json::object entry;
            entry["value"] = value;
            entry["count"] = count;
            values.push_back(std::move(entry));
        }
        facets[facet] = std::move(values);
    }
    out["facets"] = std::move(facets);
    out["nodes_asked"] = outcome.nodes_asked;
    out["nodes_answered"] = outcome.nodes_answered;
    json::array completeness;
    for (const auto& row : outcome.completeness) {
        json::object entry;
        entry["dataset"] = row.dataset;
        entry["from"] = row.from;
        entry["answered_by"] = row.answered_by;
        entry["partial"] = row.partial;
        entry["age_s"] = row.age_s;
        entry["took_ms"] = row.took_ms;
        entry["reason"] = row.reason;
        completeness.push_back(std::move(entry));
    }
    out["completeness"] = std::move(completeness);
    out["complete"] = outcome.complete;
    out["ranking"] = outcome.ranking_is_per_node ? "per node" : "federation";
    out["took_ms"] = outcome.took_ms;
    return out;
}

}  // namespace

Result<Reply> search(Call& call) {
    const auto query = read_query(call);
    if (!query) return std::unexpected(query.error());
    const auto outcome = call.context.engine->search(*query, call.asker);
    if (outcome.refused) return std::unexpected(*outcome.refused);
    return Reply(outcome_document(outcome));
}

}  // namespace sangam::node
