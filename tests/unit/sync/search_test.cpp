// SPDX-License-Identifier: Apache-2.0
// Searches: what an answer holds, which source counts, what is waited for.
#include "sync/search_coordinator.hpp"

#include <doctest/doctest.h>

#include "tests/support/sim_world.hpp"

using namespace sangam;
using namespace sangam::sync;
using sangam::testing::SimWorld;

namespace {

Path searched_path(const char* text) { return Path::parse(text).value(); }

/// Three institutions; rice at irri, wheat at cimmyt, icrisat asks.
struct SearchScene {
    SimWorld world{{}};
    std::size_t irri = world.add_node("irri");
    std::size_t cimmyt = world.add_node("cimmyt");
    std::size_t icrisat = world.add_node("icrisat");
    DatasetUid rice = world.create_dataset(irri, "rice");
    DatasetUid wheat = world.create_dataset(cimmyt, "wheat");

    SearchScene() {
        put(irri, rice, "a/1", {{"remarks", "drought tolerant"}, {"origin", "PHL"}});
        put(irri, rice, "b", {{"remarks", "tall drought"}, {"origin", "IND"}});
        put(cimmyt, wheat, "c", {{"remarks", "drought escape"}, {"origin", "IND"}});
        put(cimmyt, wheat, "d", {{"remarks", "short"}, {"origin", "MEX"}});
    }
    void put(std::size_t node, const DatasetUid& dataset, const std::string& id,
             const std::vector<std::pair<std::string, std::string>>& fields) {
        std::vector<FieldWrite> writes;
        for (const auto& [name, value] : fields)
            writes.push_back({Path::single(name), Value(value)});
        REQUIRE(world.write(node, dataset, {"germplasm", id}, std::move(writes)));
    }
    void share_all() {
        world.grant(irri, rice, "members", {sangam::Action::search});
        world.grant(cimmyt, wheat, "members", {sangam::Action::search});
        world.run_for(Millis{1000});
    }
    /// `holder` copies `wheat` under a grant whose end then arrives, while what it takes back does
    /// not.
    void end_copy_midway(std::size_t holder, const std::string& handle) {
        const GrantId copy = world.grant(cimmyt, wheat, handle, {sangam::Action::replicate});
        world.run_for(Millis{1000});
        REQUIRE(world.subscribe(holder, "cimmyt/wheat"));
        world.run_for(Millis{1000});
        world.on_send = [](std::size_t, std::size_t, const messages::Message& message) {
            return std::get_if<messages::Delivery>(&message) == nullptr &&
                   std::get_if<messages::SubscribeReply>(&message) == nullptr;
        };
        world.revoke(cimmyt, copy);
        world.run_for(Millis{100});
        REQUIRE(world[holder].reader()->dataset(wheat)->live_records == 2);
    }
    SearchOutcome ask(SearchQuery query, std::optional<Asker> asker = {}) {
        const auto outcome = world.search(icrisat, query, std::move(asker));
        REQUIRE(outcome);
        return *outcome;
    }
    static SearchQuery words(const std::string& text) {
        SearchQuery query;
        query.query = text;
        return query;
    }
};

}  // namespace

TEST_CASE("search: of two nodes of one institution one answer is enough") {
    SearchScene scene;
    scene.share_all();
    NodeId second = scene.world[scene.cimmyt].id;
    second.bytes[0] ^= 1;
    scene.world.directory.admit("cimmyt", second, scene.world[scene.cimmyt].institution);
    const auto outcome = scene.world.search(scene.icrisat, SearchScene::words("drought"));
    REQUIRE(outcome);
    CHECK(outcome->complete);
    CHECK(outcome->nodes_asked == 2);
    CHECK(outcome->nodes_answered == 2);
}

TEST_CASE("search: a question for counts alone ranks nothing, by whatever statistics") {
    SearchScene scene;
    scene.share_all();
    auto query = SearchScene::words("drought");
    query.limit = 0;
    const auto outcome = scene.world.search(scene.icrisat, query);
    REQUIRE(outcome);
    CHECK(outcome->total == 3);
    CHECK(outcome->hits.empty());
    CHECK_FALSE(outcome->ranking_is_per_node);
}

TEST_CASE("search: a hidden word neither matches nor counts nor shows") {
    SearchScene scene;
    scene.world.grant(scene.irri, scene.rice, "members", {sangam::Action::search},
                      {searched_path("remarks")});
    scene.world.run_for(Millis{1000});
    CHECK(scene.ask(SearchScene::words("drought")).total == 0);
    SearchQuery all;
    all.facets = {"origin"};
    const auto outcome = scene.ask(all);
    CHECK(outcome.total == 2);
    CHECK(outcome.facets.at("origin").size() == 2);
    for (const OutcomeHit& hit : outcome.hits) CHECK_FALSE(hit.fields.contains("remarks"));
}

TEST_CASE("search: a hidden field is refused in the words for one that does not exist") {
    SearchScene scene;
    scene.world.grant(scene.irri, scene.rice, "members", {sangam::Action::search},
                      {searched_path("remarks")});
    scene.world.grant(scene.cimmyt, scene.wheat, "members", {sangam::Action::search});
    scene.world.run_for(Millis{1000});
    const auto ask_for = [&](const std::string& field, int place) {
        SearchQuery query;
        if (place == 0) query.where = field + " = 'x'";
        if (place == 1) query.facets = {field};
        if (place == 2) query.sort = field;
        return scene.ask(query);
    };
    for (int place = 0; place < 3; ++place) {
        CAPTURE(place);
        const auto hidden = ask_for("remarks", place);
        CHECK_FALSE(hidden.refused);
        CHECK(hidden.completeness[0].from == "origin");
        CHECK(hidden.completeness[1].dataset == "irri/rice");
        CHECK(hidden.completeness[1].from == "none");
        const auto absent = ask_for("nosuchf", place);
        CHECK(absent.refused);
        std::string words = absent.completeness[1].reason;
        words.replace(words.find("nosuchf"), 7, "remarks");
        CHECK(hidden.completeness[1].reason == words);
    }
}

TEST_CASE("search: a refusal names the field and its option, whichever dataset said no first") {
    SearchScene scene;
    // Says no to every search: that is not why this one fails.
    for (const char* name : {"maize", "millet", "sorghum"})
        scene.world.grant(scene.irri, scene.world.create_dataset(scene.irri, name), "members",
                          {sangam::Action::discover});
    scene.share_all();
    SearchQuery query;
    query.where = "origin = 'IND'";
    query.facets = {"remarks"};
    query.sort = "-genuss";
    auto outcome = scene.ask(query);
    REQUIRE(outcome.refused);
    CHECK(outcome.refused->kind == ErrorKind::refused);
    CHECK(outcome.refused->message ==
          "sort: there is no field genuss in any of the datasets that you may search, or it is not "
          "shared with you");
    CHECK(outcome.refused->fix.find("genus (GENUS)") != std::string::npos);
    // A field that one dataset has is not to blame.
    scene.put(scene.irri, scene.rice, "b", {{"genuss", "Oryza"}});
    outcome = scene.ask(query);
    CHECK_FALSE(outcome.refused);
    CHECK(outcome.total == 1);
    CHECK_FALSE(outcome.complete);
    query.facets = {"pedigree"};
    scene.put(scene.cimmyt, scene.wheat, "c", {{"pedigree", "A/B"}});
    outcome = scene.ask(query);
    REQUIRE(outcome.refused);
    CHECK(outcome.refused->message == "none of the datasets asked has all the fields");
    CHECK(outcome.refused->subject ==
          "where: origin is in cimmyt/wheat, irri/rice; facet: pedigree (ANCEST) is in "
          "cimmyt/wheat; sort: genuss is in irri/rice");
}

TEST_CASE("search: a condition lets through what it is true for, at each owner") {
    SearchScene scene;
    scene.share_all();
    SearchQuery query;
    query.where = "origin = 'IND' AND remarks LIKE '%drought%'";
    query.facets = {"origin"};
    const auto outcome = scene.ask(query);
    CHECK(outcome.total == 2);
    CHECK(outcome.complete);
    REQUIRE(outcome.hits.size() == 2);
    CHECK(outcome.hits[0].id == "b");
    CHECK(outcome.hits[1].id == "c");
    CHECK(outcome.facets.at("origin").size() == 1);
}

TEST_CASE(
    "search: the best of the federation are found although a dataset ranks its own otherwise") {
    // `common` is rare at irri and everywhere at cimmyt, `rare` the other way round: each dataset
    // by itself prefers other records than all of them together do.
    SearchScene scene;
    const auto filler = [](int i) { return " filler" + std::to_string(i); };
    for (int i = 0; i < 30; ++i) {
        scene.put(scene.irri, scene.rice, "i" + std::to_string(i),
                  {{"remarks", (i % 10 == 0 ? "common rare" : "rare common rare") + filler(i)}});
        scene.put(scene.cimmyt, scene.wheat, "c" + std::to_string(i),
                  {{"remarks", (i % 3 == 0 ? "common common rare" : "common") + filler(i)}});
    }
    scene.share_all();
    auto query = SearchScene::words("common rare");
    query.limit = 1000;
    const auto all = scene.ask(query);
    CHECK(all.total == 40);
    CHECK_FALSE(all.ranking_is_per_node);
    REQUIRE(all.hits.size() == 40);
    for (const std::uint32_t limit : {1U, 5U, 12U}) {
        query.limit = limit;
        const auto page = scene.ask(query);
        CHECK(page.total == 40);
        CHECK_FALSE(page.ranking_is_per_node);
        REQUIRE(page.hits.size() == limit);
        for (std::size_t i = 0; i < limit; ++i) {
            CHECK(page.hits[i].record == all.hits[i].record);
            CHECK(page.hits[i].score == all.hits[i].score);
        }
    }
}

TEST_CASE("search: facets and totals are exact over all owners, pages cut the hits only") {
    SearchScene scene;
    scene.share_all();
    SearchQuery query;
    query.facets = {"origin"};
    query.limit = 3;
    query.page = 1;
    query.sort = "-origin";
    const auto outcome = scene.ask(query);
    CHECK(outcome.total == 4);
    REQUIRE(outcome.hits.size() == 1);
    CHECK(outcome.hits.front().id != "");
    REQUIRE(outcome.facets.at("origin").size() == 3);
    CHECK(outcome.facets.at("origin").front() == std::pair<std::string, std::uint64_t>("IND", 2));
    // PHL, MEX, IND | IND
    CHECK(outcome.hits.front().fields.at("origin") == Value("IND"));
}

TEST_CASE("search: facets of two owners add up by number, however each writes it") {
    SearchScene scene;
    Schema schema;
    schema.types["height"] = "number";
    const auto add = [&](std::size_t owner, const char* height) {
        const auto uid = scene.world.create_dataset(owner, "heights", {}, schema);
        scene.put(owner, uid, "r", {{"height", height}});
        scene.world.grant(owner, uid, "members", {sangam::Action::search});
    };
    add(scene.irri, "36");
    add(scene.cimmyt, "36.0");
    scene.world.run_for(Millis{1000});
    SearchQuery query;
    query.facets = {"height"};
    const auto outcome = scene.ask(query);
    CHECK(outcome.total == 2);
    CHECK(outcome.facets.at("height") ==
          std::vector<std::pair<std::string, std::uint64_t>>{{"36", 2}});
    // As the values stand they show.
    query.where = "height = 36";
    std::set<std::string> shown;
    for (const auto& hit : scene.ask(query).hits)
        shown.insert(std::string(hit.fields.at("height").text()));
    CHECK(shown == std::set<std::string>{"36", "36.0"});
}

TEST_CASE("search: a hit names its record, owner, licence and who answered") {
    SearchScene scene;
    scene.share_all();
    const auto outcome = scene.ask(SearchScene::words("tolerant"));
    REQUIRE(outcome.hits.size() == 1);
    const OutcomeHit& hit = outcome.hits.front();
    CHECK(hit.record == "irri/rice/germplasm/a%2F1");
    CHECK(hit.id == "a/1");
    CHECK(hit.origin == "irri");
    CHECK(hit.answered_by == "irri");
    CHECK(hit.licence == "CC0-1.0");
    CHECK(hit.score.has_value());
    CHECK(hit.snippet.find("tolerant") != std::string::npos);
}

TEST_CASE("search: a hung node costs the deadline and no more, and is named") {
    SearchScene scene;
    scene.share_all();
    scene.world[scene.cimmyt].answers_searches = false;
    SearchQuery query = SearchScene::words("drought");
    query.deadline = Millis{300};
    const auto outcome = scene.ask(query);
    CHECK(outcome.took_ms >= 300);
    CHECK(outcome.took_ms <= 302);
    CHECK(outcome.total == 2);
    CHECK(outcome.nodes_asked == 2);
    CHECK(outcome.nodes_answered == 1);
    CHECK_FALSE(outcome.complete);
    REQUIRE(outcome.completeness.size() == 2);
    CHECK(outcome.completeness[0].dataset == "cimmyt/wheat");
    CHECK(outcome.completeness[0].from == "none");
    CHECK(outcome.completeness[0].reason.find("deadline") != std::string::npos);
    CHECK(outcome.completeness[1].from == "origin");
}

TEST_CASE("search: a dead node costs nothing, and its datasets say so") {
    SearchScene scene;
    scene.share_all();
    scene.world.kill(scene.cimmyt);
    scene.world.run_for(Millis{100});
    const auto outcome = scene.ask(SearchScene::words("drought"));
    CHECK(outcome.took_ms < 50);
    CHECK(outcome.nodes_answered == 1);
    CHECK(outcome.completeness[0].from == "none");
    CHECK(outcome.completeness[0].reason.find("no connection") != std::string::npos);
}

TEST_CASE("search: a peer's replica stands in for a dead owner as far as members may see") {
    SearchScene scene;
    scene.world.grant(scene.cimmyt, scene.wheat, "irri", {sangam::Action::replicate});
    scene.world.grant(scene.cimmyt, scene.wheat, "members", {sangam::Action::search},
                      {searched_path("origin")});
    scene.world.run_for(Millis{1000});
    REQUIRE(scene.world.subscribe(scene.irri, "cimmyt/wheat"));
    scene.world.run_for(Millis{1000});
    scene.world.kill(scene.cimmyt);
    scene.world.run_for(Millis{100});
    const auto outcome = scene.ask(SearchScene::words("escape"));
    CHECK(outcome.total == 1);
    REQUIRE(outcome.hits.size() == 1);
    CHECK(outcome.hits.front().answered_by == "irri");
    CHECK(outcome.hits.front().origin == "cimmyt");
    CHECK_FALSE(outcome.hits.front().fields.contains("origin"));
    CHECK(outcome.completeness.front().from == "replica");
    CHECK(outcome.nodes_answered == 0);
    // A day later its word is worn out.
    scene.world.run_for(std::chrono::hours(25));
    CHECK(scene.ask(SearchScene::words("escape")).total == 0);
}

TEST_CASE("search: a copy whose grant has ended answers nothing, with the owner up or down") {
    SearchScene scene;
    const GrantId copy =
        scene.world.grant(scene.cimmyt, scene.wheat, "icrisat", {sangam::Action::replicate});
    scene.world.run_for(Millis{1000});
    REQUIRE(scene.world.subscribe(scene.icrisat, "cimmyt/wheat"));
    scene.world.run_for(Millis{1000});
    REQUIRE(scene.ask({}).completeness.size() == 1);
    bool may_discover = false;
    SUBCASE("the description may still be seen") { may_discover = true; }
    SUBCASE("nothing may be seen any more") {}
    if (may_discover)
        scene.world.grant(scene.cimmyt, scene.wheat, "members", {sangam::Action::discover});
    scene.world.revoke(scene.cimmyt, copy);
    scene.world.run_for(Millis{1000});
    for (const bool owner_is_up : {true, false}) {
        if (!owner_is_up) {
            scene.world.kill(scene.cimmyt);
            scene.world.run_for(Millis{100});
        }
        const auto outcome = scene.ask({});
        CHECK(outcome.total == 0);
        REQUIRE(outcome.completeness.size() == (may_discover ? 1 : 0));
        if (!may_discover) continue;
        CHECK(outcome.completeness.front().from == "none");
        CHECK(outcome.completeness.front().answered_by.empty());
        CHECK_FALSE(outcome.completeness.front().reason.empty());
        CHECK_FALSE(outcome.complete);
    }
    SearchQuery here;
    here.local_only = true;
    CHECK(scene.ask(here).completeness.empty());
}

TEST_CASE("search: a copy whose withdrawal is still under way shows nothing of it") {
    SearchScene scene;
    scene.end_copy_midway(scene.icrisat, "icrisat");
    CHECK(scene.ask({}).total == 0);
}

TEST_CASE("search: a copy of what a filter let through is not the whole answer") {
    SearchScene scene;
    scene.world.grant(scene.cimmyt, scene.wheat, "icrisat", {sangam::Action::replicate});
    scene.world.run_for(Millis{1000});
    REQUIRE(scene.world.subscribe(scene.icrisat, "cimmyt/wheat", "origin = 'IND'"));
    scene.world.run_for(Millis{1000});
    scene.world.kill(scene.cimmyt);
    scene.world.run_for(Millis{100});
    const auto outcome = scene.ask({});
    CHECK(outcome.total == 1);
    REQUIRE(outcome.completeness.size() == 1);
    CHECK(outcome.completeness.front().from == "replica");
    CHECK(outcome.completeness.front().partial);
    CHECK(outcome.completeness.front().reason.find("origin = 'IND'") != std::string::npos);
    CHECK_FALSE(outcome.complete);
}

TEST_CASE("search: who may only hold a copy is answered by the owner too, as far as it may hold") {
    SearchScene scene;
    scene.world.grant(scene.cimmyt, scene.wheat, "icrisat", {sangam::Action::replicate},
                      {searched_path("remarks")});
    scene.world.run_for(Millis{1000});
    CHECK(scene.ask({}).total == 2);
    CHECK(scene.ask(SearchScene::words("escape")).total == 0);
    CHECK(scene.ask({}).completeness.front().from == "origin");
    // It and its copy say the same.
    REQUIRE(scene.world.subscribe(scene.icrisat, "cimmyt/wheat"));
    scene.world.run_for(Millis{1000});
    scene.world.kill(scene.cimmyt);
    scene.world.run_for(Millis{100});
    const auto outcome = scene.ask({});
    CHECK(outcome.total == 2);
    REQUIRE(outcome.completeness.size() == 1);
    CHECK(outcome.completeness.front().from == "replica");
    // Nothing that its people may see is missing, although fields are hidden from all of them.
    CHECK_FALSE(outcome.completeness.front().partial);
    CHECK(outcome.complete);
}

TEST_CASE("search: a copy with hidden fields says how many, and cannot say what they hold") {
    SearchScene scene;
    scene.world.grant(scene.cimmyt, scene.wheat, "irri", {sangam::Action::replicate},
                      {searched_path("remarks")});
    scene.world.grant(scene.cimmyt, scene.wheat, "members", {sangam::Action::search});
    scene.world.run_for(Millis{1000});
    REQUIRE(scene.world.subscribe(scene.irri, "cimmyt/wheat"));
    scene.world.run_for(Millis{1000});
    bool is_hung = false;
    SUBCASE("the owner is down") { scene.world.kill(scene.cimmyt); }
    SUBCASE("the owner does not answer") {
        is_hung = true;
        scene.world[scene.cimmyt].answers_searches = false;
    }
    scene.world.run_for(Millis{100});
    const auto all = scene.ask({});
    CHECK(all.total == 2);
    CHECK((all.took_ms >= 2000) == is_hung);
    REQUIRE(all.completeness.size() == 1);
    CHECK(all.completeness.front().answered_by == "irri");
    CHECK(all.completeness.front().partial);
    CHECK(all.completeness.front().reason == "replica: 2 of 2 records, 1 field not held");
    CHECK_FALSE(all.complete);
    CHECK(scene.ask(SearchScene::words("escape")).total == 0);
    SearchQuery query;
    query.where = "remarks = 'short'";
    const auto asked = scene.ask(query);
    CHECK_FALSE(asked.refused);
    CHECK(asked.completeness.front().from == "none");
    CHECK(asked.completeness.front().reason.find("cannot say") != std::string::npos);
}

TEST_CASE("search: of two copies with as many records the one with more fields answers") {
    SearchScene scene;
    scene.world.grant(scene.cimmyt, scene.wheat, "irri", {sangam::Action::replicate});
    scene.world.grant(scene.cimmyt, scene.wheat, "icrisat", {sangam::Action::replicate},
                      {searched_path("remarks")});
    scene.world.grant(scene.cimmyt, scene.wheat, "members", {sangam::Action::search});
    scene.world.run_for(Millis{1000});
    REQUIRE(scene.world.subscribe(scene.irri, "cimmyt/wheat"));
    REQUIRE(scene.world.subscribe(scene.icrisat, "cimmyt/wheat"));
    scene.world.run_for(Millis{1000});
    scene.world.kill(scene.cimmyt);
    scene.world.run_for(Millis{100});
    const auto outcome = scene.ask(SearchScene::words("escape"));
    CHECK(outcome.total == 1);
    CHECK(outcome.completeness.front().answered_by == "irri");
    CHECK(outcome.complete);
}

TEST_CASE("search: a stand-in answers what any member may see, and says who may see more") {
    SearchScene scene;
    scene.world.grant(scene.cimmyt, scene.wheat, "irri", {sangam::Action::replicate});
    scene.world.grant(scene.cimmyt, scene.wheat, "members", {sangam::Action::search},
                      {searched_path("origin")}, "origin = 'IND'");
    std::string where;
    std::string said;
    std::uint64_t total = 2;
    SUBCASE("more records") { said = "you may see more records"; }
    SUBCASE("more fields") {
        where = "origin = 'IND'";
        said = "replica: 1 of 1 records, 1 field not held";
        total = 1;
    }
    scene.world.grant(scene.cimmyt, scene.wheat, "icrisat", {sangam::Action::search}, {}, where);
    scene.world.run_for(Millis{1000});
    REQUIRE(scene.world.subscribe(scene.irri, "cimmyt/wheat"));
    scene.world.run_for(Millis{1000});
    CHECK(scene.ask({}).total == total);
    CHECK(scene.ask({}).complete);
    scene.world.kill(scene.cimmyt);
    scene.world.run_for(Millis{100});
    const auto outcome = scene.ask({});
    CHECK(outcome.total == 1);
    REQUIRE(outcome.completeness.size() == 1);
    CHECK(outcome.completeness.front().partial);
    CHECK(outcome.completeness.front().reason.find(said) != std::string::npos);
    CHECK_FALSE(outcome.complete);
}

TEST_CASE("search: a copy given under a condition says that records may be missing") {
    SearchScene scene;
    std::vector<Path> hidden;
    std::string where;
    SUBCASE("the copy has some rows") { where = "origin = 'IND'"; }
    // It has every row, but not what tells which of them members may see.
    SUBCASE("the copy lacks what the members' condition reads") {
        hidden = {searched_path("origin")};
    }
    scene.world.grant(scene.cimmyt, scene.wheat, "irri", {sangam::Action::replicate}, hidden,
                      where);
    scene.world.grant(scene.cimmyt, scene.wheat, "members", {sangam::Action::search},
                      {searched_path("origin")}, "origin IN ('IND', 'MEX')");
    scene.world.run_for(Millis{1000});
    REQUIRE(scene.world.subscribe(scene.irri, "cimmyt/wheat"));
    scene.world.run_for(Millis{1000});
    CHECK(scene.ask({}).total == 2);
    scene.world.kill(scene.cimmyt);
    scene.world.run_for(Millis{100});
    const auto outcome = scene.ask({});
    CHECK(outcome.total == (where.empty() ? 0 : 1));
    CHECK(outcome.completeness.front().from == "replica");
    CHECK(outcome.completeness.front().partial);
    CHECK(outcome.completeness.front().reason.find("records may be missing") != std::string::npos);
    CHECK_FALSE(outcome.complete);
}

TEST_CASE("search: a copy whose right has ended stands in for nobody") {
    SearchScene scene;
    scene.world.grant(scene.cimmyt, scene.wheat, "members", {sangam::Action::search});
    scene.end_copy_midway(scene.irri, "irri");
    scene.world.kill(scene.cimmyt);
    scene.world.run_for(Millis{100});
    const auto outcome = scene.ask({});
    CHECK(outcome.total == 0);
    CHECK(outcome.completeness.front().from == "none");
}

TEST_CASE("search: what does not fit into one answer is said to be missing") {
    SearchScene scene;
    for (int i = 0; i < 8; ++i)
        scene.put(scene.irri, scene.rice, "long" + std::to_string(i),
                  {{"remarks", "long " + std::string(1'000'000, static_cast<char>('a' + i))}});
    scene.share_all();
    SearchQuery query = SearchScene::words("long");
    auto outcome = scene.ask(query);
    CHECK(outcome.total == 8);
    CHECK(outcome.hits.size() < 8);
    CHECK(outcome.hits.size() > 3);
    CHECK_FALSE(outcome.complete);
    REQUIRE(outcome.completeness[1].dataset == "irri/rice");
    CHECK(outcome.completeness[1].reason.find("fit into one answer") != std::string::npos);
    query.limit = 3;
    CHECK(scene.ask(query).complete);
    query.facets = {"remarks"};
    query.limit = 1;
    outcome = scene.ask(query);
    CHECK(outcome.total == 8);
    CHECK(outcome.facets.at("remarks").size() == 1);
    CHECK(outcome.completeness[1].reason == "facet remarks tells 1 of 8 values");
    CHECK_FALSE(outcome.complete);
}

TEST_CASE("search: when the owner answers, copies of it are not counted") {
    SearchScene scene;
    scene.world.grant(scene.cimmyt, scene.wheat, "members",
                      {sangam::Action::search, sangam::Action::replicate});
    scene.world.run_for(Millis{1000});
    REQUIRE(scene.world.subscribe(scene.irri, "cimmyt/wheat"));
    REQUIRE(scene.world.subscribe(scene.icrisat, "cimmyt/wheat"));
    scene.world.run_for(Millis{1000});
    const auto outcome = scene.ask(SearchScene::words("drought"));
    CHECK(outcome.total == 1);
    CHECK(outcome.completeness.front().from == "origin");
}

TEST_CASE(
    "search: who may only discover is told no, and a dataset that is not shared is not named") {
    SearchScene scene;
    scene.world.grant(scene.irri, scene.rice, "members", {sangam::Action::discover});
    scene.world.run_for(Millis{1000});
    const auto outcome = scene.ask(SearchScene::words("drought"));
    REQUIRE(outcome.completeness.size() == 1);
    CHECK(outcome.completeness.front().dataset == "irri/rice");
    CHECK(outcome.completeness.front().from == "none");
    CHECK(outcome.refused.has_value());
}

TEST_CASE("search: the public sees what the asked node may show it and nothing through it") {
    SearchScene scene;
    scene.share_all();
    CHECK(scene.ask(SearchScene::words("drought"), Asker::everyone()).total == 0);
    CHECK(scene.ask(SearchScene::words("drought"), Asker::everyone()).completeness.empty());
    scene.world.grant(scene.irri, scene.rice, "public", {sangam::Action::search});
    scene.world.run_for(Millis{1000});
    const auto elsewhere = scene.ask(SearchScene::words("drought"), Asker::everyone());
    CHECK(elsewhere.total == 0);
    REQUIRE(elsewhere.completeness.size() == 1);
    CHECK(elsewhere.completeness.front().reason.find("not asked") != std::string::npos);
    const auto at_owner =
        scene.world.search(scene.irri, SearchScene::words("drought"), Asker::everyone());
    REQUIRE(at_owner);
    CHECK(at_owner->total == 2);
}

TEST_CASE("search: a copy here that is not read in time is called late, not unasked") {
    SearchScene scene;
    scene.world.grant(scene.irri, scene.rice, "public", {sangam::Action::search});
    scene.world.grant(scene.irri, scene.rice, "icrisat", {sangam::Action::replicate});
    scene.world.run_for(Millis{1000});
    REQUIRE(scene.world.subscribe(scene.icrisat, "irri/rice"));
    scene.world.run_for(Millis{1000});
    scene.world[scene.icrisat].answers_searches = false;
    const auto late = scene.ask({}, Asker::everyone());
    REQUIRE(late.completeness.size() == 1);
    CHECK(late.completeness.front().from == "none");
    CHECK(late.completeness.front().reason == "this node did not answer within the deadline");
    SearchQuery here;
    here.local_only = true;
    const auto late_at_home = scene.ask(here);
    REQUIRE(late_at_home.completeness.size() == 1);
    CHECK(late_at_home.completeness.front().reason ==
          "this node did not answer within the deadline");
}

TEST_CASE("search: narrowed to nodes asks about theirs, local asks nobody") {
    SearchScene scene;
    scene.share_all();
    SearchQuery query = SearchScene::words("drought");
    query.nodes = {"cimmyt"};
    auto outcome = scene.ask(query);
    CHECK(outcome.total == 1);
    CHECK(outcome.nodes_asked == 1);
    query.nodes.clear();
    query.local_only = true;
    outcome = scene.ask(query);
    CHECK(outcome.total == 0);
    CHECK(outcome.completeness.empty());
}

TEST_CASE("search: a bad query is refused with its reason at once") {
    SearchScene scene;
    scene.share_all();
    scene.put(scene.icrisat, scene.world.create_dataset(scene.icrisat, "millet"), "m",
              {{"remarks", "pearl"}});
    const auto outcome = scene.ask(SearchScene::words("\"open quote"));
    CHECK(outcome.refused.has_value());
    CHECK(outcome.took_ms < 100);
    SearchQuery conditional;
    conditional.where = "origin = IND";
    const auto refused = scene.ask(conditional);
    REQUIRE(refused.refused.has_value());
    CHECK(refused.refused->text().find("condition") != std::string::npos);
}
