// SPDX-License-Identifier: Apache-2.0
// JSON text of values: canonical output by RFC 8785 (JCS), and a strict reader for what people type
// after `FIELD:=` and for NDJSON lines.
#pragma once

#include <string>
#include <string_view>

#include "protocol/error.hpp"
#include "protocol/value.hpp"

namespace sangam::node::ingest {

/// Appends the value as RFC 8785 canonical JSON: keys ordered by UTF-16 code units, numbers as
/// ECMAScript prints them, no white space. Integers keep all their digits, also beyond 2^53 where
/// ECMAScript would round (docs/decisions/0063).
void append_json(std::string& out, const Value& value);
/// Appends a JSON string with its quotes. Precondition: valid UTF-8.
void append_json_text(std::string& out, std::string_view text);
[[nodiscard]] std::string to_json(const Value& value);

/// What becomes of a number that no value holds exactly: an integer beyond 64 bits, more digits
/// than a double keeps (it would print as another number), a size beyond a double.
enum class LongNumbers {
    refuse,
    as_text,  ///< a text, as the number stands in the document
};

/// Reads one JSON document and nothing after it but white space. Refuses, naming the byte: a key
/// twice in one object, nesting beyond max_value_depth, text that is no UTF-8 or has a lone
/// surrogate. `1` is an integer, `1.0` and `1e0` are floating-point. `levels_around`: how many more
/// levels than a value's a document may have, since the values stand inside it.
[[nodiscard]] Result<Value> from_json(std::string_view text,
                                      LongNumbers long_numbers = LongNumbers::refuse,
                                      int levels_around = 0);

/// Whether the text is a JSON number that no value holds exactly (LongNumbers).
[[nodiscard]] bool is_long_number(std::string_view text);
/// How many arrays and objects stand in one another; 0 for a plain value.
[[nodiscard]] int nesting_of(const Value& value);

}  // namespace sangam::node::ingest
