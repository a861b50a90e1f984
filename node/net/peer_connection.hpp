// SPDX-License-Identifier: Apache-2.0
// One TLS connection to a peer: handshake, frames in, frames out, an orderly end. It knows bytes
// and deadlines; what messages mean is the engine's business.
//
// Runs on a strand of its own: one coroutine that connects and reads, one that writes, one that
// watches the deadlines. Memory is bounded both ways (limits.hpp): a peer that does not read is cut
// off, a peer that sends faster than it is dealt with is not read from.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "node/net/tls.hpp"
#include "protocol/messages/message.hpp"
#include "sync/actions.hpp"

namespace sangam::node::net {

/// How a connection ended.
struct ConnectionEnd {
    enum class Kind {
        unreachable,      ///< no TCP connection, or none of the handshake's answers in time
        refused_by_us,    ///< its key is no member's, another node answered, no sangam/1
        refused_by_peer,  ///< it said so in an alert
        closed,           ///< it was open, and ended
    };
    Kind kind = Kind::closed;
    std::string reason;  ///< a sentence for the log and for `status`
};

class PeerConnection;

/// Whoever holds the connections. Called on the connections' strands, so at the same time for
/// different connections.
class ConnectionOwner {
public:
    virtual ~ConnectionOwner() = default;
    /// The peer is known and has accepted us. Nothing else is called before, but for on_ended().
    virtual void on_open(const std::shared_ptr<PeerConnection>&) = 0;
    /// `bytes` are to be given back with PeerConnection::handled() when it was dealt with.
    virtual void on_message(const std::shared_ptr<PeerConnection>&, messages::Message,
                            std::size_t bytes) = 0;
    /// So many bytes of frames came in or went out.
    virtual void on_bytes(std::size_t received, std::size_t sent) = 0;
    /// Last call, exactly once for each connection that was started.
    virtual void on_ended(const std::shared_ptr<PeerConnection>&, const ConnectionEnd&) = 0;
};

/// Where to dial.
struct DialTarget {
    NodeId node;  ///< who must answer there
    std::string host;
    std::uint16_t port = 0;
};

class PeerConnection : public std::enable_shared_from_this<PeerConnection> {
public:
    using Socket = boost::asio::ip::tcp::socket;
    /// `socket` is bound to a strand of its own (accepted onto it, or fresh). `tls` and `owner`
    /// outlive all connections.
    PeerConnection(sync::ConnectionId id, Socket socket, Tls& tls, ConnectionOwner& owner,
                   std::optional<DialTarget> target);

    /// Begins the handshake, after dialing when there is a target. Once.
    void start();

    // ---- any thread ----------------------------------------------------------------------------
    void send(messages::Message message);
    /// Sends what waits, then `abort`, then hangs up; within closing_deadline. Drops a connection
    /// that is not open yet. Harmless when repeated.
    void close(messages::Abort abort);
    /// A message of on_message() was dealt with.
    void handled(std::size_t bytes);

    [[nodiscard]] sync::ConnectionId id() const { return id_; }
    [[nodiscard]] bool is_dialed() const { return target_.has_value(); }
    [[nodiscard]] const std::optional<DialTarget>& target() const { return target_; }
    /// From on_open() on.
    [[nodiscard]] const NodeId& peer() const { return *verdict_.peer; }
    [[nodiscard]] const PublicKey& peer_key() const { return verdict_.key; }
    /// "192.0.2.1:7420", or the target as it was written.
    [[nodiscard]] const std::string& remote() const { return remote_; }

private:
    using Clock = std::chrono::steady_clock;
    using Self = std::shared_ptr<PeerConnection>;
    template <class T>
    using awaitable = boost::asio::awaitable<T>;

    struct Frame {
        messages::Message message;
        std::size_t bytes = 0;
    };

    static awaitable<void> run(Self self);
    static awaitable<void> write_loop(Self self);
    static awaitable<void> watch(Self self);
    awaitable<bool> connect();
    awaitable<bool> handshake();
    awaitable<std::optional<Frame>> read_frame();
    awaitable<bool> read_bytes(std::uint8_t* out, std::size_t count);
    awaitable<void> wait_for_room();

    void spawn(awaitable<void> coroutine);
    void enqueue(const messages::Message& message);
    void set_read_deadline(std::chrono::seconds from_now, const char* reason);
    void begin_closing(const messages::Abort& abort, const std::string& reason);
    void give_up(ConnectionEnd::Kind kind, std::string reason);
    void end();
    [[nodiscard]] bool is_ending() const { return is_closing_ || has_ended_; }

    const sync::ConnectionId id_;
    TlsStream stream_;
    ConnectionOwner& owner_;
    const std::optional<DialTarget> target_;
    const std::string remote_;
    HandshakeVerdict verdict_;

    bool is_open_ = false;          ///< on_open() was called
    bool is_closing_ = false;       ///< the last frame is in the queue; what comes in is dropped
    bool is_writing_over_ = false;  ///< a write failed
    bool has_ended_ = false;
    std::optional<ConnectionEnd> outcome_;  ///< the first reason counts

    std::deque<Bytes> queue_;
    std::size_t queue_bytes_ = 0;
    boost::asio::steady_timer queue_timer_;  ///< cancelled when the queue is no longer empty
    std::size_t in_flight_bytes_ = 0;
    std::size_t in_flight_messages_ = 0;
    boost::asio::steady_timer room_timer_;  ///< cancelled when something was dealt with

    boost::asio::steady_timer watch_timer_;
    Clock::time_point read_deadline_ = Clock::time_point::max();
    const char* read_deadline_reason_ = "";
    Clock::time_point write_deadline_ = Clock::time_point::max();
};

}  // namespace sangam::node::net
