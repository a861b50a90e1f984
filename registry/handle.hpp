// SPDX-License-Identifier: Apache-2.0
// Institutions' handles: what people type, so no two may look alike.
#pragma once

#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace sangam::registry {

/// 2..32 of `a-z`, `0-9`, `-`; begins with a letter, does not end with `-`; not a word that names
/// an audience (`members`, `public`, ...). The error says which rule.
[[nodiscard]] Result<void> check_handle(std::string_view handle);

/// Two handles with one skeleton are taken for one another when read in a hurry: `-` counts for
/// nothing, 0 as o, 1 and l as i, rn as m, vv as w. Expects a handle that passed check_handle().
[[nodiscard]] std::string handle_skeleton(std::string_view handle);

}  // namespace sangam::registry
