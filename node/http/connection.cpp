// SPDX-License-Identifier: Apache-2.0
// On Boost.Beast. Bodies are read by body_reader.cpp, answers written by response_writer.cpp.
#include "node/http/connection.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <spdlog/spdlog.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "node/http/body_reader.hpp"
#include "node/http/error_body.hpp"
#include "node/http/response_writer.hpp"
#include "node/http/spooled_file.hpp"
#include "node/http/target.hpp"

namespace sangam::node::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

/// A connection that is closed with a request half read: what still arrives is read and dropped for
/// a moment, or the reset that follows would destroy the answer on its way.
constexpr std::size_t drain_bytes = 4 * 1024 * 1024;
constexpr auto drain_time = std::chrono::seconds(2);

class BeastConnection final : public Connection,
                              public std::enable_shared_from_this<BeastConnection> {
public:
    BeastConnection(ServerSocket socket, std::shared_ptr<ServerState> shared, std::string remote)
        : socket_(std::move(socket)),
          timer_(socket_.get_executor()),
          shared_(std::move(shared)),
          remote_(std::move(remote)) {}

    asio::awaitable<void> run() override {
        const auto self = shared_from_this();  // the timer's handler may come later than the end
        while (co_await serve_one()) {
        }
        timer_.cancel();
        error_code ignored;
        socket_.shutdown(ServerSocket::shutdown_both, ignored);
        socket_.close(ignored);
    }

    void stop() override {
        asio::post(socket_.get_executor(), [self = shared_from_this()] {
            if (!self->is_idle_) return;
            error_code ignored;
            self->socket_.close(ignored);
        });
    }

private:
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
    /// What reading and writing call before each part that they wait for.
    std::function<void()> step() {
        return [this] { arm(shared_->options.idle_timeout); };
    }

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
        const auto& options = shared_->options;
        const auto limit = options.takes_long_body && options.takes_long_body(request)
                               ? options.max_long_body_bytes
                               : options.max_body_bytes;
        if (head.content_length() && *head.content_length() > limit) {
            co_await answer_early(413, too_large(limit));
            co_return false;
        }
        const auto error =
            co_await read_to_memory({socket_, buffer_, head, limit, step()}, request.body);
        if (error) co_await refuse_body(error, limit);
        co_return !error;
    }

    asio::awaitable<bool> spool_body(HeaderParser& head, Request& request, SpooledFile& file) {
        const auto limit = shared_->options.max_spooled_bytes;
        if (head.content_length() && *head.content_length() > limit) {
            co_await answer_early(413, too_large(limit));
            co_return false;
        }
        // TCP and the socket have servers of their own, which share the folder and count alike.
        file.path = shared_->options.spool_directory + "/upload-" +
                    (shared_->is_unix ? "socket-" : "tcp-") +
                    std::to_string(shared_->spool_number.fetch_add(1));
        const auto failure =
            co_await read_to_file({socket_, buffer_, head, limit, step()}, file.path);
        if (failure.disk) {
            // Before the answer: a client that tries again at once finds the room.
            ::unlink(file.path.c_str());
            co_await refuse_upload(request, failure.disk, file.path);
            co_return false;
        }
        if (failure.connection) {
            co_await refuse_body(failure.connection, limit);
            co_return false;
        }
        request.body_file = file.path;
        co_return true;
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

    asio::awaitable<void> refuse_body(error_code error, std::uint64_t limit) {
        if (error == bhttp::error::body_limit)
            co_await answer_early(413, too_large(limit));
        else
            co_await refuse(error);
    }

    Error too_large(std::uint64_t limit) const {
        return {ErrorKind::usage, "body_too_large", "the request's body is too large",
                "the limit here is " + std::to_string(limit) + " bytes",
                shared_->options.too_large_fix};
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

    /// True: sent whole.
    asio::awaitable<bool> write(Response& response, unsigned version, bool keep_alive,
                                bool is_head) {
        return write_response(socket_, response, {version, keep_alive, is_head}, step());
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
    std::shared_ptr<ServerState> shared_;
    std::string remote_;
    beast::flat_buffer buffer_{64 * 1024};
    bool is_idle_ = false;
    bool is_watching_ = false;                 ///< a handler works; on the strand
    std::atomic<bool> is_client_gone_{false};  ///< asked on the handler's thread
};

}  // namespace

std::shared_ptr<Connection> Connection::make(ServerSocket socket,
                                             std::shared_ptr<ServerState> state,
                                             std::string remote) {
    return std::make_shared<BeastConnection>(std::move(socket), std::move(state),
                                             std::move(remote));
}

}  // namespace sangam::node::http
