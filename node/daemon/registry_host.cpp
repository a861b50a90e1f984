// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/registry_host.hpp"

#include <spdlog/spdlog.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "node/daemon/daemon_process.hpp"
#include "node/daemon/registry_files.hpp"
#include "node/http/error_body.hpp"
#include "node/http/target.hpp"
#include "registry/api.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;

http::Response json_response(const json::object& document) {
    http::Response response;
    response.body = json::serialize(document);
    return response;
}

Result<json::object> object_in(const http::Request& request) {
    boost::system::error_code error;
    auto document = json::parse(request.body, error);
    if (error || !document.is_object())
        return fail("bad_json", "the body must be a JSON object", {}, {}, ErrorKind::usage);
    return std::move(document.as_object());
}

std::string text_at(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) return {};
    return std::string(std::string_view(value->as_string()));
}

Result<NodeId> node_id_of(std::string_view text) {
    auto id = NodeId::from_hex(text);
    if (!id)
        return fail("bad_node_id", "this is no node id: " + id.error().message, std::string(text),
                    "copy it from `sangam registry members`", ErrorKind::usage);
    return id;
}

http::Response response_of(Result<http::Response> result) {
    return result ? std::move(*result) : http::error_response(result.error());
}

}  // namespace

json::object members_document(const registry::MembersReport& report) {
    json::array institutions;
    for (const auto& institution : report.institutions) {
        json::array nodes;
        for (const auto& node : institution.nodes) {
            json::array endpoints;
            for (const auto& endpoint : node.endpoints) endpoints.emplace_back(endpoint);
            nodes.push_back({{"node_id", node.node.hex()},
                             {"name", node.name},
                             {"endpoints", std::move(endpoints)},
                             {"state", node.state}});
        }
        institutions.push_back({{"institution_id", institution.id.hex()},
                                {"handle", institution.handle},
                                {"name", institution.name},
                                {"wiews", institution.wiews},
                                {"ror", institution.ror},
                                {"state", institution.state},
                                {"nodes", std::move(nodes)}});
    }
    json::array pending;
    for (const auto& row : report.pending)
        pending.push_back({{"node_id", row.node.hex()},
                           {"institution", row.institution},
                           {"since", utc_text(row.since)}});
    return {{"tree_size", report.tree_size},
            {"institutions", std::move(institutions)},
            {"pending", std::move(pending)}};
}

Result<std::unique_ptr<RegistryHost>> RegistryHost::open(const std::string& directory) {
    std::unique_ptr<RegistryHost> host(new RegistryHost(directory));
    const std::lock_guard lock(host->mutex_);
    if (auto loaded = host->load(); !loaded) return std::unexpected(loaded.error());
    return host;
}

Result<void> RegistryHost::load() {
    const auto stored = read_registry(directory_);
    if (!stored) return std::unexpected(stored.error());
    auto keys = load_registry_keys(directory_);
    if (!keys) return std::unexpected(keys.error());
    auto service = registry::Service::load(*stored, std::move(*keys));
    if (!service) return std::unexpected(service.error());
    cut_entries_file(directory_, service->entries_file_bytes());
    carry_out(directory_, service->recover(system_now()));
    service_.emplace(std::move(*service));
    return {};
}

/// What could not be made durable did not happen: memory is thrown away and read from disk again.
void RegistryHost::make_durable(const registry::Effects& effects) {
    if (effects.empty()) return;
    try {
        carry_out(directory_, effects);
    } catch (...) {
        service_.reset();
        throw;
    }
}

void RegistryHost::tick() {
    const std::lock_guard lock(mutex_);
    try {
        if (!service_) {
            if (const auto loaded = load(); !loaded) {
                spdlog::error("the registry cannot be read again: {}", loaded.error().text());
                return;
            }
            spdlog::info("the registry is read again after a failure of its disk");
        }
        make_durable(service_->tick(system_now()));
    } catch (const std::exception& error) {
        spdlog::error("the registry cannot write: {}", error.what());
    }
}

http::Response RegistryHost::handle_public(const http::Request& request) {
    registry::HttpRequest in;
    in.method = request.method;
    in.target = request.path;
    char separator = '?';
    for (const auto& [name, value] : request.query) {
        in.target += separator + http::percent_encode(name) + "=" + http::percent_encode(value);
        separator = '&';
    }
    const ByteView body = as_bytes(request.body);
    in.body.assign(body.begin(), body.end());

    const std::lock_guard lock(mutex_);
    if (!service_)
        return http::error_response(503, Error{ErrorKind::unreachable,
                                               "disk",
                                               "the registry's disk failed; it tries again",
                                               {},
                                               {}});
    auto answer = registry::handle(*service_, in, system_now());
    for (const auto& event : answer.effects.audit)
        spdlog::info("{} {} by {} {}", event.subject, event.action, event.actor, event.detail);
    make_durable(answer.effects);
    http::Response out;
    out.status = static_cast<int>(answer.response.status);
    out.content_type = answer.response.content_type;
    out.body = std::string(as_text(answer.response.body));
    if (!answer.response.cache_control.empty())
        out.headers.emplace_back("cache-control", answer.response.cache_control);
    return out;
}

http::Response RegistryHost::handle_operator(const http::Request& request) {
    const auto& s = request.segments;
    if (s.size() != 4 || s[0] != "api" || s[1] != "v1" || s[2] != "registry")
        return http::error_response(Error{ErrorKind::not_found,
                                          "not_found",
                                          "the registry has no such command",
                                          request.path,
                                          {}});
    const std::lock_guard lock(mutex_);
    if (!service_)
        return http::error_response(Error{ErrorKind::unreachable, "disk",
                                          "the registry's disk failed; it tries again", directory_,
                                          "see its log"});
    if (s[3] == "members" && request.method == "GET")
        return json_response(members_document(service_->members(system_now())));
    if (request.method != "POST")
        return http::error_response(405, Error{ErrorKind::usage, "method", "use POST", {}, {}});
    if (s[3] == "invite") return response_of(invite(request));
    if (s[3] == "approve") return response_of(approve(request));
    if (s[3] == "revoke") return response_of(revoke(request));
    return http::error_response(Error{
        ErrorKind::not_found, "not_found", "the registry has no such command", request.path, {}});
}

Result<http::Response> RegistryHost::invite(const http::Request& request) {
    const auto body = object_in(request);
    if (!body) return std::unexpected(body.error());
    registry::InviteOptions options;
    options.handle = text_at(*body, "institution");
    options.name = text_at(*body, "name");
    options.wiews = text_at(*body, "wiews");
    options.ror = text_at(*body, "ror");
    if (const auto* valid = body->if_contains("valid_s")) {
        if (!valid->is_int64() || valid->as_int64() <= 0 || valid->as_int64() > 10LL * 366 * 86'400)
            return fail("bad_duration", "an invitation is valid for 1 second to 10 years", {}, {},
                        ErrorKind::usage);
        options.valid = std::chrono::seconds(valid->as_int64());
    }
    if (const auto* automatic = body->if_contains("auto_approve"))
        options.auto_approve = automatic->is_bool() && automatic->as_bool();
    auto done = service_->invite(options, url_, system_now(), random_);
    if (!done) return std::unexpected(done.error());
    make_durable(done->effects);
    return json_response({{"invitation", done->value.text()}});
}

Result<http::Response> RegistryHost::approve(const http::Request& request) {
    const auto body = object_in(request);
    if (!body) return std::unexpected(body.error());
    const auto* ids = body->if_contains("node_ids");
    if (ids == nullptr || !ids->is_array() || ids->as_array().empty())
        return fail("bad_json", "\"node_ids\" must be a list of node ids", {}, {},
                    ErrorKind::usage);
    std::vector<NodeId> nodes;
    json::array approved;
    for (const auto& each : ids->as_array()) {
        if (!each.is_string())
            return fail("bad_json", "\"node_ids\" must be a list of node ids", {}, {},
                        ErrorKind::usage);
        const auto node = node_id_of(std::string_view(each.as_string()));
        if (!node) return std::unexpected(node.error());
        nodes.push_back(*node);
        approved.emplace_back(node->hex());
    }
    auto done = service_->approve(nodes, system_now());
    if (!done) return std::unexpected(done.error());
    make_durable(done->effects);
    json::array institutions;
    for (const auto& handle : done->value) institutions.emplace_back(handle);
    return json_response(
        {{"approved", std::move(approved)}, {"institutions", std::move(institutions)}});
}

Result<http::Response> RegistryHost::revoke(const http::Request& request) {
    const auto body = object_in(request);
    if (!body) return std::unexpected(body.error());
    const std::string node = text_at(*body, "node");
    const std::string institution = text_at(*body, "institution");
    const std::string reason = text_at(*body, "reason");
    if (node.empty() == institution.empty())
        return fail("bad_json", "name either a node or an institution", {}, {}, ErrorKind::usage);
    Result<registry::Effects> effects;
    if (!node.empty()) {
        const auto id = node_id_of(node);
        if (!id) return std::unexpected(id.error());
        effects = service_->revoke_node(*id, reason, system_now());
    } else {
        effects = service_->revoke_institution(institution, reason, system_now());
    }
    if (!effects) return std::unexpected(effects.error());
    make_durable(*effects);
    return json_response({{"revoked", node.empty() ? institution : node}});
}

}  // namespace sangam::node
