// SPDX-License-Identifier: Apache-2.0
// Subscriptions between whole nodes: which source a subscriber takes, what starts and ends one, and
// what a restored replica gives up.
#include "sync/subscription_receiver.hpp"

#include <doctest/doctest.h>

#include "tests/support/live_set.hpp"
#include "tests/support/sim_world.hpp"

using namespace sangam;
using namespace sangam::sync;
using namespace sangam::testing;

namespace {

/// Two whole nodes; the first owns rice.
struct OwnerAndHolder {
    SimWorld world{{}};
    std::size_t owner = world.add_node("irri");
    std::size_t holder = world.add_node("cimmyt");
    DatasetUid rice = world.create_dataset(owner, "rice");
};

}  // namespace

TEST_CASE("subscription: a refused condition starts by itself when a record shows its field") {
    OwnerAndHolder pair;
    auto& [world, owner, holder, rice] = pair;
    REQUIRE(world.put(owner, rice, "a", "genus", "Oryza"));
    const GrantId hiding = world.grant(owner, rice, "cimmyt", {sangam::Action::replicate},
                                       {Path::single("crop"), Path::single("remarks")});
    std::size_t refusals = 0;
    world.on_send = [&](std::size_t, std::size_t, const messages::Message& message) {
        const auto* reply = std::get_if<messages::SubscribeReply>(&message);
        refusals += reply && reply->state == messages::SubscribeReply::State::refused ? 1 : 0;
        return true;
    };
    const auto state = [&] {
        return world[holder].engine->status(world.now()).subscriptions.front().state;
    };
    const auto held = [&] { return live_set(*world[holder].reader(), rice).size(); };
    const auto settle = [&] { world.run_for(Millis{3000}); };

    SUBCASE("a record that is new") {
        REQUIRE(world.subscribe(holder, "irri/rice", "season = 'wet' AND genus = 'Oryza'"));
        settle();
        CHECK(state() == "refused");
        REQUIRE(world.put(owner, rice, "b", "genus", "Zea"));
        settle();
        CHECK(state() == "refused");
        CHECK(refusals == 1);
        REQUIRE(world.put(owner, rice, "a", "season", "wet"));
        settle();
        CHECK(state() == "live");
        CHECK(held() == 1);
    }
    SUBCASE("a grant that shows it") {
        REQUIRE(world.put(owner, rice, "b", "crop", "rice"));
        REQUIRE(world.subscribe(holder, "irri/rice", "crop = 'rice'"));
        settle();
        CHECK(state() == "refused");
        // A record that shows nothing, and one whose field stays hidden, change nothing.
        REQUIRE(world.put(owner, rice, "c", "crop", "rice"));
        settle();
        CHECK(state() == "refused");
        world.grant(owner, rice, "cimmyt", {sangam::Action::replicate}, {Path::single("remarks")});
        settle();
        CHECK(state() == "live");
        CHECK(held() == 2);
    }
    SUBCASE("one that waited for a grant is looked at when that comes") {
        world.revoke(owner, hiding);
        settle();
        REQUIRE(world.subscribe(holder, "irri/rice", "crop = 'rice'"));
        settle();
        CHECK(state() == "waiting");
        world.grant(owner, rice, "cimmyt", {sangam::Action::replicate});
        settle();
        CHECK(state() == "refused");
        REQUIRE(world.put(owner, rice, "a", "crop", "rice"));
        settle();
        CHECK(state() == "live");
        CHECK(held() == 1);
    }
}

TEST_CASE("subscription: refuses the own institution's, a second one and a bad name") {
    SimWorld world({});
    const auto irri = world.add_node("irri");
    const auto cimmyt = world.add_node("cimmyt");
    world.create_dataset(irri, "rice");
    world.act(irri, [](Engine& engine, Millis now) {
        CHECK(engine.subscribe("irri/rice", {}, now).error().kind == ErrorKind::refused);
        CHECK(engine.subscribe("rice", {}, now).error().kind == ErrorKind::usage);
        CHECK(engine.subscribe("cimmyt/wheat", "a =", now).error().kind == ErrorKind::usage);
    });
    REQUIRE(world.subscribe(cimmyt, "irri/rice"));
    CHECK_FALSE(world.subscribe(cimmyt, "irri/rice"));
}

TEST_CASE("subscription: one that was ended while the owner was away is told when they meet") {
    OwnerAndHolder pair;
    auto& [world, irri, cimmyt, rice] = pair;
    world.put(irri, rice, "a", "genus", "Oryza");
    world.grant(irri, rice, "members", {sangam::Action::replicate});
    const auto id = world.subscribe(cimmyt, "irri/rice");
    world.run_for(Millis{2000});
    REQUIRE(world[irri].engine->status(world.now()).serving.size() == 1);
    world.set_reachable(irri, cimmyt, false);
    world.run_for(Millis{100});
    world.act(cimmyt, [&](Engine& engine, Millis now) { CHECK(engine.unsubscribe(*id, now)); });
    CHECK(live_set(*world[cimmyt].reader(), rice).empty());
    world.kill(cimmyt);
    world.start(cimmyt);
    world.set_reachable(irri, cimmyt, true);
    world.run_for(Millis{30'000});
    CHECK(world[irri].engine->status(world.now()).serving.empty());
    CHECK(world[cimmyt].reader()->documents("ended_subscription").empty());
}

TEST_CASE("subscription: waits for its usual source, then takes another node of the owner") {
    SimWorld world({});
    const auto one = world.add_node("irri");
    const auto two = world.add_node("irri");
    const auto cimmyt = world.add_node("cimmyt");
    const DatasetUid rice = world.create_dataset(one, "rice");
    world.run_for(Millis{1000});
    REQUIRE(world.put(two, rice, "a", "genus", "Oryza"));
    world.grant(one, rice, "members", {sangam::Action::replicate});
    world.run_for(Millis{1000});
    REQUIRE(world.subscribe(cimmyt, "irri/rice"));
    world.run_for(Millis{1000});
    REQUIRE(live_set(*world[cimmyt].reader(), rice).size() == 1);
    const auto source = world[one].engine->status(world.now()).serving.empty() ? two : one;
    const auto other = source == one ? two : one;
    world.kill(source);
    REQUIRE(world.put(other, rice, "b", "genus", "Oryza"));
    world.run_for(Millis{10'000});
    CHECK(live_set(*world[cimmyt].reader(), rice).size() == 1);
    world.run_for(Millis{30'000});
    CHECK(live_set(*world[cimmyt].reader(), rice).size() == 2);
    CHECK(world[cimmyt].engine->status(world.now()).subscriptions.front().state == "live");
}

TEST_CASE("subscription: a replica restored from a backup gives up what was withdrawn since") {
    OwnerAndHolder pair;
    auto& [world, irri, cimmyt, rice] = pair;
    world.put(irri, rice, "a", "genus", "Oryza");
    const GrantId grant = world.grant(irri, rice, "members", {sangam::Action::replicate});
    REQUIRE(world.subscribe(cimmyt, "irri/rice"));
    world.run_for(Millis{2000});
    world.back_up(cimmyt);
    world.revoke(irri, grant);
    world.run_for(Millis{2000});
    REQUIRE(live_set(*world[cimmyt].reader(), rice).empty());
    world.kill(cimmyt);
    world.restore_backup(cimmyt);
    REQUIRE(live_set(*world[cimmyt].reader(), rice).size() == 1);
    world.start(cimmyt);
    world.run_for(Millis{2000});
    CHECK(live_set(*world[cimmyt].reader(), rice).empty());
}

TEST_CASE("subscription: a restored replica drops what came under a condition refused by now") {
    OwnerAndHolder pair;
    auto& [world, owner, holder, rice] = pair;
    REQUIRE(world.put(owner, rice, "a", "crop", "rice"));
    REQUIRE(world.put(owner, rice, "b", "genus", "Oryza"));
    world.grant(owner, rice, "cimmyt", {sangam::Action::replicate});
    const auto id = world.subscribe(holder, "irri/rice", "crop = 'rice'");
    REQUIRE(id);
    world.run_for(Millis{3000});
    REQUIRE(live_set(*world[holder].reader(), rice).size() == 1);
    world.back_up(holder);
    world.act(holder, [&](Engine& engine, Millis now) {
        REQUIRE(engine.unsubscribe(*id, now).has_value());
    });
    world.run_for(Millis{3000});
    REQUIRE(world.write(owner, rice, {"germplasm", "a"}, {{Path::single("crop"), std::nullopt}}));
    world.kill(holder);
    world.restore_backup(holder);
    REQUIRE(live_set(*world[holder].reader(), rice).size() == 1);
    world.start(holder);
    world.run_for(Millis{3000});
    CHECK(world[holder].engine->status(world.now()).subscriptions.front().state == "refused");
    CHECK(live_set(*world[holder].reader(), rice).empty());
}
