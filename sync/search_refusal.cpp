// SPDX-License-Identifier: Apache-2.0
#include "sync/search_refusal.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "protocol/condition.hpp"
#include "protocol/mcpd.hpp"
#include "protocol/similar_names.hpp"

namespace sangam::sync {
namespace {

constexpr std::size_t max_named_datasets = 5;  // in one message; a federation has many
constexpr std::size_t max_similar_fields = 3;
constexpr std::size_t shortest_beginning = 4;  // of a name: less says nothing
constexpr std::string_view between_reasons = "; ";

/// A field that the search names, and where.
struct AskedField {
    Path path;
    std::string options;  ///< `where`, `facet`, `sort`, or several of them
};

/// In the order of the options.
std::vector<AskedField> asked_fields(const SearchQuery& query) {
    std::vector<AskedField> out;
    const auto add = [&](const Path& path, const char* option) {
        const auto known = std::ranges::find(out, path, &AskedField::path);
        if (known == out.end())
            out.push_back({path, option});
        else if (!known->options.ends_with(option))
            known->options += std::string(", ") + option;
    };
    if (!query.where.empty())
        if (const auto where = Condition::parse(query.where))
            for (const Path& path : where->paths()) add(path, "where");
    for (const std::string& facet : query.facets)
        if (const auto path = asked_field(facet)) add(*path, "facet");
    std::string_view sort = query.sort;
    if (sort.starts_with('-')) sort.remove_prefix(1);
    if (!sort.empty())
        if (const auto path = asked_field(sort)) add(*path, "sort");
    return out;
}

/// Whether a reason made by refusal_of_fields() names the field.
bool names_field(std::string_view reason, const Path& path) {
    const std::string words = no_such_field(path);
    for (auto at = reason.find(words); at != std::string_view::npos;
         at = reason.find(words, at + 1)) {
        const auto rest = reason.substr(at + words.size());
        if ((at == 0 || reason.substr(0, at).ends_with(between_reasons)) &&
            (rest.empty() || rest.starts_with(between_reasons)))
            return true;
    }
    return false;
}

/// As people know it: the path, and its MCPD name where it has one.
std::string shown_name(const Path& path) {
    const McpdColumn* column = find_mcpd_field(path);
    return column ? path.text() + " (" + std::string(column->name) + ")" : path.text();
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "" : std::string(between)) + part;
    return out;
}

/// The first few, and how many more there are.
std::string some_of(std::vector<std::string> parts, std::string_view between) {
    if (parts.size() <= max_named_datasets) return joined(parts, between);
    const std::size_t more = parts.size() - max_named_datasets;
    parts.resize(max_named_datasets);
    return joined(parts, between) + std::string(between) + "and " + std::to_string(more) + " more";
}

/// Fields of MCPD whose name is like the asked one, or begins with it. The standard's, not those of
/// some dataset: what stands there is not for everybody to know.
std::vector<std::string> similar_fields(const Path& path) {
    if (find_mcpd_field(path)) return {};
    const std::string asked = path.text();
    std::map<std::string, const McpdColumn*, std::less<>> columns;  // by either name
    std::set<std::string> names;
    for (const McpdColumn& column : mcpd_columns())
        for (const std::string_view name : {column.name, column.field}) {
            columns.emplace(name, &column);
            names.emplace(name);
        }
    std::vector<std::string> out;
    const auto add = [&](const McpdColumn& column) {
        std::string shown = shown_name(column.path);
        if (std::ranges::find(out, shown) == out.end()) out.push_back(std::move(shown));
    };
    for (const std::string& name : similar_names(asked, names)) add(*columns.at(name));
    if (out.empty() && asked.size() >= shortest_beginning)
        for (const McpdColumn& column : mcpd_columns())
            if (out.size() < max_similar_fields && column.path.names.back().starts_with(asked))
                add(column);
    return out;
}

std::string what_to_ask_instead(const std::vector<AskedField>& fields) {
    std::string out;
    for (const AskedField& field : fields)
        if (const auto similar = similar_fields(field.path); !similar.empty())
            out += "instead of " + field.path.text() + ", did you mean " + joined(similar, " or ") +
                   "? ";
    return out + "sangam get RECORD shows which fields a record has; capitals count";
}

/// Each field is somewhere, and no dataset has all of them.
Error refusal_to_combine(const std::vector<AskedField>& asked,
                         const std::map<Path, std::vector<std::string>>& having) {
    std::vector<std::string> parts;
    for (const AskedField& field : asked)
        parts.push_back(field.options + ": " + shown_name(field.path) + " is in " +
                        some_of(having.at(field.path), ", "));
    return {ErrorKind::refused, "search_refused", "none of the datasets asked has all the fields",
            joined(parts, between_reasons), "leave fields out, or ask in several searches"};
}

/// None may be searched, whatever the fields.
Error refusal_to_search(const std::vector<DatasetRefusal>& refusals) {
    std::map<std::string, std::vector<std::string>> by_reason;
    for (const auto& refusal : refusals) by_reason[refusal.reason].push_back(refusal.dataset);
    Error out{ErrorKind::refused, "search_refused", {}, {}, "ask the owner"};
    if (by_reason.size() == 1) {
        out.message = by_reason.begin()->first;
        out.subject = some_of(by_reason.begin()->second, ", ");
        return out;
    }
    out.message = "none of the datasets asked may be searched";
    std::vector<std::string> parts;
    for (const auto& [reason, datasets] : by_reason)
        parts.push_back(some_of(datasets, ", ") + ": " + reason);
    out.subject = some_of(parts, between_reasons);
    return out;
}

}  // namespace

Result<Path> asked_field(std::string_view text) {
    if (const McpdColumn* column = find_mcpd_column(text)) return column->path;
    return Path::parse(text);
}

std::string refusal_of_fields(const std::vector<Path>& missing) {
    std::vector<std::string> parts;
    for (const Path& path : missing) parts.push_back(no_such_field(path));
    return joined(parts, between_reasons);
}

Error search_refusal(const SearchQuery& query, std::vector<DatasetRefusal> refusals) {
    std::ranges::sort(refusals, {}, &DatasetRefusal::dataset);
    const auto asked = asked_fields(query);
    auto everywhere = asked;  // missing in each dataset that could be searched
    std::size_t lacking = 0;
    std::map<Path, std::vector<std::string>> having;
    for (const auto& refusal : refusals) {
        const auto is_missing = [&](const AskedField& field) {
            return names_field(refusal.reason, field.path);
        };
        if (std::ranges::none_of(asked, is_missing)) continue;
        ++lacking;
        for (const AskedField& field : asked)
            if (!is_missing(field)) having[field.path].push_back(refusal.dataset);
        std::erase_if(everywhere, [&](const AskedField& field) { return !is_missing(field); });
    }
    if (lacking == 0) return refusal_to_search(refusals);
    Error out{ErrorKind::refused, "search_refused", {}, {}, {}};
    if (everywhere.empty()) return refusal_to_combine(asked, having);
    std::vector<std::string> parts;
    for (const AskedField& field : everywhere)
        parts.push_back(field.options + ": there is no field " + shown_name(field.path));
    out.message = joined(parts, between_reasons) + " in ";
    if (refusals.size() == 1)
        out.message += refusals.front().dataset;
    else if (lacking == refusals.size())
        out.message += "any of the " + std::to_string(refusals.size()) + " datasets asked";
    else
        out.message += "any of the datasets that you may search";
    out.message += ", or it is not shared with you";
    out.fix = what_to_ask_instead(everywhere);
    return out;
}

}  // namespace sangam::sync
