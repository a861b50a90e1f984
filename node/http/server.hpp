// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 server over TCP or a Unix socket, on Boost.Beast (connection.hpp).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "node/http/message.hpp"
#include "protocol/error.hpp"

namespace sangam::node::http {

struct ServerOptions {
    std::size_t max_header_bytes = 16 * 1024;
    std::size_t max_body_bytes = 1024 * 1024;  ///< larger bodies: 413, unless spooled or long
    std::size_t max_long_body_bytes = 0;       ///< of those that takes_long_body lets through
    std::size_t max_connections = 512;         ///< more wait in the listen queue
    std::chrono::seconds idle_timeout{60};     ///< between requests and while one is read
    /// Which requests have their body spooled to a file in `spool_directory` (imports); nullptr:
    /// none. Sees the request line and the headers; called on a thread of `io`.
    std::function<bool(const Request&)> spools_body;
    /// Which requests may have a body of max_long_body_bytes; nullptr: none. Called as
    /// `spools_body`.
    std::function<bool(const Request&)> takes_long_body;
    /// What an answer of 413 advises.
    std::string too_large_fix;
    std::string spool_directory;
    std::uint64_t max_spooled_bytes = 64ULL * 1024 * 1024 * 1024;
};

/// Accepts until stop(). Connections run on `io`, handlers on `workers`; join `workers` before `io`
/// is destroyed.
class Server {
public:
    /// "127.0.0.1:7430", "[::1]:0"; port 0 takes a free one. An error of kind `failed` with code
    /// "address_in_use" and the like names the address and what to do.
    static Result<std::unique_ptr<Server>> listen_tcp(boost::asio::io_context& io,
                                                      boost::asio::thread_pool& workers,
                                                      const std::string& address, Handler handler,
                                                      ServerOptions options);
    /// Replaces a socket file that a killed process left; the caller holds the directory's lock.
    /// Mode 0600. A path over 107 bytes is an error that says so.
    static Result<std::unique_ptr<Server>> listen_unix(boost::asio::io_context& io,
                                                       boost::asio::thread_pool& workers,
                                                       const std::string& path, Handler handler,
                                                       ServerOptions options);
    virtual ~Server() = default;
    /// "127.0.0.1:43121" with the real port, or the socket's path.
    [[nodiscard]] virtual std::string address() const = 0;
    /// Stops accepting; requests that run are finished (those that ask are told to hurry,
    /// Request::interruption), idle connections closed. Any thread.
    virtual void stop() = 0;
    /// After stop(), and when the handlers have ended: waits until their answers have left, at most
    /// `limit`. Not on a thread of `io`.
    virtual void wait_until_sent(std::chrono::milliseconds limit) = 0;
};

}  // namespace sangam::node::http
