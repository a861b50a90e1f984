// SPDX-License-Identifier: Apache-2.0
#include "storage/text_scoring.hpp"

#include <algorithm>
#include <cmath>

#include "storage/text_tokens.hpp"

namespace sangam::storage {

namespace {

constexpr double k1 = 1.2;
constexpr double b = 0.75;
/// What FTS5 gives a word that stands in more than half of the records.
constexpr double least_idf = 1e-6;

bool stands_at(const TextQuery::Term& term, const std::vector<std::string>& words, std::size_t at) {
    for (std::size_t i = 0; i < term.words.size(); ++i) {
        const bool is_last = i + 1 == term.words.size();
        const auto& word = words[at + i];
        if (is_last && term.is_prefix ? !word.starts_with(term.words[i]) : word != term.words[i])
            return false;
    }
    return true;
}

}  // namespace

bool TermCounts::has_all() const {
    return std::ranges::all_of(occurrences, [](auto n) { return n > 0; });
}

bool is_hidden(const Path& path, const std::vector<Path>& hidden) {
    return std::ranges::any_of(hidden, [&](const Path& h) { return path.is_at_or_below(h); });
}

TermCounts count_terms(const std::vector<TextQuery::Term>& terms,
                       const std::vector<IndexedField>& fields, const std::vector<Path>& hidden) {
    TermCounts out;
    out.occurrences.resize(terms.size());
    std::size_t visible = 0;
    for (const auto& field : fields) {
        if (is_hidden(field.path, hidden)) continue;
        if (visible++ > 0) ++out.length;
        const auto words = text_tokens(field.text);
        out.length += words.size();
        for (std::size_t t = 0; t < terms.size(); ++t)
            for (std::size_t at = 0; at + terms[t].words.size() <= words.size(); ++at)
                out.occurrences[t] += stands_at(terms[t], words, at) ? 1 : 0;
    }
    return out;
}

double bm25(const TermCounts& counts, const CollectionStatistics& collection) {
    double score = 0;
    for (std::size_t t = 0; t < counts.occurrences.size(); ++t) {
        const auto with = static_cast<double>(collection.records_with_term[t]);
        const double idf = std::max(
            least_idf,
            std::log((static_cast<double>(collection.records) - with + 0.5) / (with + 0.5)));
        const auto frequency = static_cast<double>(counts.occurrences[t]);
        const double relative = static_cast<double>(counts.length) / collection.mean_length;
        score += idf * (frequency * (k1 + 1)) / (frequency + k1 * (1 - b + b * relative));
    }
    return score;
}

Ranking::Ranking(std::size_t terms, std::uint64_t records, std::optional<double> mean_length)
    : mean_length_(mean_length) {
    collection_.records = records;
    collection_.records_with_term.resize(terms);
}

void Ranking::add(RecordNumber number, const TermCounts& counts) {
    for (std::size_t t = 0; t < counts.occurrences.size(); ++t)
        collection_.records_with_term[t] += counts.occurrences[t] > 0 ? 1 : 0;
    if (counts.has_all()) matches_.emplace_back(number, counts);
}

std::vector<std::pair<RecordNumber, double>> Ranking::scored() {
    std::uint64_t words = 0;
    for (const auto& match : matches_) words += match.second.length;
    collection_.mean_length = mean_length_.value_or(
        matches_.empty() ? 1 : static_cast<double>(words) / static_cast<double>(matches_.size()));
    std::vector<std::pair<RecordNumber, double>> out;
    out.reserve(matches_.size());
    for (const auto& [number, counts] : matches_)
        out.emplace_back(number, bm25(counts, collection_));
    return out;
}

void Ranking::keep_best(std::vector<TextHit>& hits, std::size_t limit) {
    const auto kept = std::min(limit, hits.size());
    std::ranges::partial_sort(hits, hits.begin() + static_cast<std::ptrdiff_t>(kept),
                              [](const TextHit& x, const TextHit& y) {
                                  if (x.score != y.score) return x.score > y.score;
                                  return x.key < y.key;
                              });
    hits.resize(kept);
}

}  // namespace sangam::storage
