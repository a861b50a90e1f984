// SPDX-License-Identifier: Apache-2.0
// The engine: all of a node's sync logic behind one door. Events and `now` go in, actions come out;
// no socket, clock, thread or randomness of its own. It reads and writes the store directly (each
// write durable on return), so that a simulator runs it whole and can stop it between any two store
// operations.
//
// It owns the sessions with peers (hello, control exchange, writer sync, subscriptions both ways)
// and the searches that run. Used from one thread only, the logic thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/crypto.hpp"
#include "protocol/hlc.hpp"
#include "storage/store.hpp"
#include "sync/actions.hpp"
#include "sync/directory_view.hpp"
#include "sync/search_outcome.hpp"
#include "sync/status.hpp"

namespace sangam::sync {

class Merger;

struct EngineConfig {
    NodeId node;
    std::string software = "sangam";
    Hash registry_id;  ///< zero outside a federation
    /// Signs the cuts that end a revoked node's lanes in this institution's datasets; must outlive
    /// the engine. nullptr: they are left to the institution's other nodes.
    const SigningKey* key = nullptr;
};

class Engine {
public:
    /// All references must outlive the engine.
    Engine(EngineConfig config, storage::Store& store, const DirectoryView& directory,
           const Merger& merger, Random& random);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // ---- connections: TLS has shown that `peer` is who it says and is a member -----------------
    void connected(ConnectionId, const NodeId& peer, bool dialed_by_us, Millis now);
    void received(ConnectionId, messages::Message, Millis now);
    void disconnected(ConnectionId, const std::string& reason, Millis now);

    // ---- time and local events ------------------------------------------------------------------
    void tick(Millis now);
    /// When tick() wants to be called next; never later than a second from the last event.
    [[nodiscard]] Millis next_wake() const;
    /// Commits were authored here (import, put, ...): offers them to whom they concern at once.
    void data_changed(const DatasetUid&, Millis now);
    /// Control entries were made here (dataset, grant, revoke).
    void control_changed(const DatasetUid&, Millis now);
    /// The directory moved: revoked peers are cut off, audiences recomputed, waiting things
    /// retried.
    void directory_changed(Millis now);

    // ---- subscriptions
    // ---------------------------------------------------------------------------
    /// Starts at once or waits with a reason. Refuses a dataset of the node's own institution and a
    /// second subscription to one dataset. `dataset` is INSTITUTION/NAME.
    Result<SubscriptionId> subscribe(const std::string& dataset, const std::string& where,
                                     Millis now);
    /// Ends it and drops the replica.
    Result<void> unsubscribe(const SubscriptionId&, Millis now);

    // ---- search
    // ------------------------------------------------------------------------------------
    /// Begins: asks every node that owns a dataset in question, itself included, with the deadline.
    SearchId start_search(const SearchQuery&, const Asker&, Millis now);
    /// A worker's answer to AnswerSearch.
    void search_answered(std::uint64_t query, std::vector<messages::SearchPart> parts,
                         std::string reason, Millis now);
    /// Once, after SearchFinished.
    std::optional<SearchOutcome> take_outcome(SearchId);

    [[nodiscard]] EngineStatus status(Millis now) const;
    /// Everything to do since the last call, in order.
    [[nodiscard]] std::vector<Action> take_actions();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sangam::sync
