// SPDX-License-Identifier: Apache-2.0
// The tables on disk and how an older file becomes a newer one; docs/storage.md tells the reasons.
#pragma once

#include "storage/sqlite/database.hpp"

namespace sangam::storage::sqlite {

/// The newest schema that this build knows; PRAGMA user_version of the file.
inline constexpr int schema_version = 2;
/// PRAGMA application_id: "SNGM".
inline constexpr int application_id = 0x534e474d;

/// Throws StoreError for a newer schema and for a database of another program. An empty database
/// has version 0.
void check_is_ours(Database& db);
/// Makes or migrates the tables, each step in one transaction; the version before. Throws
/// StoreError for a newer schema and for a database of another program. Below version 2, rows of
/// flat_records are for the caller to make.
int migrate(Database& db);

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
