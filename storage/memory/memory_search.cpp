// SPDX-License-Identifier: Apache-2.0
// Searches in memory: every record is judged by itself, by the plain evaluator and its visible
// text. What SQLite's way is compared with.
#include <algorithm>

#include "storage/condition_evaluation.hpp"
#include "storage/memory/memory_tables.hpp"
#include "storage/text_scoring.hpp"

namespace sangam::storage::memory {
namespace {

bool has_any(const TermCounts& counts) {
    return std::ranges::any_of(counts.occurrences, [](auto n) { return n > 0; });
}

}  // namespace

void MemoryTables::select(DatasetId dataset, const Selection& selection,
                          const std::function<bool(Selected&&)>& visit) const {
    const auto& texts = state_.texts.at(dataset);
    const auto& rules = selection.visibility.rules();
    for (const auto& [number, record] : state_.flats.at(dataset)) {
        std::vector<bool> is_true;
        for (const SearchRule& rule : rules)
            is_true.push_back(!rule.where || lets_through(*rule.where, record));
        if (std::ranges::find(is_true, true) == is_true.end()) continue;
        Selected out;
        out.hidden = &selection.visibility.hidden_where(is_true);
        if (selection.where != nullptr && !lets_through(*selection.where, record, *out.hidden))
            continue;
        if (selection.terms != nullptr || selection.needs_length) {
            static const std::vector<TextQuery::Term> none;
            const auto& terms = selection.terms != nullptr ? *selection.terms : none;
            if (const auto text = texts.find(number); text != texts.end())
                out.counts = count_terms(terms, text->second, *out.hidden);
            if (selection.terms != nullptr &&
                !(selection.is_any_term_enough
                      ? has_any(out.counts)
                      : !out.counts.occurrences.empty() && out.counts.has_all()))
                continue;
        }
        out.number = number;
        out.key = state_.records.at(number).key;
        if (selection.fields != nullptr)
            for (const Path& path : *selection.fields) {
                const auto field = record.fields.find(path);
                const bool shows = field != record.fields.end() && !is_hidden(path, *out.hidden);
                out.shown.push_back(shows ? field->second.shown : std::vector<std::string>{});
            }
        if (!visit(std::move(out))) return;
    }
}

TextStatistics MemoryTables::whole_statistics(DatasetId dataset,
                                              const std::vector<TextQuery::Term>& terms) const {
    TextStatistics out;
    out.records_with_term.resize(terms.size());
    for (const auto& [number, fields] : state_.texts.at(dataset)) {
        const auto counts = count_terms(terms, fields, {});
        ++out.records;
        out.bytes += counts.length;
        for (std::size_t t = 0; t < terms.size(); ++t)
            out.records_with_term[t] += counts.occurrences[t] > 0 ? 1 : 0;
    }
    return out;
}

}  // namespace sangam::storage::memory
