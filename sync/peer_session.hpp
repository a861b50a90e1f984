// SPDX-License-Identifier: Apache-2.0
// One connection to a peer, from hello to close: which messages may come when, versions, keepalive.
// Knows nothing of datasets.
//
//   awaiting_hello --hello--> open --close--> (gone)
//
// Before hello nothing else is accepted; a second one is refused. A peer that stays silent is
// pinged, then given up.
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "protocol/hlc.hpp"
#include "protocol/messages/session_messages.hpp"
#include "sync/actions.hpp"

namespace sangam::sync {

/// Nothing, or why the peer is cut off.
using Verdict = std::expected<void, messages::Abort>;
[[nodiscard]] inline std::unexpected<messages::Abort> cut_off(messages::AbortCode code,
                                                              std::string reason) {
    return std::unexpected(messages::Abort{code, std::move(reason)});
}

inline constexpr std::uint16_t oldest_version = 1;
inline constexpr std::uint16_t newest_version = 1;

class PeerSession {
public:
    enum class State : std::uint8_t {
        awaiting_hello,  ///< TLS stands; ours was sent
        open,            ///< both hellos were exchanged
    };

    PeerSession(ConnectionId connection, const NodeId& peer, const InstitutionId& institution,
                bool dialed_by_us, Millis now)
        : connection_(connection),
          peer_(peer),
          institution_(institution),
          dialed_by_us_(dialed_by_us),
          since_(now),
          last_heard_(now) {}

    /// Checks a hello and opens the session.
    [[nodiscard]] Verdict on_hello(const messages::Hello& hello, const Hash& own_registry,
                                   Millis now);
    /// Any bytes of the peer: it lives.
    void heard(Millis now) { last_heard_ = std::max(last_heard_, now); }
    void on_pong(const messages::Pong& pong, Millis now);
    /// A ping to send now, if one is due. Cut off when the peer was silent for too long.
    [[nodiscard]] std::expected<std::optional<messages::Ping>, messages::Abort> on_tick(Millis now);
    /// Another connection to the same node came up: this one must show soon that it lives.
    [[nodiscard]] messages::Ping challenge(Millis now);

    [[nodiscard]] ConnectionId connection() const { return connection_; }
    [[nodiscard]] const NodeId& peer() const { return peer_; }
    [[nodiscard]] const InstitutionId& institution() const { return institution_; }
    void set_institution(const InstitutionId& institution) { institution_ = institution; }
    [[nodiscard]] bool dialed_by_us() const { return dialed_by_us_; }
    [[nodiscard]] bool is_open() const { return state_ == State::open; }
    [[nodiscard]] Epoch epoch() const { return epoch_; }
    [[nodiscard]] std::uint16_t version() const { return version_; }
    [[nodiscard]] const std::string& software() const { return software_; }
    [[nodiscard]] Millis clock_ahead() const { return clock_ahead_; }
    [[nodiscard]] std::int64_t rtt_ms() const { return rtt_ms_; }
    [[nodiscard]] Millis since() const { return since_; }
    [[nodiscard]] Millis last_heard() const { return last_heard_; }
    /// How many pings were answered; a message sent before ping N arrived when N was.
    [[nodiscard]] std::uint64_t pings_sent() const { return pings_; }
    [[nodiscard]] std::uint64_t pings_answered() const { return answered_; }

private:
    [[nodiscard]] messages::Ping ping(Millis now);

    ConnectionId connection_{};
    NodeId peer_;
    InstitutionId institution_;
    bool dialed_by_us_ = false;
    State state_ = State::awaiting_hello;
    Epoch epoch_{};
    std::uint16_t version_ = 0;
    std::string software_;
    Millis clock_ahead_{};
    Millis since_{};
    Millis last_heard_{};
    std::uint64_t pings_ = 0;     ///< also the nonce of the last one
    std::uint64_t answered_ = 0;  ///< highest nonce that came back
    Millis ping_sent_{};
    std::int64_t rtt_ms_ = -1;
    std::optional<Millis> must_speak_by_;
};

}  // namespace sangam::sync
