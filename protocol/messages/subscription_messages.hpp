// SPDX-License-Identifier: Apache-2.0
// Subscriptions: a node keeps up to date with what grant and filter let through of a remote dataset
// (SEMANTICS section 5). Positions are the sender's and opaque to the receiver.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/ids.hpp"

namespace sangam::messages {

/// The subscriber opens or resumes. The cursor is void, and a full copy starts, when has_cursor is
/// false or either epoch is not the present one; the receiver's stored cursor wins over whatever
/// the sender remembers.
struct Subscribe {
    SubscriptionId subscription;
    DatasetUid dataset;
    std::string where;  ///< row condition; empty: all rows
    bool has_cursor = false;
    Epoch sender_epoch{};    ///< of the node that serves, as of the cursor
    Epoch receiver_epoch{};  ///< the subscriber's
    Position position{};     ///< everything up to here was applied
    template <class Archive>
    void serialize(Archive& archive) {
        archive(subscription, dataset, where, has_cursor, sender_epoch, receiver_epoch, position);
    }
    friend bool operator==(const Subscribe&, const Subscribe&) = default;
};

/// The answer. Sent again when the grant changes.
struct SubscribeReply {
    enum class State : std::uint8_t {
        accepted = 1,
        waiting = 2,  ///< no grant yet, or not visible; the sender remembers and starts by itself
        refused = 3,  ///< never as asked (bad condition, not the owner)
    };
    SubscriptionId subscription;
    State state = State::refused;
    std::string reason;  ///< empty when accepted
    bool full_copy =
        false;  ///< all in scope follows; what is not sent until copy_complete has left
    Epoch sender_epoch{};
    std::uint64_t expected = 0;  ///< records in scope now
    template <class Archive>
    void serialize(Archive& archive) {
        archive(subscription, state, reason, full_copy, sender_epoch, expected);
    }
    friend bool operator==(const SubscribeReply&, const SubscribeReply&) = default;
};

/// Why a record is withdrawn. Never renumbered.
enum class WithdrawReason : std::uint8_t {
    deleted = 1,      ///< the record was deleted
    left_scope = 2,   ///< it no longer meets the condition of grant or subscription
    grant_ended = 3,  ///< the grant was revoked
    unsubscribed = 4,
};

struct Withdrawal {
    std::string collection;
    std::string id;
    WithdrawReason reason = WithdrawReason::left_scope;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(collection, id, reason);
    }
    friend bool operator==(const Withdrawal&, const Withdrawal&) = default;
};

/// Changes, withdrawals, or neither ("scanned up to `to`, nothing for you"). The receiver applies
/// it and moves its cursor to `to` in one transaction, then acknowledges `number`.
struct Delivery {
    SubscriptionId subscription;
    std::uint64_t number = 0;  ///< 1, 2, 3, ... on this connection
    Position to{};             ///< all up to here is scanned once this is applied
    std::vector<Bytes> parts;  ///< CommitPart::encode()
    std::vector<Withdrawal> withdrawals;
    bool copy_complete = false;  ///< no more is left to send; the first one ends a full copy
    std::uint64_t expected = 0;  ///< records in scope at the sender now
    template <class Archive>
    void serialize(Archive& archive) {
        archive(subscription, number, to, parts, withdrawals, copy_complete, expected);
    }
    friend bool operator==(const Delivery&, const Delivery&) = default;
};

/// Deliveries up to `number` are durable at the receiver.
struct DeliveryAck {
    SubscriptionId subscription;
    std::uint64_t number = 0;
    Position position{};        ///< the receiver's cursor now
    std::uint64_t records = 0;  ///< live records that it holds of the dataset
    template <class Archive>
    void serialize(Archive& archive) {
        archive(subscription, number, position, records);
    }
    friend bool operator==(const DeliveryAck&, const DeliveryAck&) = default;
};

/// The subscriber ends it and has dropped what it held.
struct Unsubscribe {
    SubscriptionId subscription;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(subscription);
    }
    friend bool operator==(const Unsubscribe&, const Unsubscribe&) = default;
};

}  // namespace sangam::messages
