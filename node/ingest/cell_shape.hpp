// SPDX-License-Identifier: Apache-2.0
// From a cell's text to the leaves that it is stored as, and back, exactly (SEMANTICS section 4,
// docs/decisions/0060): text, a whole list, or a set with one leaf for each distinct element.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/ingest/field_model.hpp"
#include "protocol/change.hpp"
#include "protocol/value.hpp"

namespace sangam::node::ingest {

/// In front of the JSON of a value that is no text, in a cell of Shape::value; a text that begins
/// with it is written so, too.
inline constexpr char value_mark = '\x01';

/// The elements of a `;`-separated cell, in order, nothing trimmed, empty ones kept. No text: none.
[[nodiscard]] std::vector<std::string_view> split_list(std::string_view text);

/// True when an element stands more than once.
[[nodiscard]] bool has_repeats(const std::vector<std::string_view>& elements);

/// Appends the writes that make `field` say `text`. Empty text removes the field. For a set all
/// elements are written anew, each with its index (an array of indexes where it repeats), and those
/// of `previous_text` that are gone are removed.
void append_writes(std::vector<FieldWrite>& out, const Path& field, Shape shape,
                   std::string_view text, std::string_view previous_text);

/// The same for a value that a person gives: for a set, an array of texts (or one text);
/// `present` are the elements that the record has now. An error when a set is given anything else.
[[nodiscard]] Result<void> append_value_writes(std::vector<FieldWrite>& out, const Path& field,
                                               Shape shape, const std::optional<Value>& value,
                                               const std::vector<std::string>& present);

/// What a cell of a CSV export shows: text as it is, an array joined by `;`, a number or flag as
/// JSON prints it, a map as JSON, null as nothing.
[[nodiscard]] std::string cell_text(const Value& value);

/// Whether a text or a key in the value has a NUL, which no file holds.
[[nodiscard]] bool holds_nul(const Value& value);

}  // namespace sangam::node::ingest
