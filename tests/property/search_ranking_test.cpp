// SPDX-License-Identifier: Apache-2.0
// Goal: a page of a federated search is the page that one node with all the records would show.
// Method: rows of the demo's data as datasets of six institutions, and as datasets of one; a
// hundred random queries of the words that stand in them, with pages shorter than the matches, give
// the same records with the same scores in the same order.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "node/ingest/csv_reader.hpp"
#include "storage/text_tokens.hpp"
#include "tests/support/sim_world.hpp"

using namespace sangam;
using namespace sangam::sync;
using sangam::testing::SimWorld;

namespace {

constexpr std::size_t rows_of_a_file = 60;

struct Source {
    std::string institution;
    std::string file;
    std::vector<storage::Edit> edits;
};

void read_rows(Source& source, std::vector<std::string>& words) {
    std::ifstream in(std::filesystem::path(SANGAM_TEST_DATA) / "demo" / source.file);
    REQUIRE(in.good());
    const std::string body{std::istreambuf_iterator<char>(in), {}};
    node::ingest::CsvReader reader(body, ',');
    node::ingest::CsvRow row;
    std::vector<std::string> header;
    while (source.edits.size() < rows_of_a_file &&
           reader.next(row) == node::ingest::CsvReader::Step::row) {
        if (header.empty()) {
            header.assign(row.cells.begin(), row.cells.end());
            continue;
        }
        storage::Edit edit;
        edit.key = {"row", source.institution + std::to_string(row.line)};
        for (std::size_t i = 0; i < header.size() && i < row.cells.size(); ++i) {
            if (header[i].empty() || row.cells[i].empty() || !is_utf8(row.cells[i])) continue;
            edit.writes.push_back({Path::single(header[i]), Value(row.cells[i])});
            for (auto& word : storage::text_tokens(row.cells[i])) words.push_back(std::move(word));
        }
        if (!edit.writes.empty()) source.edits.push_back(std::move(edit));
    }
}

void add_dataset(SimWorld& world, std::size_t node, const Source& source) {
    const auto uid = world.create_dataset(node, source.institution + "-data");
    world.act(node, [&](Engine& engine, Millis now) {
        storage::AuthorRequest request;
        request.dataset = uid;
        request.edits = source.edits;
        request.now = now;
        const auto result = world[node].store->author(request);
        REQUIRE(result);
        engine.data_changed(uid, now);
    });
    world.grant(node, uid, "members", {sangam::Action::search});
}

using Page = std::vector<std::pair<std::string, double>>;

Page page_of(SimWorld& world, std::size_t asker, const SearchQuery& query, std::uint64_t& total) {
    const auto outcome = world.search(asker, query);
    REQUIRE(outcome);
    CHECK(outcome->complete);
    CHECK_FALSE(outcome->ranking_is_per_node);
    total = outcome->total;
    Page out;
    for (const auto& hit : outcome->hits)
        out.emplace_back(hit.collection + "/" + hit.id, hit.score.value_or(-1));
    return out;
}

}  // namespace

TEST_CASE("search: a federation ranks as one node that holds all records") {
    std::vector<Source> sources{{"ipk", "ipk/passports.csv", {}},
                                {"usda", "usda/passports.csv", {}},
                                {"irri", "irri/3k_rg_sample_list.csv", {}},
                                {"irritraits", "irri/CO_320_rice_TD.csv", {}},
                                {"cimmyt", "cimmyt/CO_321_wheat_TD.csv", {}},
                                {"icrisat", "icrisat/CO_324_sorghum_TD.csv", {}}};
    std::vector<std::string> words;
    for (Source& source : sources) read_rows(source, words);
    SimWorld many{{}};
    SimWorld one{{}};
    const auto asker = many.add_node("asker");
    const auto solo = one.add_node("solo");
    for (const Source& source : sources) {
        add_dataset(many, many.add_node(source.institution), source);
        add_dataset(one, solo, source);
    }
    many.run_for(Millis{2000});

    std::mt19937_64 random(7);
    std::size_t with_hits = 0;
    std::size_t cut = 0;
    for (int i = 0; i < 100; ++i) {
        SearchQuery query;
        // One to three words of the data, now and then a prefix.
        for (int n = 0; n <= static_cast<int>(random() % 3); ++n) {
            std::string word = words[random() % words.size()];
            if (random() % 5 == 0) word = word.substr(0, 1) + "*";
            if (is_utf8(word)) query.query += (query.query.empty() ? "" : " ") + word;
        }
        query.limit = 1 + static_cast<std::uint32_t>(random() % 15);
        query.page = static_cast<std::uint32_t>(random() % 2);
        CAPTURE(query.query);
        CAPTURE(query.limit);
        CAPTURE(query.page);
        std::uint64_t total_of_many = 0;
        std::uint64_t total_of_one = 0;
        const auto federated = page_of(many, asker, query, total_of_many);
        const auto merged = page_of(one, solo, query, total_of_one);
        CHECK(total_of_many == total_of_one);
        CHECK((federated == merged));
        with_hits += merged.empty() ? 0 : 1;
        cut += total_of_one > query.limit ? 1 : 0;
    }
    // The queries were not all trivial.
    CHECK(with_hits > 50);
    CHECK(cut > 30);
}
