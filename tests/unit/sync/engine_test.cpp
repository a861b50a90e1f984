// SPDX-License-Identifier: Apache-2.0
// The engine's main paths over a quiet network: control, copy, tail, withdrawal, writer sync,
// search.
#include "sync/engine.hpp"

#include <doctest/doctest.h>

#include "tests/support/sim_world.hpp"

using namespace sangam;
using namespace sangam::sync;
using sangam::testing::SimOptions;
using sangam::testing::SimWorld;

namespace {

std::uint64_t live_records(SimWorld& world, std::size_t node, const DatasetUid& dataset) {
    const auto info = world[node].reader()->dataset(dataset);
    return info ? info->live_records : 0;
}

std::string value_at(SimWorld& world, std::size_t node, const DatasetUid& dataset,
                     const std::string& id, const std::string& field) {
    const auto reader = world[node].reader();
    const auto record = reader->record(dataset, {"germplasm", id});
    if (!record) return "(no record)";
    const auto merged =
        world[node].merger.merge(reader->dataset(dataset)->manifest, record->changes);
    if (merged.is_deleted) return "(deleted)";
    const auto it = merged.fields.find(Path::single(field));
    return it == merged.fields.end() ? "(none)" : std::string(it->second.text());
}

SubscriptionStatus only_subscription(SimWorld& world, std::size_t node) {
    const auto status = world[node].engine->status(world.now());
    REQUIRE(status.subscriptions.size() == 1);
    return status.subscriptions.front();
}

}  // namespace

TEST_CASE("engine: a subscription copies a dataset and then follows it") {
    SimWorld world({});
    const auto irri = world.add_node("irri");
    const auto cimmyt = world.add_node("cimmyt");
    const DatasetUid rice = world.create_dataset(irri, "rice");
    for (int i = 0; i < 50; ++i)
        REQUIRE(world.put(irri, rice, "r" + std::to_string(i), "genus", "Oryza"));
    REQUIRE(world.subscribe(cimmyt, "irri/rice"));
    world.run_for(Millis{2000});
    CHECK(only_subscription(world, cimmyt).state == "waiting");
    CHECK(live_records(world, cimmyt, rice) == 0);

    world.grant(irri, rice, "cimmyt", {sangam::Action::replicate});
    world.run_for(Millis{2000});
    CHECK(live_records(world, cimmyt, rice) == 50);
    CHECK(only_subscription(world, cimmyt).state == "live");

    REQUIRE(world.put(irri, rice, "r7", "note", "sativa"));
    world.run_for(Millis{5});
    CHECK(value_at(world, cimmyt, rice, "r7", "note") == "sativa");

    REQUIRE(world.remove(irri, rice, "r7"));
    world.run_for(Millis{5});
    CHECK(live_records(world, cimmyt, rice) == 49);
    CHECK(value_at(world, cimmyt, rice, "r7", "note") == "(no record)");
    REQUIRE(world.restore(irri, rice, "r7"));
    world.run_for(Millis{5});
    CHECK(value_at(world, cimmyt, rice, "r7", "note") == "sativa");

    const auto serving = world[irri].engine->status(world.now()).serving;
    REQUIRE(serving.size() == 1);
    CHECK(serving.front().acknowledged == 50);
    CHECK(serving.front().sent == 0);
    CHECK(serving.front().pending == 0);
}

TEST_CASE("engine: when a grant ends the replica drops its records and the subscription waits") {
    SimWorld world({});
    const auto irri = world.add_node("irri");
    const auto cimmyt = world.add_node("cimmyt");
    const DatasetUid rice = world.create_dataset(irri, "rice");
    for (int i = 0; i < 20; ++i)
        REQUIRE(world.put(irri, rice, "r" + std::to_string(i), "genus", "Oryza"));
    const GrantId grant = world.grant(irri, rice, "cimmyt", {sangam::Action::replicate});
    world.run_for(Millis{1000});
    REQUIRE(world.subscribe(cimmyt, "irri/rice"));
    world.run_for(Millis{1000});
    REQUIRE(live_records(world, cimmyt, rice) == 20);

    world.revoke(irri, grant);
    world.run_for(Millis{1000});
    CHECK(live_records(world, cimmyt, rice) == 0);
    const auto status = only_subscription(world, cimmyt);
    CHECK(status.state == "waiting");
    CHECK_FALSE(status.reason.empty());
    CHECK(world[irri].engine->status(world.now()).serving.empty());

    world.grant(irri, rice, "members", {sangam::Action::replicate});
    world.run_for(Millis{1000});
    CHECK(live_records(world, cimmyt, rice) == 20);
    CHECK(only_subscription(world, cimmyt).state == "live");
}

TEST_CASE("engine: owner and writer hold the same commits, whoever writes") {
    SimWorld world({});
    const auto irri = world.add_node("irri");
    const auto ipk = world.add_node("ipk");
    const DatasetUid rice = world.create_dataset(irri, "rice", {"ipk"});
    world.run_for(Millis{1000});
    REQUIRE(world.put(irri, rice, "a", "habitat", "Oryza"));
    world.run_for(Millis{10});
    REQUIRE(world.put(ipk, rice, "a", "note", "sativa"));
    REQUIRE(world.put(ipk, rice, "b", "habitat", "Hordeum"));
    world.run_for(Millis{10});
    CHECK(world[irri].reader()->heads(rice) == world[ipk].reader()->heads(rice));
    CHECK(value_at(world, irri, rice, "a", "note") == "sativa");
    CHECK(value_at(world, ipk, rice, "a", "habitat") == "Oryza");
    CHECK(live_records(world, irri, rice) == 2);
}

TEST_CASE("engine: a search merges all owners and says who answered") {
    SimWorld world({});
    const auto irri = world.add_node("irri");
    const auto cimmyt = world.add_node("cimmyt");
    const auto icrisat = world.add_node("icrisat");
    const DatasetUid rice = world.create_dataset(irri, "rice");
    const DatasetUid wheat = world.create_dataset(cimmyt, "wheat");
    world.put(irri, rice, "a", "remarks", "drought tolerant");
    world.put(irri, rice, "b", "remarks", "tall");
    world.put(cimmyt, wheat, "c", "remarks", "drought escape");
    world.grant(irri, rice, "members", {sangam::Action::search});
    world.grant(cimmyt, wheat, "members", {sangam::Action::replicate, sangam::Action::search});
    world.run_for(Millis{1000});
    SearchQuery query;
    query.query = "drought";
    const auto outcome = world.search(icrisat, query);
    REQUIRE(outcome);
    CHECK(outcome->total == 2);
    CHECK(outcome->hits.size() == 2);
    CHECK(outcome->nodes_asked == 2);
    CHECK(outcome->nodes_answered == 2);
    CHECK(outcome->complete);
    CHECK_FALSE(outcome->ranking_is_per_node);
    REQUIRE(outcome->completeness.size() == 2);
    CHECK(outcome->completeness[0].from == "origin");

    // A replica answers in the owner's place.
    REQUIRE(world.subscribe(icrisat, "cimmyt/wheat"));
    world.run_for(Millis{1000});
    world.kill(cimmyt);
    world.run_for(Millis{100});
    const auto without = world.search(icrisat, query);
    REQUIRE(without);
    CHECK(without->total == 2);
    CHECK(without->nodes_asked == 2);
    CHECK(without->nodes_answered == 1);
    CHECK(without->completeness[0].from == "replica");
    CHECK(without->took_ms < 100);
}

TEST_CASE("engine: a clock that was wrong and is set right leaves nothing set aside or waiting") {
    // The correction for the old time stayed, and all that peers sent was dated in the future.
    SimWorld world({});
    const auto irri = world.add_node("irri");
    const auto cimmyt = world.add_node("cimmyt");
    world.add_node("usda");
    const DatasetUid rice = world.create_dataset(irri, "rice");
    REQUIRE(world.put(irri, rice, "r1", "genus", "Oryza"));
    world.grant(irri, rice, "cimmyt", {sangam::Action::replicate});
    REQUIRE(world.subscribe(cimmyt, "irri/rice"));
    world.run_for(Millis{2000});
    REQUIRE(live_records(world, cimmyt, rice) == 1);

    world[cimmyt].clock_off = std::chrono::minutes(20);
    world.run_for(Millis{5000});
    CHECK(world[cimmyt].engine->status(world.now_at(world[cimmyt])).clock_warning != "");
    world[cimmyt].clock_off = Millis{0};
    world.run_for(Millis{5000});
    CHECK(world[cimmyt].engine->status(world.now()).clock_warning == "");
    REQUIRE(world.put(irri, rice, "r2", "genus", "Oryza"));
    world.run_for(Millis{2000});
    CHECK(live_records(world, cimmyt, rice) == 2);
    CHECK(world[cimmyt].reader()->quarantine_count() == 0);
}
