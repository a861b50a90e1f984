// SPDX-License-Identifier: Apache-2.0
// Goal: whatever is granted, hidden, filtered, old, down or hung, a federated search answers what
// one node would that holds just what the asker may see: totals, facets, hits, their order and
// scores, and says which datasets it could not answer whole.
// Method: random federations on virtual time against search_model.hpp; then the same with a bug
// planted on purpose, which has to be found.
#include <doctest/doctest.h>

#include <random>

#include "tests/simulation/search_model.hpp"

namespace sangam::testing::search_model {
namespace {

enum class Plant {
    none,
    hides_nothing,     ///< the owner's node does not know what a grant hides
    takes_every_row,   ///< nor its condition
    counts_twice,      ///< a stand-in's total
    weighs_otherwise,  ///< one dataset's statistics
    miscounts_a_facet,
    calls_copies_whole,  ///< a stand-in does not say what it lacks
};

const std::vector<std::string> countries{"IND", "PHL", "MEX", "FRA"};
const std::vector<std::string> vocabulary{"drought", "tall", "short", "rice",  "wheat", "early",
                                          "late",    "red",  "white", "awned", "dwarf", "salt"};
const std::vector<std::string> names{"country", "year", "note", "secret"};

struct Counts {
    std::size_t searches = 0;
    std::size_t with_hits = 0;
    std::size_t with_pages = 0;  ///< more matches than the page takes
    std::size_t origin = 0;      ///< rows of completeness
    std::size_t replica = 0;
    std::size_t whole_replica = 0;
    std::size_t none = 0;
    std::size_t old_replica = 0;  ///< which differs from what the owner has by now
    std::size_t narrowed = 0;     ///< a replica that shows less than the owner would have
    std::size_t refused = 0;
};

class RandomSearches {
public:
    RandomSearches(std::uint64_t seed, Plant plant, const std::string& directory = {})
        : random_(seed),
          plant_(plant),
          world_(SimOptions{.seed = seed, .max_delay = Millis{3}, .directory = directory}) {
        for (const char* handle : {"asker", "holder", "one", "two", "three"})
            world_.add_node(handle);
        for (const std::size_t owner : {2U, 3U, 4U}) add_dataset(owner);
        if (draw(3) == 0) add_dataset(2 + draw(3));
        if (draw(4) == 0) add_dataset(0);
        settle();
        for (auto& dataset : datasets_) subscribe_some(dataset);
        settle();
        for (auto& dataset : datasets_) note_copies(dataset, {});
        let_copies_grow_old();
        break_some();
        tamper();
    }

    /// What differs from the model; nothing when all agrees.
    std::optional<std::string> run(int searches, Counts& counts) {
        for (int i = 0; i < searches; ++i)
            if (auto wrong = search_once(counts)) return wrong;
        return std::nullopt;
    }

private:
    std::size_t draw(std::size_t bound) { return random_() % bound; }
    const std::string& any(const std::vector<std::string>& of) { return of[draw(of.size())]; }
    void settle() { world_.run_for(Millis{3000}); }
    const std::string& handle(std::size_t node) { return world_[node].handle; }

    // ---- data and grants
    std::string words(std::size_t most) {
        std::string out;
        for (std::size_t n = draw(most) + 1; n > 0; --n)
            out += (out.empty() ? "" : " ") + any(vocabulary);
        return out;
    }
    Fields fields() {
        Fields out;
        if (draw(8) != 0) out["country"] = any(countries);
        if (draw(4) != 0)  // one number, in two spellings
            out["year"] =
                std::to_string(draw(30) == 0 ? 8 : 1990 + draw(12)) + (draw(4) == 0 ? ".0" : "");
        if (draw(8) != 0) out["note"] = words(5);
        if (draw(2) == 0) out["secret"] = words(3);
        if (out.empty()) out["note"] = words(2);
        return out;
    }
    std::string new_id() {
        // Ids of all datasets lie among each other, so that ties are told by the whole key.
        return std::to_string(100 + draw(900)) + "-" + std::to_string(++ids_);
    }
    PlainCondition condition() {
        return {draw(4) == 0 ? "secret" : "country",
                draw(12) == 0 ? any(vocabulary) : any(countries), draw(3) != 0};
    }
    void add_dataset(std::size_t owner) {
        PlainDataset dataset;
        dataset.name = "d" + std::to_string(datasets_.size());
        dataset.owner = owner;
        dataset.uid = make_dataset(world_, owner, dataset.name);
        for (std::size_t n = draw(14); n > 0; --n) dataset.rows.emplace(new_id(), fields());
        if (!dataset.rows.empty()) write_rows(world_, owner, dataset.uid, dataset.rows);
        for (std::size_t n = 1 + draw(4); n > 0; --n) add_grant(dataset);
        datasets_.push_back(std::move(dataset));
    }
    void add_grant(PlainDataset& dataset) {
        static const std::vector<std::string> audiences{"members", "members", "members", "public",
                                                        "asker",   "holder",  "holder",  "one"};
        PlainGrant grant;
        grant.to = any(audiences);
        if (grant.to == handle(dataset.owner)) grant.to = "members";
        grant.is_copy = draw(2) == 0;
        if (draw(3) == 0) grant.where = condition();
        for (const std::string& name : names)
            if (draw(name == "secret" ? 2 : 7) == 0) grant.hidden.insert(name);
        if (grant.hidden.size() == names.size()) grant.hidden.erase("country");
        std::vector<Path> hidden;
        if (plant_ != Plant::hides_nothing)
            for (const std::string& name : grant.hidden) hidden.push_back(Path::single(name));
        const bool keeps_condition = grant.where && plant_ != Plant::takes_every_row;
        world_.grant(dataset.owner, dataset.uid, grant.to,
                     {grant.is_copy ? sangam::Action::replicate : sangam::Action::search},
                     std::move(hidden), keeps_condition ? grant.where->text() : "");
        dataset.grants.push_back(std::move(grant));
    }

    // ---- copies
    void subscribe_some(PlainDataset& dataset) {
        for (std::size_t node = 0; node < world_.size(); ++node) {
            const auto rights = grants_for(dataset, handle(node), true, false);
            if (node == dataset.owner || rights.empty() || draw(5) == 0) continue;
            PlainDataset::Copy copy;
            const bool sees_countries = std::ranges::all_of(
                rights, [](const PlainGrant& g) { return !g.hidden.contains("country"); });
            const bool there_are_some =
                std::ranges::any_of(visible(dataset.rows, rights),
                                    [](const auto& row) { return row.second.contains("country"); });
            if (sees_countries && there_are_some && draw(4) == 0)
                copy.filter = PlainCondition{"country", any(countries), draw(2) == 0};
            world_.subscribe(node, handle(dataset.owner) + "/" + dataset.name,
                             copy.filter ? copy.filter->text() : "");
            dataset.copies.emplace(node, std::move(copy));
        }
    }
    static void note_copies(PlainDataset& dataset, const std::set<std::size_t>& cut_off) {
        for (auto& [node, copy] : dataset.copies)
            if (!cut_off.contains(node)) copy.rows_of_owner = dataset.rows;
    }
    void let_copies_grow_old() {
        for (auto& dataset : datasets_) {
            std::set<std::size_t> cut_off;
            for (const auto& [node, copy] : dataset.copies)
                if (draw(2) == 0) {
                    cut_off.insert(node);
                    world_.set_reachable(dataset.owner, node, false);
                }
            // A holder of two datasets of one owner hears of neither.
            for (const auto& other : datasets_)
                for (const auto& [node, copy] : other.copies)
                    if (other.owner == dataset.owner && !world_.is_connected(dataset.owner, node))
                        cut_off.insert(node);
            for (std::size_t n = draw(6); n > 0; --n) change_something(dataset);
            settle();
            note_copies(dataset, cut_off);
        }
    }
    void change_something(PlainDataset& dataset) {
        if (dataset.rows.empty() || draw(3) == 0) {
            const Rows added{{new_id(), fields()}};
            write_rows(world_, dataset.owner, dataset.uid, added);
            dataset.rows.insert(*added.begin());
            return;
        }
        auto it = dataset.rows.begin();
        std::advance(it, static_cast<std::ptrdiff_t>(draw(dataset.rows.size())));
        if (draw(4) == 0) {
            world_.remove(dataset.owner, dataset.uid, it->first);
            dataset.rows.erase(it);
            return;
        }
        const auto changed = fields();
        world_.write(dataset.owner, dataset.uid, {"germplasm", it->first}, writes_of(changed));
        for (const auto& [name, value] : changed) it->second[name] = value;
    }

    // ---- faults
    void break_some() {
        for (std::size_t node = 1; node < world_.size(); ++node) {
            const auto fate = draw(node == 1 ? 8 : 5);
            if (fate == 0) world_.kill(node);
            if (fate == 1) world_[node].answers_searches = false;
            if (fate == 2) world_.set_reachable(0, node, false);
        }
        world_.run_for(Millis{200});
    }
    void tamper() {
        world_.tamper = [this](messages::Message& message) {
            auto* part = std::get_if<messages::SearchPart>(&message);
            if (part == nullptr) return;
            const bool is_copy = part->source == messages::SearchPart::Source::replica;
            if (plant_ == Plant::counts_twice && is_copy) part->total *= 2;
            if (plant_ == Plant::weighs_otherwise && part->dataset == datasets_[0].uid)
                part->statistics.records += 5;
            if (plant_ == Plant::miscounts_a_facet && !part->facets.empty())
                ++part->facets.front().count;
            if (plant_ == Plant::calls_copies_whole && is_copy) {
                part->fields_not_held = 0;
                part->reason.clear();
            }
        };
    }
    bool answers(std::size_t node) {
        return node == 0 || (world_[node].is_up() && world_[node].answers_searches &&
                             world_.is_connected(0, node));
    }

    // ---- one search
    sync::SearchQuery random_query(std::set<std::string>& asked) {
        sync::SearchQuery query;
        for (std::size_t n = draw(3); n > 0; --n) {
            std::string word = any(vocabulary);
            if (draw(4) == 0) word = word.substr(0, 1 + draw(2)) + "*";
            query.query += (query.query.empty() ? "" : " ") + word;
        }
        const auto field = [&] {
            const std::string name = draw(25) == 0 ? "nosuch" : any(names);
            asked.insert(name);
            return name;
        };
        if (draw(2) == 0) {
            PlainCondition where = condition();
            where.field = field();
            if (where.field == "year") where.value = std::to_string(1990 + draw(12));
            query.where = where.text();
            if (draw(3) == 0) query.where = "NOT " + query.where;
        }
        for (std::size_t n = draw(3); n > 0; --n) {
            const auto facet = field();
            if (std::ranges::find(query.facets, facet) == query.facets.end())
                query.facets.push_back(facet);
        }
        if (draw(3) == 0) query.sort = (draw(2) == 0 ? "-" : "") + field();
        query.limit = 1 + static_cast<std::uint32_t>(draw(9));
        query.page = static_cast<std::uint32_t>(draw(3));
        return query;
    }

    /// Nothing for a dataset that the asker must not hear of.
    std::optional<Expected> expected_of(const PlainDataset& dataset, bool is_public,
                                        const std::set<std::string>& asked,
                                        const std::string& answered_by) {
        const std::string asker = is_public ? "" : handle(0);
        const auto rights = grants_for(dataset, asker, false, false);
        const bool is_own = dataset.owner == 0;
        Expected out;
        if (is_own && !is_public) {
            out.is_refused = lacks_a_field(dataset.rows, asked);
            if (!out.is_refused) {
                out.from = "origin";
                out.rows = dataset.rows;
            }
            return out;
        }
        if (rights.empty()) return std::nullopt;
        if (is_public ? is_own : answers(dataset.owner)) {
            Rows rows = visible(dataset.rows, rights);
            out.is_refused = lacks_a_field(rows, asked);
            if (!out.is_refused) {
                out.from = "origin";
                out.rows = std::move(rows);
            }
            return out;
        }
        std::map<std::string, Rows> stand_ins;
        const auto offer = [&](std::size_t node, Rows rows) {
            if (!lacks_a_field(rows, asked)) stand_ins.emplace(handle(node), std::move(rows));
        };
        for (const auto& [node, copy] : dataset.copies) {
            if (!answers(node) || (is_public && node != 0)) continue;
            Rows held = held_by(dataset, node, handle(node));
            if (node == 0 && !is_public)
                offer(node, std::move(held));
            else if (const auto open = grants_for(dataset, asker, false, true); !open.empty())
                offer(node, visible(held, open));
        }
        std::size_t most = 0;
        for (const auto& [by, rows] : stand_ins) most = std::max(most, rows.size());
        for (const auto& [by, rows] : stand_ins) {
            if (rows.size() != most || (out.from != "none" && by != answered_by)) continue;
            out.from = "replica";
            out.answered_by = by;
            out.rows = rows;
        }
        if (out.from == "none") return out;
        for (const auto& [node, copy] : dataset.copies) {
            if (handle(node) != out.answered_by) continue;
            out.must_be_partial = visible(copy.rows_of_owner, rights) != out.rows;
            const auto is_plain = [](const PlainGrant& g) { return !g.where && g.hidden.empty(); };
            const auto open = node == 0 ? rights : grants_for(dataset, asker, false, true);
            out.must_be_whole =
                !copy.filter &&
                std::ranges::any_of(grants_for(dataset, handle(node), true, false), is_plain) &&
                std::ranges::any_of(open, is_plain);
        }
        return out;
    }

    std::optional<std::string> search_once(Counts& counts) {
        std::set<std::string> asked;
        const auto query = random_query(asked);
        const bool is_public = draw(6) == 0;
        const auto outcome = world_.search(
            0, query, is_public ? std::optional(sync::Asker::everyone()) : std::nullopt);
        const std::string what = "query `" + query.query + "` where `" + query.where + "` sort `" +
                                 query.sort + "` limit " + std::to_string(query.limit) + " page " +
                                 std::to_string(query.page) + (is_public ? " public" : "");
        if (!outcome) return what + ": no outcome";
        ++counts.searches;
        std::map<std::string, const sync::Completeness*> rows;
        for (const auto& row : outcome->completeness) rows[row.dataset] = &row;
        std::vector<Rows> merged;
        std::size_t known = 0;
        std::size_t refused = 0;
        bool is_whole = true;
        std::set<std::size_t> owners;
        for (const auto& dataset : datasets_) {
            const std::string name = handle(dataset.owner) + "/" + dataset.name;
            const auto it = rows.find(name);
            const auto expected = expected_of(dataset, is_public, asked,
                                              it == rows.end() ? "" : it->second->answered_by);
            if (expected.has_value() != (it != rows.end()))
                return what + ": " + name +
                       " has a row of completeness: " + (expected ? "no" : "yes");
            if (!expected) continue;
            ++known;
            owners.insert(dataset.owner);
            const auto& row = *it->second;
            if (row.from != expected->from)
                return what + ": " + name + " is answered from " + row.from + ", not " +
                       expected->from + " (" + row.reason + ")";
            if (expected->from == "replica" && row.answered_by != expected->answered_by)
                return what + ": " + name + " is answered by " + row.answered_by + ", not " +
                       expected->answered_by;
            const bool is_none = expected->from == "none";
            if ((expected->must_be_partial || is_none) && !row.partial)
                return what + ": " + name + " is called whole, from " + row.from;
            if ((expected->must_be_whole || expected->from == "origin") && row.partial)
                return what + ": " + name + " is called partial: " + row.reason;
            if (row.partial && row.reason.empty()) return what + ": " + name + " gives no reason";
            is_whole = is_whole && !row.partial;
            refused += expected->is_refused ? 1 : 0;
            merged.push_back(expected->rows);
            count(counts, dataset, *expected, row);
        }
        if (rows.size() != known) return what + ": a row too many";
        if (outcome->refused.has_value() != (known > 0 && refused == known))
            return what + ": refused: " + (outcome->refused ? outcome->refused->text() : "no");
        if (outcome->complete != (is_whole && !outcome->refused))
            return what + ": complete is " + (outcome->complete ? "true" : "false");
        if (outcome->nodes_asked != owners.size())
            return what + ": " + std::to_string(outcome->nodes_asked) + " nodes asked";
        const auto answered = std::ranges::count_if(
            owners, [&](std::size_t node) { return is_public ? node == 0 : answers(node); });
        if (outcome->nodes_answered != static_cast<std::uint32_t>(answered))
            return what + ": " + std::to_string(outcome->nodes_answered) + " nodes answered, not " +
                   std::to_string(answered);
        const Page page = page_of(*outcome);
        const Page model = merged_page(merged, query);
        counts.with_hits += model.total > 0 ? 1 : 0;
        counts.with_pages += model.total > query.limit ? 1 : 0;
        if (page.total != model.total)
            return what + ": total " + std::to_string(page.total) + ", not " +
                   std::to_string(model.total);
        if (page.facets != model.facets && !outcome->refused) return what + ": other facets";
        if (page.hits != model.hits)
            return what + ": other hits" + shown(page) + " not" + shown(model);
        if (outcome->ranking_is_per_node) return what + ": ranked by the node";
        return std::nullopt;
    }
    static std::string shown(const Page& page) {
        std::string out;
        for (const auto& [id, score, hit_fields] : page.hits)
            out += " " + id + "(" + (score ? std::to_string(*score) : "-") + ")";
        return out;
    }
    void count(Counts& counts, const PlainDataset& dataset, const Expected& expected,
               const sync::Completeness& row) {
        counts.origin += expected.from == "origin" ? 1 : 0;
        counts.none += expected.from == "none" ? 1 : 0;
        counts.refused += expected.is_refused ? 1 : 0;
        if (expected.from != "replica") return;
        ++counts.replica;
        counts.whole_replica += row.partial ? 0 : 1;
        counts.narrowed += expected.must_be_partial ? 1 : 0;
        for (const auto& [node, copy] : dataset.copies)
            if (handle(node) == expected.answered_by && copy.rows_of_owner != dataset.rows)
                ++counts.old_replica;
    }

    std::mt19937_64 random_;
    Plant plant_;
    SimWorld world_;
    std::vector<PlainDataset> datasets_;
    std::size_t ids_ = 0;
};

}  // namespace

TEST_CASE("search: random federations answer as one store that holds what the asker may see") {
    Counts counts;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        RandomSearches federation(seed, Plant::none);
        const auto wrong = federation.run(12, counts);
        CHECK_MESSAGE(!wrong, wrong.value_or(""));
    }
    // Every case came often enough.
    MESSAGE("searches " << counts.searches << ", with hits " << counts.with_hits << ", paged "
                        << counts.with_pages << "; datasets from the origin " << counts.origin
                        << ", a replica " << counts.replica << " (old " << counts.old_replica
                        << ", narrowed " << counts.narrowed << ", whole " << counts.whole_replica
                        << "), none " << counts.none << ", refused " << counts.refused);
    CHECK(counts.with_hits > counts.searches / 4);
    CHECK(counts.with_pages > counts.searches / 10);
    CHECK(counts.origin > 200);
    CHECK(counts.replica > 100);
    CHECK(counts.old_replica > 30);
    CHECK(counts.narrowed > 30);
    CHECK(counts.whole_replica > 20);
    CHECK(counts.none > 30);
    CHECK(counts.refused > 30);
}

TEST_CASE("search: random federations with stores on disk answer the same") {
    Counts counts;
    for (std::uint64_t seed = 1001; seed <= 1012; ++seed) {
        CAPTURE(seed);
        auto place = (std::filesystem::temp_directory_path() / "sangam-search-XXXXXX").string();
        REQUIRE(mkdtemp(place.data()) != nullptr);
        const auto wrong = RandomSearches(seed, Plant::none, place).run(12, counts);
        std::filesystem::remove_all(place);
        CHECK_MESSAGE(!wrong, wrong.value_or(""));
    }
    CHECK(counts.with_hits > 20);
    CHECK(counts.replica > 20);
}

TEST_CASE("search: each bug that is planted in a random federation is found") {
    for (const Plant plant :
         {Plant::hides_nothing, Plant::takes_every_row, Plant::counts_twice,
          Plant::weighs_otherwise, Plant::miscounts_a_facet, Plant::calls_copies_whole}) {
        CAPTURE(static_cast<int>(plant));
        bool is_found = false;
        Counts counts;
        for (std::uint64_t seed = 1; seed <= 30 && !is_found; ++seed)
            is_found = RandomSearches(seed, plant).run(12, counts).has_value();
        CHECK(is_found);
    }
}

}  // namespace sangam::testing::search_model
