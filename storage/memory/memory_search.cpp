// SPDX-License-Identifier: Apache-2.0
// Flat records, texts and searches in memory: every record is judged by itself, by the plain
// evaluator and its visible text. What SQLite's way is compared with.
#include <algorithm>

#include "storage/condition_evaluation.hpp"
#include "storage/memory/memory_undo.hpp"
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
        if (!is_anything_left(record, *out.hidden)) continue;
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

// ---- flat records ------------------------------------------------------------------------------

void MemoryTables::put_flat(DatasetId dataset, RecordNumber number, const FlatRecord& record) {
    change_entry(state_.flats.at(dataset), number, std::optional(record), undo_);
}

void MemoryTables::remove_flat(DatasetId dataset, RecordNumber number) {
    change_entry(state_.flats.at(dataset), number, std::nullopt, undo_);
}

std::optional<FlatRecord> MemoryTables::flat(DatasetId dataset, RecordNumber number) const {
    auto out = find_copy(state_.flats.at(dataset), number);
    if (out)
        for (auto& [path, field] : out->fields) field.type = FieldType::text;
    return out;
}

std::uint64_t MemoryTables::flat_count(DatasetId dataset) const {
    return state_.flats.at(dataset).size();
}

// ---- text --------------------------------------------------------------------------------------

MemoryTextIndex& MemoryTables::index(DatasetId dataset) const {
    auto& index = indexes_[dataset];
    if (!index) index = std::make_unique<MemoryTextIndex>(state_, dataset, undo_);
    return *index;
}

const TextIndex& MemoryTables::text(DatasetId dataset) const { return index(dataset); }
TextIndex& MemoryTables::text(DatasetId dataset) { return index(dataset); }

const std::map<RecordNumber, std::vector<IndexedField>>& MemoryTextIndex::texts() const {
    return state_.texts.at(dataset_);
}

void MemoryTextIndex::add(RecordNumber number, const std::vector<IndexedField>& fields) {
    change_entry(state_.texts.at(dataset_), number, std::optional(fields), undo_);
}

void MemoryTextIndex::remove(RecordNumber number) {
    change_entry(state_.texts.at(dataset_), number, std::nullopt, undo_);
}

std::optional<std::vector<IndexedField>> MemoryTextIndex::stored(RecordNumber number) const {
    return find_copy(texts(), number);
}

std::uint64_t MemoryTextIndex::size() const { return texts().size(); }

}  // namespace sangam::storage::memory
