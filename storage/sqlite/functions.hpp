// SPDX-License-Identifier: Apache-2.0
// The SQL functions that conditions and searches use, on every connection. Pure: equal arguments
// give equal results.
//
//   flat_kind(fields, number)   0 missing, 1 one text, 2 a list or siblings     (flat_codec.hpp)
//   flat_text(fields, number)   the text of kind 1, else NULL
//   flat_json(fields, number)   what stands, as JSON [["text", ...], ...], else NULL
//   number_view(text)           REAL, NULL for text that is no number
//   date_first(text), date_last(text)   days YYYYMMDD, NULL for text that is no date
//   text_counts(fts5 table)     blob: for each phrase of the query how often it stands in the row,
//                               as 4 bytes with the lowest first
#pragma once

struct sqlite3;

namespace sangam::storage::sqlite {

/// An SQLite result code.
[[nodiscard]] int add_functions(sqlite3* db);

}  // namespace sangam::storage::sqlite
