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
    for (const auto& field : fields) {
        if (is_hidden(field.path, hidden)) continue;
        out.length += field.text.size();
        if (terms.empty()) continue;
        const auto words = text_tokens(field.text);
        for (std::size_t t = 0; t < terms.size(); ++t)
            for (std::size_t at = 0; at + terms[t].words.size() <= words.size(); ++at)
                out.occurrences[t] += stands_at(terms[t], words, at) ? 1 : 0;
    }
    return out;
}

double bm25(const TermCounts& counts, const TextStatistics& statistics) {
    const auto records = static_cast<double>(statistics.records);
    const double mean_length =
        std::max(1.0, static_cast<double>(statistics.bytes) / std::max(1.0, records));
    const double relative = static_cast<double>(counts.length) / mean_length;
    double score = 0;
    for (std::size_t t = 0; t < counts.occurrences.size(); ++t) {
        const auto with = static_cast<double>(statistics.records_with_term[t]);
        const double idf = std::max(least_idf, std::log((records - with + 0.5) / (with + 0.5)));
        const auto frequency = static_cast<double>(counts.occurrences[t]);
        score += idf * (frequency * (k1 + 1)) / (frequency + k1 * (1 - b + b * relative));
    }
    return score;
}

}  // namespace sangam::storage
