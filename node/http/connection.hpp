// SPDX-License-Identifier: Apache-2.0
// One connection of the HTTP server: read a header, read or spool the body, run the handler on the
// workers, write the answer, and so on until one side has enough (RFC 9112).
#pragma once

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "node/http/message.hpp"
#include "node/http/server.hpp"

namespace sangam::node::http {

using ServerSocket = boost::asio::generic::stream_protocol::socket;
/// Waits in a coroutine and gives errors as values.
inline constexpr auto quietly = boost::asio::as_tuple(boost::asio::use_awaitable);

/// Everything that a connection and the listener share; outlives both.
struct ServerState {
    boost::asio::thread_pool& workers;
    Handler handler;
    ServerOptions options;
    bool is_unix = false;
    std::atomic<bool> is_stopping{false};
    std::atomic<std::uint64_t> spool_number{0};

    std::mutex mutex;
    std::condition_variable all_ended;
    std::size_t open_connections = 0;  ///< under mutex

    ServerState(boost::asio::thread_pool& w, Handler h, ServerOptions o, bool unix_socket)
        : workers(w), handler(std::move(h)), options(std::move(o)), is_unix(unix_socket) {}
};

/// Runs on one strand; the socket's executor is that strand.
class Connection {
public:
    /// `remote`: the client's address, or "unix".
    static std::shared_ptr<Connection> make(ServerSocket socket, std::shared_ptr<ServerState> state,
                                            std::string remote);
    virtual ~Connection() = default;
    /// Serves until the connection is closed. Once.
    virtual boost::asio::awaitable<void> run() = 0;
    /// Any thread: closes the connection when it waits for a request.
    virtual void stop() = 0;
};

}  // namespace sangam::node::http
