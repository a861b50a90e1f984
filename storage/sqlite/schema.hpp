// SPDX-License-Identifier: Apache-2.0
// The tables on disk and how an older file becomes a newer one; docs/storage.md tells the reasons.
#pragma once

#include <functional>

#include "storage/sqlite/database.hpp"

namespace sangam::storage::sqlite {

/// The newest schema that this build knows; PRAGMA user_version of the file.
inline constexpr int schema_version = 3;
/// PRAGMA application_id: "SNGM".
inline constexpr int application_id = 0x534e474d;

/// The file's version; an empty database has version 0. Throws StoreError for a newer schema and
/// for a database of another program.
int check_is_ours(Database& db);
/// Makes the tables, or brings those of an older version to version `to`: all steps in one
/// transaction with `fill`, which makes the rows that SQL alone cannot and is not called for an
/// empty database. `before` is the version that was found; below 2, flat_records are to be filled.
/// Throws StoreError for a newer schema and for a database of another program; then, and when
/// `fill` throws, the file is as before.
void migrate(Database& db, const std::function<void(int before)>& fill, int to = schema_version);

/// How rows that are numbered within something stand in one integer key: the upper number above 40
/// bits, so that a b-tree by integer serves both "this one" and "all of that in order", without a
/// second index.
[[nodiscard]] constexpr std::uint64_t place(std::uint64_t upper, std::uint64_t lower) {
    return (upper << 40) | lower;
}
[[nodiscard]] constexpr std::uint64_t lower_of(std::uint64_t place) {
    return place & ((std::uint64_t{1} << 40) - 1);
}
[[nodiscard]] constexpr std::uint64_t upper_of(std::uint64_t place) { return place >> 40; }

/// The name of a dataset's FTS5 table.
[[nodiscard]] std::string text_table(DatasetId dataset);
/// Makes the dataset's FTS5 table.
void create_text_table(Database& db, DatasetId dataset);

}  // namespace sangam::storage::sqlite
