// SPDX-License-Identifier: Apache-2.0
// Blocking HTTP/1.1 requests with a deadline, over TCP or a Unix socket (Boost.Beast, in client.cpp
// alone). For the command line and for following the registry from a worker thread.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "node/http/message.hpp"
#include "protocol/error.hpp"

namespace sangam::node::http {

struct ClientRequest {
    std::string method = "GET";
    std::string target = "/";  ///< path and query, encoded
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::string> body_files;  ///< sent one after another instead of body, if any
    std::vector<std::pair<std::string, std::string>> headers;
    std::chrono::milliseconds deadline{30'000};  ///< for the whole exchange; 0: none
    std::size_t max_response_bytes = 256 * 1024 * 1024;
    std::string response_file;  ///< the response's body goes there when not empty
    /// Called with (bytes sent, bytes to send) now and then while a body is sent.
    std::function<void(std::uint64_t, std::uint64_t)> progress;
};

/// `url` is "http://host:port" (a path after it is prefixed). Errors of kind unreachable for
/// refused, timed out, cut off.
Result<Response> fetch_tcp(const std::string& url, const ClientRequest& request);
Result<Response> fetch_unix(const std::string& socket_path, const ClientRequest& request);

}  // namespace sangam::node::http
