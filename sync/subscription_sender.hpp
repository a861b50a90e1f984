// SPDX-License-Identifier: Apache-2.0
// The serving side of subscriptions (SEMANTICS section 5): what we send to those who hold replicas
// of what we own.
//
// For each subscription on a connection:
//
//   waiting   no grant: nothing goes out; starts by itself when the grant comes
//   running   walks the order of arrival from the cursor: copy, then live tail
//   ending    the grant ended: everything sent is withdrawn; then waiting
//
// When grants come to show other rows or fields, a running subscription first walks over all that
// it scanned once more and sends the difference (delivery_builder.hpp); the views under which
// something may have been sent are kept until that is done, so it begins again after a crash.
//
// A step is built from one view of the store, compared once more with the newest policy, marked
// sent (durable), and only then put into the outbox. What is acknowledged moves on in the ledger.
// Both survive a crash: whoever comes back is resumed from the receiver's cursor, and what was
// marked sent and not acknowledged counts as held until it is acknowledged or withdrawn. A record
// whose withdrawal leaves is marked the same way: until that is acknowledged nobody can tell
// whether it is still held, so if it comes into scope again it goes whole.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "protocol/messages/subscription_messages.hpp"
#include "sync/delivery_builder.hpp"
#include "sync/sessions.hpp"

namespace sangam::sync {

class SubscriptionSender {
public:
    explicit SubscriptionSender(EngineContext& context) : context_(context) {}

    [[nodiscard]] Verdict received(const PeerSession& session,
                                   const messages::Subscribe& subscribe);
    [[nodiscard]] Verdict received(const PeerSession& session, const messages::DeliveryAck& ack);
    [[nodiscard]] Verdict received(const PeerSession& session,
                                   const messages::Unsubscribe& unsubscribe);
    void closed(ConnectionId connection);
    /// New commits: the live tail goes out now.
    void data_changed(const DatasetUid& dataset);
    /// Grants, manifest or memberships changed: every subscription to it is judged anew, those of
    /// peers that are away too.
    void policy_changed(const DatasetUid& dataset);
    void policy_changed();
    /// Goes on with long walks, a page at a time.
    void tick();
    [[nodiscard]] bool has_work() const;
    [[nodiscard]] std::vector<ServingStatus> status() const;

private:
    enum class State : std::uint8_t { waiting, running, ending };
    struct InFlight {
        std::uint64_t number = 0;
        std::size_t bytes = 0;
        Position to{};
        std::vector<storage::RecordNumber> sent;
        std::vector<storage::RecordNumber> withdrawn;
    };
    struct Serving {
        messages::Subscribe request;
        NodeId peer;
        State state = State::waiting;
        /// The last "waiting" or "refused", and why.
        std::optional<std::pair<messages::SubscribeReply::State, std::string>> told;
        /// Its condition reads fields that nothing shows to the subscriber, as of then.
        struct Refused {
            std::vector<Path> missing;
            Position at{};
            std::vector<std::pair<std::string, std::uint64_t>> policy;
        };
        std::optional<Refused> refused;
        ServedView view;
        std::vector<std::pair<std::string, std::uint64_t>> policy;  ///< numbers it was judged by
        /// The rights changed: where the walk over what was scanned stands, and what held before.
        struct Rescan {
            Position at{};
            ServedViews earlier;
        };
        std::optional<Rescan> rescan;
        /// The last delivery of such a walk, until it is acknowledged.
        std::optional<std::uint64_t> difference_ends_with;
        storage::ServedSubscription row;
        Position scanned{};
        bool is_paused = false;      ///< the owner has forgotten control entries
        bool owes_complete = false;  ///< the last that left was not the end of all there is
        std::uint64_t next_number = 1;
        std::deque<messages::Delivery> ready;  ///< built and marked, waiting for the window
        std::deque<InFlight> ready_marks;      ///< of `ready`, in the same order
        std::deque<InFlight> in_flight;
        std::size_t in_flight_bytes = 0;
        UnderWay under_way;
        messages::WithdrawReason ending_reason = messages::WithdrawReason::grant_ended;
        storage::RecordNumber withdrawn_up_to{};
        bool all_withdrawals_left = false;
        /// Marks of an earlier connection below this cursor are confirmed page by page.
        std::optional<Position> settle_below;
        storage::RecordNumber settled_up_to{};
    };
    using Key = std::pair<ConnectionId, SubscriptionId>;

    void judge(const Key& key, Serving& serving);
    /// The view that grants and filter give now; its scope says why there is none.
    [[nodiscard]] ServedView view_for(const Serving& serving, const DatasetPolicy& policy,
                                      const InstitutionId& institution) const;
    void start(const Key& key, Serving& serving, const DatasetPolicy& policy);
    /// Whether the cursor that the subscriber asked with is good.
    [[nodiscard]] bool resumes(const Serving& serving, const DatasetPolicy& policy) const;
    void begin_difference(const SubscriptionId& id, Serving& serving, ServedViews earlier);
    void finish_difference(const SubscriptionId& id, Serving& serving);
    /// Whether the subscriber's condition cannot be served now; then it was told so, and is looked
    /// at again with each record that comes and whenever rights or schema change.
    bool refuses_condition(const Key& key, Serving& serving, const DatasetPolicy& policy,
                           const InstitutionId& institution);
    void begin_ending(Serving& serving, messages::WithdrawReason reason);
    void finish_ending(const Key& key, Serving& serving);
    void reply_waiting(const Key& key, Serving& serving, const std::string& reason);
    void reply_not_now(const Key& key, Serving& serving, messages::SubscribeReply::State state,
                       const std::string& reason);
    void pump(const Key& key, Serving& serving);
    bool build_running(const Key& key, Serving& serving);
    bool build_difference(const Key& key, Serving& serving);
    bool build_ending(Serving& serving);
    [[nodiscard]] bool is_judged_by_newest(const Serving& serving) const;
    void mark_and_enqueue(Serving& serving, DeliveryStep step, Position to, bool completes);
    [[nodiscard]] std::uint64_t expected_of(const Serving& serving) const;
    void enqueue(Serving& serving, std::vector<Bytes> parts,
                 std::vector<messages::Withdrawal> withdrawals, Position before, Position to,
                 bool completes, std::vector<storage::RecordNumber> sent,
                 std::vector<storage::RecordNumber> withdrawn, std::uint64_t expected);
    /// What was built and has not left goes back; its numbers are given again.
    static void drop_ready(Serving& serving);
    static void is_under_way_no_more(Serving& serving, const InFlight& mark);
    [[nodiscard]] bool window_is_open(const Serving& serving) const;
    void settle_page(Serving& serving);
    [[nodiscard]] std::optional<storage::ServedSubscription> row_of(const SubscriptionId&) const;
    void end_rows_of_absent_peers(const DatasetUid& dataset);
    /// Nothing when it is not known.
    [[nodiscard]] std::optional<ServedViews> views_in_force(const SubscriptionId&) const;
    void set_views_in_force(const SubscriptionId&, const ServedViews&);
    void forget_row(const SubscriptionId&);

    EngineContext& context_;
    std::map<Key, Serving> servings_;
};

}  // namespace sangam::sync
