// SPDX-License-Identifier: Apache-2.0
// The engine's own part: which connection stands for which peer, and who gets which event.
#include "sync/engine.hpp"

#include <algorithm>

#include "sync/control_exchange.hpp"
#include "sync/limits.hpp"
#include "sync/quarantine_keeper.hpp"
#include "sync/search_coordinator.hpp"
#include "sync/sessions.hpp"
#include "sync/subscription_receiver.hpp"
#include "sync/subscription_sender.hpp"
#include "sync/writer_sync.hpp"

namespace sangam::sync {
namespace {

using messages::Abort;
using messages::AbortCode;

/// Kind of the documents that name the nodes which were met while the directory was fresh.
constexpr const char* met_kind = "met_peer";

std::string code_name(AbortCode code) {
    switch (code) {
        case AbortCode::shutting_down:
            return "shutting down";
        case AbortCode::no_common_version:
            return "no common version";
        case AbortCode::bad_message:
            return "bad message";
        case AbortCode::unexpected_message:
            return "unexpected message";
        case AbortCode::not_member:
            return "not a member";
        case AbortCode::invalid_data:
            return "invalid data";
        case AbortCode::not_allowed:
            return "not allowed";
        case AbortCode::duplicate:
            return "duplicate connection";
        case AbortCode::too_slow:
            return "too slow";
        case AbortCode::internal:
            return "internal failure";
    }
    return "unknown code";
}

}  // namespace

class Engine::Impl {
public:
    Impl(EngineConfig config, storage::Store& store, const DirectoryView& directory,
         const Merger& merger, Random& random)
        : context_{std::move(config), store, directory, merger, random, {}, {}, {}, {}},
          epoch_(store.epoch()) {}

    /// Every event brings the time.
    void begin(Millis now) {
        const Millis before = std::exchange(context_.now, now);
        if (before == Millis{0}) return;
        const Millis step = now - before;
        if (step < -limits::clock_step_back || step > limits::clock_step_on) clock_was_set(step);
    }

    // ---- connections
    // -----------------------------------------------------------------------------

    void connected(ConnectionId id, const NodeId& peer, bool dialed_by_us) {
        const auto institution = context_.directory.institution_of(peer);
        if (!institution) return refuse(id, peer, "the directory does not name this node");
        if (peer == context_.config.node) return refuse(id, peer, "a node does not talk to itself");
        if (!may_meet(peer))
            return refuse(id, peer, "the directory is out of date, so no new peers are met");
        if (!settle_duplicate(id, peer, dialed_by_us)) return;
        context_.sessions.add(PeerSession(id, peer, *institution, dialed_by_us, context_.now));
        messages::Hello hello;
        hello.min_version = oldest_version;
        hello.max_version = newest_version;
        hello.node = context_.config.node;
        hello.epoch = context_.store.epoch();
        hello.clock_ms = static_cast<std::uint64_t>(std::max<Millis>(context_.now, {}).count());
        hello.software = context_.config.software;
        hello.registry_id = context_.config.registry_id;
        hello.control = control_.numbers_for(*institution);
        context_.outbox.send(id, std::move(hello));
    }

    void received(ConnectionId id, messages::Message message) {
        PeerSession* session = context_.sessions.find(id);
        if (!session) return;  // closed by us; its last messages were under way
        session->heard(context_.now);
        receiver_.heard(id);
        const Verdict verdict = dispatch(*session, std::move(message));
        if (!verdict) close(id, verdict.error());
        spread();
        receiver_.note_contact(id);
        writer_.note_contact(id);
    }

    void disconnected(ConnectionId id, const std::string& reason) {
        const PeerSession* session = context_.sessions.find(id);
        if (!session) return;
        context_.outbox.debug(session->peer(), "disconnected: " + reason);
        forget(id);
        spread();
    }

    // ---- time and local events
    // -------------------------------------------------------------------

    void tick() {
        for (const ConnectionId id : context_.sessions.all()) {
            PeerSession* session = context_.sessions.find(id);
            if (!session) continue;
            const auto ping = session->on_tick(context_.now);
            if (!ping)
                close(id, ping.error());
            else if (*ping)
                context_.outbox.send(id, **ping);
        }
        if (!has_cut_) cut_revoked_lanes_of_ours();
        receiver_.tick();
        sender_.tick();
        writer_.tick();
        control_.tick();
        search_.tick();
        context_.contacts.tick(context_.now);
        if (quarantine_.is_due())
            quarantine_.retry([&](const storage::DatasetInfo& dataset, VerifiedPart part) {
                if (dataset.holding == storage::Holding::replica)
                    return receiver_.apply_late(dataset, part);
                return writer_.apply_late(dataset, std::move(part));
            });
        warn_of_clock();
        spread();
    }

    [[nodiscard]] Millis next_wake() const {
        Millis wake = context_.now + std::chrono::seconds(1);
        if (sender_.has_work()) wake = context_.now;
        if (const auto deadline = search_.next_deadline()) wake = std::min(wake, *deadline);
        return wake;
    }

    void data_changed(const DatasetUid& dataset) {
        writer_.changed(dataset);
        sender_.data_changed(dataset);
        control_.data_changed(dataset);
        spread();
    }

    void control_changed(const DatasetUid& dataset) {
        pass_on_control(dataset);
        spread();
    }

    void directory_changed() {
        for (const ConnectionId id : context_.sessions.all()) {
            PeerSession* session = context_.sessions.find(id);
            if (!session) continue;
            if (const auto institution = context_.directory.institution_of(session->peer()))
                session->set_institution(*institution);
            else
                close(id, {AbortCode::not_member, "the node is no member, or was revoked"});
        }
        cut_revoked_lanes_of_ours();
        control_.directory_changed();
        spread();
        sender_.policy_changed();
        receiver_.directory_changed();
        for (const auto& info : context_.store.reader()->datasets()) writer_.changed(info.uid);
        quarantine_.make_due();
        spread();
    }

    EngineContext context_;
    ControlExchange control_{context_};
    QuarantineKeeper quarantine_{context_};
    WriterSync writer_{context_, quarantine_};
    SubscriptionSender sender_{context_};
    SubscriptionReceiver receiver_{context_, quarantine_};
    SearchCoordinator search_{context_};

private:
    // ---- meeting
    // ---------------------------------------------------------------------------------

    void refuse(ConnectionId id, const NodeId& peer, const std::string& reason) {
        context_.outbox.warning(peer, "connection refused: " + reason);
        context_.outbox.add(Close{id, {AbortCode::not_member, reason}});
    }

    /// A directory that is out of date says nothing of who was admitted or revoked since: whom we
    /// met goes on, strangers wait.
    bool may_meet(const NodeId& peer) {
        const Freshness freshness = context_.directory.freshness();
        if (freshness != Freshness::stale && freshness != Freshness::expired) return true;
        return context_.store.reader()->document(met_kind, peer.hex()).has_value();
    }

    /// One connection for each peer. Of two, the one that the smaller node dialed stays, which both
    /// sides find alike; of two dialed by the same side the newer: it knew that the older is dead.
    /// False: the new one is closed.
    bool settle_duplicate(ConnectionId id, const NodeId& peer, bool dialed_by_us) {
        PeerSession* old = context_.sessions.with(peer);
        if (!old) return true;
        const bool ours_is_smaller = context_.config.node < peer;
        const bool keeps_new =
            old->dialed_by_us() == dialed_by_us || dialed_by_us == ours_is_smaller;
        const Abort abort{AbortCode::duplicate, "another connection between the two nodes is kept"};
        if (keeps_new) {
            context_.outbox.debug(peer, "a second connection replaces the first");
            context_.outbox.add(Close{old->connection(), abort});
            forget(old->connection());
            return true;
        }
        context_.outbox.debug(peer, "a second connection is closed");
        context_.outbox.add(Close{id, abort});
        if (old->is_open()) context_.outbox.send(old->connection(), old->challenge(context_.now));
        return false;
    }

    void close(ConnectionId id, const Abort& abort) {
        const PeerSession* session = context_.sessions.find(id);
        if (!session) return;
        context_.outbox.warning(session->peer(),
                                "peer cut off (" + code_name(abort.code) + "): " + abort.reason);
        context_.outbox.add(Close{id, abort});
        forget(id);
    }

    void forget(ConnectionId id) {
        context_.sessions.remove(id);
        control_.closed(id);
        writer_.closed(id);
        sender_.closed(id);
        receiver_.closed(id);
        search_.closed(id);
        // It may have been the last word for long.
        context_.contacts.save();
    }

    // ---- messages
    // --------------------------------------------------------------------------------

    Verdict dispatch(PeerSession& session, messages::Message message) {
        if (const auto* abort = std::get_if<Abort>(&message)) {
            context_.outbox.info(
                session.peer(),
                "the peer ends the connection (" + code_name(abort->code) + "): " + abort->reason);
            context_.outbox.add(Close{session.connection(), *abort});
            forget(session.connection());
            return {};
        }
        if (const auto* hello = std::get_if<messages::Hello>(&message))
            return open(session, *hello);
        if (!session.is_open())
            return cut_off(AbortCode::unexpected_message,
                           std::string(messages::type_name(message)) + " before hello");
        return std::visit([&](auto& m) { return on(session, std::move(m)); }, message);
    }

    Verdict open(PeerSession& session, const messages::Hello& hello) {
        if (const auto good = session.on_hello(hello, context_.config.registry_id, context_.now);
            !good)
            return good;
        const ConnectionId id = session.connection();
        context_.clocks.heard(session.peer(), session.clock_ahead());
        if (context_.directory.freshness() == Freshness::fresh &&
            !context_.store.reader()->document(met_kind, session.peer().hex()))
            context_.store.put_document(met_kind, session.peer().hex(),
                                        as_bytes(session.software()));
        context_.outbox.info(session.peer(),
                             "connected to " + context_.directory.handle_of(session.institution()) +
                                 ", " + session.software());
        control_.opened(session, hello.control);
        writer_.opened(*context_.sessions.find(id));
        receiver_.opened(*context_.sessions.find(id));
        return {};
    }

    Verdict on(PeerSession&, messages::Hello&&) {
        return cut_off(AbortCode::unexpected_message, "a second hello");
    }
    Verdict on(PeerSession&, Abort&&) { return {}; }
    Verdict on(PeerSession& session, messages::Ping&& ping) {
        context_.outbox.send(session.connection(), messages::Pong{ping.nonce});
        return {};
    }
    Verdict on(PeerSession& session, messages::Pong&& pong) {
        session.on_pong(pong, context_.now);
        return {};
    }
    Verdict pass_to_registry(const PeerSession& session, auto&& message) {
        context_.outbox.add(
            PassDirectoryMessage{session.connection(), session.peer(), std::move(message)});
        return {};
    }
    Verdict on(PeerSession& session, messages::DirectoryOffer&& message) {
        return pass_to_registry(session, std::move(message));
    }
    Verdict on(PeerSession& session, messages::DirectoryRequest&& message) {
        return pass_to_registry(session, std::move(message));
    }
    Verdict on(PeerSession& session, messages::DirectoryUpdate&& message) {
        return pass_to_registry(session, std::move(message));
    }
    Verdict on(PeerSession& session, messages::ControlUpdate&& message) {
        return control_.received(session, message);
    }
    Verdict on(PeerSession& session, messages::DatasetSummary&& message) {
        control_.received(session, message);
        return {};
    }
    Verdict on(PeerSession& session, messages::WriterHeads&& message) {
        return writer_.received(session, message);
    }
    Verdict on(PeerSession& session, messages::WriterCommits&& message) {
        return writer_.received(session, message);
    }
    Verdict on(PeerSession& session, messages::Subscribe&& message) {
        return sender_.received(session, message);
    }
    Verdict on(PeerSession& session, messages::SubscribeReply&& message) {
        return receiver_.received(session, message);
    }
    Verdict on(PeerSession& session, messages::Delivery&& message) {
        return receiver_.received(session, message);
    }
    Verdict on(PeerSession& session, messages::DeliveryAck&& message) {
        return sender_.received(session, message);
    }
    Verdict on(PeerSession& session, messages::Unsubscribe&& message) {
        return sender_.received(session, message);
    }
    Verdict on(PeerSession& session, messages::SearchRequest&& message) {
        return search_.received(session, std::move(message));
    }
    Verdict on(PeerSession& session, messages::SearchPart&& message) {
        return search_.received(session, std::move(message));
    }
    Verdict on(PeerSession& session, messages::SearchDone&& message) {
        return search_.received(session, message);
    }

    // ---- what one part's work means for the others
    // -------------------------------------------------

    /// Control goes first: whoever gets data has its policy.
    void pass_on_control(const DatasetUid& dataset) {
        quarantine_.make_due();
        control_.offer(dataset);
        sender_.policy_changed(dataset);
        receiver_.dataset_changed(dataset);
        writer_.changed(dataset);
    }

    /// A revoked node's lanes end, in what we own, where we hold them. One node of the institution
    /// does it, the one with the smallest id, so that no two sign a manifest under one number; what
    /// an admin changes at another one has the same effect.
    void cut_revoked_lanes_of_ours() {
        has_cut_ = true;
        const auto nodes = context_.directory.nodes_of(context_.home());
        if (!context_.config.key || context_.directory.is_revoked(context_.config.node) ||
            (!nodes.empty() && nodes.front() != context_.config.node))
            return;
        const ControlAuthor author{context_.config.node, context_.config.key, &context_.random};
        for (const auto& info : context_.store.reader()->datasets()) {
            if (info.holding != storage::Holding::own) continue;
            const auto entry = cut_revoked_lanes(*context_.store.reader(), context_.directory,
                                                 author, info.uid, context_.now);
            if (!entry) continue;
            const auto stored = context_.store.put_control(info.uid, {*entry}, std::nullopt);
            if (!stored) {
                context_.outbox.error({}, stored.error().text());
                continue;
            }
            context_.outbox.warning({}, "a node that writes " + info.manifest.name +
                                            " was revoked: its commits count up to what is held "
                                            "here now, and no further");
            pass_on_control(info.uid);
        }
    }

    void spread() {
        for (bool more = true; more;) {
            more = false;
            for (const DatasetUid& dataset : control_.take_changed()) {
                pass_on_control(dataset);
                more = true;
            }
            if (const auto left = control_.take_left(); !left.empty()) {
                for (const DatasetUid& dataset : left) context_.contacts.forget(dataset);
                quarantine_.make_due();
                receiver_.remains_left();
            }
            for (const DatasetUid& dataset : writer_.take_changed()) {
                writer_.changed(dataset);
                sender_.data_changed(dataset);
                control_.data_changed(dataset);
                more = true;
            }
        }
        follow_epoch();
    }

    /// The store draws a new epoch when it finds that its disk was rolled back. Peers learn it with
    /// a hello, so every connection begins anew.
    void follow_epoch() {
        if (context_.store.epoch() == epoch_) return;
        epoch_ = context_.store.epoch();
        context_.outbox.error({}, "the store goes on in a new epoch; all connections begin anew");
        for (const ConnectionId id : context_.sessions.all())
            close(id, {AbortCode::internal, "the store goes on in a new epoch; connect again"});
    }

    /// Nothing that waits may wait the longer for it. Peers have to hear the new time, so that
    /// neither side judges the other by the old one: every connection begins anew.
    void clock_was_set(Millis step) {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(step).count();
        context_.outbox.warning({}, "the clock of this machine was set " +
                                        std::to_string(std::abs(seconds)) + " s " +
                                        (step < Millis{0} ? "back" : "on, or it slept") +
                                        "; all connections begin anew");
        context_.clocks.forget();
        quarantine_.make_due();
        control_.clock_was_set(step);
        receiver_.clock_was_set(step);
        context_.contacts.clock_was_set(step);
        search_.clock_was_set(step);
        for (const ConnectionId id : context_.sessions.all())
            close(id, {AbortCode::internal, "this node's clock was set; connect again"});
    }

    void warn_of_clock() {
        std::string warning = context_.clocks.warning();
        if (warning == warned_) return;
        if (!warning.empty()) context_.outbox.error({}, warning);
        warned_ = std::move(warning);
    }

public:
    [[nodiscard]] EngineStatus status() {
        EngineStatus out;
        for (const ConnectionId id : context_.sessions.open()) {
            const PeerSession& session = *context_.sessions.find(id);
            PeerStatus peer;
            peer.node = session.peer();
            peer.institution = context_.directory.handle_of(session.institution());
            peer.software = session.software();
            peer.rtt_ms = session.rtt_ms();
            peer.clock_ahead_ms = session.clock_ahead().count();
            peer.since = session.since();
            out.peers.push_back(std::move(peer));
        }
        out.subscriptions = receiver_.status();
        out.serving = sender_.status();
        out.remote_datasets = control_.remote_datasets();
        out.clock_warning = context_.clocks.warning();
        return out;
    }

private:
    Epoch epoch_{};
    std::string warned_;
    bool has_cut_ = false;  ///< revoked lanes were looked for since the start
};

Engine::Engine(EngineConfig config, storage::Store& store, const DirectoryView& directory,
               const Merger& merger, Random& random)
    : impl_(std::make_unique<Impl>(std::move(config), store, directory, merger, random)) {}

Engine::~Engine() = default;

void Engine::connected(ConnectionId id, const NodeId& peer, bool dialed_by_us, Millis now) {
    impl_->begin(now);
    impl_->connected(id, peer, dialed_by_us);
}

void Engine::received(ConnectionId id, messages::Message message, Millis now) {
    impl_->begin(now);
    impl_->received(id, std::move(message));
}

void Engine::disconnected(ConnectionId id, const std::string& reason, Millis now) {
    impl_->begin(now);
    impl_->disconnected(id, reason);
}

void Engine::tick(Millis now) {
    impl_->begin(now);
    impl_->tick();
}

Millis Engine::next_wake() const { return impl_->next_wake(); }

void Engine::data_changed(const DatasetUid& dataset, Millis now) {
    impl_->begin(now);
    impl_->data_changed(dataset);
}

void Engine::control_changed(const DatasetUid& dataset, Millis now) {
    impl_->begin(now);
    impl_->control_changed(dataset);
}

void Engine::directory_changed(Millis now) {
    impl_->begin(now);
    impl_->directory_changed();
}

Result<SubscriptionId> Engine::subscribe(const std::string& dataset, const std::string& where,
                                         Millis now) {
    impl_->begin(now);
    return impl_->receiver_.subscribe(dataset, where);
}

Result<void> Engine::unsubscribe(const SubscriptionId& id, Millis now) {
    impl_->begin(now);
    return impl_->receiver_.unsubscribe(id);
}

SearchId Engine::start_search(const SearchQuery& query, const Asker& asker, Millis now) {
    impl_->begin(now);
    return impl_->search_.start(query, asker);
}

void Engine::search_answered(std::uint64_t query, std::vector<messages::SearchPart> parts,
                             std::string reason, Millis now) {
    impl_->begin(now);
    impl_->search_.answered(query, std::move(parts), reason);
}

std::optional<SearchOutcome> Engine::take_outcome(SearchId search) {
    return impl_->search_.take_outcome(search);
}

EngineStatus Engine::status(Millis now) const {
    impl_->begin(now);
    return impl_->status();
}

std::vector<Action> Engine::take_actions() { return impl_->context_.outbox.take(); }

}  // namespace sangam::sync
