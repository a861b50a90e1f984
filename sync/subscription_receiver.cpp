// SPDX-License-Identifier: Apache-2.0
#include "sync/subscription_receiver.hpp"

#include <algorithm>

#include "sync/limits.hpp"
#include "sync/policy.hpp"

namespace sangam::sync {
namespace {

using messages::AbortCode;
using messages::SubscribeReply;
using storage::Holding;
using storage::OwnSubscription;

/// Kinds of small documents: which node serves a subscription, and which of those that ended the
/// source has not been told about.
constexpr const char* source_kind = "subscription_source";
constexpr const char* ended_kind = "ended_subscription";

/// "irri/rice" into its two names.
std::optional<std::pair<std::string, std::string>> split_name(const std::string& dataset) {
    const auto slash = dataset.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == dataset.size() ||
        dataset.find('/', slash + 1) != std::string::npos)
        return std::nullopt;
    return std::pair(dataset.substr(0, slash), dataset.substr(slash + 1));
}

}  // namespace

SubscriptionReceiver::SubscriptionReceiver(EngineContext& context, QuarantineKeeper& quarantine)
    : context_(context), quarantine_(quarantine) {
    const auto reader = context_.store.reader();
    for (OwnSubscription& row : reader->own_subscriptions()) {
        Wanted wanted;
        wanted.heard = row.last_heard;
        if (const auto document = reader->document(source_kind, row.id.hex()))
            if (const auto node = NodeId::from_bytes(*document)) wanted.usual_source = *node;
        wanted.row = std::move(row);
        const SubscriptionId id = wanted.row.id;
        wanted_.emplace(id, std::move(wanted));
    }
    // The process before may have ended between a removal and this.
    must_clear_ = true;
}

// ---- what the admin asks for
// ---------------------------------------------------------------------

Result<SubscriptionId> SubscriptionReceiver::subscribe(const std::string& dataset,
                                                       const std::string& where) {
    const auto names = split_name(dataset);
    if (!names)
        return fail("bad_dataset", "a dataset is named INSTITUTION/NAME", dataset, {},
                    ErrorKind::usage);
    std::string condition;
    if (!where.empty()) {
        const auto parsed = Condition::parse(where);
        if (!parsed) return std::unexpected(parsed.error());
        condition = parsed->text();
    }
    const auto owner = context_.directory.institution_by_handle(names->first);
    if (owner == context_.home())
        return fail("own_dataset", "the dataset is this institution's own", dataset,
                    "another node of the institution gets it by joining", ErrorKind::refused);
    for (const auto& [id, wanted] : wanted_)
        if (wanted.row.dataset_name == dataset)
            return fail("subscribed", "there is a subscription to the dataset", dataset,
                        "end it first: sangam unsubscribe " + id.hex(), ErrorKind::refused);
    Wanted wanted;
    wanted.row.id = context_.random.draw<SubscriptionId>();
    wanted.row.dataset_name = dataset;
    wanted.row.where = std::move(condition);
    wanted.row.created = context_.now;
    if (resolve(wanted)) {
        const auto info = context_.store.reader()->dataset(*wanted.row.dataset);
        if (info && (info->holding == Holding::writer || info->holding == Holding::own))
            return fail("writer", "this institution writes the dataset and holds it whole", dataset,
                        {}, ErrorKind::refused);
    }
    const SubscriptionId id = wanted.row.id;
    context_.store.put_own_subscription(wanted.row);
    attach(wanted_.emplace(id, std::move(wanted)).first->second);
    return id;
}

Result<void> SubscriptionReceiver::unsubscribe(const SubscriptionId& id) {
    const auto it = wanted_.find(id);
    if (it == wanted_.end())
        return fail("unknown_subscription", "there is no such subscription", id.hex(),
                    "see `sangam subscriptions`", ErrorKind::not_found);
    end_at_source(it->second);
    if (const auto& dataset = it->second.row.dataset) {
        quarantine_.forget(*dataset);
        context_.contacts.forget(*dataset);
    }
    context_.store.remove_own_subscription(id);
    context_.store.remove_document(source_kind, id.hex());
    wanted_.erase(it);
    remains_left();
    return {};
}

void SubscriptionReceiver::end_at_source(const Wanted& wanted) {
    if (!wanted.usual_source) return;  // nobody was ever asked
    context_.store.put_document(ended_kind, wanted.row.id.hex(), wanted.usual_source->view());
    if (const PeerSession* session = context_.sessions.open_with(*wanted.usual_source))
        say_ended(*session);
}

void SubscriptionReceiver::say_ended(const PeerSession& session) {
    auto& told = ended_[session.connection()];
    for (const auto& [key, node] : context_.store.reader()->documents(ended_kind)) {
        if (as_text(node) != as_text(session.peer().view())) continue;
        const auto id = SubscriptionId::from_hex(key);
        if (!id || std::any_of(told.begin(), told.end(),
                               [&](const Ended& ended) { return ended.id == *id; }))
            continue;
        context_.outbox.send(session.connection(), messages::Unsubscribe{*id});
        told.push_back({*id, session.pings_sent() + 1});
    }
}

// ---- sources
// -------------------------------------------------------------------------------------

void SubscriptionReceiver::opened(const PeerSession& session) {
    say_ended(session);
    attach_all();
}

void SubscriptionReceiver::closed(ConnectionId connection) {
    ended_.erase(connection);
    for (auto& [id, wanted] : wanted_) {
        if (wanted.source != connection) continue;
        detach(wanted);
        wanted.source_lost = context_.now;
        attach(wanted);
    }
}

void SubscriptionReceiver::detach(Wanted& wanted) {
    wanted.source.reset();
    wanted.state = State::waiting;
    wanted.is_caught_up = false;
    wanted.is_current = false;
    wanted.begins_copy = false;
}

void SubscriptionReceiver::attach_all() {
    for (auto& [id, wanted] : wanted_) attach(wanted);
}

bool SubscriptionReceiver::resolve(Wanted& wanted) {
    if (wanted.row.dataset) return true;
    const auto names = split_name(wanted.row.dataset_name);
    const auto owner = context_.directory.institution_by_handle(names->first);
    if (!owner) {
        wait(wanted, "the directory has no institution " + names->first);
        return false;
    }
    for (const storage::DatasetInfo& info : context_.store.reader()->datasets())
        if (info.manifest.owner == *owner && info.manifest.name == names->second)
            wanted.row.dataset = info.uid;
    if (!wanted.row.dataset)
        wait(wanted, names->first + " has not told this node of a dataset " + names->second +
                         "; it needs a grant");
    return wanted.row.dataset.has_value();
}

void SubscriptionReceiver::attach(Wanted& wanted) {
    if (wanted.source || !wanted_.contains(wanted.row.id)) return;
    const bool was_known = wanted.row.dataset.has_value();
    if (!resolve(wanted)) return;
    const DatasetUid uid = *wanted.row.dataset;
    const auto info = context_.store.reader()->dataset(uid);
    if (!info) return wait(wanted, "the dataset's description is not held");
    if (!was_known) save(wanted);
    if (info->holding == Holding::known)
        if (const auto made = context_.store.put_control(uid, {}, Holding::replica); !made)
            return wait(wanted, made.error().text());

    const auto nodes = context_.directory.nodes_of(info->manifest.owner);
    const bool usual_counts = wanted.usual_source && std::find(nodes.begin(), nodes.end(),
                                                               *wanted.usual_source) != nodes.end();
    PeerSession* source =
        usual_counts ? context_.sessions.open_with(*wanted.usual_source) : nullptr;
    if (!source) {
        const Millis since = std::max(wanted.source_lost, started_);
        const bool is_patient =
            usual_counts && wanted.row.cursor && context_.now - since < limits::source_patience;
        if (!is_patient)
            for (const NodeId& node : nodes)
                if (PeerSession* other = context_.sessions.open_with(node); other && !source)
                    source = other;
    }
    if (!source)
        return wait(wanted,
                    "no connection to " + context_.directory.handle_of(info->manifest.owner));
    remember_source(wanted, source->peer());
    wanted.source = source->connection();
    wanted.state = State::asked;
    wanted.next_number = 1;
    messages::Subscribe subscribe;
    subscribe.subscription = wanted.row.id;
    subscribe.dataset = uid;
    subscribe.where = wanted.row.where;
    if (wanted.row.cursor) {
        subscribe.has_cursor = true;
        subscribe.sender_epoch = wanted.row.cursor->sender_epoch;
        subscribe.receiver_epoch = wanted.row.cursor->receiver_epoch;
        subscribe.position = wanted.row.cursor->position;
    }
    context_.outbox.send(source->connection(), std::move(subscribe));
}

void SubscriptionReceiver::wait(Wanted& wanted, const std::string& reason) {
    wanted.state = State::waiting;
    if (wanted.row.state_reason == reason) return;
    wanted.row.state_reason = reason;
    if (wanted_.contains(wanted.row.id)) save(wanted);
}

void SubscriptionReceiver::save(Wanted& wanted) {
    wanted.row.last_heard = std::max(wanted.row.last_heard, wanted.heard);
    context_.store.put_own_subscription(wanted.row);
}

void SubscriptionReceiver::remember_source(Wanted& wanted, const NodeId& node) {
    if (wanted.usual_source == node) return;
    wanted.usual_source = node;
    context_.store.put_document(source_kind, wanted.row.id.hex(), node.view());
}

SubscriptionReceiver::Wanted* SubscriptionReceiver::wanted_by(const PeerSession& session,
                                                              const SubscriptionId& id) {
    const auto it = wanted_.find(id);
    if (it == wanted_.end() || it->second.source != session.connection()) return nullptr;
    return &it->second;
}

// ---- what the source says
// ------------------------------------------------------------------------

void SubscriptionReceiver::heard(ConnectionId connection) {
    for (auto& [id, wanted] : wanted_)
        if (wanted.source == connection && wanted.state == State::running)
            wanted.heard = context_.now;
}

void SubscriptionReceiver::note_contact(ConnectionId connection) {
    for (auto& [id, wanted] : wanted_)
        if (wanted.source == connection && wanted.state == State::running && wanted.is_current)
            context_.contacts.confirmed(*wanted.row.dataset, context_.now);
}

Verdict SubscriptionReceiver::received(const PeerSession& session, const SubscribeReply& reply) {
    Wanted* wanted = wanted_by(session, reply.subscription);
    if (!wanted) {
        const auto ended = ended_.find(session.connection());
        if (ended != ended_.end() &&
            std::any_of(ended->second.begin(), ended->second.end(),
                        [&](const Ended& e) { return e.id == reply.subscription; }))
            return {};  // it crossed our Unsubscribe
        return cut_off(AbortCode::unexpected_message, "an answer to a subscription not asked for");
    }
    wanted->heard = context_.now;
    switch (reply.state) {
        case SubscribeReply::State::accepted:
            if (!reply.full_copy && !wanted->row.cursor)
                return cut_off(AbortCode::bad_message, "a subscription resumed without a cursor");
            wanted->state = State::running;
            wanted->sender_epoch = reply.sender_epoch;
            wanted->begins_copy = reply.full_copy;
            wanted->is_caught_up = false;
            wanted->is_current = false;
            context_.contacts.begun(*wanted->row.dataset, context_.now);
            wanted->row.expected = reply.expected;
            wanted->row.state_reason.clear();
            save(*wanted);
            return {};
        case SubscribeReply::State::waiting:
            wanted->is_caught_up = false;
            wait(*wanted, reply.reason);
            drop_if_nothing_is_granted(*wanted);
            return {};
        case SubscribeReply::State::refused:
            wanted->state = State::refused;
            wanted->row.state_reason = reply.reason;
            save(*wanted);
            // Nothing is in scope of a condition that the owner does not take; a store restored
            // from a backup can hold something that came under it.
            if (!wanted->row.where.empty()) drop_everything(*wanted);
            context_.outbox.warning(session.peer(), "subscription to " + wanted->row.dataset_name +
                                                        " refused: " + reply.reason);
            return {};
    }
    return cut_off(AbortCode::bad_message, "an answer of an unknown kind");
}

void SubscriptionReceiver::drop_if_nothing_is_granted(Wanted& wanted) {
    // The source withdraws what its ledger knows of. A store restored from a backup can hold more;
    // so when the source says "no grant", and the control log that came with it says so too, all
    // of it goes.
    const auto policy = DatasetPolicy::load(*context_.store.reader(), *wanted.row.dataset);
    if (!policy || policy->info.holding != Holding::replica ||
        rights_at_owner(context_.home(), *policy, context_.directory)
            .contains(sangam::Action::replicate))
        return;
    if (const auto dropped = drop_everything(wanted))
        context_.outbox.info({}, "the grant for " + wanted.row.dataset_name +
                                     " ended: " + std::to_string(dropped) + " records dropped");
}

std::uint64_t SubscriptionReceiver::drop_everything(Wanted& wanted) {
    context_.contacts.forget(*wanted.row.dataset);
    bool holds_records = false;
    context_.store.reader()->scan_records(*wanted.row.dataset, {}, nullptr, [&](const auto&) {
        holds_records = true;
        return false;
    });
    if (!holds_records && !wanted.row.cursor) return 0;
    storage::ApplyRequest request{*wanted.row.dataset, {}, {}, std::nullopt};
    wanted.row.cursor.reset();
    wanted.row.is_copying = false;
    wanted.row.expected = 0;
    request.subscription = wanted.row;
    request.begins_copy = true;
    request.completes_copy = true;
    request.now = context_.now;
    quarantine_.forget(*wanted.row.dataset);
    const auto dropped = context_.store.apply(request);
    remains_left();
    return dropped ? dropped->records_dropped : 0;
}

Verdict SubscriptionReceiver::received(const PeerSession& session,
                                       const messages::Delivery& delivery) {
    Wanted* wanted = wanted_by(session, delivery.subscription);
    if (!wanted) {
        const auto ended = ended_.find(session.connection());
        if (ended != ended_.end() &&
            std::any_of(ended->second.begin(), ended->second.end(),
                        [&](const Ended& e) { return e.id == delivery.subscription; }))
            return {};  // under way when we ended it
        return cut_off(AbortCode::unexpected_message, "a delivery for an unknown subscription");
    }
    const bool takes_data = wanted->state == State::running;
    if (!takes_data && (wanted->state != State::waiting || !delivery.parts.empty()))
        return cut_off(AbortCode::unexpected_message,
                       "a delivery under a subscription that does not run");
    if (delivery.number != wanted->next_number)
        return cut_off(AbortCode::bad_message,
                       "delivery " + std::to_string(delivery.number) + " came where " +
                           std::to_string(wanted->next_number) + " was due");
    if (takes_data && !wanted->begins_copy && wanted->row.cursor &&
        delivery.to < wanted->row.cursor->position)
        return cut_off(AbortCode::bad_message, "a delivery that goes back");
    const auto info = context_.store.reader()->dataset(*wanted->row.dataset);
    if (!info) return cut_off(AbortCode::internal, "the dataset is not held any more");
    // What was set aside earlier gives way before this delivery's own parts are set aside: a copy
    // brings all anew, and a withdrawn record may come again in the same delivery.
    if (takes_data && wanted->begins_copy) quarantine_.forget(info->uid);
    std::vector<RecordKey> withdrawn;
    for (const messages::Withdrawal& withdrawal : delivery.withdrawals)
        withdrawn.push_back({withdrawal.collection, withdrawal.id});
    const bool must_copy_again = quarantine_.forget(info->uid, withdrawn, [&] {
        wanted->row.cursor.reset();
        save(*wanted);
    });
    std::vector<VerifiedPart> parts;
    for (const Bytes& encoded : delivery.parts) {
        auto verdict = check_part(encoded, *info, context_.directory, context_.judged_now());
        if (auto* abort = std::get_if<messages::Abort>(&verdict)) return std::unexpected(*abort);
        if (auto* aside = std::get_if<SetAside>(&verdict)) {
            if (!quarantine_.keep(info->uid, session.peer(), aside->reason, encoded))
                return cut_off(AbortCode::internal, "no room to set aside: " + aside->reason);
        } else {
            parts.push_back(std::move(std::get<VerifiedPart>(verdict)));
        }
    }
    ++wanted->next_number;
    wanted->heard = context_.now;
    return apply(session, *wanted, delivery, std::move(parts), must_copy_again);
}

Verdict SubscriptionReceiver::apply(const PeerSession& session, Wanted& wanted,
                                    const messages::Delivery& delivery,
                                    std::vector<VerifiedPart> parts, bool must_copy_again) {
    const DatasetUid uid = *wanted.row.dataset;
    const bool is_running = wanted.state == State::running;
    storage::ApplyRequest request;
    request.dataset = uid;
    request.now = context_.now;
    for (const messages::Withdrawal& withdrawal : delivery.withdrawals) {
        const char* reason =
            withdrawal.reason == messages::WithdrawReason::deleted        ? "deleted"
            : withdrawal.reason == messages::WithdrawReason::grant_ended  ? "the grant ended"
            : withdrawal.reason == messages::WithdrawReason::unsubscribed ? "unsubscribed"
                                                                          : "left the scope";
        request.withdrawals.push_back({{withdrawal.collection, withdrawal.id}, reason});
    }
    OwnSubscription row = wanted.row;
    row.last_heard = context_.now;
    row.expected = delivery.expected;
    if (is_running && wanted.begins_copy) {
        request.begins_copy = true;
        row.is_copying = true;
    }
    if (is_running && delivery.copy_complete && row.is_copying) {
        request.completes_copy = true;
        row.is_copying = false;
    }
    // After a grant has ended there is no way back to this cursor: the next start is a full copy.
    row.cursor.reset();
    if (is_running && !must_copy_again)
        row.cursor =
            storage::SubscriptionCursor{wanted.sender_epoch, context_.store.epoch(), delivery.to};
    request.subscription = row;
    request.parts = std::move(parts);
    request.institutions = institutions_of(request.parts, context_.directory);

    auto applied = context_.store.apply(request);
    if (!applied) {
        // One commit in it cannot stand (a fork, beyond a cut): the others still count. The cursor
        // moves last, so that a stop in between repeats and loses nothing.
        context_.outbox.warning(session.peer(), applied.error().text());
        storage::ApplyRequest start{uid, {}, request.withdrawals, std::nullopt};
        start.begins_copy = request.begins_copy;
        if (const auto made = context_.store.apply(start); !made)
            return cut_off(AbortCode::invalid_data, made.error().text());
        for (VerifiedPart& part : request.parts) {
            storage::ApplyRequest one{uid, {part}, {}, std::nullopt};
            one.now = context_.now;
            one.institutions = request.institutions;
            const auto made = context_.store.apply(one);
            if (made || made.error().code == "fork" || made.error().code == "cut") continue;
            if (!quarantine_.keep(uid, session.peer(), "refused: " + made.error().text(),
                                  part.part().encode()))
                return cut_off(AbortCode::internal, "no room to set aside what was refused");
        }
        request.parts.clear();
        request.withdrawals.clear();
        request.begins_copy = false;
        applied = context_.store.apply(request);
        if (!applied) return cut_off(AbortCode::invalid_data, applied.error().text());
    }
    if (!delivery.withdrawals.empty() || applied->records_dropped > 0) remains_left();
    wanted.row = std::move(row);
    wanted.begins_copy = false;
    if (delivery.copy_complete) wanted.is_caught_up = true;
    wanted.is_current = is_running && delivery.copy_complete && !must_copy_again;

    messages::DeliveryAck ack;
    ack.subscription = wanted.row.id;
    ack.number = delivery.number;
    ack.position = delivery.to;
    if (const auto info = context_.store.reader()->dataset(uid)) ack.records = info->live_records;
    context_.outbox.send(session.connection(), std::move(ack));
    if (is_running && must_copy_again) {
        detach(wanted);
        attach(wanted);
    }
    return {};
}

bool SubscriptionReceiver::apply_late(const storage::DatasetInfo& dataset,
                                      const VerifiedPart& part) {
    const bool is_wanted = std::any_of(wanted_.begin(), wanted_.end(), [&](const auto& entry) {
        return entry.second.row.dataset == dataset.uid;
    });
    if (!is_wanted) return true;
    storage::ApplyRequest request{dataset.uid, {part}, {}, std::nullopt};
    request.now = context_.now;
    request.institutions = institutions_of(request.parts, context_.directory);
    const auto applied = context_.store.apply(request);
    if (!applied) context_.outbox.warning({}, applied.error().text());
    return applied.has_value() || applied.error().code == "fork" || applied.error().code == "cut";
}

// ---- the rest
// ------------------------------------------------------------------------------------

void SubscriptionReceiver::dataset_changed(const DatasetUid& dataset) {
    const auto info = context_.store.reader()->dataset(dataset);
    for (auto it = wanted_.begin(); it != wanted_.end();) {
        Wanted& wanted = it->second;
        if (info && wanted.row.dataset == dataset &&
            (info->holding == Holding::writer || info->holding == Holding::own)) {
            context_.outbox.info({}, "this institution writes " + wanted.row.dataset_name +
                                         " now and holds it whole; the subscription ends");
            end_at_source(wanted);
            context_.store.remove_own_subscription(it->first);
            context_.store.remove_document(source_kind, it->first.hex());
            it = wanted_.erase(it);
            continue;
        }
        if (wanted.row.dataset == dataset) follow_cut(wanted);
        attach(wanted);
        ++it;
    }
}

void SubscriptionReceiver::follow_cut(Wanted& wanted) {
    // A cut took something out of the replica: the store has let go of the cursor, and what the
    // lost commits had superseded comes with a full copy.
    if (!wanted.row.cursor) return;
    for (const OwnSubscription& row : context_.store.reader()->own_subscriptions())
        if (row.id == wanted.row.id && row.cursor) return;
    wanted.row.cursor.reset();
    detach(wanted);
}

void SubscriptionReceiver::remains_left() {
    last_removal_ = context_.now;
    if (!remains_since_) remains_since_ = context_.now;
}

void SubscriptionReceiver::clear_remains() {
    if (must_clear_) {
        must_clear_ = false;
        remains_left();
    }
    if (!remains_since_ || (context_.now - last_removal_ < limits::clear_after &&
                            context_.now - *remains_since_ < limits::clear_at_latest))
        return;
    if (context_.store.clear_remains())
        remains_since_.reset();
    else
        last_removal_ = context_.now;  // a reader is in the way
}

void SubscriptionReceiver::tick() {
    if (started_ == Millis{0}) started_ = context_.now;
    for (auto& [connection, list] : ended_) {
        const PeerSession* session = context_.sessions.find(connection);
        std::erase_if(list, [&](const Ended& ended) {
            if (!session || session->pings_answered() < ended.ping) return false;
            context_.store.remove_document(ended_kind, ended.id.hex());
            return true;
        });
    }
    attach_all();
    clear_remains();
    if (context_.now - saved_heard_ < limits::heard_every) return;
    saved_heard_ = context_.now;
    for (auto& [id, wanted] : wanted_)
        if (wanted.heard > wanted.row.last_heard) save(wanted);
}

void SubscriptionReceiver::clock_was_set(Millis step) {
    if (started_ != Millis{0}) started_ += step;
    saved_heard_ += step;
    for (auto& [id, wanted] : wanted_) wanted.source_lost += step;
}

std::vector<SubscriptionStatus> SubscriptionReceiver::status() const {
    std::vector<SubscriptionStatus> out;
    const auto reader = context_.store.reader();
    for (const auto& [id, wanted] : wanted_) {
        SubscriptionStatus status;
        status.id = id;
        status.dataset = wanted.row.dataset_name;
        status.where = wanted.row.where;
        if (wanted.row.dataset)
            if (const auto info = reader->dataset(*wanted.row.dataset))
                status.records = info->live_records;
        status.expected = wanted.row.expected;
        if (wanted.row.cursor) status.position = raw(wanted.row.cursor->position);
        const Millis heard = std::max(wanted.heard, wanted.row.last_heard);
        if (heard != Millis{0}) status.age_ms = std::max<Millis>(context_.now - heard, {}).count();
        status.reason = wanted.row.state_reason;
        switch (wanted.state) {
            case State::waiting:
                status.state = "waiting";
                break;
            case State::asked:
                status.state = "catching_up";
                break;
            case State::running:
                status.state =
                    wanted.is_caught_up && !wanted.row.is_copying ? "live" : "catching_up";
                break;
            case State::refused:
                status.state = "refused";
                break;
        }
        out.push_back(std::move(status));
    }
    return out;
}

}  // namespace sangam::sync
