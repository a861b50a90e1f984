// SPDX-License-Identifier: Apache-2.0
// Taking an address to listen on: the same steps and the same words for the peers' port, the HTTP
// port and `doctor`, which only looks whether it would work.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "protocol/error.hpp"

namespace sangam::node::http {

/// Binds and listens on "127.0.0.1:7430" or "[::1]:0" (port 0 takes a free one). Errors name the
/// address: "bad_address" and "no_such_address" (usage), "address_in_use", "permission_denied",
/// "cannot_listen".
[[nodiscard]] Result<boost::asio::ip::tcp::acceptor> open_acceptor(
    const boost::asio::any_io_executor& executor, const std::string& address);

/// The words for a socket, TCP or Unix, that cannot be listened on.
[[nodiscard]] std::unexpected<Error> cannot_listen(const std::string& address,
                                                   boost::system::error_code error);

/// "192.0.2.1:7420", "[::1]:7420".
[[nodiscard]] std::string endpoint_text(const boost::asio::ip::tcp::endpoint& endpoint);

}  // namespace sangam::node::http
