// SPDX-License-Identifier: Apache-2.0
// The connections that the engine has, and what its parts share: store, directory, outbox, time.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "storage/store.hpp"
#include "sync/clock_check.hpp"
#include "sync/control_author.hpp"
#include "sync/directory_view.hpp"
#include "sync/engine.hpp"
#include "sync/outbox.hpp"
#include "sync/peer_session.hpp"
#include "sync/source_contacts.hpp"

namespace sangam::sync {

/// All sessions, by connection; at most one of them is kept for each peer.
class Sessions {
public:
    PeerSession& add(PeerSession session) {
        return all_.insert_or_assign(session.connection(), std::move(session)).first->second;
    }
    void remove(ConnectionId connection) { all_.erase(connection); }
    [[nodiscard]] PeerSession* find(ConnectionId connection) {
        const auto it = all_.find(connection);
        return it == all_.end() ? nullptr : &it->second;
    }
    [[nodiscard]] PeerSession* with(const NodeId& peer) {
        for (auto& [id, session] : all_)
            if (session.peer() == peer) return &session;
        return nullptr;
    }
    [[nodiscard]] PeerSession* open_with(const NodeId& peer) {
        PeerSession* session = with(peer);
        return session && session->is_open() ? session : nullptr;
    }
    /// Connections of open sessions, ascending: safe to walk while sessions come and go.
    [[nodiscard]] std::vector<ConnectionId> open() const {
        std::vector<ConnectionId> out;
        for (const auto& [id, session] : all_)
            if (session.is_open()) out.push_back(id);
        return out;
    }
    [[nodiscard]] std::vector<ConnectionId> all() const {
        std::vector<ConnectionId> out;
        for (const auto& [id, session] : all_) out.push_back(id);
        return out;
    }

private:
    std::map<ConnectionId, PeerSession> all_;
};

/// What the engine's parts work on. `now` is the time of the event that is being handled.
struct EngineContext {
    EngineConfig config;
    storage::Store& store;
    const DirectoryView& directory;
    const Merger& merger;
    Random& random;
    Outbox outbox;
    Sessions sessions;
    ClockCheck clocks;
    Millis now{};
    SourceContacts contacts{store};

    /// This node's institution.
    [[nodiscard]] InstitutionId home() const { return institution_or_self(directory, config.node); }
    /// The time by which commits of others are judged.
    [[nodiscard]] Millis judged_now() const { return clocks.judged(now); }
};

}  // namespace sangam::sync
