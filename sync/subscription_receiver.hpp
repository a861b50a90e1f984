// SPDX-License-Identifier: Apache-2.0
// The subscribing side (SEMANTICS section 5): what this node wants of others, and what it holds of
// them.
//
// Each subscription has one source at a time, a node of the dataset's owner. Another node of the
// owner has positions of its own, so a change of source is a full copy: the usual one is waited for
// first. A delivery is verified, applied and moves the cursor in one transaction; only then is it
// acknowledged. What cannot start yet waits with a reason, and starts by itself.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/messages/subscription_messages.hpp"
#include "sync/part_check.hpp"
#include "sync/quarantine_keeper.hpp"
#include "sync/sessions.hpp"

namespace sangam::sync {

class SubscriptionReceiver {
public:
    /// Takes up the subscriptions that the store has.
    SubscriptionReceiver(EngineContext& context, QuarantineKeeper& quarantine);

    [[nodiscard]] Result<SubscriptionId> subscribe(const std::string& dataset,
                                                   const std::string& where);
    [[nodiscard]] Result<void> unsubscribe(const SubscriptionId& id);

    void opened(const PeerSession& session);
    void closed(ConnectionId connection);
    /// The peer lives: what it serves is as fresh as that.
    void heard(ConnectionId connection);
    /// Something came over the connection and was dealt with.
    void note_contact(ConnectionId connection);
    [[nodiscard]] Verdict received(const PeerSession& session,
                                   const messages::SubscribeReply& reply);
    [[nodiscard]] Verdict received(const PeerSession& session, const messages::Delivery& delivery);
    /// The control log of a dataset, or the directory, has moved.
    void dataset_changed(const DatasetUid& dataset);
    void directory_changed() { attach_all(); }
    void tick();
    /// The clock was set by `step`.
    void clock_was_set(Millis step);
    /// Applies one part that had been in quarantine. True when it is settled either way.
    bool apply_late(const storage::DatasetInfo& dataset, const VerifiedPart& part);
    /// Something was removed whose bytes must leave the files.
    void remains_left();
    [[nodiscard]] std::vector<SubscriptionStatus> status() const;

private:
    enum class State : std::uint8_t {
        waiting,  ///< for the dataset, a connection or a grant
        asked,    ///< Subscribe went out, no answer yet
        running,
        refused,
    };
    struct Wanted {
        storage::OwnSubscription row;  ///< as durable
        State state = State::waiting;
        std::optional<ConnectionId> source;
        std::optional<NodeId> usual_source;
        Millis source_lost{};
        Epoch sender_epoch{};
        std::uint64_t next_number = 1;
        bool begins_copy = false;   ///< the next delivery is the first of a full copy
        bool is_caught_up = false;  ///< the source said that nothing is missing
        bool is_current = false;    ///< it has not sent a part of something since
        Millis heard{};
    };

    void attach_all();
    void attach(Wanted& wanted);
    /// The uid of the dataset, if it is known by now.
    bool resolve(Wanted& wanted);
    void wait(Wanted& wanted, const std::string& reason);
    void save(Wanted& wanted);
    void detach(Wanted& wanted);
    void remember_source(Wanted& wanted, const NodeId& node);
    [[nodiscard]] Wanted* wanted_by(const PeerSession& session, const SubscriptionId& id);
    [[nodiscard]] Verdict apply(const PeerSession& session, Wanted& wanted,
                                const messages::Delivery& delivery, std::vector<VerifiedPart> parts,
                                bool must_copy_again);
    void follow_cut(Wanted& wanted);
    void clear_remains();
    void drop_if_nothing_is_granted(Wanted& wanted);
    /// All that is held, and the cursor; how many records that were.
    std::uint64_t drop_everything(Wanted& wanted);
    void end_at_source(const Wanted& wanted);
    void say_ended(const PeerSession& session);

    EngineContext& context_;
    QuarantineKeeper& quarantine_;
    std::map<SubscriptionId, Wanted> wanted_;
    /// Unsubscribe messages that left: gone from the store once a later ping came back.
    struct Ended {
        SubscriptionId id;
        std::uint64_t ping = 0;
    };
    std::map<ConnectionId, std::vector<Ended>> ended_;
    Millis started_{};
    Millis saved_heard_{};
    std::optional<Millis> remains_since_;  ///< of the first removal that was not cleared yet
    Millis last_removal_{};
    bool must_clear_ = false;  ///< after a start, once
};

}  // namespace sangam::sync
