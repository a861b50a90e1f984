// SPDX-License-Identifier: Apache-2.0
// Goal: a page of a federated search is the page that one node with all the records would show.
// Method: every row of every file of the demo, in datasets of its institutions as the demo has
// them, and in datasets of one node; a hundred random queries of rare, middling and common words
// that stand in them, with pages shorter than the matches, give the same records with the same
// scores in the same order. SANGAM_SEED=N repeats the queries of a seed. Takes 40 s unoptimized.
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>

#include "node/ingest/csv_reader.hpp"
#include "storage/text_tokens.hpp"
#include "sync/limits.hpp"
#include "tests/support/sim_world.hpp"
#include "tests/unit/node/temporary_directory.hpp"

using namespace sangam;
using namespace sangam::sync;
using sangam::testing::SimWorld;

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t default_seed = 7;
constexpr int queries = 100;
/// A word in at most so many records is rare, in more than the second common.
constexpr std::size_t rare_records = 5;
constexpr std::size_t common_records = 200;

struct DemoRow {
    std::string id;
    std::vector<FieldWrite> writes;
    std::set<std::string> words;
};

std::vector<DemoRow> read_rows(const fs::path& file, const std::string& id_column = {}) {
    std::ifstream in(file);
    REQUIRE(in.good());
    std::string body{std::istreambuf_iterator<char>(in), {}};
    if (body.starts_with("\xEF\xBB\xBF")) body.erase(0, 3);
    node::ingest::CsvReader reader(body, node::ingest::detect_delimiter(body));
    node::ingest::CsvRow cells;
    std::vector<std::string> header;
    std::vector<DemoRow> out;
    while (reader.next(cells) == node::ingest::CsvReader::Step::row) {
        if (header.empty()) {
            header.assign(cells.cells.begin(), cells.cells.end());
            continue;
        }
        DemoRow row;
        row.id = std::to_string(cells.line);
        for (std::size_t i = 0; i < header.size() && i < cells.cells.size(); ++i) {
            const std::string_view cell = cells.cells[i];
            if (header[i].empty() || cell.empty() || !is_utf8(cell)) continue;
            if (header[i] == id_column) row.id = cell;
            // Below a name of their own: no group of the schema has to be written whole.
            row.writes.push_back({Path({"column", header[i]}), Value(std::string(cell))});
            for (auto& word : storage::text_tokens(cell)) row.words.insert(std::move(word));
        }
        if (!row.writes.empty()) out.push_back(std::move(row));
    }
    return out;
}

struct Part {
    std::string collection;
    std::vector<DemoRow> rows;
};
/// By institution and name: `irri/rice-trials` is a folder of three files, `ipk/passports` a file.
using Datasets = std::map<std::string, std::vector<Part>>;

Datasets read_demo() {
    const fs::path demo = fs::path(SANGAM_TEST_DATA) / "demo";
    std::set<fs::path> files;  // in order
    for (const auto& entry : fs::recursive_directory_iterator(demo))
        if (entry.path().extension() == ".csv") files.insert(fs::relative(entry.path(), demo));
    Datasets out;
    for (const fs::path& file : files) {
        const bool is_of_a_folder = file.parent_path().has_parent_path();
        const std::string name = is_of_a_folder ? file.parent_path().string()
                                                : (file.parent_path() / file.stem()).string();
        out[name].push_back({file.stem().string(), read_rows(demo / file)});
    }
    return out;
}

/// Three institutions' versions of the same passports, which the demo has in one dataset.
struct Version {
    std::string writer;
    Part part;
};
std::vector<Version> read_durum() {
    const fs::path folder = fs::path(SANGAM_TEST_DATA) / "hazards/ethiopia_durum_conflicts";
    std::vector<Version> out;
    for (const auto& [writer, file] : {std::pair("cimmyt", "passport_A_published.csv"),
                                       {"icrisat", "passport_B_check1.csv"},
                                       {"ipk", "passport_C_check2.csv"}}) {
        auto rows = read_rows(folder / file, "accession");
        std::set<std::string> seen;
        std::erase_if(rows, [&](const DemoRow& row) { return !seen.insert(row.id).second; });
        out.push_back({writer, {"versions", std::move(rows)}});
    }
    return out;
}

void author(SimWorld& world, std::size_t node, const DatasetUid& uid, const Part& part) {
    world.act(node, [&](Engine& engine, Millis now) {
        storage::AuthorRequest request;
        request.dataset = uid;
        for (const DemoRow& row : part.rows) {
            storage::Edit edit;
            edit.key = {part.collection, row.id};
            edit.writes = row.writes;
            request.edits.push_back(std::move(edit));
        }
        request.now = now;
        const auto result = world[node].store->author(request);
        INFO(part.collection, ": ", result ? "" : result.error().text());
        REQUIRE(result);
        REQUIRE(result->refused_deleted.empty());
        engine.data_changed(uid, now);
    });
    world.run_for(Millis{1});
}

using Nodes = std::map<std::string, std::size_t>;  ///< by institution

void fill(SimWorld& world, const Nodes& nodes, const Datasets& datasets,
          const std::vector<Version>& durum) {
    for (const auto& [name, parts] : datasets) {
        const std::size_t node = nodes.at(name.substr(0, name.find('/')));
        std::string dataset;
        for (const char c : name)
            dataset += c == '/' || c == '_' ? '-' : static_cast<char>(std::tolower(c));
        const auto uid = world.create_dataset(node, dataset);
        world.grant(node, uid, "members", {sangam::Action::search});
        for (const Part& part : parts) author(world, node, uid, part);
    }
    const std::size_t owner = nodes.at("cimmyt");
    std::vector<std::string> writers;
    for (const auto& version : durum)
        if (nodes.at(version.writer) != owner) writers.push_back(version.writer);
    const auto uid = world.create_dataset(owner, "cimmyt-durum", writers);
    world.grant(owner, uid, "members", {sangam::Action::search});
    world.run_for(Millis{2000});
    // Nobody's version is based on another's, so what they disagree on stays side by side.
    for (const auto& version : durum) author(world, nodes.at(version.writer), uid, version.part);
    world.run_for(Millis{5000});
}

/// Words by how many records have them.
struct Vocabulary {
    std::vector<std::string> rare, middling, common;
    std::vector<const DemoRow*> rows;

    Vocabulary(const Datasets& datasets, const std::vector<Version>& durum) {
        std::map<std::string, std::size_t> records;
        const auto count = [&](const Part& part) {
            for (const DemoRow& row : part.rows) {
                if (!row.words.empty()) rows.push_back(&row);
                for (const auto& word : row.words) ++records[word];
            }
        };
        for (const auto& [name, parts] : datasets)
            for (const Part& part : parts) count(part);
        for (const Version& version : durum) count(version.part);
        for (const auto& [word, n] : records)
            (n <= rare_records ? rare : n <= common_records ? middling : common).push_back(word);
    }

    [[nodiscard]] std::string draw(std::mt19937_64& random, int kind) const {
        const auto any = [&](const std::vector<std::string>& of) {
            return of[random() % of.size()];
        };
        switch (kind) {
            case 0:
                return any(rare);
            case 1:
                return any(middling);
            case 2:
                return any(common);
            case 3: {  // a beginning
                const std::string word = any(middling);
                const std::string start = word.substr(0, 1 + random() % 3);
                return (is_utf8(start) ? start : word) + "*";
            }
            default: {  // two or three words that stand in one record, in any field
                const DemoRow& row = *rows[random() % rows.size()];
                const std::vector<std::string> of(row.words.begin(), row.words.end());
                std::string out = any(of) + " " + any(of);
                if (random() % 2 == 0) out += " " + any(of);
                return out;
            }
        }
    }
};

using Page = std::vector<std::pair<std::string, double>>;

Page page_of(SimWorld& world, std::size_t asker, const SearchQuery& query, std::uint64_t& total) {
    const auto outcome = world.search(asker, query);
    REQUIRE(outcome);
    CHECK(outcome->complete);
    CHECK_FALSE(outcome->ranking_is_per_node);
    total = outcome->total;
    Page out;
    for (const auto& hit : outcome->hits) {
        const auto name = hit.dataset.substr(hit.dataset.find('/') + 1);
        out.emplace_back(name + "/" + hit.collection + "/" + hit.id, hit.score.value_or(-1));
    }
    return out;
}

}  // namespace

TEST_CASE("search: a federation ranks all of the demo's data as one node that holds all of it") {
    const Datasets datasets = read_demo();
    const auto durum = read_durum();
    const node::testing::TemporaryDirectory place;
    SimWorld many{{.directory = place.file("many")}};
    SimWorld one{{.directory = place.file("one")}};
    const auto asker = many.add_node("asker");
    const auto solo = one.add_node("solo");
    Nodes of_many;
    Nodes of_one;
    for (const std::string institution : {"cimmyt", "icrisat", "ipk", "irri", "usda"}) {
        of_many.emplace(institution, many.add_node(institution));
        of_one.emplace(institution, solo);
    }
    fill(many, of_many, datasets, durum);
    fill(one, of_one, datasets, durum);
    const Vocabulary vocabulary(datasets, durum);

    const char* told = std::getenv("SANGAM_SEED");
    const std::uint64_t seed = told ? std::strtoull(told, nullptr, 10) : default_seed;
    std::mt19937_64 random(seed);
    std::size_t with_hits = 0;
    std::size_t cut = 0;
    std::size_t across = 0;
    for (int i = 0; i < queries; ++i) {
        SearchQuery query;
        query.query = vocabulary.draw(random, i % 5);
        query.limit = 1 + static_cast<std::uint32_t>(random() % 40);
        query.page = static_cast<std::uint32_t>(random() % 3 == 0);
        query.deadline = limits::longest_deadline;
        CAPTURE(seed);
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
        std::set<std::string> of;
        for (const auto& [record, score] : merged) of.insert(record.substr(0, record.find('/')));
        across += of.size() > 1 ? 1 : 0;
    }
    MESSAGE("seed ", seed, ", ", vocabulary.rows.size(), " rows, ", vocabulary.rare.size(),
            " rare words, ", vocabulary.middling.size(), " middling, ", vocabulary.common.size(),
            " common; of ", queries, " queries ", with_hits, " had hits, ", cut,
            " more than a page, ", across, " from several datasets");
    // The queries were not all trivial.
    CHECK(with_hits > 60);
    CHECK(cut > 30);
    CHECK(across > 10);
}
