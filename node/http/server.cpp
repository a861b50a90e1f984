// SPDX-License-Identifier: Apache-2.0
// The HTTP/1.1 server (RFC 9112) on Boost.Beast. One coroutine a connection: read a header, read or
// spool the body, run the handler on the workers, write the answer.
#include "node/http/server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spdlog/spdlog.h>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <condition_variable>
#include <mutex>
#include <set>

#include "node/http/address.hpp"
#include "node/http/error_body.hpp"
#include "node/http/spool_body.hpp"
#include "node/http/target.hpp"
#include "node/http/tcp_acceptor.hpp"

namespace sangam::node::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using boost::system::error_code;
using ServerSocket = asio::generic::stream_protocol::socket;
using Clock = std::chrono::steady_clock;

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
/// A connection that is closed with a request half read: what still arrives is read and dropped for
/// a moment, or the reset that follows would destroy the answer on its way.
constexpr std::size_t drain_bytes = 4 * 1024 * 1024;
constexpr auto drain_time = std::chrono::seconds(2);
/// How long to wait when the process is out of file descriptors before the next accept.
constexpr auto accept_retry = std::chrono::milliseconds(100);

struct SpooledFile {
    std::string path;
    ~SpooledFile() {
        if (!path.empty()) ::unlink(path.c_str());
    }
};

/// Everything that a connection and the listener share; outlives both.
struct Shared {
    asio::thread_pool& workers;
    Handler handler;
    ServerOptions options;
    bool is_unix = false;
    std::atomic<bool> is_stopping{false};
    std::atomic<std::uint64_t> spool_number{0};

    std::mutex mutex;
    std::condition_variable all_ended;
    std::size_t open_connections = 0;  ///< under mutex

    Shared(asio::thread_pool& w, Handler h, ServerOptions o, bool unix_socket)
        : workers(w), handler(std::move(h)), options(std::move(o)), is_unix(unix_socket) {}
};

/// Runs on one strand; the socket's executor is that strand.
class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(ServerSocket socket, std::shared_ptr<Shared> shared, std::string remote)
        : socket_(std::move(socket)),
          timer_(socket_.get_executor()),
          shared_(std::move(shared)),
          remote_(std::move(remote)) {}

    asio::awaitable<void> run() {
        const auto self = shared_from_this();  // the timer's handler may come later than the end
        while (co_await serve_one()) {
        }
        timer_.cancel();
        error_code ignored;
        socket_.shutdown(ServerSocket::shutdown_both, ignored);
        socket_.close(ignored);
    }

    /// Any thread: closes the connection when it waits for a request.
    void stop() {
        asio::post(socket_.get_executor(), [self = shared_from_this()] {
            if (!self->is_idle_) return;
            error_code ignored;
            self->socket_.close(ignored);
        });
    }

private:
    using HeaderParser = bhttp::request_parser<bhttp::empty_body>;

    /// Closes the socket when nothing calls arm() or disarm() until then.
    void arm(Clock::duration limit) {
        timer_.expires_after(limit);
        timer_.async_wait([weak = weak_from_this()](error_code error) {
            const auto self = weak.lock();
            // An expired wait may already be queued when the timer is set anew.
            if (error || !self || self->timer_.expiry() > Clock::now()) return;
            error_code ignored;
            self->socket_.close(ignored);
        });
    }
    void disarm() { timer_.cancel(); }

    /// One request and its answer; false: close.
    asio::awaitable<bool> serve_one() {
        HeaderParser parser;
        parser.header_limit(static_cast<std::uint32_t>(shared_->options.max_header_bytes));
        parser.body_limit(boost::none);  // checked below, where it can be answered
        if (shared_->is_stopping) co_return false;
        is_idle_ = buffer_.size() == 0;
        arm(shared_->options.idle_timeout);
        const auto [error, n] =
            co_await bhttp::async_read_header(socket_, buffer_, parser, quietly);
        is_idle_ = false;
        if (error) {
            co_await refuse(error);
            co_return false;
        }

        Request request;
        request.is_local_admin = shared_->is_unix;
        request.remote = remote_;
        if (auto problem = read_head(parser.get(), request)) {
            co_await answer_early(400, *problem);
            co_return false;
        }
        const bool keep_alive = parser.get().keep_alive();
        const bool is_head = request.method == "HEAD";
        const auto version = parser.get().version();
        if (bhttp::token_list(parser.get()[bhttp::field::expect]).exists("100-continue")) {
            static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            co_await asio::async_write(socket_, asio::buffer(go_on), quietly);
        }

        SpooledFile spooled;
        bool has_body = false;
        if (shared_->options.spools_body && shared_->options.spools_body(request))
            has_body = co_await spool_body(parser, request, spooled);
        else
            has_body = co_await read_body(parser, request);
        if (!has_body) co_return false;

        disarm();
        request.interruption = [this] {
            if (is_client_gone_) return Interruption::client_gone;
            return shared_->is_stopping ? Interruption::stopping : Interruption::none;
        };
        watch_client();
        Response response = co_await handle(request);
        is_watching_ = false;
        error_code ignored;
        socket_.cancel(ignored);  // the watch, when it still waits
        const bool stays = keep_alive && !shared_->is_stopping;
        co_return co_await write(response, version, stays, is_head) && stays;
    }

    static std::optional<Error> read_head(const bhttp::request_header<>& head, Request& out) {
        out.method = std::string(head.method_string());
        auto target = parse_target(head.target());
        if (!target) return target.error();
        out.path = std::move(target->path);
        out.segments = std::move(target->segments);
        out.query = std::move(target->query);
        std::size_t hosts = 0;
        for (const auto& field : head) {
            std::string name(field.name_string());
            for (char& c : name)
                if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
            if (name == "host") ++hosts;
            auto& value = out.headers[name];
            if (!value.empty()) value += ", ";
            value += std::string(field.value());
        }
        // RFC 9112 section 3.2: a missing or repeated Host is answered 400.
        if (hosts > 1 || (hosts == 0 && head.version() >= 11))
            return Error{ErrorKind::usage, "bad_host", "a request needs one Host header", {}, {}};
        return std::nullopt;
    }

    asio::awaitable<bool> read_body(HeaderParser& head, Request& request) {
        const auto limit = shared_->options.max_body_bytes;
        if (head.content_length() && *head.content_length() > limit) {
            co_await answer_early(413, too_large(limit));
            co_return false;
        }
        bhttp::request_parser<bhttp::string_body> parser(std::move(head));
        parser.body_limit(limit);
        if (!co_await read_rest(parser, limit)) co_return false;
        request.body = std::move(parser.get().body());
        co_return true;
    }

    asio::awaitable<bool> spool_body(HeaderParser& head, Request& request, SpooledFile& file) {
        const auto limit = shared_->options.max_spooled_bytes;
        if (head.content_length() && *head.content_length() > limit) {
            co_await answer_early(413, too_large(limit));
            co_return false;
        }
        // TCP and the socket have servers of their own, which share the folder and count alike.
        const auto path = shared_->options.spool_directory + "/upload-" +
                          (shared_->is_unix ? "socket-" : "tcp-") +
                          std::to_string(shared_->spool_number.fetch_add(1));
        bhttp::request_parser<SpoolBody> parser(std::move(head));
        parser.body_limit(limit);
        auto& body = parser.get().body();
        file.path = path;
        body.open(path);
        const bool was_read = !body.disk_error && co_await read_rest(parser, limit);
        body.close();
        if (body.disk_error) {
            // Before the answer: a client that tries again at once finds the room.
            ::unlink(path.c_str());
            co_await refuse_upload(request, body.disk_error, path);
            co_return false;
        }
        if (was_read) request.body_file = path;
        co_return was_read;
    }

    asio::awaitable<void> refuse_upload(const Request& request, error_code why,
                                        const std::string& path) {
        spdlog::error("cannot write an upload to {}: {}", path, why.message());
        const bool is_full = why.value() == ENOSPC || why.value() == EDQUOT;
        // Where our files are is told to the admin; a stranger need not know.
        Error problem{ErrorKind::failed, is_full ? "disk_full" : "spool_failed",
                      is_full ? "the node's disk is full: the upload does not fit"
                              : "the node could not write the upload to its disk: " + why.message(),
                      request.is_local_admin ? shared_->options.spool_directory : std::string(),
                      is_full ? "free some space on the node's disk, or import the file in parts"
                              : "the node's log says more"};
        co_await answer_early(is_full ? 507 : 500, std::move(problem));
    }

    template <class Parser>
    asio::awaitable<bool> read_rest(Parser& parser, std::uint64_t limit) {
        while (!parser.is_done()) {
            arm(shared_->options.idle_timeout);
            const auto [error, n] =
                co_await bhttp::async_read_some(socket_, buffer_, parser, quietly);
            if (!error) continue;
            if constexpr (std::is_same_v<Parser, bhttp::request_parser<SpoolBody>>)
                if (parser.get().body().disk_error) co_return false;  // answered by the caller
            if (error == bhttp::error::body_limit) {
                co_await answer_early(413, too_large(limit));
            } else {
                co_await refuse(error);
            }
            co_return false;
        }
        co_return true;
    }

    static Error too_large(std::uint64_t limit) {
        return {ErrorKind::usage, "body_too_large", "the request's body is too large",
                "the limit here is " + std::to_string(limit) + " bytes",
                "large files go to /api/v1/import, with a token that may write"};
    }

    /// While a handler works, looks whether the client closes its side, so that nobody imports for
    /// hours for somebody who went away. What a client sends meanwhile is its next request.
    void watch_client() {
        is_client_gone_ = false;
        is_watching_ = true;
        wait_for_client();
    }

    void wait_for_client() {
        socket_.async_wait(ServerSocket::wait_read, [self = shared_from_this()](error_code error) {
            if (error || !self->is_watching_) return;
            char next = 0;
            const auto got =
                ::recv(self->socket_.native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
            // The event may still be that of the body's last bytes, which have been read since.
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) return self->wait_for_client();
            self->is_client_gone_ = got <= 0;
        });
    }

    /// The handler's answer, computed on a worker thread while this coroutine waits.
    asio::awaitable<Response> handle(const Request& request) {
        Response response;
        auto work = [this, &request, &response]() -> asio::awaitable<void> {
            try {
                response = shared_->handler(request);
            } catch (const std::exception& failure) {
                spdlog::error("{} {} failed: {}", request.method, request.path, failure.what());
                // What went wrong inside is told to the admin; a stranger need not know our paths.
                response = error_response(
                    500,
                    Error{ErrorKind::failed,
                          "internal",
                          request.is_local_admin ? failure.what() : "the node could not do this",
                          {},
                          "the node's log says more"});
            }
            co_return;
        };
        co_await asio::co_spawn(shared_->workers.get_executor(), std::move(work),
                                asio::use_awaitable);
        co_return response;
    }

    template <class Body>
    asio::awaitable<bool> write_message(bhttp::response<Body>& message, bool is_head) {
        bhttp::response_serializer<Body> serializer(message);
        serializer.split(is_head);
        while (is_head ? !serializer.is_header_done() : !serializer.is_done()) {
            arm(shared_->options.idle_timeout);
            const auto [error, n] = co_await bhttp::async_write_some(socket_, serializer, quietly);
            if (error) co_return false;
        }
        co_return true;
    }

    template <class Body>
    static void fill_head(bhttp::response<Body>& message, const Response& response,
                          unsigned version, bool keep_alive) {
        message.version(version);
        message.result(static_cast<unsigned>(response.status));
        message.set(bhttp::field::content_type, response.content_type);
        message.set(bhttp::field::cache_control, "no-store");
        message.set("X-Content-Type-Options", "nosniff");
        for (const auto& [name, value] : response.headers) message.set(name, value);
        message.keep_alive(keep_alive);
    }

    asio::awaitable<bool> write(Response& response, unsigned version, bool keep_alive,
                                bool is_head) {
        if (!response.body_file) {
            bhttp::response<bhttp::string_body> message;
            fill_head(message, response, version, keep_alive);
            message.body() = std::move(response.body);
            message.prepare_payload();
            co_return co_await write_message(message, is_head);
        }
        const SpooledFile removed_afterwards{*response.body_file};
        bhttp::response<bhttp::file_body> message;
        error_code error;
        message.body().open(response.body_file->c_str(), beast::file_mode::scan, error);
        if (error) {
            spdlog::error("cannot read {}: {}", *response.body_file, error.message());
            Response failed = error_response(
                500,
                Error{ErrorKind::failed, "internal", "the answer's file cannot be read", {}, {}});
            failed.body_file.reset();
            co_return co_await write(failed, version, false, is_head);
        }
        fill_head(message, response, version, keep_alive);
        message.prepare_payload();
        co_return co_await write_message(message, is_head);
    }

    /// Answers what cannot be read as a request; a connection that just ended gets nothing.
    asio::awaitable<void> refuse(error_code error) {
        if (error == bhttp::error::header_limit) {
            co_await answer_early(431, Error{ErrorKind::usage,
                                             "header_too_large",
                                             "the request's header is too large",
                                             {},
                                             {}});
        } else if (error.category() == make_error_code(bhttp::error::bad_method).category() &&
                   error != bhttp::error::end_of_stream && error != bhttp::error::partial_message) {
            co_await answer_early(400, Error{ErrorKind::usage,
                                             "bad_request",
                                             "this is not an HTTP/1.1 request: " + error.message(),
                                             {},
                                             {}});
        }
    }

    asio::awaitable<void> answer_early(int status, Error problem) {
        Response response = error_response(status, problem);
        if (!co_await write(response, 11, false, false)) co_return;
        error_code ignored;
        socket_.shutdown(ServerSocket::shutdown_send, ignored);
        arm(drain_time);
        std::array<char, 16 * 1024> sink{};
        std::size_t drained = 0;
        while (drained < drain_bytes) {
            const auto [error, n] = co_await socket_.async_read_some(asio::buffer(sink), quietly);
            if (error) co_return;
            drained += n;
        }
    }

    ServerSocket socket_;
    asio::steady_timer timer_;
    std::shared_ptr<Shared> shared_;
    std::string remote_;
    beast::flat_buffer buffer_{64 * 1024};
    bool is_idle_ = false;
    bool is_watching_ = false;                 ///< a handler works; on the strand
    std::atomic<bool> is_client_gone_{false};  ///< asked on the handler's thread
};

/// Accepts on one strand; holds the open connections so that stop() reaches them.
template <class Protocol>
class Listener final : public std::enable_shared_from_this<Listener<Protocol>> {
public:
    using Acceptor = typename Protocol::acceptor;

    Listener(asio::io_context& io, Acceptor acceptor, std::shared_ptr<Shared> shared)
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
        auto connection =
            std::make_shared<Connection>(std::move(socket), shared_, std::move(remote));
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
    std::shared_ptr<Shared> shared_;
    std::set<std::shared_ptr<Connection>> connections_;
};

template <class Protocol>
class ServerOf final : public Server {
public:
    ServerOf(asio::io_context& io, typename Protocol::acceptor acceptor,
             std::shared_ptr<Shared> shared, std::string address, std::string socket_file)
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
    std::shared_ptr<Shared> shared_;
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
        std::make_shared<Shared>(workers, std::move(handler), std::move(options), false), bound,
        std::string{});
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
        std::make_shared<Shared>(workers, std::move(handler), std::move(options), true), path,
        path);
}

}  // namespace sangam::node::http
