// SPDX-License-Identifier: Apache-2.0
#include "sync/subscription_sender.hpp"

#include <algorithm>

#include "sync/limits.hpp"
#include "sync/merger.hpp"
#include "sync/policy.hpp"
#include "sync/record_view.hpp"

namespace sangam::sync {
namespace {

using messages::AbortCode;
using messages::Delivery;
using messages::SubscribeReply;
using messages::WithdrawReason;
using storage::LedgerStep;
using storage::RecordNumber;

/// Kind of the small documents that say under which view a subscription was served: what the
/// subscriber may hold depends on it, also after a restart.
constexpr const char* view_kind = "served_view";

}  // namespace

// ---- what peers say
// ------------------------------------------------------------------------------

Verdict SubscriptionSender::received(const PeerSession& session,
                                     const messages::Subscribe& subscribe) {
    const Key key{session.connection(), subscribe.subscription};
    std::size_t count = 0;
    std::optional<Key> same_dataset;
    for (const auto& [other, serving] : servings_) {
        if (other.first != session.connection()) continue;
        ++count;
        if (other != key && serving.request.dataset == subscribe.dataset) same_dataset = other;
    }
    if (same_dataset)
        servings_.erase(*same_dataset);
    else if (count >= limits::max_subscriptions_per_peer && !servings_.contains(key))
        return cut_off(AbortCode::bad_message, "too many subscriptions");

    for (const storage::ServedSubscription& row : context_.store.reader()->served_subscriptions()) {
        const bool is_its_own =
            row.subscriber == session.peer() && row.dataset == subscribe.dataset;
        if (row.id == subscribe.subscription && !is_its_own)
            return cut_off(AbortCode::not_allowed, "a subscription of another node or dataset");
        // One subscription for each (node, dataset): a new one says that the old one is over.
        if (row.id != subscribe.subscription && is_its_own) forget_row(row.id);
    }

    Serving serving;
    serving.request = subscribe;
    serving.peer = session.peer();
    Serving& kept = servings_.insert_or_assign(key, std::move(serving)).first->second;
    const auto info = context_.store.reader()->dataset(subscribe.dataset);
    SubscribeReply reply;
    reply.subscription = subscribe.subscription;
    if (info && info->holding != storage::Holding::own)
        reply.reason = "this node does not belong to the owner of the dataset";
    if (reply.reason.empty() && !subscribe.where.empty()) {
        auto filter = Condition::parse(subscribe.where);
        if (filter)
            kept.view.filter = std::move(*filter);
        else
            reply.reason = filter.error().text();
    }
    if (reply.reason.empty()) {
        judge(key, kept);
        return {};
    }
    servings_.erase(key);
    context_.outbox.send(session.connection(), std::move(reply));
    return {};
}

bool SubscriptionSender::refuses_condition(const Key& key, Serving& serving,
                                           const DatasetPolicy& policy,
                                           const InstitutionId& institution) {
    const Scope scope =
        decide(Asker::member(institution), sangam::Action::replicate, policy, context_.directory);
    if (!scope.allowed) {  // it waits for a grant, and is looked at when that comes
        serving.refused.reset();
        return false;
    }
    const auto reader = context_.store.reader();
    const Condition& filter = *serving.view.filter;
    Serving::Refused now{{}, policy.info.last_position, policy.numbers};
    if (serving.refused && serving.refused->policy == now.policy)
        now.missing = still_unusable(std::move(serving.refused->missing), serving.refused->at,
                                     *reader, policy.info, scope, context_.merger);
    else
        now.missing = unusable_fields(filter, *reader, policy.info, scope, context_.merger);
    if (now.missing.empty()) {
        serving.refused.reset();
        serving.told.reset();
        return false;
    }
    reply_not_now(key, serving, SubscribeReply::State::refused, no_such_field(now.missing.front()));
    serving.refused = std::move(now);
    return true;
}

Verdict SubscriptionSender::received(const PeerSession& session, const messages::DeliveryAck& ack) {
    const Key key{session.connection(), ack.subscription};
    const auto it = servings_.find(key);
    if (it == servings_.end())
        return cut_off(AbortCode::unexpected_message,
                       "an acknowledgement for an unknown subscription");
    Serving& serving = it->second;
    if (ack.number >= serving.next_number ||
        (!serving.ready.empty() && ack.number >= serving.ready.front().number))
        return cut_off(AbortCode::bad_message, "an acknowledgement of what was not sent");
    LedgerStep step;
    step.subscription = ack.subscription;
    while (!serving.in_flight.empty() && serving.in_flight.front().number <= ack.number) {
        InFlight& done = serving.in_flight.front();
        // One that was taken back after it was sent stays in doubt until that is acknowledged too.
        std::copy_if(done.sent.begin(), done.sent.end(), std::back_inserter(step.acknowledged),
                     [&](RecordNumber n) { return !serving.under_way.withdrawn.contains(n); });
        step.withdrawn.insert(step.withdrawn.end(), done.withdrawn.begin(), done.withdrawn.end());
        is_under_way_no_more(serving, done);
        serving.row.acknowledged = std::max(serving.row.acknowledged, done.to);
        serving.in_flight_bytes -= std::min(serving.in_flight_bytes, done.bytes);
        serving.in_flight.pop_front();
    }
    serving.row.last_ack = context_.now;
    step.state = serving.row;
    context_.store.ledger(step);
    finish_difference(key.second, serving);
    pump(key, serving);
    return {};
}

Verdict SubscriptionSender::received(const PeerSession& session,
                                     const messages::Unsubscribe& unsubscribe) {
    servings_.erase({session.connection(), unsubscribe.subscription});
    if (const auto row = row_of(unsubscribe.subscription); row && row->subscriber == session.peer())
        forget_row(row->id);
    return {};
}

void SubscriptionSender::closed(ConnectionId connection) {
    std::erase_if(servings_, [&](const auto& entry) { return entry.first.first == connection; });
}

// ---- what happens here
// ---------------------------------------------------------------------------

void SubscriptionSender::data_changed(const DatasetUid& dataset) {
    for (auto& [key, serving] : servings_)
        if (serving.request.dataset == dataset)
            serving.refused ? judge(key, serving) : pump(key, serving);
}

void SubscriptionSender::policy_changed(const DatasetUid& dataset) {
    for (auto& [key, serving] : servings_)
        if (serving.request.dataset == dataset) judge(key, serving);
    end_rows_of_absent_peers(dataset);
}

void SubscriptionSender::policy_changed() {
    std::set<DatasetUid> datasets;
    for (const auto& [key, serving] : servings_) datasets.insert(serving.request.dataset);
    for (const auto& row : context_.store.reader()->served_subscriptions())
        datasets.insert(row.dataset);
    for (const DatasetUid& dataset : datasets) policy_changed(dataset);
}

void SubscriptionSender::end_rows_of_absent_peers(const DatasetUid& dataset) {
    const auto reader = context_.store.reader();
    const auto policy = DatasetPolicy::load(*reader, dataset);
    if (!policy || policy->is_behind) return;
    for (storage::ServedSubscription row : reader->served_subscriptions()) {
        if (row.dataset != dataset || row.has_ended) continue;
        const bool is_here = std::any_of(servings_.begin(), servings_.end(),
                                         [&](const auto& s) { return s.first.second == row.id; });
        if (is_here || decide(Asker::member(row.institution), sangam::Action::replicate, *policy,
                              context_.directory)
                           .allowed)
            continue;
        row.has_ended = true;
        context_.store.put_served_subscription(row);
    }
}

bool SubscriptionSender::has_work() const {
    return std::any_of(servings_.begin(), servings_.end(),
                       [](const auto& entry) { return entry.second.settle_below.has_value(); });
}

void SubscriptionSender::tick() {
    for (auto& [key, serving] : servings_) {
        if (serving.settle_below) settle_page(serving);
        pump(key, serving);
    }
}

// ---- one subscription
// ----------------------------------------------------------------------------

void SubscriptionSender::judge(const Key& key, Serving& serving) {
    const auto reader = context_.store.reader();
    const SubscriptionId& id = key.second;
    const PeerSession* session = context_.sessions.find(key.first);
    const auto policy = DatasetPolicy::load(*reader, serving.request.dataset);
    const bool is_ours = policy && policy->info.holding == storage::Holding::own;
    ServedView view;
    view.filter = serving.view.filter;
    view.scope.reason = "there is no such dataset, or nothing of it is shared with you";
    if (is_ours && session) view = view_for(serving, *policy, session->institution());
    if (policy) serving.policy = policy->numbers;
    const auto row = row_of(id);
    const auto counts = reader->ledger_counts(id);
    const bool is_holding_something = row && counts.sent + counts.acknowledged > 0;
    if (row && serving.state == State::waiting) serving.row = *row;
    // One that was accepted before goes on: what it holds is judged by the grants of now.
    if (is_ours && session && serving.view.filter && !row && serving.state == State::waiting &&
        refuses_condition(key, serving, *policy, session->institution()))
        return;

    // Nothing more goes out and nothing is taken back before the owner knows its own grants again.
    serving.is_paused = view.scope.is_paused && serving.state != State::ending;
    if (serving.is_paused) {
        if (serving.state == State::waiting) reply_waiting(key, serving, view.scope.reason);
        return;
    }
    if (view.scope.is_paused) return;
    serving.view = view;
    if (!view.scope.allowed) {
        if (is_holding_something) {
            begin_ending(serving, WithdrawReason::grant_ended);
        } else {
            if (row) forget_row(id);
            serving.state = State::waiting;
            serving.rescan.reset();
            serving.under_way = {};
            drop_ready(serving);
            // By "waiting" a subscriber keeps what it has, by "refused" it drops what a store that
            // was restored from a backup may hold from before.
            if (is_ours && session && view.filter &&
                decide(Asker::member(session->institution()), sangam::Action::replicate, *policy,
                       context_.directory)
                    .allowed)
                return reply_not_now(key, serving, SubscribeReply::State::refused,
                                     view.scope.reason);
        }
        reply_waiting(key, serving, view.scope.reason);
        pump(key, serving);
        return;
    }
    if (serving.state == State::ending) return;  // starts anew once all is taken back
    const bool was_running = serving.state == State::running;
    const bool goes_on = was_running || resumes(serving, *policy);
    const auto known = row ? views_in_force(id) : std::nullopt;
    const bool is_same = known && *known == ServedViews{view};
    if (is_holding_something && (!known || row->has_ended || (!is_same && !goes_on))) {
        // Nobody can tell what it may have kept: it is taken back and sent anew.
        begin_ending(serving, WithdrawReason::left_scope);
        reply_waiting(
            key, serving,
            "the grants show something else now: what was sent is taken back, then sent anew");
        pump(key, serving);
        return;
    }
    if (!known) serving.request.has_cursor = false;
    const ServedViews earlier = known && goes_on ? *known : ServedViews{view};
    if (!was_running) start(key, serving, *policy);
    if (earlier != ServedViews{view})
        begin_difference(id, serving, earlier);
    else if (!was_running)
        set_views_in_force(id, earlier);
    pump(key, serving);
}

ServedView SubscriptionSender::view_for(const Serving& serving, const DatasetPolicy& policy,
                                        const InstitutionId& institution) const {
    ServedView view;
    view.filter = serving.view.filter;
    view.scope =
        decide(Asker::member(institution), sangam::Action::replicate, policy, context_.directory);
    if (view.scope.allowed && view.filter)
        for (const Path& path : view.filter->paths())
            if (!view.scope.may_show(path)) {
                view.scope = {};
                view.scope.reason = no_such_field(path);
                return view;
            }
    if (view.has_conditions()) view.manifest = policy.info.manifest_hash;
    return view;
}

void SubscriptionSender::begin_difference(const SubscriptionId& id, Serving& serving,
                                          ServedViews earlier) {
    // Built under the earlier rights and not sent: it must not leave any more. It stays marked, so
    // the walk takes it for something that may be held.
    drop_ready(serving);
    ServedViews all = earlier;
    if (std::find(all.begin(), all.end(), serving.view) == all.end()) all.push_back(serving.view);
    set_views_in_force(id, all);
    serving.rescan = Serving::Rescan{Position{0}, std::move(earlier)};
    serving.difference_ends_with.reset();
    // Marks of an earlier connection are from under other rights than what is sent from now on. The
    // walk looks at each record: what is in doubt goes again or is taken back.
    serving.settle_below.reset();
}

bool SubscriptionSender::resumes(const Serving& serving, const DatasetPolicy& policy) const {
    const messages::Subscribe& asked = serving.request;
    const auto row = row_of(asked.subscription);
    const PeerSession* session = context_.sessions.open_with(serving.peer);
    return session && asked.has_cursor && row && !row->has_ended &&
           asked.sender_epoch == context_.store.epoch() &&
           asked.receiver_epoch == session->epoch() && row->receiver_epoch == session->epoch() &&
           asked.position <= row->scanned && asked.position <= policy.info.last_position &&
           // A copy of which nothing was confirmed may not have arrived at all: then the cursor is
           // from before it.
           row->acknowledged > Position{0} && asked.position >= row->acknowledged;
}

void SubscriptionSender::start(const Key& key, Serving& serving, const DatasetPolicy& policy) {
    const PeerSession& session = *context_.sessions.find(key.first);
    const messages::Subscribe& asked = serving.request;
    const auto row = row_of(key.second);
    const bool can_resume = resumes(serving, policy);
    if (row) {
        serving.row = *row;
    } else {
        serving.row = {};
        serving.row.id = key.second;
        serving.row.dataset = asked.dataset;
        serving.row.created = context_.now;
    }
    serving.row.subscriber = session.peer();
    serving.row.institution = session.institution();
    serving.row.where = asked.where;
    serving.row.receiver_epoch = session.epoch();
    serving.row.scanned = can_resume ? asked.position : Position{0};
    serving.row.acknowledged = serving.row.scanned;
    serving.row.has_ended = false;
    serving.scanned = serving.row.scanned;
    serving.owes_complete = true;
    serving.settle_below.reset();
    if (can_resume && (row->acknowledged < asked.position ||
                       context_.store.reader()->ledger_counts(key.second).sent > 0)) {
        serving.settle_below = asked.position;
        serving.settled_up_to = RecordNumber{0};
    }
    context_.store.put_served_subscription(serving.row);
    serving.state = State::running;
    serving.rescan.reset();
    serving.difference_ends_with.reset();
    serving.told.reset();

    SubscribeReply reply;
    reply.subscription = key.second;
    reply.state = SubscribeReply::State::accepted;
    reply.full_copy = !can_resume;
    reply.sender_epoch = context_.store.epoch();
    reply.expected = expected_of(serving);
    context_.outbox.send(key.first, std::move(reply));
    // A cursor is good for one start: whatever begins later on this connection begins anew.
    serving.request.has_cursor = false;
}

void SubscriptionSender::reply_waiting(const Key& key, Serving& serving,
                                       const std::string& reason) {
    reply_not_now(key, serving, SubscribeReply::State::waiting, reason);
}

void SubscriptionSender::reply_not_now(const Key& key, Serving& serving,
                                       SubscribeReply::State state, const std::string& reason) {
    // A "refused" after a "waiting" for the same reason says more: what is held has to go.
    if (serving.told == std::pair(state, reason)) return;
    serving.told = {state, reason};
    SubscribeReply reply;
    reply.subscription = key.second;
    reply.state = state;
    reply.reason = reason;
    reply.sender_epoch = context_.store.epoch();
    context_.outbox.send(key.first, std::move(reply));
}

void SubscriptionSender::begin_ending(Serving& serving, WithdrawReason reason) {
    serving.ending_reason = reason;
    if (serving.state == State::ending) return;
    serving.state = State::ending;
    serving.withdrawn_up_to = RecordNumber{0};
    serving.all_withdrawals_left = false;
    serving.settle_below.reset();
    serving.rescan.reset();
    serving.difference_ends_with.reset();
    // Built and not sent: it must not leave any more. It stays marked, and so is withdrawn.
    drop_ready(serving);
    serving.row.has_ended = true;
    context_.store.put_served_subscription(serving.row);
}

void SubscriptionSender::drop_ready(Serving& serving) {
    if (serving.ready.empty()) return;
    serving.next_number = serving.ready.front().number;
    for (const Delivery& delivery : serving.ready)
        serving.owes_complete = serving.owes_complete || delivery.copy_complete;
    for (const InFlight& mark : serving.ready_marks) is_under_way_no_more(serving, mark);
    // The walk goes back to where that which left ends: what was built comes again from there.
    serving.scanned =
        serving.in_flight.empty() ? serving.row.acknowledged : serving.in_flight.back().to;
    serving.row.scanned = serving.scanned;
    serving.ready.clear();
    serving.ready_marks.clear();
}

void SubscriptionSender::is_under_way_no_more(Serving& serving, const InFlight& mark) {
    for (const RecordNumber number : mark.sent) {
        const auto count = serving.under_way.sent.find(number);
        if (count != serving.under_way.sent.end() && --count->second == 0)
            serving.under_way.sent.erase(count);
    }
    for (const RecordNumber number : mark.withdrawn) serving.under_way.withdrawn.erase(number);
}

void SubscriptionSender::finish_ending(const Key& key, Serving& serving) {
    forget_row(key.second);
    serving.row = {};
    serving.state = State::waiting;
    serving.under_way = {};
    context_.outbox.info(serving.peer, "everything sent under subscription " + key.second.hex() +
                                           " was withdrawn, and that was acknowledged");
    judge(key, serving);
}

bool SubscriptionSender::window_is_open(const Serving& serving) const {
    return serving.in_flight.size() < limits::window_deliveries &&
           serving.in_flight_bytes < limits::window_bytes;
}

void SubscriptionSender::pump(const Key& key, Serving& serving) {
    if (serving.is_paused) return;
    while (serving.state != State::waiting && window_is_open(serving)) {
        if (!serving.ready.empty()) {
            context_.outbox.send(key.first, std::move(serving.ready.front()));
            serving.ready.pop_front();
            serving.in_flight_bytes += serving.ready_marks.front().bytes;
            serving.in_flight.push_back(std::move(serving.ready_marks.front()));
            serving.ready_marks.pop_front();
            continue;
        }
        const bool built = serving.state == State::ending ? build_ending(serving)
                           : serving.rescan               ? build_difference(key, serving)
                                                          : build_running(key, serving);
        if (!built) break;
    }
    if (serving.state == State::ending && serving.all_withdrawals_left &&
        serving.in_flight.empty() && serving.ready.empty())
        finish_ending(key, serving);
}

bool SubscriptionSender::build_running(const Key& key, Serving& serving) {
    const auto reader = context_.store.reader();
    DeliveryStep step = build_step(*reader, context_.merger, serving.row, serving.view,
                                   serving.scanned, serving.under_way);
    const bool completes = step.reaches_end;
    if (step.parts.empty() && step.withdrawals.empty() && step.to == serving.scanned &&
        !(completes && serving.owes_complete))
        return false;
    if (!is_judged_by_newest(serving)) {
        judge(key, serving);
        return false;
    }
    const Position to = step.to;
    mark_and_enqueue(serving, std::move(step), to, completes);
    return true;
}

bool SubscriptionSender::build_difference(const Key& key, Serving& serving) {
    const auto reader = context_.store.reader();
    DeliveryStep step =
        build_rescan(*reader, context_.merger, serving.row, serving.view, serving.rescan->earlier,
                     serving.rescan->at, serving.under_way);
    if (step.to == serving.rescan->at && !step.reaches_end) return false;  // waits for an answer
    if (!is_judged_by_newest(serving)) {
        judge(key, serving);
        return false;
    }
    serving.rescan->at = step.to;
    const bool is_done = step.reaches_end;
    // The receiver's cursor stays: what arrives anew comes after this walk.
    if (!step.parts.empty() || !step.withdrawals.empty())
        mark_and_enqueue(serving, std::move(step), serving.scanned, false);
    if (is_done) {
        serving.rescan.reset();
        serving.difference_ends_with = serving.next_number - 1;
        finish_difference(key.second, serving);
    }
    return true;
}

/// The earlier views are forgotten when all that the walk sent was acknowledged: after a crash
/// before that it is done again.
void SubscriptionSender::finish_difference(const SubscriptionId& id, Serving& serving) {
    if (!serving.difference_ends_with) return;
    const auto is_open = [&](const InFlight& mark) {
        return mark.number <= *serving.difference_ends_with;
    };
    if (std::any_of(serving.in_flight.begin(), serving.in_flight.end(), is_open) ||
        std::any_of(serving.ready_marks.begin(), serving.ready_marks.end(), is_open))
        return;
    serving.difference_ends_with.reset();
    set_views_in_force(id, {serving.view});
}

/// "Allowed at the time" means at marking sent: rights that changed since the subscription was
/// judged decide anew. Grants change on this thread only, so none comes between this and the mark.
bool SubscriptionSender::is_judged_by_newest(const Serving& serving) const {
    return context_.store.reader()->control_numbers(serving.request.dataset) == serving.policy;
}

void SubscriptionSender::mark_and_enqueue(Serving& serving, DeliveryStep step, Position to,
                                          bool completes) {
    const Position before = serving.scanned;
    serving.row.scanned = to;
    LedgerStep mark;
    mark.subscription = serving.row.id;
    mark.sent = step.sent;
    mark.withdrawing = step.withdrawn;
    mark.state = serving.row;
    context_.store.ledger(mark);
    serving.scanned = to;
    serving.owes_complete = !completes;
    for (const RecordNumber number : step.sent) ++serving.under_way.sent[number];
    serving.under_way.withdrawn.insert(step.withdrawn.begin(), step.withdrawn.end());
    enqueue(serving, std::move(step.parts), std::move(step.withdrawals), before, to, completes,
            std::move(step.sent), std::move(step.withdrawn), expected_of(serving));
}

/// Records in scope, for the receiver's progress. Under conditions: as many as the walk has found.
std::uint64_t SubscriptionSender::expected_of(const Serving& serving) const {
    const auto reader = context_.store.reader();
    if (serving.view.depends_on_rows()) {
        const auto counts = reader->ledger_counts(serving.row.id);
        return counts.sent + counts.acknowledged -
               std::min<std::uint64_t>(counts.sent + counts.acknowledged,
                                       serving.under_way.withdrawn.size());
    }
    const auto info = reader->dataset(serving.request.dataset);
    return info ? info->live_records : 0;
}

bool SubscriptionSender::build_ending(Serving& serving) {
    if (serving.all_withdrawals_left) return false;
    const auto reader = context_.store.reader();
    WithdrawalStep step =
        build_withdrawals(*reader, serving.row.id, serving.ending_reason, serving.withdrawn_up_to);
    serving.withdrawn_up_to = step.last;
    serving.all_withdrawals_left = step.reaches_end;
    if (step.withdrawn.empty()) return false;
    enqueue(serving, {}, std::move(step.withdrawals), serving.scanned, serving.scanned, false, {},
            std::move(step.withdrawn), 0);
    return true;
}

void SubscriptionSender::enqueue(Serving& serving, std::vector<Bytes> parts,
                                 std::vector<messages::Withdrawal> withdrawals, Position before,
                                 Position to, bool completes, std::vector<RecordNumber> sent,
                                 std::vector<RecordNumber> withdrawn, std::uint64_t expected) {
    // A record can be larger than a delivery should be: the parts are spread over several, and only
    // the last one moves the cursor and confirms the records.
    Delivery delivery;
    std::size_t bytes = 0;
    // First, since a record that shows less now is taken back before it comes again.
    for (const auto& withdrawal : withdrawals)
        bytes += withdrawal.collection.size() + withdrawal.id.size();
    delivery.withdrawals = std::move(withdrawals);
    const auto flush = [&](Position position) {
        delivery.subscription = serving.row.id;
        delivery.number = serving.next_number++;
        delivery.to = position;
        delivery.expected = expected;
        InFlight mark;
        mark.number = delivery.number;
        mark.bytes = bytes;
        mark.to = position;
        serving.ready.push_back(std::exchange(delivery, {}));
        serving.ready_marks.push_back(std::move(mark));
        bytes = 0;
    };
    for (Bytes& part : parts) {
        if (!delivery.parts.empty() && bytes + part.size() > limits::delivery_bytes) flush(before);
        bytes += part.size();
        delivery.parts.push_back(std::move(part));
    }
    delivery.copy_complete = completes;
    flush(to);
    serving.ready_marks.back().sent = std::move(sent);
    serving.ready_marks.back().withdrawn = std::move(withdrawn);
}

void SubscriptionSender::settle_page(Serving& serving) {
    const auto reader = context_.store.reader();
    LedgerStep step;
    step.subscription = serving.row.id;
    const auto page =
        reader->delivered_records(serving.row.id, serving.settled_up_to, limits::settle_rows);
    const auto info = reader->dataset(serving.request.dataset);
    if (!info) return serving.settle_below.reset();
    const ServedView& view = serving.view;
    const RowJudge judge(view.scope, info->manifest, context_.merger,
                         view.filter ? &*view.filter : nullptr);
    for (const RecordNumber number : page) {
        serving.settled_up_to = number;
        if (serving.under_way.sent.contains(number)) continue;
        if (serving.under_way.withdrawn.contains(number)) continue;
        const auto record = reader->record(number);
        if (!record) continue;
        // All of it arrived at or below the receiver's cursor, so the receiver has applied what
        // followed from it; what lies above is on its way again and will be acknowledged.
        const bool is_below = std::all_of(
            record->changes.begin(), record->changes.end(),
            [&](const auto& change) { return change.position <= *serving.settle_below; });
        if (!is_below) continue;
        // The rights are those of then: where they changed, nothing is settled (begin_difference).
        if (!view_of(*record, judge.of(*record)).is_in_scope())
            step.withdrawn.push_back(number);
        else if (reader->delivered(serving.row.id, number) == storage::Delivered::sent)
            step.acknowledged.push_back(number);
    }
    if (!step.acknowledged.empty() || !step.withdrawn.empty()) context_.store.ledger(step);
    if (page.size() < limits::settle_rows) serving.settle_below.reset();
}

// ---- rows
// ----------------------------------------------------------------------------------------

std::optional<storage::ServedSubscription> SubscriptionSender::row_of(
    const SubscriptionId& id) const {
    for (auto& row : context_.store.reader()->served_subscriptions())
        if (row.id == id) return row;
    return std::nullopt;
}

std::optional<ServedViews> SubscriptionSender::views_in_force(const SubscriptionId& id) const {
    const auto document = context_.store.reader()->document(view_kind, id.hex());
    return document ? decode_views(*document) : std::nullopt;
}

void SubscriptionSender::set_views_in_force(const SubscriptionId& id, const ServedViews& views) {
    const Bytes encoded = encode_views(views);
    const auto held = context_.store.reader()->document(view_kind, id.hex());
    if (held != encoded) context_.store.put_document(view_kind, id.hex(), encoded);
}

void SubscriptionSender::forget_row(const SubscriptionId& id) {
    context_.store.remove_served_subscription(id);
    context_.store.remove_document(view_kind, id.hex());
}

std::vector<ServingStatus> SubscriptionSender::status() const {
    std::vector<ServingStatus> out;
    const auto reader = context_.store.reader();
    for (const storage::ServedSubscription& row : reader->served_subscriptions()) {
        ServingStatus status;
        status.id = row.id;
        status.dataset_uid = row.dataset;
        status.institution = context_.directory.handle_of(row.institution);
        status.node = row.subscriber;
        const auto info = reader->dataset(row.dataset);
        if (info)
            status.dataset =
                context_.directory.handle_of(info->manifest.owner) + "/" + info->manifest.name;
        const auto counts = reader->ledger_counts(row.id);
        status.sent = counts.sent;
        status.acknowledged = counts.acknowledged;
        status.has_ended = row.has_ended;
        status.since = row.created;
        status.last_ack = row.last_ack;
        if (row.has_ended) {
            status.withdrawals_pending = counts.sent + counts.acknowledged;
        } else if (info) {
            status.pending = info->live_records - std::min(info->live_records, counts.acknowledged);
            for (const auto& [key, serving] : servings_) {
                if (key.second != row.id) continue;
                status.withdrawals_pending = serving.under_way.withdrawn.size();
                if (serving.view.depends_on_rows()) status.pending = counts.sent;
            }
        }
        out.push_back(std::move(status));
    }
    return out;
}

}  // namespace sangam::sync
