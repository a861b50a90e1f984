// SPDX-License-Identifier: Apache-2.0
// Field values to and from Boost.JSON, for documents and bodies. (The canonical text of values, as
// exports have it, is node/ingest/json.hpp's.)
#pragma once

#include <boost/json/value.hpp>

#include "protocol/error.hpp"
#include "protocol/value.hpp"

namespace sangam::node {

[[nodiscard]] boost::json::value to_json(const Value& value);
/// Refuses an integer beyond 64 bits, a number that is not finite, and nesting beyond
/// max_value_depth.
[[nodiscard]] Result<Value> value_from_json(const boost::json::value& json);

}  // namespace sangam::node
