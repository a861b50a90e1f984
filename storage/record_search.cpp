// SPDX-License-Identifier: Apache-2.0
#include "storage/record_search.hpp"

#include <algorithm>
#include <bit>
#include <set>

#include "protocol/partial_date.hpp"
#include "storage/facet_value.hpp"
#include "storage/stored_changes.hpp"
#include "storage/text_scoring.hpp"

namespace sangam::storage {
namespace {

/// The best so far, never many more than wanted.
class Best {
public:
    Best(const SearchQuestion& question) : question_(question) {}

    void add(SearchHit hit) {
        if (question_.limit == 0) return;
        hits_.push_back(std::move(hit));
        if (hits_.size() >= 2 * question_.limit + 64) prune();
    }

    std::vector<SearchHit> take() {
        prune();
        return std::move(hits_);
    }

private:
    [[nodiscard]] bool is_before(const SearchHit& a, const SearchHit& b) const {
        if (question_.sort) {
            // Records without the field come last, whichever way the order goes.
            if (a.sort_key.empty() != b.sort_key.empty()) return b.sort_key.empty();
            if (a.sort_key != b.sort_key)
                return question_.is_descending ? b.sort_key < a.sort_key : a.sort_key < b.sort_key;
        } else if (a.score != b.score) {
            return a.score > b.score;
        }
        return a.key < b.key;
    }

    void prune() {
        const auto kept = std::min(question_.limit, hits_.size());
        std::ranges::partial_sort(
            hits_, hits_.begin() + static_cast<std::ptrdiff_t>(kept),
            [&](const SearchHit& a, const SearchHit& b) { return is_before(a, b); });
        hits_.resize(kept);
    }

    const SearchQuestion& question_;
    std::vector<SearchHit> hits_;
};

class RecordSearch {
public:
    RecordSearch(const Tables& tables, const Projector& projector, const DatasetRow& dataset,
                 const std::vector<SearchRule>& rules, const SearchQuestion& question)
        : tables_(tables),
          dataset_(dataset),
          question_(question),
          manifest_(manifest_of(tables, dataset)),
          types_(
              [this, &projector](const Path& path) { return projector.type_of(manifest_, path); }),
          visibility_(rules) {}

    SearchResult run() {
        find_missing_fields();
        if (!out_.missing.empty()) return std::move(out_);
        const auto& terms = question_.text.terms;
        if (!terms.empty()) out_.statistics = statistics();
        out_.facets.resize(question_.facets.size());
        if (is_plain_listing())
            list_by_key();
        else
            gather();
        return std::move(out_);
    }

private:
    [[nodiscard]] Selection selection() { return {visibility_, types_}; }

    /// Fields that are asked about and that nothing visible has. A scope that shows no record at
    /// all has nothing to refuse.
    void find_missing_fields() {
        std::set<Path> asked(question_.facets.begin(), question_.facets.end());
        if (question_.sort) asked.insert(*question_.sort);
        if (question_.where)
            for (const Path& path : question_.where->paths()) asked.insert(path);
        for (const Path& path : asked)
            if (!is_seen(path)) out_.missing.push_back(path);
        if (out_.missing.empty()) return;
        bool is_any_visible = false;
        tables_.select(dataset_.id, selection(), [&](Selected&&) {
            is_any_visible = true;
            return false;
        });
        if (!is_any_visible) out_.missing.clear();
    }

    [[nodiscard]] bool is_seen(const Path& path) {
        const auto showing = visibility_.showing(path);
        if (std::ranges::find(showing, true) == showing.end()) return false;
        const std::vector<Path> fields{path};
        auto wanted = selection();
        wanted.fields = &fields;
        bool is_found = false;
        if (!tables_.has_field(dataset_.id, path)) return false;
        tables_.select(dataset_.id, wanted, [&](Selected&& record) {
            is_found = !record.shown[0].empty();
            return !is_found;
        });
        return is_found;
    }

    /// Over all that the scope shows, whatever the condition: one node that holds just this would
    /// rank by them.
    [[nodiscard]] TextStatistics statistics() {
        const auto& terms = question_.text.terms;
        if (visibility_.shows_all()) return tables_.whole_statistics(dataset_.id, terms);
        TextStatistics out;
        out.records_with_term.resize(terms.size());
        auto lengths = selection();
        lengths.needs_length = true;
        tables_.select(dataset_.id, lengths, [&](Selected&& record) {
            out.records += record.counts.length > 0 ? 1 : 0;
            out.bytes += record.counts.length;
            return true;
        });
        auto words = selection();
        words.terms = &terms;
        words.is_any_term_enough = true;
        tables_.select(dataset_.id, words, [&](Selected&& record) {
            for (std::size_t t = 0; t < terms.size(); ++t)
                out.records_with_term[t] += record.counts.occurrences[t] > 0 ? 1 : 0;
            return true;
        });
        return out;
    }

    /// Everything, in the order of keys, without anything to count: needs no pass over it all.
    [[nodiscard]] bool is_plain_listing() const {
        return visibility_.shows_all() && question_.text.terms.empty() && !question_.where &&
               question_.facets.empty() && !question_.sort;
    }

    void list_by_key() {
        out_.total = dataset_.live_records;
        if (question_.limit == 0) return;
        tables_.scan_records(dataset_.id, {}, nullptr, [&](const RecordRow& row) {
            if (row.live_changes == 0 || row.is_deleted) return true;
            SearchHit hit;
            hit.number = row.number;
            hit.key = row.key;
            out_.best.push_back(std::move(hit));
            return out_.best.size() < question_.limit;
        });
    }

    void gather() {
        const auto& terms = question_.text.terms;
        std::vector<Path> fields = question_.facets;
        if (question_.sort) fields.push_back(*question_.sort);
        auto wanted = selection();
        wanted.fields = &fields;
        if (question_.where) wanted.where = &*question_.where;
        if (!terms.empty()) wanted.terms = &terms;
        std::vector<FieldType> facet_types;
        for (const Path& facet : question_.facets) facet_types.push_back(types_(facet));
        const auto sort_type = question_.sort ? types_(*question_.sort) : FieldType::text;
        const auto& ranked_by = question_.statistics ? *question_.statistics : out_.statistics;
        Best best(question_);
        tables_.select(dataset_.id, wanted, [&](Selected&& record) {
            ++out_.total;
            for (std::size_t i = 0; i < question_.facets.size(); ++i) {
                std::set<std::string> values;
                for (const std::string& text : record.shown[i])
                    values.insert(facet_value(text, facet_types[i]));
                for (const std::string& value : values) ++out_.facets[i][value];
            }
            SearchHit hit;
            hit.number = record.number;
            hit.key = std::move(record.key);
            hit.hidden = *record.hidden;
            if (!terms.empty()) {
                hit.score = bm25(record.counts, ranked_by);
                hit.counts = std::move(record.counts);
            }
            if (question_.sort && !record.shown.back().empty())
                hit.sort_key = sort_key_of(record.shown.back().front(), sort_type);
            best.add(std::move(hit));
            return true;
        });
        out_.best = best.take();
    }

    const Tables& tables_;
    const DatasetRow& dataset_;
    const SearchQuestion& question_;
    const Manifest manifest_;
    const FieldTypes types_;
    Visibility visibility_;
    SearchResult out_;
};

}  // namespace

std::string sort_key_of(std::string_view text, FieldType type) {
    constexpr char digits[] = "0123456789abcdef";
    if (type == FieldType::number) {
        if (const auto number = number_view(text)) {
            // IEEE 754 bits order as the numbers once negative ones are turned over.
            auto bits = std::bit_cast<std::uint64_t>(*number == 0 ? 0.0 : *number);
            bits = (bits >> 63) != 0 ? ~bits : bits | (std::uint64_t{1} << 63);
            std::string out = "0";
            for (int shift = 60; shift >= 0; shift -= 4) out += digits[(bits >> shift) & 15];
            return out;
        }
    }
    if (type == FieldType::date)
        if (const auto date = PartialDate::parse(text)) {
            const std::string first = std::to_string(date->first);
            const std::string last = std::to_string(date->last);
            return "0" + std::string(8 - first.size(), '0') + first +
                   std::string(8 - last.size(), '0') + last;
        }
    return "1" + std::string(text);
}

SearchResult search_records(const Tables& tables, const Projector& projector,
                            const DatasetRow& dataset, const std::vector<SearchRule>& rules,
                            const SearchQuestion& question) {
    return RecordSearch(tables, projector, dataset, rules, question).run();
}

}  // namespace sangam::storage
