// SPDX-License-Identifier: Apache-2.0
// Which backends the store's suite runs on.
#pragma once

#include "store_fixture.hpp"

#define SANGAM_BACKENDS ::sangam::storage::testing::MemoryBackend
