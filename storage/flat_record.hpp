// SPDX-License-Identifier: Apache-2.0
// A merged record as conditions, facets and sorting see it: every path with the plain texts that
// stand there. Lists, the elements of a union and values inside arrays and maps come out alike: a
// list of texts at a path. Made from a Projection, so it is the same on every node.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/projection.hpp"

namespace sangam::storage {

/// The texts at one path.
struct FlatField {
    FieldType type = FieldType::text;
    std::vector<std::string> shown;  ///< of the merged value, in its order; empty: none is shown
    /// The texts of each concurrent value that stands (Projection::siblings), none of a removed
    /// one; empty where one value stands alone.
    std::vector<std::vector<std::string>> siblings;
    friend bool operator==(const FlatField&, const FlatField&) = default;
};

/// No field without any text. Empty for a deleted record.
struct FlatRecord {
    std::map<Path, FlatField> fields;
    friend bool operator==(const FlatRecord&, const FlatRecord&) = default;
};

/// Projector::type_of() of one manifest.
using FieldTypes = std::function<FieldType(const Path&)>;

/// Reserved fields are left out.
[[nodiscard]] FlatRecord flat_record(const Projection& projection, const FieldTypes& type_of);
/// Merges the live changes of a record and takes the result's fields.
[[nodiscard]] FlatRecord flat_record(const Projector& projector, const Manifest& manifest,
                                     const RecordKey& key, const std::vector<StoredChange>& live);

/// Whether a record without these paths, and all below them, is there for an asker: where nothing
/// is hidden it is, else where it has a field that is not.
[[nodiscard]] bool is_anything_left(const FlatRecord& record, const std::vector<Path>& hidden);

/// The plain text of a text, number or boolean; nothing for null, arrays and maps. Numbers as in
/// JSON, shortest form that reads back. U+0000, which SQLite's JSON ends a text at, is U+FFFD.
[[nodiscard]] std::optional<std::string> plain_text_of(const Value& value);

/// The number that a text is, from its first to its last character; nothing for other text.
[[nodiscard]] std::optional<double> number_view(std::string_view text);

}  // namespace sangam::storage
