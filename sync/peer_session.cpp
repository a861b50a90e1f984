// SPDX-License-Identifier: Apache-2.0
#include "sync/peer_session.hpp"

#include "sync/limits.hpp"

namespace sangam::sync {

using messages::AbortCode;

Verdict PeerSession::on_hello(const messages::Hello& hello, const Hash& own_registry, Millis now) {
    if (is_open()) return cut_off(AbortCode::unexpected_message, "a second hello");
    if (hello.node != peer_)
        return cut_off(AbortCode::not_member, "hello names node " + hello.node.hex() +
                                                  ", but TLS showed the key of " + peer_.hex());
    if (hello.min_version > hello.max_version)
        return cut_off(AbortCode::bad_message, "hello's version range is empty");
    const auto version = std::min(hello.max_version, newest_version);
    if (version < std::max(hello.min_version, oldest_version))
        return cut_off(AbortCode::no_common_version,
                       "the peer speaks versions " + std::to_string(hello.min_version) + " to " +
                           std::to_string(hello.max_version) + ", this node " +
                           std::to_string(oldest_version) + " to " +
                           std::to_string(newest_version) + "; update the older one");
    if (raw(hello.epoch) == 0) return cut_off(AbortCode::bad_message, "hello's epoch is zero");
    if (hello.control.size() > limits::max_hello_control)
        return cut_off(AbortCode::bad_message, "hello names too many control chains");
    if (!own_registry.is_zero() && !hello.registry_id.is_zero() &&
        hello.registry_id != own_registry)
        return cut_off(AbortCode::not_member, "the peer belongs to another federation");
    state_ = State::open;
    version_ = version;
    epoch_ = hello.epoch;
    software_ = hello.software;
    clock_ahead_ = Millis(static_cast<std::int64_t>(hello.clock_ms)) - now;
    since_ = now;
    return {};
}

void PeerSession::on_pong(const messages::Pong& pong, Millis now) {
    if (pong.nonce > pings_ || pong.nonce <= answered_) return;  // old news is no harm
    answered_ = pong.nonce;
    if (pong.nonce == pings_) rtt_ms_ = (now - ping_sent_).count();
}

messages::Ping PeerSession::ping(Millis now) {
    ping_sent_ = now;
    return {++pings_};
}

messages::Ping PeerSession::challenge(Millis now) {
    if (!must_speak_by_ || *must_speak_by_ <= last_heard_)
        must_speak_by_ = now + limits::challenged_limit;
    return ping(now);
}

std::expected<std::optional<messages::Ping>, messages::Abort> PeerSession::on_tick(Millis now) {
    if (!is_open()) {
        if (now - since_ > limits::hello_limit)
            return cut_off(AbortCode::too_slow, "no hello came");
        return std::nullopt;
    }
    if (must_speak_by_) {
        const Millis challenged_at = *must_speak_by_ - limits::challenged_limit;
        if (last_heard_ > challenged_at)
            must_speak_by_.reset();
        else if (now > *must_speak_by_)
            return cut_off(AbortCode::too_slow, "nothing heard since another connection came up");
    }
    if (now - last_heard_ > limits::silence_limit)
        return cut_off(
            AbortCode::too_slow,
            "nothing heard for " + std::to_string((now - last_heard_).count() / 1000) + " s");
    // A ping now and then also measures the round trip, when the link is busy too.
    if (now - ping_sent_ >= limits::ping_every) return ping(now);
    return std::nullopt;
}

}  // namespace sangam::sync
