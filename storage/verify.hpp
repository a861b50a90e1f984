// SPDX-License-Identifier: Apache-2.0
// Checking a store against itself: everything that can be recomputed from the bytes of control
// entries, commit headers and changes is recomputed, and every derived column compared with it.
#pragma once

#include "storage/tables.hpp"

namespace sangam::storage {

/// Never throws for damage: what cannot be read is a failure that names what was being read.
[[nodiscard]] VerifyReport verify_tables(const Tables&, const Projector&,
                                         const std::optional<DatasetUid>& only,
                                         const DatasetNames& name_of = {});

}  // namespace sangam::storage
