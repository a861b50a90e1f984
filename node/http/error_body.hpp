// SPDX-License-Identifier: Apache-2.0
// The one JSON document of a failure, over HTTP and as the command line prints it with --json:
// {"error":{"code","message","subject","fix","kind"}}.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

#include "node/http/message.hpp"
#include "protocol/error.hpp"

namespace sangam::node::http {

/// "failed", "usage", "not_found", "refused", "unreachable", "incomplete".
[[nodiscard]] std::string_view to_text(ErrorKind kind);

[[nodiscard]] boost::json::object error_document(const Error& error);
/// The failure that a document states, if it states one.
[[nodiscard]] std::optional<Error> error_from_document(const boost::json::value& document);

/// 400 usage, 403 refused, 404 not found, 422 failed, 503 unreachable and incomplete.
[[nodiscard]] int status_of(ErrorKind kind);
[[nodiscard]] Response error_response(int status, const Error& error);
[[nodiscard]] inline Response error_response(const Error& error) {
    return error_response(status_of(error.kind), error);
}

}  // namespace sangam::node::http
