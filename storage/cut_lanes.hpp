// SPDX-License-Identifier: Apache-2.0
// What a cut in the manifest does to what is held (SEMANTICS section 3): the lane's later commits
// go, and what they had superseded lives again where it is still held.
#pragma once

#include "storage/operations.hpp"

namespace sangam::storage {

/// Drops, in every lane that the manifest cuts, the commits after the cut; the whole lane where the
/// held branch of a fork is not the one that the cut names, so that the other can come. Changes
/// that live again, or of which more fields count again, arrive anew: those whom we serve hear of
/// them. A replica that lost something starts its copy over, since it holds no history. Nothing
/// happens where nothing lies beyond a cut. True when something was dropped.
bool drop_beyond_cuts(Writing& writing, DatasetRow& dataset, const Manifest& manifest);

}  // namespace sangam::storage
