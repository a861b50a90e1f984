// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "protocol/change.hpp"

namespace sangam::node {

/// What somebody did with a change, in a word: put, delete, restore or resolve.
[[nodiscard]] std::string_view change_kind(const Change& change);

}  // namespace sangam::node
