// SPDX-License-Identifier: Apache-2.0
// Builds the next step of a served subscription from the store: which changes and withdrawals
// follow from what arrived after a position, under a scope and a ledger (SEMANTICS section 5).
//
//   record in scope, acknowledged         its new live changes
//   record in scope, not acknowledged     all its live changes
//   record out of scope, ever sent        a withdrawal
//
// Pure: reads a consistent view and changes nothing.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "protocol/messages/subscription_messages.hpp"
#include "storage/store.hpp"
#include "sync/policy.hpp"

namespace sangam::sync {

/// Records that are under way on the present connection.
struct UnderWay {
    std::map<storage::RecordNumber, int> sent;  ///< in how many deliveries
    std::set<storage::RecordNumber> withdrawn;
};

/// What goes out next, not yet marked or numbered.
struct DeliveryStep {
    std::vector<Bytes> parts;
    std::vector<messages::Withdrawal> withdrawals;
    std::vector<storage::RecordNumber> sent;       ///< to be marked sent before it leaves
    std::vector<storage::RecordNumber> withdrawn;  ///< of withdrawals, in order
    Position to{};                                 ///< all up to here is covered
    bool reaches_end = false;                      ///< nothing that arrived is left
    bool must_wait = false;  ///< it stopped before a record whose withdrawal is under way
};

[[nodiscard]] DeliveryStep build_step(const storage::Reader& reader,
                                      const storage::ServedSubscription& subscription,
                                      const Scope& scope, Position after,
                                      const UnderWay& under_way);

/// Withdrawals of records that the ledger holds, from the first number greater than `after`, for a
/// subscription whose scope has ended.
struct WithdrawalStep {
    std::vector<messages::Withdrawal> withdrawals;
    std::vector<storage::RecordNumber> withdrawn;
    storage::RecordNumber last{};
    bool reaches_end = false;
};
[[nodiscard]] WithdrawalStep build_withdrawals(const storage::Reader& reader,
                                               const SubscriptionId& subscription,
                                               messages::WithdrawReason reason,
                                               storage::RecordNumber after);

}  // namespace sangam::sync
