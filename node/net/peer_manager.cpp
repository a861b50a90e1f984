// SPDX-License-Identifier: Apache-2.0
#include "node/net/peer_manager.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "node/http/address.hpp"
#include "node/http/tcp_acceptor.hpp"
#include "node/net/limits.hpp"

namespace sangam::node::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
constexpr auto as_accept_result = asio::as_tuple(asio::use_awaitable);

/// After an accept that failed for want of file descriptors, trying again at once would spin.
constexpr std::chrono::milliseconds accept_pause{100};
/// The longest sleep of the dialer, in case a clock was set.
constexpr Millis longest_dial_sleep{1'000};
/// How often a node of a large federation looks whom to dial.
constexpr Millis choose_targets_every{10'000};
/// For goodbyes: the closing deadline and a moment.
constexpr std::chrono::seconds stop_deadline = closing_deadline + std::chrono::seconds(1);

std::string short_text(const NodeId& node) { return node.hex().substr(0, 16); }

}  // namespace

PeerManager::PeerManager(PeerManagerSetup setup)
    : setup_(std::move(setup)),
      tls_(*setup_.identity, [directory = setup_.directory](
                                 const PublicKey& key) { return directory()->check_key(key); }),
      strand_(asio::make_strand(*setup_.io)),
      acceptor_(strand_),
      dial_timer_(strand_),
      rate_(handshake_burst_per_address, handshakes_per_second_per_address, max_counted_addresses),
      dialer_(*setup_.random) {}

PeerManager::~PeerManager() = default;

// ---- listening
// ------------------------------------------------------------------------------------------

Result<void> PeerManager::listen(const std::string& address) {
    auto opened = http::open_acceptor(strand_, address);
    if (!opened) return std::unexpected(opened.error());
    acceptor_ = std::move(*opened);
    listening_address_ = http::endpoint_text(acceptor_.local_endpoint());
    return {};
}

void PeerManager::spawn(asio::awaitable<void> coroutine, const char* what) {
    auto on_done = [what](std::exception_ptr error) {
        if (!error) return;
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& e) {
            spdlog::error("{} stopped: {}", what, e.what());
        }
    };
    asio::co_spawn(strand_, std::move(coroutine), std::move(on_done));
}

void PeerManager::start() {
    directory_changed();
    spawn(accept_loop(), "listening for peers");
    spawn(dial_loop(), "dialing peers");
}

asio::awaitable<void> PeerManager::accept_loop() {
    asio::steady_timer pause(strand_);
    for (;;) {
        asio::any_io_executor own_strand = asio::make_strand(*setup_.io);
        auto [error, socket] = co_await acceptor_.async_accept(own_strand, as_accept_result);
        if (!acceptor_.is_open()) co_return;
        if (error) {
            spdlog::warn("cannot accept a peer: {}", error.message());
            pause.expires_after(accept_pause);
            co_await pause.async_wait(as_accept_result);
            continue;
        }
        take_accepted(std::move(socket));
    }
}

void PeerManager::take_accepted(tcp::socket socket) {
    error_code gone;
    const auto endpoint = socket.remote_endpoint(gone);
    if (gone) return;
    const auto address = endpoint.address().to_string();
    {
        const std::lock_guard lock(mutex_);
        if (is_stopping_) return;
        const char* refusal = nullptr;
        if (connections_.size() >= max_connections || handshakes_ >= max_handshakes)
            refusal = "too many connections";
        else if (!rate_.allows(address, setup_.clock()))
            refusal = "too many handshakes from there";
        if (refusal != nullptr) {
            spdlog::debug("a connection from {} is dropped: {}", address, refusal);
            return;  // the socket closes itself
        }
    }
    start_connection(std::move(socket), std::nullopt);
}

void PeerManager::start_connection(tcp::socket socket, std::optional<DialTarget> target) {
    std::shared_ptr<PeerConnection> connection;
    {
        const std::lock_guard lock(mutex_);
        if (is_stopping_) return;
        const sync::ConnectionId id{++last_id_};
        if (!target) ++handshakes_;
        connection =
            std::make_shared<PeerConnection>(id, std::move(socket), tls_, *this, std::move(target));
        connections_[id] = Entry{connection, false};
    }
    connection->start();
}

// ---- dialing
// --------------------------------------------------------------------------------------------

asio::awaitable<void> PeerManager::dial_loop() {
    for (;;) {
        std::vector<sync::Dialer::Dial> due;
        Millis sleep = longest_dial_sleep;
        if (setup_.clock() - targets_chosen_ >= choose_targets_every) choose_targets();
        {
            const std::lock_guard lock(mutex_);
            if (is_stopping_) co_return;
            const Millis now = setup_.clock();
            due = dialer_.due(now);
            if (const auto next = dialer_.next_due())
                sleep = std::clamp(*next - now, Millis(1), longest_dial_sleep);
        }
        for (const auto& each : due) dial(each);
        dial_timer_.expires_after(sleep);
        co_await dial_timer_.async_wait(as_accept_result);
    }
}

void PeerManager::dial(const sync::Dialer::Dial& dial) {
    const auto address = http::split_address(dial.endpoint);
    if (!address) {
        const std::lock_guard lock(mutex_);
        dialer_.failed(dial.node, setup_.clock());
        set_state_locked(dial.node, "down", "its endpoint is no address: " + dial.endpoint);
        return;
    }
    spdlog::debug("dialing {} at {}", short_text(dial.node), dial.endpoint);
    start_connection(tcp::socket(asio::make_strand(*setup_.io)),
                     DialTarget{dial.node, address->host, address->port});
}

void PeerManager::wake_dialer() {
    asio::post(strand_, [this] { dial_timer_.cancel(); });
}

std::vector<sync::Dialer::Target> PeerManager::targets_in(
    const DirectorySnapshot& directory) const {
    std::vector<sync::DialCandidate> candidates;
    for (const auto& peer : directory.peers())
        candidates.push_back({peer.node, peer.institution, peer.endpoints});
    const bool takes_all = directory.peers().size() < sync::everybody_up_to || !setup_.related;
    return sync::whom_to_dial(candidates, directory.own_institution(),
                              takes_all ? std::set<InstitutionId>{} : setup_.related());
}

void PeerManager::choose_targets() {
    targets_chosen_ = setup_.clock();
    const auto directory = setup_.directory();
    if (directory->peers().size() < sync::everybody_up_to) return;
    const auto targets = targets_in(*directory);
    const std::lock_guard lock(mutex_);
    dialer_.set_targets(targets, setup_.clock());
    for (const auto& [id, entry] : connections_)
        if (entry.is_open) dialer_.connected(entry.connection->peer(), setup_.clock());
}

void PeerManager::directory_changed() {
    const auto directory = setup_.directory();
    const auto targets = targets_in(*directory);
    std::vector<std::shared_ptr<PeerConnection>> refused;
    {
        const std::lock_guard lock(mutex_);
        if (is_stopping_) return;
        dialer_.set_targets(targets, setup_.clock());
        for (const auto& [id, entry] : connections_)
            if (entry.is_open && !directory->check_key(entry.connection->peer_key()))
                refused.push_back(entry.connection);
        std::erase_if(history_, [&](const auto& item) {
            return std::ranges::none_of(directory->peers(),
                                        [&](const auto& peer) { return peer.node == item.first; });
        });
    }
    for (const auto& connection : refused) {
        const auto why = directory->check_key(connection->peer_key());
        spdlog::warn("peer {} at {} is cut off: {}", short_text(connection->peer()),
                     connection->remote(), why ? "no member" : why.error().message);
        connection->close({messages::AbortCode::not_member,
                           why ? "no member of the federation" : why.error().message});
    }
    wake_dialer();
}

// ---- connections' events
// --------------------------------------------------------------------------------

void PeerManager::on_open(const std::shared_ptr<PeerConnection>& connection) {
    const auto id = connection->id();
    const NodeId peer = connection->peer();
    const bool is_dialed = connection->is_dialed();
    bool is_second = false;
    {
        const std::lock_guard lock(mutex_);
        const auto found = connections_.find(id);
        if (found == connections_.end()) return;
        is_second = has_open_locked(peer);
        found->second.is_open = true;
        if (!is_dialed) --handshakes_;
        dialer_.connected(peer, setup_.clock());
        set_state_locked(peer, "connected", "");
    }
    // Both sides dial, so two connections at once are usual; the engine closes one of them.
    spdlog::log(is_second ? spdlog::level::debug : spdlog::level::info, "peer {} connected ({} {})",
                short_text(peer), is_dialed ? "we dialed" : "from", connection->remote());
    setup_.engine->post([id, peer, is_dialed](sync::Engine& engine, Millis now) {
        engine.connected(id, peer, is_dialed, now);
    });
    // Behind the hello, which the work before put in the queue.
    setup_.engine->post([this, id](sync::Engine&, Millis) {
        {
            const std::lock_guard lock(mutex_);
            if (const auto it = connections_.find(id); it != connections_.end())
                it->second.has_greeted = true;
        }
        if (setup_.on_connected) setup_.on_connected(id);
    });
    // The directory may have changed while the handshake ran.
    if (const auto allowed = setup_.directory()->check_key(connection->peer_key()); !allowed)
        connection->close({messages::AbortCode::not_member, allowed.error().message});
}

void PeerManager::on_message(const std::shared_ptr<PeerConnection>& connection,
                             messages::Message message, std::size_t bytes) {
    auto held = std::make_shared<messages::Message>(std::move(message));
    setup_.engine->post([connection, held, bytes](sync::Engine& engine, Millis now) {
        // Given back whatever becomes of it, or the connection would never be read from again.
        struct GiveBack {
            PeerConnection& connection;
            std::size_t bytes;
            ~GiveBack() { connection.handled(bytes); }
        } give_back{*connection, bytes};
        engine.received(connection->id(), std::move(*held), now);
    });
}

void PeerManager::on_ended(const std::shared_ptr<PeerConnection>& connection,
                           const ConnectionEnd& end) {
    const auto id = connection->id();
    std::optional<NodeId> peer;
    bool was_open = false;
    bool was_second = false;
    {
        const std::lock_guard lock(mutex_);
        const auto found = connections_.find(id);
        if (found == connections_.end()) return;
        was_open = found->second.is_open;
        connections_.erase(found);
        if (was_open) {
            peer = connection->peer();
        } else if (connection->is_dialed()) {
            peer = connection->target()->node;
        } else {
            --handshakes_;
        }
        was_second = peer && has_open_locked(*peer);
        if (peer && !was_second) {
            const Millis now = setup_.clock();
            if (was_open)
                dialer_.disconnected(*peer, now);
            else
                dialer_.failed(*peer, now);
            const bool is_refusal = end.kind == ConnectionEnd::Kind::refused_by_us ||
                                    end.kind == ConnectionEnd::Kind::refused_by_peer;
            set_state_locked(*peer, is_refusal ? "refused" : "down", end.reason);
        }
        ended_.notify_all();
    }
    if (was_open) {
        spdlog::log(was_second ? spdlog::level::debug : spdlog::level::info,
                    "peer {} at {} disconnected: {}", short_text(*peer), connection->remote(),
                    end.reason);
        if (setup_.on_disconnected) setup_.on_disconnected(id);
        setup_.engine->post([id, reason = end.reason](sync::Engine& engine, Millis now) {
            engine.disconnected(id, reason, now);
        });
    } else if (!connection->is_dialed()) {
        if (end.kind == ConnectionEnd::Kind::refused_by_us)
            spdlog::warn("a peer from {} is refused: {}", connection->remote(), end.reason);
        else
            spdlog::info("a connection from {} came to nothing: {}", connection->remote(),
                         end.reason);
    }
    if (end.kind == ConnectionEnd::Kind::refused_by_us ||
        end.kind == ConnectionEnd::Kind::refused_by_peer) {
        if (setup_.on_unknown_key) setup_.on_unknown_key();
    }
    wake_dialer();
}

bool PeerManager::has_open_locked(const NodeId& peer) const {
    return std::ranges::any_of(connections_, [&](const auto& item) {
        return item.second.is_open && item.second.connection->peer() == peer;
    });
}

/// Logs a dialed peer's troubles once, not at each attempt.
void PeerManager::set_state_locked(const NodeId& peer, const std::string& state,
                                   const std::string& detail) {
    auto& history = history_[peer];
    if (history.state == state && history.detail == detail) return;
    if (state == "refused")
        spdlog::warn("peer {}: refused: {}", short_text(peer), detail);
    else if (state == "down" && history.state != "connected")
        spdlog::info("peer {} cannot be reached: {}", short_text(peer), detail);
    if (history.state != state) history.since = setup_.clock();
    history.state = state;
    history.detail = detail;
}

// ---- for others
// -----------------------------------------------------------------------------------------

std::shared_ptr<PeerConnection> PeerManager::find(sync::ConnectionId connection) const {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(connection);
    return found == connections_.end() ? nullptr : found->second.connection;
}

void PeerManager::send(sync::ConnectionId connection, messages::Message message) {
    if (const auto found = find(connection)) found->send(std::move(message));
}

void PeerManager::close(sync::ConnectionId connection, const messages::Abort& abort) {
    if (const auto found = find(connection)) found->close(abort);
}

std::vector<sync::ConnectionId> PeerManager::greeted_connections() const {
    const std::lock_guard lock(mutex_);
    std::vector<sync::ConnectionId> out;
    for (const auto& [id, entry] : connections_)
        if (entry.has_greeted) out.push_back(id);
    return out;
}

std::vector<PeerRow> PeerManager::rows() const {
    const auto directory = setup_.directory();
    std::vector<PeerRow> out;
    const std::lock_guard lock(mutex_);
    for (const auto& peer : directory->peers()) {
        PeerRow row;
        row.institution = peer.handle;
        row.node = peer.node;
        row.state = "dialing";
        if (const auto found = history_.find(peer.node); found != history_.end()) {
            row.state = found->second.state;
            row.since = found->second.since;
            row.detail = found->second.detail;
        }
        if (peer.endpoints.empty() && row.state != "connected") {
            row.state = "down";
            row.detail = "it gives no address; it has to dial";
        } else if (row.state != "connected" && !dialer_.has_target(peer.node)) {
            row.state = "down";
            row.detail =
                "not dialed: in a federation of this size only those with whom something "
                "is shared are";
        } else if (row.state == "down" && dialer_.is_dialing(peer.node)) {
            row.state = "dialing";
        }
        out.push_back(std::move(row));
    }
    std::ranges::sort(out, [](const PeerRow& a, const PeerRow& b) {
        return std::tie(a.institution, a.node) < std::tie(b.institution, b.node);
    });
    return out;
}

void PeerManager::stop() {
    std::vector<std::shared_ptr<PeerConnection>> all;
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
        for (const auto& [id, entry] : connections_) all.push_back(entry.connection);
    }
    asio::post(strand_, [this] {
        error_code ignored;  // it is closed either way
        acceptor_.close(ignored);
        dial_timer_.cancel();
    });
    for (const auto& connection : all)
        connection->close({messages::AbortCode::shutting_down, "the node stops"});
    std::unique_lock lock(mutex_);
    ended_.wait_for(lock, stop_deadline, [this] { return connections_.empty(); });
}

}  // namespace sangam::node::net
