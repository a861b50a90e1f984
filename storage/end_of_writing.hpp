// SPDX-License-Identifier: Apache-2.0
// What becomes of a dataset that this node's institution wrote, and does not write any more
// (SEMANTICS section 3; docs/decisions/0142).
#pragma once

#include "storage/operations.hpp"

namespace sangam::storage {

/// Puts this node's own commits that the manifest's cuts leave out into quarantine, under
/// unaccepted_reason, and removes all that is held: records, history, commits, what was indexed.
/// The lanes' rows stay, so that a lane of this node is never begun twice. To be called once the
/// row says that the dataset is no longer held whole, and before anything is dropped.
void end_writing(Writing& writing, DatasetRow& dataset, const Manifest& manifest);

}  // namespace sangam::storage
