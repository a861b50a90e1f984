// SPDX-License-Identifier: Apache-2.0
#include "node/http/error_body.hpp"

#include <array>
#include <boost/json/serialize.hpp>
#include <utility>

#include "protocol/bytes.hpp"

namespace sangam::node::http {
namespace {

constexpr std::array<std::pair<ErrorKind, std::string_view>, 6> kinds{{
    {ErrorKind::failed, "failed"},
    {ErrorKind::usage, "usage"},
    {ErrorKind::not_found, "not_found"},
    {ErrorKind::refused, "refused"},
    {ErrorKind::unreachable, "unreachable"},
    {ErrorKind::incomplete, "incomplete"},
}};

/// JSON is UTF-8; a header or an argument that an error quotes need not be.
std::string json_text(std::string text) {
    if (!is_utf8(text))
        for (char& c : text)
            if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    return text;
}

}  // namespace

std::string_view to_text(ErrorKind kind) {
    for (const auto& [k, name] : kinds)
        if (k == kind) return name;
    return "failed";
}

boost::json::object error_document(const Error& error) {
    boost::json::object inner;
    inner["code"] = error.code;
    inner["message"] = json_text(error.message);
    inner["subject"] = json_text(error.subject);
    inner["fix"] = json_text(error.fix);
    inner["kind"] = to_text(error.kind);
    boost::json::object out;
    out["error"] = std::move(inner);
    return out;
}

std::optional<Error> error_from_document(const boost::json::value& document) {
    const auto* outer = document.if_object();
    const auto* inner = outer ? outer->if_contains("error") : nullptr;
    const auto* fields = inner ? inner->if_object() : nullptr;
    if (!fields) return std::nullopt;
    const auto text = [&](std::string_view name) {
        const auto* value = fields->if_contains(name);
        const auto* found = value ? value->if_string() : nullptr;
        return found ? std::string(*found) : std::string();
    };
    Error out{ErrorKind::failed, text("code"), text("message"), text("subject"), text("fix")};
    const auto kind = text("kind");
    for (const auto& [k, name] : kinds)
        if (name == kind) out.kind = k;
    return out;
}

int status_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::usage:
            return 400;
        case ErrorKind::not_found:
            return 404;
        case ErrorKind::refused:
            return 403;
        case ErrorKind::unreachable:
        case ErrorKind::incomplete:
            return 503;
        case ErrorKind::failed:
            break;
    }
    return 422;
}

Response error_response(int status, const Error& error) {
    Response out;
    out.status = status;
    out.body = boost::json::serialize(error_document(error)) + "\n";
    return out;
}

}  // namespace sangam::node::http
