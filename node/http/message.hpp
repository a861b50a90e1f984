// SPDX-License-Identifier: Apache-2.0
// HTTP requests and responses as plain values: what handlers see, free of Beast, so that Beast is
// instantiated in a few sources of node/http only.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sangam::node::http {

/// Why a handler that works for long should come to an end.
enum class Interruption {
    none,
    client_gone,  ///< nobody waits for the answer any more
    stopping,     ///< the server stops; the answer still arrives when it comes soon
};

struct Request {
    std::string method;  ///< "GET", "POST", ...
    std::string path;    ///< percent-encoded as sent, without the query: "/api/v1/status"
    std::vector<std::string> segments;  ///< of the path, percent-decoded: {"api","v1","status"}
    std::multimap<std::string, std::string> query;  ///< decoded
    std::map<std::string, std::string> headers;     ///< names in lower case
    std::string body;
    /// Where the body was spooled, for requests whose handler asked for a file; deleted after the
    /// handler returned.
    std::optional<std::string> body_file;
    /// True for the Unix socket in the node's directory: file permissions have let the caller in,
    /// so it is the admin.
    bool is_local_admin = false;
    std::string remote;  ///< "127.0.0.1:51234" or "unix" for logs
    /// To be asked between pieces of long work, on the handler's thread; empty: never interrupted.
    std::function<Interruption()> interruption;

    [[nodiscard]] std::optional<std::string> parameter(const std::string& name) const {
        const auto it = query.find(name);
        return it == query.end() ? std::nullopt : std::optional(it->second);
    }
};

struct Response {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    /// A file to send instead of `body`; deleted after it was sent.
    std::optional<std::string> body_file;
};

/// Runs on a worker thread and may block. Must not throw for bad input; what it throws becomes 500.
using Handler = std::function<Response(const Request&)>;

}  // namespace sangam::node::http
