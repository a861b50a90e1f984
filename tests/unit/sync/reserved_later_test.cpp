// SPDX-License-Identifier: Apache-2.0
// A field that the owner reserves after other writers wrote it: every node shows the same of it.
#include <doctest/doctest.h>

#include "sync/control_author.hpp"
#include "sync/merger.hpp"
#include "tests/support/sim_world.hpp"

using namespace sangam;
using namespace sangam::sync;
using namespace sangam::testing;

namespace {

/// `dataset set --merge` at the owner's node.
void reserve(SimWorld& world, std::size_t owner, const DatasetUid& dataset,
             const std::string& field, const std::string& strategy) {
    Schema schema;
    schema.strategies[field] = strategy;
    world.put_entry(owner,
                    change_dataset(*world[owner].reader(), world.directory, world.author_of(owner),
                                   dataset, {{}, {}, {}, std::move(schema)}, world.now()));
}

std::optional<std::string> shown(SimWorld& world, std::size_t node, const DatasetUid& dataset,
                                 const std::string& field) {
    const auto reader = world[node].reader();
    const auto record = reader->record(dataset, {"germplasm", "a"});
    REQUIRE(record);
    const auto merged =
        world[node].merger.merge(reader->dataset(dataset)->manifest, record->changes).fields;
    const auto it = merged.find(Path::single(field));
    if (it == merged.end()) return std::nullopt;
    return std::string(it->second.text());
}

/// In what the node keeps for searching, which is made when a change or a manifest comes.
bool finds(SimWorld& world, std::size_t node, const std::string& word) {
    SearchQuery query;
    query.query = word;
    query.local_only = true;
    const auto outcome = world.search(node, query);
    REQUIRE(outcome);
    return outcome->total == 1;
}

/// irri owns rice and ipk writes it; cimmyt holds a copy. Both wrote "x" and knew nothing of each
/// other, ipk later.
struct ReservedLater {
    SimWorld world{{}};
    std::size_t irri = world.add_node("irri");
    std::size_t ipk = world.add_node("ipk");
    std::size_t cimmyt = world.add_node("cimmyt");
    DatasetUid rice = world.create_dataset(irri, "rice", {"ipk"});

    ReservedLater() {
        world.grant(irri, rice, "cimmyt", {sangam::Action::discover, sangam::Action::replicate});
        world.run_for(Millis{1000});
        REQUIRE(world.subscribe(cimmyt, "irri/rice"));
        world.put(irri, rice, "a", "y", "there");
        world.run_for(Millis{1000});
        world.set_reachable(irri, ipk, false);
        REQUIRE(world.put(irri, rice, "a", "x", "owner"));
        world.run_for(Millis{10});
        REQUIRE(world.put(ipk, rice, "a", "x", "writer"));
        world.heal();
        world.run_for(Millis{3000});
    }
    void check_all_show(const std::optional<std::string>& value) {
        for (const std::size_t node : {irri, ipk, cimmyt}) {
            CAPTURE(node);
            CHECK(shown(world, node, rice, "x") == value);
            if (value) CHECK(finds(world, node, *value));
            for (const char* other : {"owner", "writer"})
                if (value != other) CHECK_FALSE(finds(world, node, other));
        }
    }
};

}  // namespace

TEST_CASE("a field reserved later: the owner's value stands before a writer's later one") {
    ReservedLater scene;
    scene.check_all_show("writer");  // the latest
    for (const char* strategy : {"owner_wins", "identity"}) {
        CAPTURE(strategy);
        reserve(scene.world, scene.irri, scene.rice, "x", strategy);
        scene.world.run_for(Millis{3000});
        scene.check_all_show("owner");
    }
    // What ipk writes from now on is a proposal, and the owner's answer ends both.
    CHECK(scene.world.put(scene.ipk, scene.rice, "a", "y", "still there"));
    CHECK(scene.world.put(scene.irri, scene.rice, "a", "x", "decided"));
    scene.world.run_for(Millis{3000});
    scene.check_all_show("decided");
}

TEST_CASE("a field reserved later: a writer's value alone is shown as one that waits") {
    SimWorld world({});
    const auto irri = world.add_node("irri");
    const auto ipk = world.add_node("ipk");
    const DatasetUid rice = world.create_dataset(irri, "rice", {"ipk"});
    world.run_for(Millis{1000});
    REQUIRE(world.put(ipk, rice, "a", "x", "writer"));
    world.run_for(Millis{1000});
    for (const auto& [strategy, value] :
         {std::pair<std::string, std::optional<std::string>>{"owner_wins", "writer"},
          {"identity", std::nullopt}}) {
        CAPTURE(strategy);
        reserve(world, irri, rice, "x", strategy);
        world.run_for(Millis{1000});
        CHECK(shown(world, irri, rice, "x") == value);
        CHECK(shown(world, ipk, rice, "x") == value);
    }
    REQUIRE(world.put(irri, rice, "a", "x", "owner"));
    world.run_for(Millis{1000});
    CHECK(shown(world, irri, rice, "x") == "owner");
    CHECK(shown(world, ipk, rice, "x") == "owner");
}
