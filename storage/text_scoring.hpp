// SPDX-License-Identifier: Apache-2.0
// Judging one record's text against the terms of a query, word by word: what the index in memory
// does for every search, and every index where fields are hidden. BM25 with the constants of FTS5
// (k1 = 1.2, b = 0.75, https://sqlite.org/fts5.html#the_bm25_function). Pure arithmetic over counts
// that add up, so a federation ranks as one node with all its records would.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/text_index.hpp"

namespace sangam::storage {

/// Counts over the fields that are not at or below a hidden path.
[[nodiscard]] TermCounts count_terms(const std::vector<TextQuery::Term>& terms,
                                     const std::vector<IndexedField>& fields,
                                     const std::vector<Path>& hidden);

[[nodiscard]] bool is_hidden(const Path& path, const std::vector<Path>& hidden);

/// Higher is better. BM25 (Robertson & Zaragoza 2009) with lengths in bytes; the counts must be for
/// the terms that the statistics are of.
[[nodiscard]] double bm25(const TermCounts& counts, const TextStatistics& statistics);

}  // namespace sangam::storage
