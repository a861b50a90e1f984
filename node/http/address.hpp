// SPDX-License-Identifier: Apache-2.0
// Addresses as people write them: HOST:PORT with brackets around IPv6, and the bound on a Unix
// socket's path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace sangam::node::http {

/// sockaddr_un holds 108 bytes, the last one a zero.
inline constexpr std::size_t max_socket_path_bytes = 107;

struct HostPort {
    std::string host;  ///< without brackets
    std::uint16_t port = 0;
};

/// "127.0.0.1:7430", "[::1]:0", "localhost:7430".
[[nodiscard]] Result<HostPort> split_address(std::string_view text);

/// An error that names the length when the path does not fit into a socket's address.
[[nodiscard]] Result<void> check_socket_path(std::string_view path);

}  // namespace sangam::node::http
