// SPDX-License-Identifier: Apache-2.0
// What a collection may be called that is begun here. Others' collections are taken as they come:
// the protocol lets any text pass.
#pragma once

#include <string_view>

#include "protocol/error.hpp"

namespace sangam::node::ingest {

/// Letters, digits, `_`, `-` and `.`, of which the first is a letter, 64 at most: a name that
/// stands in RECORD, in a URL and on a command line as it is. Error bad_collection (usage).
[[nodiscard]] Result<void> check_collection_name(std::string_view name);

}  // namespace sangam::node::ingest
