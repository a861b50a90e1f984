// SPDX-License-Identifier: Apache-2.0
// A layer below SQLite (https://sqlite.org/vfs.html) that kills the process in the middle of a
// chosen write to a file: the torn pages and half frames that a crash can leave.
#pragma once

#include <cstdint>

namespace sangam::testing {

/// Puts the layer under every database opened from now on. The n-th write, in any file, stops half
/// way with SIGKILL; 0: never. Call once, before threads use SQLite.
void tear_write(std::uint64_t n);

}  // namespace sangam::testing
