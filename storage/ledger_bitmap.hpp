// SPDX-License-Identifier: Apache-2.0
// The delivered ledger (SEMANTICS section 5): for each served subscription two sets of record
// numbers, sent and acknowledged, as roaring bitmaps (Lemire et al. 2016) cut into pieces of 65,536
// numbers, so that marking a delivery rewrites the pieces it touches and no more. A number is in at
// most one of the two sets.
#pragma once

#include "storage/tables.hpp"

namespace sangam::storage {

void apply_ledger_step(Tables&, const LedgerStep&);
[[nodiscard]] Delivered delivered_in(const Tables&, const SubscriptionId&, RecordNumber);
/// In either set, number > after, ascending, at most `limit`.
[[nodiscard]] std::vector<RecordNumber> delivered_after(const Tables&, const SubscriptionId&,
                                                        RecordNumber after, std::size_t limit);

}  // namespace sangam::storage
