// SPDX-License-Identifier: Apache-2.0
// The handler of both HTTP listeners: who asks, may they, which verb, what comes out.
#include "node/service/service.hpp"

#include <boost/json/serialize.hpp>
#include <chrono>

#include "node/http/error_body.hpp"
#include "node/service/conflicts.hpp"
#include "node/service/host_check.hpp"
#include "node/service/routes.hpp"
#include "node/service/tokens.hpp"
#include "sync/control_author.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;

http::Response unauthorized() {
    auto out = http::error_response(401, Error{ErrorKind::refused,
                                               "bad_token",
                                               "the token is not known or has expired",
                                               {},
                                               "make a new one with sangam token add"});
    out.headers.emplace_back("WWW-Authenticate", "Bearer");
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
        if (request.segments == std::vector<std::string>{"healthz"}) return healthy();
        if (request.segments == std::vector<std::string>{"readyz"}) return ready();
        const auto found = find_route(request);
        if (!found.route) return no_route(request, found.is_other_method);

        const auto role = role_of(request);
        if (!role) return unauthorized();
        auto call = make_call(request, *role, found.arguments);
        if (auto may = require_role(call, found.route->role); !may)
            return http::error_response(*role == Role::nobody ? 401 : 403, may.error());
        const auto reply = found.route->verb(call);
        if (!reply) return failed(reply.error());
        return answered(*reply);
    }

    bool takes_file(const http::Request& request) {
        const auto found = find_route(request);
        if (!found.route || !found.route->takes_file) return false;
        const auto role = role_of(request);
        return role && *role >= found.route->role;
    }

private:
    /// Nothing for a token that is not known.
    std::optional<Role> role_of(const http::Request& request) const {
        if (request.is_local_admin) return Role::admin;
        const auto secret = bearer_secret(request);
        if (!secret) return Role::nobody;
        const auto token = find_token(*context_.store->reader(), *secret, context_.now());
        return token ? std::optional(token->role) : std::nullopt;
    }

    Call make_call(const http::Request& request, Role role, std::vector<std::string> arguments) {
        Call call{context_, request, conflicts_};
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

    static http::Response healthy() {
        http::Response out;
        out.body = "{\"ok\":true}\n";
        return out;
    }

    http::Response ready() const {
        static_cast<void>(context_.store->reader()->quarantine_count());  // throws when it cannot
        return healthy();
    }

    static http::Response no_route(const http::Request& request, bool is_other_method) {
        return http::error_response(
            is_other_method ? 405 : 404,
            Error{ErrorKind::not_found, "no_such_route",
                  is_other_method ? "this path takes another method" : "there is nothing here",
                  request.method + " " + request.path, "docs/api.md lists what there is"});
    }

    static http::Response failed(const Error& error) {
        if (error.code == "version_changed") return http::error_response(412, error);
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
        else
            out.body = json::serialize(reply.document) + "\n";
        return out;
    }

    ServiceContext context_;
    ConflictIndex conflicts_;
};

Service::Service(ServiceContext context) : impl_(std::make_unique<Impl>(std::move(context))) {}
Service::~Service() = default;
http::Response Service::handle(const http::Request& request) { return impl_->handle(request); }
bool Service::takes_file(const http::Request& request) { return impl_->takes_file(request); }

}  // namespace sangam::node
