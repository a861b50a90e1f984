// SPDX-License-Identifier: Apache-2.0
// Puts an answer on a server's connection: from memory, or from a file that is removed afterwards.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>

#include "node/http/connection.hpp"
#include "node/http/message.hpp"

namespace sangam::node::http {

struct ResponseForm {
    unsigned version = 11;    ///< of the request: 10 or 11
    bool keep_alive = false;  ///< told to the client
    bool is_head = false;     ///< the header only, as to HEAD
};

/// False when the connection broke. `before_step` is called before each part is sent, so that a
/// caller can limit how long a part may take. `socket` and `response` outlive the coroutine; it
/// runs on the socket's strand.
[[nodiscard]] boost::asio::awaitable<bool> write_response(ServerSocket& socket, Response& response,
                                                          ResponseForm form,
                                                          std::function<void()> before_step);

}  // namespace sangam::node::http
