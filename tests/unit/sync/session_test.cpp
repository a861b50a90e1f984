// SPDX-License-Identifier: Apache-2.0
// Connections: which of two stays, keepalive, clocks, an old directory.
#include "sync/peer_session.hpp"

#include <doctest/doctest.h>

#include "sync/clock_check.hpp"
#include "sync/limits.hpp"
#include "tests/support/scripted_peer.hpp"
#include "tests/support/sim_world.hpp"

using namespace sangam;
using namespace sangam::sync;
using messages::AbortCode;
using sangam::testing::Actor;
using sangam::testing::SimWorld;
using sangam::testing::Stage;

namespace {

NodeId session_node(std::uint8_t n) {
    NodeId id;
    id.bytes[0] = n;
    return id;
}

}  // namespace

TEST_CASE("session: of two connections the one that the smaller node dialed stays") {
    Stage stage;
    const bool ours_is_smaller = stage.us.id < stage.them.id;
    const ConnectionId good{1};
    const ConnectionId other{2};
    SUBCASE("the right one came first") {
        stage.engine->connected(good, stage.them.id, ours_is_smaller, stage.now);
        stage.engine->connected(other, stage.them.id, !ours_is_smaller, stage.now);
    }
    SUBCASE("the right one came second") {
        stage.engine->connected(other, stage.them.id, !ours_is_smaller, stage.now);
        stage.engine->connected(good, stage.them.id, ours_is_smaller, stage.now);
    }
    stage.take();
    CHECK(stage.closed(other) == AbortCode::duplicate);
    CHECK_FALSE(stage.closed(good));
    stage.say(good, stage.hello_of(stage.them));
    CHECK(stage.engine->status(stage.now).peers.size() == 1);
}

TEST_CASE("session: when the same side dials again the newer connection stays") {
    Stage stage;
    const ConnectionId old = stage.greet(stage.them);
    stage.engine->connected(ConnectionId{50}, stage.them.id, false, stage.now);
    stage.take();
    CHECK(stage.closed(old) == AbortCode::duplicate);
    CHECK(stage.sent<messages::Hello>(ConnectionId{50}).size() == 1);
}

TEST_CASE("session: a kept connection that is dead lets the other side in within seconds") {
    Stage stage;
    const bool ours_is_smaller = stage.us.id < stage.them.id;
    const ConnectionId kept{1};
    stage.engine->connected(kept, stage.them.id, ours_is_smaller, stage.now);
    stage.say(kept, stage.hello_of(stage.them));
    stage.engine->connected(ConnectionId{2}, stage.them.id, !ours_is_smaller, stage.now);
    stage.take();
    REQUIRE(stage.closed(ConnectionId{2}) == AbortCode::duplicate);
    CHECK(stage.sent<messages::Ping>(kept).size() == 1);
    stage.pass(limits::challenged_limit + Millis{1});
    CHECK(stage.closed(kept) == AbortCode::too_slow);
}

TEST_CASE("session: a kept connection that answers stays") {
    Stage stage;
    const bool ours_is_smaller = stage.us.id < stage.them.id;
    const ConnectionId kept{1};
    stage.engine->connected(kept, stage.them.id, ours_is_smaller, stage.now);
    stage.say(kept, stage.hello_of(stage.them));
    stage.engine->connected(ConnectionId{2}, stage.them.id, !ours_is_smaller, stage.now);
    stage.take();
    const auto pings = stage.sent<messages::Ping>(kept);
    REQUIRE(pings.size() == 1);
    stage.now += Millis{5};
    stage.say(kept, messages::Pong{pings.front().nonce});
    stage.pass(limits::challenged_limit + Millis{1});
    CHECK_FALSE(stage.closed(kept));
    CHECK(stage.engine->status(stage.now).peers.front().rtt_ms == 5);
}

TEST_CASE("session: a peer that sends no hello is let go") {
    Stage stage;
    stage.engine->connected(ConnectionId{1}, stage.them.id, false, stage.now);
    stage.pass(limits::hello_limit);
    CHECK_FALSE(stage.closed(ConnectionId{1}));
    stage.pass(Millis{1});
    CHECK(stage.closed(ConnectionId{1}) == AbortCode::too_slow);
}

TEST_CASE("session: with an old directory only nodes met before are let in") {
    Stage stage;
    const ConnectionId met = stage.greet(stage.them);
    stage.engine->disconnected(met, "test", stage.now);
    stage.directory.set_freshness(Freshness::stale);
    stage.engine->connected(ConnectionId{10}, stage.them.id, false, stage.now);
    stage.engine->connected(ConnectionId{11}, stage.third.id, false, stage.now);
    stage.take();
    CHECK_FALSE(stage.closed(ConnectionId{10}));
    CHECK(stage.closed(ConnectionId{11}) == AbortCode::not_member);
    stage.directory.set_freshness(Freshness::fresh);
    stage.engine->connected(ConnectionId{12}, stage.third.id, false, stage.now);
    stage.take();
    CHECK_FALSE(stage.closed(ConnectionId{12}));
}

TEST_CASE("session: hello names control numbers of the receiver's own datasets and no others") {
    Stage stage;
    const SignedControl wheat = Stage::manifest_of(stage.them, "wheat");
    const SignedControl barley = Stage::manifest_of(stage.third, "barley");
    for (const SignedControl* entry : {&wheat, &barley})
        REQUIRE(stage.store->put_control(entry->entry.dataset_uid(), {*entry},
                                         storage::Holding::known));
    stage.engine->connected(ConnectionId{1}, stage.them.id, false, stage.now);
    stage.take();
    const auto hello = stage.sent<messages::Hello>(ConnectionId{1});
    REQUIRE(hello.size() == 1);
    REQUIRE(hello.front().control.size() == 1);
    CHECK(hello.front().control.front().dataset == wheat.entry.dataset_uid());
    CHECK(hello.front().control.front().number == 1);
}

TEST_CASE("control: entries go to whom a grant names, and to nobody else") {
    Stage stage;
    const ConnectionId them = stage.greet(stage.them);
    const ConnectionId third = stage.greet(stage.third);
    const DatasetUid rice = stage.own_dataset("rice");
    const GrantId grant = stage.grant(rice, "cimmyt", {sangam::Action::discover});
    const auto updates = stage.sent<messages::ControlUpdate>(them);
    REQUIRE(updates.size() == 2);
    CHECK(SignedControl::decode(updates[0].entries.at(0))->entry.chain == chain_for_all);
    CHECK(stage.sent<messages::DatasetSummary>(them).size() == 1);
    CHECK(stage.sent<messages::ControlUpdate>(third).empty());
    // The end of the grant still reaches it; what follows in the chain for all does not.
    stage.revoke(rice, grant);
    const auto last = stage.sent<messages::ControlUpdate>(them);
    REQUIRE(last.size() == 1);
    CHECK(std::holds_alternative<Revocation>(
        SignedControl::decode(last[0].entries.at(0))->entry.body));
    const auto renamed = change_dataset(*stage.store->reader(), stage.directory,
                                        {stage.us.id, &stage.us.key, &stage.random}, rice,
                                        {std::string("new title"), {}, {}, {}}, stage.now);
    REQUIRE(stage.store->put_control(rice, {*renamed}, std::nullopt));
    stage.engine->control_changed(rice, stage.now);
    stage.take();
    CHECK(stage.sent<messages::ControlUpdate>(them).empty());
}

TEST_CASE("control: entries by a node that the directory does not name wait for it") {
    Stage stage;
    const Actor late = Actor::make("usda", 8);
    const ConnectionId them = stage.greet(stage.them);
    const SignedControl entry = Stage::manifest_of(late, "maize");
    const DatasetUid maize = entry.entry.dataset_uid();
    stage.say(them, messages::ControlUpdate{maize, {entry.encode()}});
    CHECK_FALSE(stage.closed(them));
    CHECK_FALSE(stage.store->reader()->dataset(maize));
    stage.directory.admit("usda", late.id, late.institution);
    stage.engine->directory_changed(stage.now);
    CHECK(stage.store->reader()->dataset(maize));
}

TEST_CASE("clock check: one odd peer says nothing, most of them say that ours is off") {
    ClockCheck clocks;
    clocks.heard(session_node(1), Millis{900'000});
    CHECK(clocks.correction() == Millis{0});
    clocks.heard(session_node(2), Millis{10});
    clocks.heard(session_node(3), Millis{-20});
    CHECK(clocks.warning().empty());
    clocks.heard(session_node(2), Millis{901'000});
    CHECK(clocks.correction() >= Millis{900'000});
    CHECK(clocks.warning().find("your clock is wrong") != std::string::npos);
    CHECK(clocks.judged(Millis{5}) == Millis{5} + clocks.correction());
    clocks.heard(session_node(2), Millis{0});
    CHECK(clocks.correction() == Millis{0});
}

TEST_CASE("clock check: a node whose clock is an hour slow says so and takes the others' commits") {
    SimWorld world({});
    const auto irri = world.add_node("irri");
    const auto ipk = world.add_node("ipk");
    const auto slow = world.add_node("cimmyt");
    world.kill(slow);
    world[slow].clock_off = std::chrono::hours(-1);
    world.start(slow);
    const DatasetUid rice = world.create_dataset(irri, "rice", {"ipk"});
    world.put(irri, rice, "a", "genus", "Oryza");
    world.grant(irri, rice, "members", {sangam::Action::replicate});
    world.run_for(Millis{2000});
    REQUIRE(world.is_connected(slow, ipk));
    REQUIRE(world.subscribe(slow, "irri/rice"));
    world.run_for(Millis{3000});
    CHECK(world[slow].reader()->quarantine_count() == 0);
    CHECK(world[slow].reader()->dataset(rice)->live_records == 1);
    REQUIRE(world[slow].errors.size() == 1);
    CHECK(world[slow].errors.front().find("your clock is wrong") != std::string::npos);
    CHECK(world[irri].errors.empty());
}
