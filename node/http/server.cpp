// SPDX-License-Identifier: Apache-2.0
// Accepting over TCP and Unix sockets; what happens on a connection is connection.cpp's.
#include "node/http/server.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <spdlog/spdlog.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <cstring>
#include <set>

#include "node/http/address.hpp"
#include "node/http/connection.hpp"
#include "node/http/tcp_acceptor.hpp"

namespace sangam::node::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

/// How long to wait when the process is out of file descriptors before the next accept.
constexpr auto accept_retry = std::chrono::milliseconds(100);

/// Accepts on one strand; holds the open connections so that stop() reaches them.
template <class Protocol>
class Listener final : public std::enable_shared_from_this<Listener<Protocol>> {
public:
    using Acceptor = typename Protocol::acceptor;

    Listener(asio::io_context& io, Acceptor acceptor, std::shared_ptr<ServerState> shared)
        : io_(io),
          acceptor_(std::move(acceptor)),
          room_(acceptor_.get_executor()),
          shared_(std::move(shared)) {}

    void start() {
        auto accepting = accept(this->shared_from_this());
        asio::co_spawn(acceptor_.get_executor(), std::move(accepting), log_failure("accepting"));
    }

    void stop() {
        shared_->is_stopping = true;
        asio::post(acceptor_.get_executor(), [self = this->shared_from_this()] {
            error_code ignored;
            self->acceptor_.close(ignored);
            self->room_.cancel();
            for (const auto& connection : self->connections_) connection->stop();
        });
    }

private:
    static std::function<void(std::exception_ptr)> log_failure(std::string what) {
        return [what = std::move(what)](std::exception_ptr failure) {
            if (!failure) return;
            try {
                std::rethrow_exception(failure);
            } catch (const std::exception& e) {
                spdlog::error("HTTP {}: {}", what, e.what());
            }
        };
    }

    static asio::awaitable<void> accept(std::shared_ptr<Listener> self) {
        while (!self->shared_->is_stopping) {
            if (self->connections_.size() >= self->shared_->options.max_connections) {
                self->room_.expires_at(Clock::time_point::max());
                co_await self->room_.async_wait(quietly);
                continue;
            }
            ServerSocket socket(asio::make_strand(self->io_));
            const auto [error] = co_await self->acceptor_.async_accept(socket, quietly);
            if (error == asio::error::operation_aborted) break;
            if (error) {
                self->room_.expires_after(accept_retry);
                co_await self->room_.async_wait(quietly);
                continue;
            }
            self->serve(std::move(socket));
        }
    }

    void serve(ServerSocket socket) {
        std::string remote = "unix";
        if constexpr (std::is_same_v<Protocol, asio::ip::tcp>) {
            error_code error;
            const auto generic = socket.remote_endpoint(error);
            asio::ip::tcp::endpoint peer;
            if (!error && generic.size() <= peer.capacity()) {
                peer.resize(generic.size());
                std::memcpy(peer.data(), generic.data(), generic.size());
                remote = endpoint_text(peer);
            }
            socket.set_option(asio::ip::tcp::no_delay(true), error);
        }
        const auto executor = socket.get_executor();
        auto connection = Connection::make(std::move(socket), shared_, std::move(remote));
        connections_.insert(connection);
        {
            const std::lock_guard lock(shared_->mutex);
            ++shared_->open_connections;
        }
        auto done = [self = this->shared_from_this(), connection,
                     report = log_failure("connection")](std::exception_ptr failure) {
            report(failure);
            {
                const std::lock_guard lock(self->shared_->mutex);
                --self->shared_->open_connections;
            }
            self->shared_->all_ended.notify_all();
            asio::dispatch(self->acceptor_.get_executor(), [self, connection] {
                self->connections_.erase(connection);
                self->room_.cancel();
            });
        };
        auto running = connection->run();
        asio::co_spawn(executor, std::move(running), std::move(done));
    }

    asio::io_context& io_;
    Acceptor acceptor_;
    asio::steady_timer room_;  ///< cancelled when a connection ended
    std::shared_ptr<ServerState> shared_;
    std::set<std::shared_ptr<Connection>> connections_;
};

template <class Protocol>
class ServerOf final : public Server {
public:
    ServerOf(asio::io_context& io, typename Protocol::acceptor acceptor,
             std::shared_ptr<ServerState> shared, std::string address, std::string socket_file)
        : shared_(std::move(shared)),
          listener_(std::make_shared<Listener<Protocol>>(io, std::move(acceptor), shared_)),
          address_(std::move(address)),
          socket_file_(std::move(socket_file)) {
        listener_->start();
    }
    ~ServerOf() override { stop(); }
    [[nodiscard]] std::string address() const override { return address_; }
    void stop() override {
        if (is_stopped_.exchange(true)) return;
        if (!socket_file_.empty()) ::unlink(socket_file_.c_str());
        listener_->stop();
    }
    void wait_until_sent(std::chrono::milliseconds limit) override {
        std::unique_lock lock(shared_->mutex);
        shared_->all_ended.wait_for(lock, limit, [this] { return shared_->open_connections == 0; });
    }

private:
    std::shared_ptr<ServerState> shared_;
    std::shared_ptr<Listener<Protocol>> listener_;
    std::string address_;
    std::string socket_file_;
    std::atomic<bool> is_stopped_{false};
};

}  // namespace

Result<std::unique_ptr<Server>> Server::listen_tcp(asio::io_context& io, asio::thread_pool& workers,
                                                   const std::string& address, Handler handler,
                                                   ServerOptions options) {
    auto acceptor = open_acceptor(asio::make_strand(io), address);
    if (!acceptor) return std::unexpected(acceptor.error());
    const auto bound = endpoint_text(acceptor->local_endpoint());
    return std::make_unique<ServerOf<asio::ip::tcp>>(
        io, std::move(*acceptor),
        std::make_shared<ServerState>(workers, std::move(handler), std::move(options), false),
        bound, std::string{});
}

Result<std::unique_ptr<Server>> Server::listen_unix(asio::io_context& io,
                                                    asio::thread_pool& workers,
                                                    const std::string& path, Handler handler,
                                                    ServerOptions options) {
    if (auto fits = check_socket_path(path); !fits) return std::unexpected(fits.error());
    struct stat status{};
    if (::lstat(path.c_str(), &status) == 0) {
        if (!S_ISSOCK(status.st_mode))
            return fail("not_a_socket", "a file that is no socket stands where the socket belongs",
                        path, "move it away");
        ::unlink(path.c_str());
    }
    error_code error;
    asio::local::stream_protocol::acceptor acceptor(asio::make_strand(io));
    const asio::local::stream_protocol::endpoint endpoint(path);
    acceptor.open(endpoint.protocol(), error);
    // On Linux the file takes the descriptor's mode, so it never exists with a wider one.
    if (!error && ::fchmod(acceptor.native_handle(), 0600) != 0)
        error = error_code(errno, boost::system::system_category());
    if (!error) acceptor.bind(endpoint, error);
    if (!error && ::chmod(path.c_str(), 0600) != 0)
        error = error_code(errno, boost::system::system_category());
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return cannot_listen(path, error);
    return std::make_unique<ServerOf<asio::local::stream_protocol>>(
        io, std::move(acceptor),
        std::make_shared<ServerState>(workers, std::move(handler), std::move(options), true), path,
        path);
}

}  // namespace sangam::node::http
