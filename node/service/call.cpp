// SPDX-License-Identifier: Apache-2.0
#include "node/service/call.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <cstdio>
#include <ctime>

namespace sangam::node {
namespace {

namespace json = boost::json;

std::unexpected<Error> bad_key(std::string_view key, std::string_view wanted) {
    return fail("bad_body", "a key of the body is not as wanted", std::string(key),
                std::string("it must be ") + std::string(wanted), ErrorKind::usage);
}

}  // namespace

std::string Call::handle_of(const InstitutionId& institution) const {
    return institution == own_institution ? own_handle : directory->handle_of(institution);
}

std::string Call::author_text(const NodeId& node) const {
    if (node == context.node) return own_handle;
    const auto institution = directory->institution_of(node);
    return institution ? handle_of(*institution) : node.hex();
}

std::string Call::dataset_text(const Manifest& manifest) const {
    return handle_of(manifest.owner) + "/" + manifest.name;
}

Result<InstitutionId> Call::find_institution(const std::string& handle) {
    if (handle == own_handle) return own_institution;
    if (const auto known = directory->institution_by_handle(handle)) return *known;
    const bool has_registry = !context.membership->state().registry_url.empty();
    std::string why;
    if (has_registry) {
        const auto refreshed = context.membership->refresh();
        if (!refreshed)
            why = " (the registry could not be asked: " + refreshed.error().message + ")";
        directory = context.membership->view();
        if (const auto known = directory->institution_by_handle(handle)) return *known;
    }
    return fail("unknown_institution", "no member of the federation has this handle" + why, handle,
                has_registry ? "check its spelling; `sangam status` lists members that are reached"
                             : "this node is in no federation: sangam node join",
                ErrorKind::not_found);
}

std::string Call::dataset_argument() const {
    return arguments.size() == 1 ? arguments[0] : arguments[0] + "/" + arguments[1];
}

Result<storage::DatasetInfo> Call::find_dataset(const storage::Reader& reader,
                                                const std::string& text) {
    const auto slash = text.find('/');
    const auto handle = slash == std::string::npos ? own_handle : text.substr(0, slash);
    const auto name = slash == std::string::npos ? text : text.substr(slash + 1);
    const auto owner = find_institution(handle);
    if (!owner) return std::unexpected(owner.error());
    for (auto& info : reader.datasets()) {
        if (info.manifest.owner != *owner || info.manifest.name != name) continue;
        if (decide(Action::discover, reader, info.uid).allowed) return std::move(info);
        if (sync::taken_out_at(reader, info.uid, own_institution))
            return fail("not_a_writer_any_more",
                        "this institution does not write the dataset any more, and holds nothing "
                        "of it: its owner took it out of the writers",
                        handle + "/" + name,
                        "ask the owner; edits made here that had not reached it are set aside "
                        "(`sangam doctor`), and count again once it writes again",
                        ErrorKind::refused);
    }
    return fail("no_such_dataset", "there is no such dataset here", handle + "/" + name,
                "sangam dataset list, with --remote for those of others, shows what there is",
                ErrorKind::not_found);
}

Result<json::object> Call::body(const std::set<std::string_view>& keys) const {
    boost::system::error_code error;
    auto value = json::parse(request.body.empty() ? "{}" : request.body, error);
    if (error || !value.is_object())
        return fail("bad_body", "the request's body is no JSON object",
                    error ? error.message() : std::string(), {}, ErrorKind::usage);
    for (const auto& [key, ignored] : value.as_object())
        if (!keys.contains(std::string_view(key.data(), key.size())))
            return fail("unknown_key", "the request's body has a key that is not known here",
                        std::string(key), {}, ErrorKind::usage);
    return std::move(value.as_object());
}

bool Call::flag(const std::string& name) const {
    const auto value = request.parameter(name);
    return value && (*value == "true" || *value == "1");
}

std::vector<std::string> Call::parameters(const std::string& name) const {
    std::vector<std::string> out;
    const auto [first, last] = request.query.equal_range(name);
    for (auto it = first; it != last; ++it) out.push_back(it->second);
    return out;
}

Result<std::optional<std::string>> optional_text(const json::object& body, std::string_view key) {
    const auto* value = body.if_contains(key);
    if (!value || value->is_null()) return std::optional<std::string>();
    if (!value->is_string()) return bad_key(key, "text");
    return std::optional<std::string>(std::string(value->get_string()));
}

Result<std::string> required_text(const json::object& body, std::string_view key) {
    auto text = optional_text(body, key);
    if (!text) return std::unexpected(text.error());
    if (!*text || (*text)->empty()) return bad_key(key, "given, as text that is not empty");
    return std::move(**text);
}

Result<std::vector<std::string>> text_list(const json::object& body, std::string_view key) {
    std::vector<std::string> out;
    const auto* value = body.if_contains(key);
    if (!value || value->is_null()) return out;
    if (!value->is_array()) return bad_key(key, "a list of texts");
    for (const auto& element : value->get_array()) {
        if (!element.is_string()) return bad_key(key, "a list of texts");
        out.emplace_back(element.get_string());
    }
    return out;
}

std::string time_text(Millis time) {
    const std::time_t seconds = time.count() / 1000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                  parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                  static_cast<int>(time.count() % 1000));
    return text;
}

json::value time_or_null(Millis time) {
    if (time.count() == 0) return nullptr;
    return json::string(time_text(time));
}

std::string_view to_text(Role role) {
    switch (role) {
        case Role::researcher:
            return "researcher";
        case Role::curator:
            return "curator";
        case Role::admin:
            return "admin";
        case Role::nobody:
            break;
    }
    return "nobody";
}

std::optional<Role> role_from_text(std::string_view text) {
    for (const auto role : {Role::researcher, Role::curator, Role::admin})
        if (to_text(role) == text) return role;
    return std::nullopt;
}

Result<void> require_role(const Call& call, Role role) {
    if (call.role >= role) return {};
    const std::string needed(to_text(role));
    if (call.role == Role::nobody)
        return fail("token_needed", "this needs a token with the role " + needed, call.request.path,
                    "make one with sangam token add and send it as Authorization: Bearer TOKEN",
                    ErrorKind::refused);
    return fail(
        "role_too_low",
        "this needs the role " + needed + ", the token has " + std::string(to_text(call.role)),
        call.request.path, "use a token with that role", ErrorKind::refused);
}

}  // namespace sangam::node
