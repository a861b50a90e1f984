// SPDX-License-Identifier: Apache-2.0
// Facets of both stores against a plain count: random records with odd numbers, partial dates,
// lists and missing fields; each value that a record has is counted once a record, under whatever
// spelling, and two spellings of one value never stand beside each other.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <set>
#include <tuple>

#include "protocol/partial_date.hpp"
#include "storage/flat_record.hpp"
#include "tests/unit/storage/backends.hpp"

namespace sangam::storage::testing {
namespace {

const std::vector<std::string> faceted_fields{"number", "date", "code", "text"};
const std::vector<std::string> spellings{
    "36",       "36.0",     "036",      "3.6e1",  "-36",       "-36.0",     "0",      "-0",
    "0.0",      "1e15",     "1e3",      "1000",   "1e-7",      "1e400",     " 36",    "nan",
    "",         "Zea",      "zea",      "äb",     "2001",      "2001----",  "200105", "20010500",
    "20010513", "20010000", "20010229", "2001-5", "200105--",  "0.1",       "0.10",   "--------",
    "300",      "0300",     "36 m",     "稻米",   "1234567.5", "1234567.50"};

/// What a text means by the field's type; the text itself where it means nothing.
using Meaning = std::tuple<std::string, double, std::int32_t, std::int32_t>;

Meaning meaning_of(const std::string& field, const std::string& text) {
    if (field == "number")
        if (const auto number = number_view(text)) return {"", *number == 0 ? 0 : *number, 0, 0};
    if (field == "date")
        if (const auto date = PartialDate::parse(text)) return {"", 0, date->first, date->last};
    return {"as it is: " + text, 0, 0, 0};
}

struct FacetedRecord {
    std::map<std::string, std::vector<std::string>> fields;
};

std::vector<FacetedRecord> some_records() {
    const auto below = [](int bound) { return *rc::gen::inRange(0, bound); };
    std::vector<FacetedRecord> out(static_cast<std::size_t>(1 + below(12)));
    for (FacetedRecord& record : out)
        for (const auto& field : faceted_fields)
            for (int n = below(4); n > 0; --n)
                record.fields[field].push_back(
                    spellings[static_cast<std::size_t>(below(static_cast<int>(spellings.size())))]);
    return out;
}

/// By the store's own way: what it was given, and as a list only where there are several.
template <class Backend>
std::vector<std::map<std::string, std::uint64_t>> facets_of(
    const std::vector<FacetedRecord>& records, const std::vector<std::string>& asked) {
    Node<Backend> node{1};
    auto manifest = plain_manifest();
    for (const char* type : {"number", "date", "code"}) manifest.schema.types[type] = type;
    const auto uid = own_dataset(node, first_manifest(node, manifest));
    std::vector<Edit> edits;
    for (std::size_t i = 0; i < records.size(); ++i) {
        std::vector<FieldWrite> writes{put("id", std::to_string(i))};
        for (const auto& [field, texts] : records[i].fields) {
            if (texts.size() == 1) {
                writes.push_back(put(field, texts.front()));
                continue;
            }
            Value::Array list;
            for (const auto& text : texts) list.emplace_back(text);
            writes.push_back(put(field, Value(std::move(list))));
        }
        edits.push_back({germplasm(std::to_string(i)), {}, std::move(writes), {}, {}});
    }
    write(*node.store, uid, std::move(edits));
    SearchQuestion question;
    for (const auto& field : asked) question.facets.push_back(Path::single(field));
    return node.store->reader()->search({uid, {{}}}, question).facets;
}

}  // namespace

TEST_CASE("facets: both stores count what a plain count by meaning does") {
    CHECK(rc::check([] {
        const auto records = some_records();
        std::vector<std::string> asked;  // fields that no record has would be refused
        for (const auto& field : faceted_fields)
            for (const auto& record : records)
                if (record.fields.contains(field)) {
                    asked.push_back(field);
                    break;
                }
        const auto in_memory = facets_of<MemoryBackend>(records, asked);
        RC_ASSERT(in_memory == facets_of<SqliteBackend>(records, asked));
        RC_ASSERT(asked.empty() || in_memory.size() == asked.size());
        for (std::size_t i = 0; i < asked.size(); ++i) {
            std::map<Meaning, std::uint64_t> plain;
            for (const auto& record : records) {
                std::set<Meaning> of_record;
                if (const auto it = record.fields.find(asked[i]); it != record.fields.end())
                    for (const auto& text : it->second)
                        of_record.insert(meaning_of(asked[i], text));
                for (const auto& meaning : of_record) ++plain[meaning];
            }
            std::map<Meaning, std::uint64_t> counted;
            for (const auto& [value, count] : in_memory[i])
                RC_ASSERT(counted.emplace(meaning_of(asked[i], value), count).second);
            RC_ASSERT(counted == plain);
        }
    }));
}

}  // namespace sangam::storage::testing
