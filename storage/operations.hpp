// SPDX-License-Identifier: Apache-2.0
// The writes of a store as functions over Tables: what both backends do inside a transaction that
// they open, and undo when an error comes back.
#pragma once

#include "storage/tables.hpp"

namespace sangam::storage {

/// What a write works with.
struct Writing {
    Tables& tables;
    const Projector& projector;
    const Author& author;
    Epoch epoch{};  ///< the store's; apply() may draw a new one
    /// What must go to quarantine although the write is undone (the other branch of a fork).
    std::vector<QuarantineItem> set_aside{};
    /// Entries by this node that put_control() added, for control.log.
    std::vector<SignedControl> own_control{};
};

Result<void> put_control(Writing&, const DatasetUid&, const std::vector<SignedControl>&,
                         std::optional<Holding>);
Result<AuthorResult> author(Writing&, const AuthorRequest&);
Result<ApplyResult> apply(Writing&, const ApplyRequest&);
/// Makes what derives from merging anew for the dataset; the caller writes its row.
void project_again(Writing&, DatasetRow&, const Manifest&);
/// The same for every dataset of which records are held.
void project_all_again(Writing&);
/// The store's new lanes start from here.
void draw_epoch(Writing&);
/// Removes the subscription, and the replica with it when it was the last one.
void remove_own_subscription(Writing&, const SubscriptionId&);
/// Removes the subscription, its ledger, and the numbers of gone records that only it counted.
void remove_served_subscription(Tables&, const SubscriptionId&);

}  // namespace sangam::storage
