// SPDX-License-Identifier: Apache-2.0
#include "sync/dialer.hpp"

#include <algorithm>

namespace sangam::sync {

void Dialer::set_targets(const std::vector<Target>& targets, Millis now) {
    std::map<NodeId, Peer> wanted;
    for (const Target& target : targets) {
        const auto it = peers_.find(target.node);
        if (it == peers_.end()) {
            Peer peer;
            peer.endpoints = target.endpoints;
            peer.due = now;
            wanted.emplace(target.node, std::move(peer));
            continue;
        }
        Peer peer = std::move(it->second);
        if (peer.endpoints != target.endpoints) {
            peer.endpoints = target.endpoints;
            peer.next_endpoint = 0;
            peer.failures = 0;
            peer.due = now;
        }
        wanted.emplace(target.node, std::move(peer));
    }
    peers_ = std::move(wanted);
}

std::vector<Dialer::Dial> Dialer::due(Millis now) {
    std::vector<Dial> out;
    for (auto& [node, peer] : peers_) {
        if (peer.state != State::idle || peer.endpoints.empty() || peer.due > now) continue;
        out.push_back({node, peer.endpoints[peer.next_endpoint % peer.endpoints.size()]});
        peer.next_endpoint = (peer.next_endpoint + 1) % peer.endpoints.size();
        peer.state = State::dialing;
    }
    return out;
}

void Dialer::connected(const NodeId& node, Millis now) {
    const auto it = peers_.find(node);
    if (it == peers_.end() || it->second.state == State::connected) return;
    it->second.state = State::connected;
    it->second.connected_at = now;
}

void Dialer::disconnected(const NodeId& node, Millis now) {
    const auto it = peers_.find(node);
    if (it == peers_.end()) return;
    Peer& peer = it->second;
    const bool was_stable =
        peer.state == State::connected && now - peer.connected_at >= stable_after;
    peer.state = State::idle;
    if (was_stable) {
        peer.failures = 0;
        peer.due = now;
    } else {
        back_off(peer, now);
    }
}

void Dialer::failed(const NodeId& node, Millis now) {
    const auto it = peers_.find(node);
    if (it == peers_.end() || it->second.state != State::dialing) return;
    Peer& peer = it->second;
    peer.state = State::idle;
    // The other endpoints of the node are tried at once, then the whole round waits.
    if (peer.next_endpoint != 0)
        peer.due = now;
    else
        back_off(peer, now);
}

void Dialer::back_off(Peer& peer, Millis now) {
    const int doublings = std::min(peer.failures, 6);  // 1 s, 2 s, ... 64 s before the cap
    ++peer.failures;
    const Millis full = std::min(first_delay * (1 << doublings), longest_delay);
    // Half fixed, half random, so that nodes that lost the same peer do not return together.
    const auto half = static_cast<std::uint64_t>(full.count() / 2);
    peer.due = now + full / 2 + Millis(static_cast<std::int64_t>(random_.draw_u64() % (half + 1)));
}

std::optional<Millis> Dialer::next_due() const {
    std::optional<Millis> out;
    for (const auto& [node, peer] : peers_) {
        if (peer.state != State::idle || peer.endpoints.empty()) continue;
        if (!out || peer.due < *out) out = peer.due;
    }
    return out;
}

bool Dialer::is_dialing(const NodeId& node) const {
    const auto it = peers_.find(node);
    return it != peers_.end() && it->second.state == State::dialing;
}

std::vector<Dialer::Target> whom_to_dial(const std::vector<DialCandidate>& candidates,
                                         const InstitutionId& home,
                                         const std::set<InstitutionId>& related) {
    std::set<InstitutionId> institutions{home};
    for (const DialCandidate& candidate : candidates) institutions.insert(candidate.institution);
    std::vector<Dialer::Target> out;
    for (const DialCandidate& candidate : candidates)
        if (institutions.size() <= everybody_up_to || candidate.institution == home ||
            related.contains(candidate.institution))
            out.push_back({candidate.node, candidate.endpoints});
    return out;
}

}  // namespace sangam::sync
