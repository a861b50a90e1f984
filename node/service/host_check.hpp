// SPDX-License-Identifier: Apache-2.0
// Host and Origin of requests over TCP. A page in a browser can make a name of its own point at
// 127.0.0.1 (DNS rebinding) and so reach a node on loopback; what it cannot do is name another Host
// or another Origin than its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "node/http/message.hpp"
#include "protocol/error.hpp"

namespace sangam::node {

/// Lets through a Host that is an IP address, `localhost` or one of `allowed` (names without a
/// port, as the node's configuration has them), and an Origin of the same host and port.
[[nodiscard]] Result<void> check_host_and_origin(const http::Request& request,
                                                 const std::vector<std::string>& allowed);

}  // namespace sangam::node
