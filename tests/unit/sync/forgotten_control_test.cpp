// SPDX-License-Identifier: Apache-2.0
// An owner whose store forgot control entries takes them back from who holds them, and shares
// nothing new until then (SEMANTICS section 3).
#include <doctest/doctest.h>

#include "sync/control_author.hpp"
#include "sync/limits.hpp"
#include "sync/policy.hpp"
#include "tests/support/scripted_peer.hpp"
#include "tests/support/sim_world.hpp"

using namespace sangam;
using namespace sangam::sync;
using namespace sangam::testing;

namespace {

/// An owner of `rice`, granted to members, to whom a member has named an entry that does not exist.
struct FalseWord {
    Stage stage;
    DatasetUid rice = stage.own_dataset("rice");
    ConnectionId them{};

    FalseWord() {
        stage.put(rice, "a", {{Path::single("remarks"), Value("x")}});
        stage.grant(rice, "members", {sangam::Action::replicate});
        them = ConnectionId{++stage.last_connection};
        stage.engine->connected(them, stage.them.id, false, stage.now);
        auto hello = stage.hello_of(stage.them);
        hello.control = {{rice, "members", 9}};
        stage.engine->received(them, hello, stage.now);
    }
    [[nodiscard]] bool waits() const {
        return !stage.store->reader()->documents(forgotten_kind).empty();
    }
    [[nodiscard]] bool is_shared() const {
        return decide(Asker::member(stage.third.institution), sangam::Action::replicate, rice,
                      *stage.store->reader(), stage.directory)
            .allowed;
    }
};

}  // namespace

TEST_CASE("forgotten control: the end of a grant comes home from the one whom it ended for") {
    SimWorld world{{}};
    const auto irri = world.add_node("irri");
    const auto cimmyt = world.add_node("cimmyt");
    const auto ipk = world.add_node("ipk");
    const DatasetUid rice = world.create_dataset(irri, "rice");
    REQUIRE(world.put(irri, rice, "a", "remarks", "x"));
    const GrantId grant = world.grant(irri, rice, "cimmyt", {sangam::Action::replicate});
    world.run_for(Millis{500});
    REQUIRE(world.subscribe(cimmyt, "irri/rice"));
    world.run_for(Millis{1000});
    world.back_up(irri);
    world.revoke(irri, grant);
    const GrantId late = world.grant(irri, rice, "ipk", {sangam::Action::search});
    world.run_for(Millis{1000});
    REQUIRE(world[cimmyt].reader()->dataset(rice)->live_records == 0);
    const auto before = world[irri].reader()->control_numbers(rice);
    world.kill(irri);
    world.run_for(Millis{100});
    world.restore_backup(irri);
    std::size_t parts = 0;
    world.on_send = [&](std::size_t from, std::size_t, const messages::Message& message) {
        if (const auto* delivery = std::get_if<messages::Delivery>(&message);
            from == irri && delivery)
            parts += delivery->parts.size();
        return true;
    };
    REQUIRE(world[irri].reader()->control_numbers(rice) != before);
    world.start(irri);
    world.run_for(Millis{3000});
    CHECK(world[irri].reader()->control_numbers(rice) == before);
    CHECK(parts == 0);
    CHECK(world[cimmyt].reader()->dataset(rice)->live_records == 0);
    CHECK(world[irri].reader()->documents(forgotten_kind).empty());
    // It goes on where the chain really ends.
    world.revoke(irri, late);
    world.grant(irri, rice, "cimmyt", {sangam::Action::replicate});
    world.run_for(Millis{3000});
    CHECK(world[cimmyt].reader()->dataset(rice)->live_records == 1);
    CHECK(world[ipk].reader()->control_numbers(rice) == [&] {
        auto numbers = world[irri].reader()->control_numbers(rice);
        std::erase_if(numbers, [&](const auto& chain) {
            return chain.first ==
                   Audience{Audience::Kind::institution, world[cimmyt].institution, {}}.chain();
        });
        return numbers;
    }());
}

TEST_CASE(
    "forgotten control: nothing is shared or granted while a holder's word stands, then again") {
    FalseWord scene;
    Stage& stage = scene.stage;
    const DatasetUid rice = scene.rice;
    const ConnectionId them = scene.them;
    stage.take();
    CHECK(stage.has_warned());
    CHECK(stage.sent<messages::ControlUpdate>(them).empty());
    const ConnectionId third = stage.greet(stage.third);
    messages::Subscribe subscribe;
    subscribe.subscription.bytes[0] = 7;
    subscribe.dataset = rice;
    stage.say(third, subscribe);
    REQUIRE(stage.sent<messages::SubscribeReply>(third).size() == 1);
    CHECK(stage.sent<messages::SubscribeReply>(third).front().state ==
          messages::SubscribeReply::State::waiting);
    CHECK(stage.sent<messages::Delivery>(third).empty());
    const ControlAuthor author{stage.us.id, &stage.us.key, &stage.random};
    const auto made = add_grant(*stage.store->reader(), stage.directory, author,
                                {rice, "ipk", {sangam::Action::search}, {}, {}}, stage.now);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == "control_forgotten");
    CHECK(decide(Asker::home(stage.us.institution), sangam::Action::search, rice,
                 *stage.store->reader(), stage.directory)
              .allowed);
    // Word and silence do not hold it for ever.
    for (int i = 0; i < 62; ++i) {
        stage.pass(Millis{10'000});
        if (!stage.sent<messages::SubscribeReply>(third).empty()) break;
        stage.say(third, messages::Pong{});
    }
    CHECK_FALSE(scene.waits());
    CHECK(scene.is_shared());
}

TEST_CASE("forgotten control: a clock that is set on does not end the wait") {
    FalseWord scene;
    REQUIRE(scene.waits());
    scene.stage.pass(Millis{2 * 660'000});
    scene.stage.pass(Millis{1000});
    CHECK(scene.waits());
    CHECK_FALSE(scene.is_shared());
    for (int i = 0; i < 62; ++i) scene.stage.pass(Millis{10'000});
    CHECK_FALSE(scene.waits());
    CHECK(scene.is_shared());
}

TEST_CASE("forgotten control: the admin says go, and sharing does not wait for these entries") {
    FalseWord scene;
    Stage& stage = scene.stage;
    REQUIRE_FALSE(scene.is_shared());
    CHECK(share_without_forgotten(*stage.store, scene.rice) == ChainNumbers{{"members", 9}});
    stage.engine->control_changed(scene.rice, stage.now);
    CHECK(scene.is_shared());
    CHECK(share_without_forgotten(*stage.store, scene.rice).empty());
    // No number is given away by it: as long as the word stands, the next one may be taken.
    const auto grant = [&] {
        const ControlAuthor author{stage.us.id, &stage.us.key, &stage.random};
        return add_grant(*stage.store->reader(), stage.directory, author,
                         {scene.rice, "ipk", {sangam::Action::search}, {}, {}}, stage.now);
    };
    const auto refused = grant();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "control_forgotten");
    for (int i = 0; i < 66; ++i) stage.pass(Millis{10'000});
    CHECK_FALSE(scene.waits());
    CHECK(scene.is_shared());
    CHECK(grant());

    const auto say_again = [&](std::uint64_t number) {
        const ConnectionId again{++stage.last_connection};
        stage.engine->connected(again, stage.them.id, false, stage.now);
        auto hello = stage.hello_of(stage.them);
        hello.control = {{scene.rice, "members", number}};
        stage.engine->received(again, hello, stage.now);
    };
    // The same word does not pause it again, one about a later entry does.
    say_again(9);
    CHECK(scene.waits());
    CHECK(scene.is_shared());
    CHECK_FALSE(grant());
    say_again(10);
    CHECK_FALSE(scene.is_shared());
    CHECK(share_without_forgotten(*stage.store, scene.rice) == ChainNumbers{{"members", 10}});
    CHECK(scene.is_shared());
}

TEST_CASE("forgotten control: entries that were given up are taken when they come after all") {
    Stage stage;
    const DatasetUid rice = stage.own_dataset("rice");
    const ControlAuthor author{stage.us.id, &stage.us.key, &stage.random};
    const auto late = add_grant(*stage.store->reader(), stage.directory, author,
                                {rice, "members", {sangam::Action::replicate}, {}, {}}, stage.now);
    REQUIRE(late);  // made and forgotten: it is not stored here
    const ConnectionId them{++stage.last_connection};
    stage.engine->connected(them, stage.them.id, false, stage.now);
    auto hello = stage.hello_of(stage.them);
    hello.control = {{rice, "members", 1}};
    stage.engine->received(them, hello, stage.now);
    const auto numbers = [&] { return stage.store->reader()->control_numbers(rice).size(); };
    REQUIRE(share_without_forgotten(*stage.store, rice) == ChainNumbers{{"members", 1}});
    REQUIRE(numbers() == 1);
    stage.say(them, messages::ControlUpdate{rice, {late->encode()}});
    CHECK(numbers() == 2);
    CHECK(stage.store->reader()->control(rice, "members", 0).front().entry.hash() ==
          late->entry.hash());
    CHECK(stage.store->reader()->documents(forgotten_kind).empty());
    CHECK(decide(Asker::member(stage.third.institution), sangam::Action::replicate, rice,
                 *stage.store->reader(), stage.directory)
              .allowed);
}
