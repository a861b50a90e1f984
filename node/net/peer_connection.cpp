// SPDX-License-Identifier: Apache-2.0
#include "node/net/peer_connection.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "node/net/limits.hpp"

namespace sangam::node::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

std::string remote_text(TlsStream& stream, const std::optional<DialTarget>& target) {
    if (target) return target->host + ":" + std::to_string(target->port);
    error_code gone;
    const auto endpoint = stream.lowest_layer().remote_endpoint(gone);
    if (gone) return "an address that has gone";
    const auto address = endpoint.address().to_string();
    return (endpoint.address().is_v6() ? "[" + address + "]" : address) + ":" +
           std::to_string(endpoint.port());
}

}  // namespace

PeerConnection::PeerConnection(sync::ConnectionId id, Socket socket, Tls& tls,
                               ConnectionOwner& owner, std::optional<DialTarget> target)
    : id_(id),
      stream_(std::move(socket), target ? tls.client() : tls.server()),
      owner_(owner),
      target_(std::move(target)),
      remote_(remote_text(stream_, target_)),
      queue_timer_(stream_.get_executor(), Clock::time_point::max()),
      room_timer_(stream_.get_executor(), Clock::time_point::max()),
      watch_timer_(stream_.get_executor()) {
    attach(stream_, verdict_);
}

void PeerConnection::start() {
    auto self = shared_from_this();
    asio::post(stream_.get_executor(), [self] {
        self->spawn(run(self));
        self->spawn(watch(self));
    });
}

/// A coroutine must not throw; what does it all the same is logged, and ends the connection.
void PeerConnection::spawn(awaitable<void> coroutine) {
    auto self = shared_from_this();
    auto on_done = [self](std::exception_ptr error) {
        if (!error) return;
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& e) {
            spdlog::error("connection with {}: {}", self->remote_, e.what());
        }
        self->give_up(ConnectionEnd::Kind::closed, "internal error, see the log");
        self->end();
    };
    asio::co_spawn(stream_.get_executor(), std::move(coroutine), std::move(on_done));
}

// ---- connecting and reading
// ------------------------------------------------------------------------

PeerConnection::awaitable<void> PeerConnection::run(Self self) {
    bool is_ready = true;
    if (self->target_) is_ready = co_await self->connect();
    if (is_ready) is_ready = co_await self->handshake();
    if (is_ready) {
        self->set_read_deadline(hello_deadline, "no first message in time");
        // The server speaks first on trust in its own check. A client that was refused learns so
        // here, so it holds back until the first frame.
        if (!self->target_) {
            self->is_open_ = true;
            self->owner_.on_open(self);
        }
        self->spawn(write_loop(self));
        for (;;) {
            auto frame = co_await self->read_frame();
            if (!frame) break;
            if (!self->is_open_) {
                self->is_open_ = true;
                self->owner_.on_open(self);
            }
            self->set_read_deadline(idle_deadline, "nothing heard for too long");
            const bool is_last = std::holds_alternative<messages::Abort>(frame->message);
            std::string last_words;
            if (is_last) last_words = std::get<messages::Abort>(frame->message).reason;
            self->in_flight_bytes_ += frame->bytes;
            self->in_flight_messages_ += 1;
            self->owner_.on_message(self, std::move(frame->message), frame->bytes);
            if (is_last) {
                self->give_up(ConnectionEnd::Kind::closed, "the peer ended it: " + last_words);
                break;
            }
            co_await self->wait_for_room();
            if (self->has_ended_) break;
        }
    }
    self->end();
}

PeerConnection::awaitable<bool> PeerConnection::connect() {
    set_read_deadline(connect_deadline, "no answer");
    asio::ip::tcp::resolver resolver(stream_.get_executor());
    auto [lookup_error, found] =
        co_await resolver.async_resolve(target_->host, std::to_string(target_->port), as_result);
    if (has_ended_) co_return false;
    if (lookup_error) {
        give_up(ConnectionEnd::Kind::unreachable,
                "cannot find the host: " + lookup_error.message());
        co_return false;
    }
    auto [error, reached] = co_await asio::async_connect(stream_.next_layer(), found, as_result);
    if (error) {
        give_up(ConnectionEnd::Kind::unreachable, error.message());
        co_return false;
    }
    co_return true;
}

PeerConnection::awaitable<bool> PeerConnection::handshake() {
    set_read_deadline(handshake_deadline, "the TLS handshake took too long");
    error_code ignored;  // without it small messages wait for each other; not worth failing for
    stream_.next_layer().set_option(asio::ip::tcp::no_delay(true), ignored);
    auto [error] = co_await stream_.async_handshake(
        target_ ? asio::ssl::stream_base::client : asio::ssl::stream_base::server, as_result);
    if (verdict_.refusal) {
        std::string key = verdict_.key.is_zero() ? "" : " (key " + verdict_.key.hex() + ")";
        give_up(ConnectionEnd::Kind::refused_by_us, verdict_.refusal->text() + key);
        co_return false;
    }
    if (error) {
        const auto refusal = refusal_by_peer(error);
        if (refusal)
            give_up(ConnectionEnd::Kind::refused_by_peer, *refusal);
        else
            give_up(ConnectionEnd::Kind::unreachable,
                    "the TLS handshake failed: " + error.message());
        co_return false;
    }
    if (!verdict_.peer) {
        give_up(ConnectionEnd::Kind::refused_by_us, "the peer showed no certificate");
        co_return false;
    }
    if (const auto agreed = check_alpn(stream_); !agreed) {
        give_up(ConnectionEnd::Kind::refused_by_us, agreed.error().message);
        co_return false;
    }
    if (target_ && *verdict_.peer != target_->node) {
        give_up(ConnectionEnd::Kind::refused_by_us,
                "node " + verdict_.peer->hex() + " answers at that address");
        co_return false;
    }
    co_return true;
}

PeerConnection::awaitable<bool> PeerConnection::read_bytes(std::uint8_t* out, std::size_t count) {
    while (count > 0) {
        auto [error, n] = co_await stream_.async_read_some(asio::buffer(out, count), as_result);
        if (error) {
            const auto refusal = is_open_ ? std::nullopt : refusal_by_peer(error);
            if (refusal)
                give_up(ConnectionEnd::Kind::refused_by_peer, *refusal);
            else if (error == asio::error::eof || is_truncated(error))
                give_up(ConnectionEnd::Kind::closed, "the peer hung up");
            else
                give_up(ConnectionEnd::Kind::closed, error.message());
            co_return false;
        }
        out += n;
        count -= n;
        owner_.on_bytes(n, 0);
        if (is_open_ && !is_closing_ && !is_writing_over_)
            read_deadline_ = Clock::now() + idle_deadline;
    }
    co_return true;
}

/// nullopt: the connection is over, and outcome_ says why. While closing, frames are read and
/// dropped until the peer hangs up, since closing with unread bytes would reset the connection and
/// take our last frame with it.
PeerConnection::awaitable<std::optional<PeerConnection::Frame>> PeerConnection::read_frame() {
    for (;;) {
        std::array<std::uint8_t, messages::frame_header_bytes> head{};
        if (!co_await read_bytes(head.data(), head.size())) co_return std::nullopt;
        const auto header = messages::decode_frame_header(head);
        if (!header) {
            if (is_closing_) co_return std::nullopt;
            begin_closing({messages::AbortCode::bad_message, header.error().text()},
                          "sent a frame that breaks the rules: " + header.error().text());
            continue;
        }
        Bytes body;
        while (body.size() < header->body_bytes) {
            const std::size_t old_size = body.size();
            body.resize(std::min<std::size_t>(header->body_bytes, old_size + read_step_bytes));
            if (!co_await read_bytes(body.data() + old_size, body.size() - old_size))
                co_return std::nullopt;
        }
        if (is_closing_) continue;
        auto message = messages::decode_body(header->type, body);
        if (!message) {
            begin_closing({messages::AbortCode::bad_message, message.error().text()},
                          "sent a message that breaks the rules: " + message.error().text());
            continue;
        }
        co_return Frame{std::move(*message), head.size() + body.size()};
    }
}

PeerConnection::awaitable<void> PeerConnection::wait_for_room() {
    while (!has_ended_ && (in_flight_bytes_ >= max_in_flight_bytes ||
                           in_flight_messages_ >= max_in_flight_messages)) {
        // It is we who are slow now, not the peer.
        read_deadline_ = Clock::time_point::max();
        room_timer_.expires_at(Clock::time_point::max());
        co_await room_timer_.async_wait(as_result);
        if (is_writing_over_)
            set_read_deadline(closing_deadline, "the connection broke while sending");
        else if (!is_closing_)
            set_read_deadline(idle_deadline, "nothing heard for too long");
    }
}

void PeerConnection::handled(std::size_t bytes) {
    auto self = shared_from_this();
    asio::post(stream_.get_executor(), [self, bytes] {
        self->in_flight_bytes_ -= std::min(bytes, self->in_flight_bytes_);
        if (self->in_flight_messages_ > 0) self->in_flight_messages_ -= 1;
        self->room_timer_.cancel();
    });
}

// ---- writing
// ----------------------------------------------------------------------------------------

void PeerConnection::send(messages::Message message) {
    auto self = shared_from_this();
    auto held = std::make_shared<messages::Message>(std::move(message));
    asio::post(stream_.get_executor(), [self, held] {
        if (!self->is_ending()) self->enqueue(*held);
    });
}

void PeerConnection::enqueue(const messages::Message& message) {
    if (is_writing_over_) return;
    Bytes frame = messages::encode_frame(message);
    if (queue_bytes_ + frame.size() > max_send_queue_bytes) {
        give_up(ConnectionEnd::Kind::closed, "the peer does not read what it is sent");
        end();
        return;
    }
    queue_bytes_ += frame.size();
    queue_.push_back(std::move(frame));
    queue_timer_.cancel();
}

PeerConnection::awaitable<void> PeerConnection::write_loop(Self self) {
    while (!self->has_ended_) {
        if (self->queue_.empty()) {
            if (self->is_closing_) {
                // All is sent, the abort last. The peer hangs up on it; run() waits for that.
                error_code ignored;  // it may have hung up already
                self->stream_.next_layer().shutdown(Socket::shutdown_send, ignored);
                co_return;
            }
            self->queue_timer_.expires_at(Clock::time_point::max());
            co_await self->queue_timer_.async_wait(as_result);
            continue;
        }
        Bytes batch = std::move(self->queue_.front());
        self->queue_.pop_front();
        while (!self->queue_.empty() &&
               batch.size() + self->queue_.front().size() <= write_batch_bytes) {
            batch.insert(batch.end(), self->queue_.front().begin(), self->queue_.front().end());
            self->queue_.pop_front();
        }
        auto progress = [raw = self.get()](const error_code& error, std::size_t) -> std::size_t {
            raw->write_deadline_ = Clock::now() + write_deadline;
            return error ? 0 : write_batch_bytes;
        };
        self->write_deadline_ = Clock::now() + write_deadline;
        auto [error, n] = co_await asio::async_write(self->stream_, asio::buffer(batch),
                                                     std::move(progress), as_result);
        self->write_deadline_ = Clock::time_point::max();
        self->queue_bytes_ -= batch.size();
        self->owner_.on_bytes(0, n);
        if (error) {
            // The reading side usually finds out why (an alert, an abort): it gets the word, for a
            // moment.
            self->is_writing_over_ = true;
            self->set_read_deadline(closing_deadline, "the connection broke while sending");
            co_return;
        }
    }
}

// ---- ending
// -----------------------------------------------------------------------------------------

void PeerConnection::close(messages::Abort abort) {
    auto self = shared_from_this();
    asio::post(stream_.get_executor(), [self, abort = std::move(abort)] {
        if (self->is_ending()) return;
        if (self->is_open_) {
            self->begin_closing(abort, abort.reason);
        } else {
            self->give_up(ConnectionEnd::Kind::unreachable, abort.reason);
            self->end();
        }
    });
}

void PeerConnection::begin_closing(const messages::Abort& abort, const std::string& reason) {
    if (is_ending()) return;
    give_up(ConnectionEnd::Kind::closed, reason);
    enqueue(abort);
    if (has_ended_) return;
    is_closing_ = true;
    set_read_deadline(closing_deadline, "the peer did not hang up");
    queue_timer_.cancel();
    room_timer_.cancel();
}

void PeerConnection::set_read_deadline(std::chrono::seconds from_now, const char* reason) {
    const auto at = Clock::now() + from_now;
    const bool is_sooner = at < read_deadline_;
    read_deadline_ = at;
    read_deadline_reason_ = reason;
    if (is_sooner) watch_timer_.cancel();
}

PeerConnection::awaitable<void> PeerConnection::watch(Self self) {
    while (!self->has_ended_) {
        // Deadlines move with every read and write; looking every few seconds costs less than
        // setting the timer anew each time.
        self->watch_timer_.expires_at(
            std::min({self->read_deadline_, self->write_deadline_, Clock::now() + watch_interval}));
        co_await self->watch_timer_.async_wait(as_result);
        if (self->has_ended_) co_return;
        const auto now = Clock::now();
        const bool reading_is_late = now >= self->read_deadline_;
        if (!reading_is_late && now < self->write_deadline_) continue;
        self->give_up(
            self->is_open_ ? ConnectionEnd::Kind::closed : ConnectionEnd::Kind::unreachable,
            reading_is_late ? self->read_deadline_reason_
                            : "the peer does not read what it is sent");
        self->end();
    }
}

void PeerConnection::give_up(ConnectionEnd::Kind kind, std::string reason) {
    if (!outcome_) outcome_ = ConnectionEnd{kind, std::move(reason)};
}

void PeerConnection::end() {
    if (has_ended_) return;
    has_ended_ = true;
    give_up(ConnectionEnd::Kind::closed, "closed");
    error_code ignored;  // nothing more can be done with it
    stream_.next_layer().close(ignored);
    queue_timer_.cancel();
    room_timer_.cancel();
    watch_timer_.cancel();
    owner_.on_ended(shared_from_this(), *outcome_);
}

}  // namespace sangam::node::net
