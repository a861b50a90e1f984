// SPDX-License-Identifier: Apache-2.0
// The handler of both HTTP listeners: who asks, may they, which verb, what comes out.
#include "node/service/service.hpp"
#include "node/service/running_imports.hpp"

#include <spdlog/spdlog.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <mutex>

#include "node/http/error_body.hpp"
#include "node/service/conflicts.hpp"
#include "node/service/host_check.hpp"
#include "node/service/metrics.hpp"
#include "node/service/routes.hpp"
#include "node/service/state_metrics.hpp"
#include "node/service/tokens.hpp"
#include "sync/control_author.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;

/// Scrapers come every 15 s or so; the logic thread has better things to do than to answer each.
constexpr std::chrono::seconds status_age{5};

/// RFC 9110 wants it with each 401.
constexpr const char* challenge = "WWW-Authenticate";

http::Response unauthorized() {
    auto out = http::error_response(401, Error{ErrorKind::refused,
                                               "bad_token",
                                               "the token is not known or has expired",
                                               {},
                                               "make a new one with sangam token add"});
    out.headers.emplace_back(challenge, "Bearer");
    return out;
}

/// The secret of `Authorization: Bearer ...`; nothing without the header.
std::optional<std::string> bearer_secret(const http::Request& request) {
    const auto header = request.headers.find("authorization");
    if (header == request.headers.end()) return std::nullopt;
    static constexpr std::string_view scheme = "Bearer ";
    if (!header->second.starts_with(scheme)) return std::string();
    return header->second.substr(scheme.size());
}

}  // namespace

class Service::Impl {
public:
    explicit Impl(ServiceContext context)
        : context_(std::move(context)), conflicts_(*context_.store, *context_.merger) {
        if (!context_.now)
            context_.now = [] {
                return std::chrono::duration_cast<Millis>(
                    std::chrono::system_clock::now().time_since_epoch());
            };
    }

    http::Response handle(const http::Request& request) {
        if (!request.is_local_admin)
            if (auto good = check_host_and_origin(request, context_.http_hosts); !good)
                return http::error_response(good.error());
        if (const auto* probe = find_probe(request)) {
            auto response = (this->*probe->answer)(request);
            metrics_.request_answered(probe->name, response.status);
            return response;
        }
        const auto found = find_route(request);
        auto response =
            found.route ? answer(request, found) : no_route(request, found.other_methods);
        metrics_.request_answered(found.route ? found.route->path : "none", response.status);
        return response;
    }

    bool takes(const http::Request& request, BodyKind kind) {
        const auto found = find_route(request);
        if (!found.route || found.route->body != kind) return false;
        const auto role = role_of(request);
        return role && *role >= found.route->role;
    }

private:
    /// What stands outside /api/v1.
    struct Probe {
        std::string_view name;
        http::Response (Impl::*answer)(const http::Request&);
    };
    static const Probe* find_probe(const http::Request& request) {
        static constexpr Probe probes[] = {{"healthz", &Impl::healthy},
                                           {"readyz", &Impl::ready},
                                           {"metrics", &Impl::metrics_text}};
        const bool reads = request.method == "GET" || request.method == "HEAD";
        for (const auto& probe : probes)
            if (reads && request.segments.size() == 1 && request.segments[0] == probe.name)
                return &probe;
        return nullptr;
    }

    http::Response answer(const http::Request& request, const Found& found) {
        const auto role = role_of(request);
        if (!role) return unauthorized();
        auto call = make_call(request, *role, found.arguments);
        if (auto may = require_role(call, found.route->role); !may) {
            auto out = http::error_response(*role == Role::nobody ? 401 : 403, may.error());
            if (*role == Role::nobody) out.headers.emplace_back(challenge, "Bearer");
            return out;
        }
        const auto begin = std::chrono::steady_clock::now();
        const auto fits = check_parameters(*found.route, request);
        const Result<Reply> reply =
            fits ? found.route->verb(call) : Result<Reply>(std::unexpected(fits.error()));
        if (!reply) return failed(reply.error());
        if (found.route->verb == search) {
            const auto* complete = reply->document.as_object().if_contains("complete");
            metrics_.search_ended(std::chrono::steady_clock::now() - begin,
                                  complete && complete->is_bool() && complete->get_bool());
        }
        return answered(*reply);
    }

    /// Nothing for a token that is not known.
    std::optional<Role> role_of(const http::Request& request) const {
        if (request.is_local_admin) return Role::admin;
        const auto secret = bearer_secret(request);
        if (!secret) return Role::nobody;
        const auto token = find_token(*context_.store->reader(), *secret, context_.now());
        return token ? std::optional(token->role) : std::nullopt;
    }

    Call make_call(const http::Request& request, Role role, std::vector<std::string> arguments) {
        Call call{context_, request, conflicts_, metrics_, imports_};
        call.role = role;
        call.now = context_.now();
        call.arguments = std::move(arguments);
        call.directory = context_.membership->view();
        const auto state = context_.membership->state();
        call.own_institution = state.institution_id;
        call.own_handle = state.institution;
        call.asker = role == Role::nobody ? sync::Asker::everyone()
                                          : sync::Asker::home(call.own_institution);
        return call;
    }

    http::Response healthy(const http::Request&) {
        http::Response out;
        out.body = "{\"ok\":true}\n";
        return out;
    }

    /// Whether requests are worth sending here: the store can be read, the node listens and its
    /// logic runs, and where it belongs to a federation it knows the members.
    http::Response ready(const http::Request&) {
        json::array checks;
        bool is_ready = true;
        const auto check = [&](std::string_view name, bool is_ok, std::string_view detail) {
            json::object row;
            row["name"] = name;
            row["ok"] = is_ok;
            row["detail"] = is_ok ? std::string_view() : detail;
            checks.push_back(std::move(row));
            is_ready = is_ready && is_ok;
        };
        bool can_read = true;
        try {
            static_cast<void>(context_.store->reader()->quarantine_count());
        } catch (const std::exception& failure) {
            spdlog::error("not ready: {}", failure.what());
            can_read = false;
        }
        check("store", can_read, "the store cannot be read; the node's log says why");
        check("listening", !context_.is_running || context_.is_running(),
              "the node is starting or stopping");
        const auto state = context_.membership->state();
        check("registry", state.registry_url.empty() || state.freshness != sync::Freshness::none,
              "the federation's directory has not been fetched yet");
        json::object document;
        document["ready"] = is_ready;
        document["checks"] = std::move(checks);
        http::Response out;
        out.status = is_ready ? 200 : 503;
        out.body = json::serialize(document) + "\n";
        return out;
    }

    http::Response metrics_text(const http::Request& request) {
        const auto role = role_of(request);
        if (!role) return unauthorized();
        auto call = make_call(request, *role, {});
        http::Response out;
        out.content_type = "text/plain; version=0.0.4; charset=utf-8";
        out.body = metrics_.text(state_metrics(call, engine_status()));
        return out;
    }

    /// The engine's status, asked for once in a few seconds at most however many scrape.
    sync::EngineStatus engine_status() {
        const std::lock_guard lock(status_mutex_);
        const auto now = std::chrono::steady_clock::now();
        if (!status_ || now - status_time_ > status_age) {
            status_ = context_.engine->call(
                [](const sync::Engine& engine, Millis at) { return engine.status(at); });
            status_time_ = now;
        }
        return *status_;
    }

    static http::Response no_route(const http::Request& request, const std::string& methods) {
        const bool is_other_method = !methods.empty();
        auto out = http::error_response(
            is_other_method ? 405 : 404,
            Error{ErrorKind::not_found, "no_such_route",
                  is_other_method ? "this path takes " + methods : "there is nothing here",
                  request.method + " " + request.path, "docs/api.md lists what there is"});
        if (is_other_method) out.headers.emplace_back("Allow", methods);
        return out;
    }

    static http::Response failed(const Error& error) {
        if (error.code == "version_changed" || error.code == "record_exists")
            return http::error_response(412, error);
        if (error.code == "record_deleted" && error.kind == ErrorKind::refused)
            return http::error_response(409, error);
        return http::error_response(error);
    }

    static http::Response answered(const Reply& reply) {
        http::Response out;
        out.status = reply.status;
        out.headers = reply.headers;
        out.content_type = reply.content_type;
        if (reply.file)
            out.body_file = reply.file;
        else if (reply.status != 304)  // which has no body
            out.body = json::serialize(reply.document) + "\n";
        return out;
    }

    ServiceContext context_;
    ConflictIndex conflicts_;
    Metrics metrics_;
    RunningImports imports_;
    std::mutex status_mutex_;
    std::optional<sync::EngineStatus> status_;
    std::chrono::steady_clock::time_point status_time_;
};

Service::Service(ServiceContext context) : impl_(std::make_unique<Impl>(std::move(context))) {}
Service::~Service() = default;
http::Response Service::handle(const http::Request& request) { return impl_->handle(request); }
bool Service::takes_file(const http::Request& request) {
    return impl_->takes(request, BodyKind::file);
}
bool Service::takes_value(const http::Request& request) {
    return impl_->takes(request, BodyKind::value);
}

}  // namespace sangam::node
