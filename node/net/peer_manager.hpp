// SPDX-License-Identifier: Apache-2.0
// All connections to peers: listens, dials (sync::Dialer says when), bounds them, cuts off whose
// key the directory no longer has, and keeps the table that `status` shows.
//
// Between the connections (I/O threads) and the engine (logic thread) stand this class's mutex and
// the engine's queue; neither side waits for the other.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/daemon/directory_snapshot.hpp"
#include "node/daemon/engine_runner.hpp"
#include "node/daemon/peer_table.hpp"
#include "node/net/handshake_rate.hpp"
#include "node/net/peer_connection.hpp"
#include "node/net/tls.hpp"
#include "sync/dialer.hpp"

namespace sangam::node::net {

struct PeerManagerSetup {
    boost::asio::io_context* io = nullptr;
    EngineRunner* engine = nullptr;
    const SigningKey* identity = nullptr;
    /// The directory as of now; any thread.
    std::function<std::shared_ptr<const DirectorySnapshot>()> directory;
    std::function<Millis()> clock;
    Random* random = nullptr;  ///< thread-safe; for the dialer's jitter
    /// The institutions that a node of a large federation dials; any thread. Without: all.
    std::function<std::set<InstitutionId>()> related;
    /// A session is open, its hello is in the queue. On the logic thread.
    std::function<void(sync::ConnectionId)> on_connected;
    std::function<void(sync::ConnectionId)> on_disconnected;  ///< of one that was open; any thread
    /// Somebody with a key that the directory lacks wanted to connect; any thread.
    std::function<void()> on_unknown_key;
};

/// Thread-safe. What `setup` points at outlives it; the io_context has to run until stop()
/// returned.
class PeerManager final : public PeerTable, public ConnectionOwner {
public:
    explicit PeerManager(PeerManagerSetup setup);
    ~PeerManager() override;
    PeerManager(const PeerManager&) = delete;
    PeerManager& operator=(const PeerManager&) = delete;

    /// Binds and accepts from start() on. "127.0.0.1:7420"; port 0 takes a free one. Errors name
    /// the address (http::open_acceptor).
    [[nodiscard]] Result<void> listen(const std::string& address);
    /// With the real port.
    [[nodiscard]] std::string listening_address() const { return listening_address_; }
    void start();
    /// Says goodbye to all peers, waits until they are gone or some seconds have passed. Not on an
    /// I/O thread.
    void stop();

    /// The directory changed: closes connections of keys that it no longer lets in, dials others.
    void directory_changed();
    /// The engine's actions; a connection that has ended is ignored.
    void send(sync::ConnectionId connection, messages::Message message);
    void close(sync::ConnectionId connection, const messages::Abort& abort);
    /// Those whose queue has our hello in it: before it a peer takes nothing.
    [[nodiscard]] std::vector<sync::ConnectionId> greeted_connections() const;

    [[nodiscard]] std::vector<PeerRow> rows() const override;
    [[nodiscard]] WireBytes wire_bytes() const override {
        return {received_bytes_.load(), sent_bytes_.load()};
    }

private:
    struct Entry {
        std::shared_ptr<PeerConnection> connection;
        bool is_open = false;
        bool has_greeted = false;  ///< our hello is in its queue
    };
    /// What happened last with a peer; for the table and to log changes, not repetitions.
    struct PeerHistory {
        std::string state = "dialing";
        std::string detail;
        Millis since{};
    };

    // ConnectionOwner, on the connections' strands
    void on_open(const std::shared_ptr<PeerConnection>& connection) override;
    void on_message(const std::shared_ptr<PeerConnection>& connection, messages::Message message,
                    std::size_t bytes) override;
    void on_bytes(std::size_t received, std::size_t sent) override {
        received_bytes_ += received;
        sent_bytes_ += sent;
    }
    void on_ended(const std::shared_ptr<PeerConnection>& connection,
                  const ConnectionEnd& end) override;

    boost::asio::awaitable<void> accept_loop();
    boost::asio::awaitable<void> dial_loop();
    void spawn(boost::asio::awaitable<void> coroutine, const char* what);
    void take_accepted(boost::asio::ip::tcp::socket socket);
    void dial(const sync::Dialer::Dial& dial);
    void start_connection(boost::asio::ip::tcp::socket socket, std::optional<DialTarget> target);
    void wake_dialer();
    [[nodiscard]] std::vector<sync::Dialer::Target> targets_in(
        const DirectorySnapshot& directory) const;
    /// In a large federation grants and subscriptions decide who is dialed, and they change.
    void choose_targets();
    [[nodiscard]] bool has_open_locked(const NodeId& peer) const;
    void set_state_locked(const NodeId& peer, const std::string& state, const std::string& detail);
    [[nodiscard]] std::shared_ptr<PeerConnection> find(sync::ConnectionId connection) const;

    const PeerManagerSetup setup_;
    Tls tls_;
    boost::asio::strand<boost::asio::io_context::executor_type> strand_;
    boost::asio::ip::tcp::acceptor acceptor_;  ///< on strand_
    boost::asio::steady_timer dial_timer_;     ///< on strand_
    std::string listening_address_;
    Millis targets_chosen_{};  ///< on strand_
    std::atomic<std::uint64_t> received_bytes_{0};
    std::atomic<std::uint64_t> sent_bytes_{0};

    mutable std::mutex mutex_;
    std::condition_variable ended_;
    bool is_stopping_ = false;
    std::uint64_t last_id_ = 0;
    std::map<sync::ConnectionId, Entry> connections_;
    std::size_t handshakes_ = 0;  ///< accepted and not open yet
    HandshakeRate rate_;
    sync::Dialer dialer_;
    std::map<NodeId, PeerHistory> history_;
};

}  // namespace sangam::node::net
