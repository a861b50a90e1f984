// SPDX-License-Identifier: Apache-2.0
// Builds the next step of a served subscription from the store: which changes and withdrawals
// follow from what arrived after a position, under a scope and a ledger (SEMANTICS section 5).
//
//   record in scope, acknowledged         its new live changes
//   record in scope, not acknowledged     all its live changes
//   record out of scope, ever sent        a withdrawal
//   acknowledged, and an edit may have    a withdrawal and all its live changes, as it shows now
//   changed which of its fields show
//
// After a change of rights the same is decided once more for all that was scanned: build_rescan().
//
// Pure: reads a consistent view and changes nothing.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "protocol/messages/subscription_messages.hpp"
#include "storage/store.hpp"
#include "sync/served_view.hpp"

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
    std::vector<storage::RecordNumber> sent;  ///< to be marked sent before it leaves
    /// Of withdrawals, in order, without those of records that come again in the same step.
    std::vector<storage::RecordNumber> withdrawn;
    Position to{};             ///< all up to here is covered
    bool reaches_end = false;  ///< nothing that arrived is left
    bool must_wait = false;    ///< it stopped before a record whose withdrawal is under way
};

[[nodiscard]] DeliveryStep build_step(const storage::Reader& reader,
                                      const storage::Projector& projector,
                                      const storage::ServedSubscription& subscription,
                                      const ServedView& view, Position after,
                                      const UnderWay& under_way);

/// A walk over all that arrived, from position 0, because the rights changed:
///
///   out of scope now, ever sent     a withdrawal
///   in scope now, never sent        all its live changes
///   shows more than it did          all its live changes: what is open adds up at the receiver
///   shows less, or may do so        a withdrawal and all its live changes
///
/// Records that arrived after subscription.scanned and were never sent are left to build_step().
/// `earlier` are the views under which something may have been sent. DeliveryStep::to is where the
/// walk goes on; the receiver's cursor does not move.
[[nodiscard]] DeliveryStep build_rescan(const storage::Reader& reader,
                                        const storage::Projector& projector,
                                        const storage::ServedSubscription& subscription,
                                        const ServedView& view, const ServedViews& earlier,
                                        Position after, const UnderWay& under_way);

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
