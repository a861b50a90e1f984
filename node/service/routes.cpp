// SPDX-License-Identifier: Apache-2.0
#include "node/service/routes.hpp"

namespace sangam::node {
namespace {

constexpr Route table[] = {
    {"GET", "status", Role::researcher, status},
    {"GET", "doctor", Role::admin, doctor_checks},
    {"POST", "join", Role::admin, join_federation},
    {"POST", "admit", Role::admin, admit_node_of_institution},
    {"GET", "datasets", Role::nobody, list_datasets, "remote"},
    {"POST", "datasets", Role::admin, create_dataset},
    {"GET", "datasets/*", Role::nobody, show_dataset},
    {"GET", "datasets/*/*", Role::nobody, show_dataset},
    {"PATCH", "datasets/*", Role::admin, set_dataset},
    {"PATCH", "datasets/*/*", Role::admin, set_dataset},
    {"POST", "datasets/*/resume", Role::admin, resume_dataset},
    {"POST", "datasets/*/*/resume", Role::admin, resume_dataset},
    {"GET", "datasets/*/holders", Role::admin, list_holders},
    {"GET", "datasets/*/*/holders", Role::admin, list_holders},
    {"GET", "records/*/*/*/*", Role::nobody, get_record},
    {"GET", "records/*/*/*/*/history", Role::nobody, record_history},
    {"PATCH", "records/*/*/*/*", Role::curator, put_record, {}, BodyKind::value},
    {"DELETE", "records/*/*/*/*", Role::curator, delete_record, "replaced_by"},
    {"POST", "records/*/*/*/*/restore", Role::curator, restore_record},
    {"POST", "import", Role::admin, import_files,
     "dataset file+ size+ collection id format map+ missing+ source encoding delimiter mirror "
     "dry_run "
     "rejected_rows name",
     BodyKind::file},
    {"GET", "imports", Role::admin, list_imports},
    {"GET", "export", Role::nobody, export_dataset, "dataset where format collection"},
    {"GET", "grants", Role::admin, list_grants},
    {"POST", "grants", Role::admin, add_grant},
    {"DELETE", "grants/*", Role::admin, revoke_grant},
    {"GET", "subscriptions", Role::researcher, list_subscriptions},
    {"POST", "subscriptions", Role::admin, add_subscription},
    {"DELETE", "subscriptions/*", Role::admin, remove_subscription},
    {"GET", "search", Role::nobody, search,
     "q where facet+ sort node+ local limit page deadline_ms"},
    {"GET", "conflicts", Role::nobody, list_conflicts, "dataset all"},
    {"GET", "conflicts/*/*/*/*/*", Role::nobody, show_conflict},
    {"POST", "conflicts/*/*/*/*/*", Role::curator, resolve_conflict, {}, BodyKind::value},
    {"GET", "quarantine", Role::admin, list_quarantine, "dataset"},
    {"GET", "quarantine/*", Role::admin, show_quarantined},
    {"DELETE", "quarantine/*", Role::admin, drop_quarantined},
    {"POST", "verify", Role::admin, verify, "dataset"},
    {"GET", "tokens", Role::admin, list_tokens},
    {"POST", "tokens", Role::admin, add_token},
    {"DELETE", "tokens/*", Role::admin, revoke_token},
};

/// The arguments when the path fits the pattern.
std::optional<std::vector<std::string>> match(std::string_view pattern,
                                              std::span<const std::string> segments) {
    std::vector<std::string> arguments;
    for (const auto& segment : segments) {
        if (pattern.empty()) return std::nullopt;
        const auto slash = pattern.find('/');
        const auto part = pattern.substr(0, slash);
        pattern = slash == std::string_view::npos ? std::string_view{} : pattern.substr(slash + 1);
        if (part == "*")
            arguments.push_back(segment);
        else if (part != segment)
            return std::nullopt;
    }
    if (!pattern.empty()) return std::nullopt;
    return arguments;
}

}  // namespace

std::span<const Route> routes() { return table; }

Found find_route(const http::Request& request) {
    Found out;
    if (request.segments.size() < 3 || request.segments[0] != "api" || request.segments[1] != "v1")
        return out;
    const auto segments = std::span(request.segments).subspan(2);
    const auto method = request.method == "HEAD" ? std::string_view("GET") : request.method;
    for (const auto& route : table) {
        auto arguments = match(route.path, segments);
        if (!arguments) continue;
        if (route.method != method) {
            if (out.other_methods.find(route.method) == std::string::npos) {
                if (!out.other_methods.empty()) out.other_methods += ", ";
                out.other_methods += route.method;
                if (route.method == "GET") out.other_methods += ", HEAD";
            }
            continue;
        }
        // A fixed word goes before an argument: datasets/*/holders, not datasets/*/*.
        if (out.route && out.arguments.size() <= arguments->size()) continue;
        out.route = &route;
        out.arguments = std::move(*arguments);
    }
    return out;
}

Result<void> check_parameters(const Route& route, const http::Request& request) {
    for (const auto& [name, value] : request.query) {
        auto rest = route.parameters;
        bool is_known = false;
        bool may_repeat = false;
        while (!rest.empty() && !is_known) {
            const auto blank = rest.find(' ');
            auto word = rest.substr(0, blank);
            rest = blank == std::string_view::npos ? std::string_view{} : rest.substr(blank + 1);
            may_repeat = word.ends_with('+');
            if (may_repeat) word.remove_suffix(1);
            is_known = word == name;
        }
        if (!is_known)
            return fail("bad_parameter", "the query has a parameter that is not known here", name,
                        "see docs/api.md for those of " + std::string(route.path),
                        ErrorKind::usage);
        if (!may_repeat && request.query.count(name) > 1)
            return fail("bad_parameter", "the query has a parameter twice", name, "give it once",
                        ErrorKind::usage);
    }
    return {};
}

}  // namespace sangam::node
