// SPDX-License-Identifier: Apache-2.0
// Judging one record's text against the terms of a query, word by word: what the index in memory
// does for every search, and every index for a search with hidden fields. BM25 with the constants
// of FTS5 (k1 = 1.2, b = 0.75, https://sqlite.org/fts5.html#the_bm25_function), so that scores
// agree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/text_index.hpp"

namespace sangam::storage {

/// How often the terms stand in one text, and how long it is.
struct TermCounts {
    std::vector<std::uint32_t> occurrences;  ///< one a term
    std::uint64_t length = 0;                ///< words, and a separator between two fields

    [[nodiscard]] bool has_all() const;
};

/// Counts over the fields that are not at or below a hidden path.
[[nodiscard]] TermCounts count_terms(const std::vector<TextQuery::Term>& terms,
                                     const std::vector<IndexedField>& fields,
                                     const std::vector<Path>& hidden);

[[nodiscard]] bool is_hidden(const Path& path, const std::vector<Path>& hidden);

/// What BM25 has to know of the whole collection.
struct CollectionStatistics {
    std::uint64_t records = 0;
    double mean_length = 0;
    std::vector<std::uint64_t> records_with_term;  ///< one a term
};

/// Higher is better.
[[nodiscard]] double bm25(const TermCounts& counts, const CollectionStatistics& collection);

/// Adds up a search hit by hit and ranks at the end.
class Ranking {
public:
    /// `records`: all of the dataset's index. `mean_length` of all; nullopt: of the matching ones,
    /// which is all that may be looked at when fields are hidden.
    Ranking(std::size_t terms, std::uint64_t records, std::optional<double> mean_length);
    /// Once for each record that holds a term in its visible fields.
    void add(RecordNumber, const TermCounts&);
    /// `key_of` names the hits for the order of equal scores.
    template <class KeyOf>
    [[nodiscard]] TextResult take(std::size_t limit, KeyOf key_of) {
        TextResult out;
        for (auto& [number, score] : scored()) out.best.push_back({number, key_of(number), score});
        out.total = out.best.size();
        keep_best(out.best, limit);
        return out;
    }

private:
    [[nodiscard]] std::vector<std::pair<RecordNumber, double>> scored();
    static void keep_best(std::vector<TextHit>& hits, std::size_t limit);

    CollectionStatistics collection_;
    std::optional<double> mean_length_;
    std::vector<std::pair<RecordNumber, TermCounts>> matches_;
};

}  // namespace sangam::storage
