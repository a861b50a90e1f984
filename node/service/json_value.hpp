// SPDX-License-Identifier: Apache-2.0
// Field values to and from Boost.JSON, for documents and bodies. (The canonical text of values, as
// exports have it, is node/ingest/json.hpp's.)
#pragma once

#include <boost/json/value.hpp>
#include <string_view>

#include "protocol/error.hpp"
#include "protocol/value.hpp"

namespace sangam::node {

[[nodiscard]] boost::json::value to_json(const Value& value);
/// The member of a request's body as a value, `levels_around` objects of the body around each value
/// in it. Read anew from the text, since the body's own parser rounds numbers: what from_json()
/// refuses, a number that no value holds exactly among it, is refused.
[[nodiscard]] Result<Value> member_of_body(std::string_view body, std::string_view key,
                                           int levels_around);

/// Reads a document whose doubles Boost.JSON's parser would round (one in five of those with 17
/// digits): it comes back with each of them as it was written. An error where there is no JSON.
[[nodiscard]] Result<boost::json::value> parse_exactly(std::string_view text);

}  // namespace sangam::node
