// SPDX-License-Identifier: Apache-2.0
// The bytes of a flat record in the table flat_records, made so that one field is found without
// reading the others (docs/storage.md, "Flat records"):
//
//   record  := { varint field number, varint size of value, value }, ascending by number
//   value   := 0x00 text                                  one text, no siblings
//            | 0x01 texts varint(n) n * texts             what is shown, and n siblings
//   texts   := varint(n) n * { varint size, bytes }
//   varint  := LEB128 of an unsigned 64-bit number
//
// Local to a store and made from its changes, so it is no wire format.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "protocol/bytes.hpp"
#include "storage/flat_record.hpp"

namespace sangam::storage::sqlite {

/// A path's number in flat_fields.
using FieldNumber = std::uint64_t;

/// `fields` ascending by number. Types are not kept.
[[nodiscard]] Bytes encode_flat(
    const std::vector<std::pair<FieldNumber, const FlatField*>>& fields);

/// How one field stands in a record.
enum class FlatKind : std::uint8_t { missing = 0, one_text = 1, several = 2 };
struct FlatValue {
    FlatKind kind = FlatKind::missing;
    ByteView text;  ///< of one_text
    ByteView body;  ///< of several: after the leading 0x01
};
/// Missing also in damaged bytes: verify compares the whole.
[[nodiscard]] FlatValue find_flat(ByteView record, FieldNumber field);
/// Whether there is a field that is none of these. False in damaged bytes without one before.
[[nodiscard]] bool has_another_field(ByteView record, const std::set<FieldNumber>& known);
/// Type text. Nothing for damaged bytes.
[[nodiscard]] std::optional<FlatField> decode_flat_value(const FlatValue& value);
/// The values that stand as a JSON array of arrays of strings: a single one, or the siblings.
/// Nothing for damaged bytes.
[[nodiscard]] std::optional<std::string> alternatives_json(const FlatValue& value);
/// All fields; nothing for damaged bytes.
[[nodiscard]] std::optional<std::vector<std::pair<FieldNumber, FlatField>>> decode_flat(
    ByteView record);

}  // namespace sangam::storage::sqlite
