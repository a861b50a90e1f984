// SPDX-License-Identifier: Apache-2.0
// How old a copy is: the ages that searches tell of copies and of writers' holdings.
#include "sync/source_contacts.hpp"

#include <doctest/doctest.h>

#include "sync/limits.hpp"
#include "tests/support/sim_world.hpp"

using namespace sangam;
using namespace sangam::sync;
using sangam::testing::SimWorld;

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// cimmyt owns wheat and lets members search it; irri holds it; icrisat asks and finds no owner.
struct AgingScene {
    SimWorld world{{}};
    std::size_t cimmyt = world.add_node("cimmyt");
    std::size_t irri = world.add_node("irri");
    std::size_t icrisat = world.add_node("icrisat");
    DatasetUid wheat;

    explicit AgingScene(bool is_joint) {
        wheat = world.create_dataset(
            cimmyt, "wheat",
            is_joint ? std::vector<std::string>{"irri"} : std::vector<std::string>{});
        world.put(cimmyt, wheat, "a", "remarks", "drought");
        world.grant(cimmyt, wheat, "members", {sangam::Action::search});
        if (!is_joint) world.grant(cimmyt, wheat, "irri", {sangam::Action::replicate});
        world.run_for(Millis{1000});
        if (!is_joint) REQUIRE(world.subscribe(irri, "cimmyt/wheat"));
        world.run_for(Millis{1000});
        world[cimmyt].answers_searches = false;
    }
    Completeness row() {
        SearchQuery query;
        query.deadline = Millis{100};
        const auto outcome = world.search(icrisat, query);
        REQUIRE(outcome);
        REQUIRE(outcome->completeness.size() == 1);
        return outcome->completeness.front();
    }
    std::int64_t age_s() {
        const Completeness found = row();
        CHECK(found.from == "replica");
        CHECK(found.answered_by == "irri");
        return found.age_s;
    }
    /// Nothing of `Message` arrives any more.
    template <class Message>
    void swallow() {
        world.on_send = [](std::size_t, std::size_t, const messages::Message& message) {
            return std::get_if<Message>(&message) == nullptr;
        };
    }
    /// At once, and more than a window takes.
    void write_much() {
        world.act(cimmyt, [&](Engine& engine, Millis now) {
            storage::AuthorRequest request;
            request.dataset = wheat;
            request.now = now;
            for (int i = 0; i < 12; ++i) {
                storage::Edit edit;
                edit.key = {"germplasm", "long" + std::to_string(i)};
                edit.writes = {
                    {Path::single("remarks"), Value(std::string(std::size_t{600} * 1024, 'x'))}};
                request.edits.push_back(std::move(edit));
            }
            REQUIRE(world[cimmyt].store->author(request));
            engine.data_changed(wheat, now);
        });
    }
};

/// What can pass between two words of a peer that has nothing to say.
constexpr std::int64_t quiet_s = 11;

}  // namespace

TEST_CASE("age: a copy is as old as the last contact in which nothing was missing") {
    for (const bool is_joint : {false, true}) {
        CAPTURE(is_joint);
        AgingScene scene(is_joint);
        CHECK(scene.age_s() <= 2);
        // The owner lives, and has nothing new.
        scene.world.run_for(minutes(7));
        CHECK(scene.age_s() <= quiet_s);
        scene.world.kill(scene.cimmyt);
        scene.world.run_for(seconds(100));
        CHECK(scene.age_s() >= 99);
        CHECK(scene.age_s() <= 100 + quiet_s);
        scene.world.start(scene.cimmyt);
        scene.world.run_for(seconds(2));
        CHECK(scene.age_s() <= 3);
    }
}

TEST_CASE("age: a restart of the holder does not make its copy younger") {
    for (const bool is_joint : {false, true}) {
        for (const bool owner_goes_first : {false, true}) {
            CAPTURE(is_joint);
            CAPTURE(owner_goes_first);
            AgingScene scene(is_joint);
            scene.world.run_for(minutes(7));
            // Else what was not written down yet is lost.
            if (!owner_goes_first) scene.world.kill(scene.irri);
            scene.world.kill(scene.cimmyt);
            scene.world.run_for(seconds(100));
            if (owner_goes_first) scene.world.kill(scene.irri);
            scene.world.start(scene.irri);
            scene.world.run_for(seconds(1));
            CHECK(scene.age_s() >= 100);
            CHECK(scene.age_s() <= 102 + quiet_s + limits::heard_every.count() / 1000);
        }
    }
}

TEST_CASE("age: grows while the owner lives and what it has does not come") {
    SUBCASE("a subscription whose window is full") {
        AgingScene scene(false);
        scene.swallow<messages::DeliveryAck>();
        scene.write_much();
        scene.world.run_for(minutes(5));
        REQUIRE(scene.world.is_connected(scene.cimmyt, scene.irri));
        REQUIRE(scene.world[scene.irri].reader()->dataset(scene.wheat)->live_records > 5);
        CHECK(scene.age_s() >= 295);
    }
    SUBCASE("a writer that is told of commits and does not get them") {
        AgingScene scene(true);
        scene.swallow<messages::WriterCommits>();
        scene.write_much();
        scene.world.run_for(minutes(5));
        REQUIRE(scene.world.is_connected(scene.cimmyt, scene.irri));
        CHECK(scene.age_s() >= 295);
        scene.world.on_send = {};
        scene.world.run_for(minutes(1));
        CHECK(scene.age_s() <= quiet_s);
    }
}

TEST_CASE("age: a copy that was up to date is so again after changed rights were walked through") {
    AgingScene scene(false);
    const GrantId wide = scene.world.grant(scene.cimmyt, scene.wheat, "irri",
                                           {sangam::Action::search, sangam::Action::replicate}, {},
                                           "remarks = 'drought'");
    scene.world.run_for(minutes(3));
    CHECK(scene.age_s() <= quiet_s);
    scene.world.revoke(scene.cimmyt, wide);
    scene.world.run_for(minutes(3));
    CHECK(scene.age_s() <= quiet_s);
}

TEST_CASE("age: another writer's word does not stand for the owner's") {
    SimWorld world{{}};
    const auto cimmyt = world.add_node("cimmyt");
    const auto irri = world.add_node("irri");
    const auto ipk = world.add_node("ipk");
    const auto uid = world.create_dataset(cimmyt, "wheat", {"irri", "ipk"});
    world.put(cimmyt, uid, "a", "remarks", "drought");
    world.run_for(seconds(2));
    world.kill(cimmyt);
    world.run_for(minutes(2));
    REQUIRE(world.is_connected(irri, ipk));
    world.put(ipk, uid, "b", "remarks", "tall");
    world.run_for(seconds(1));
    const auto outcome = world.search(irri, {});
    REQUIRE(outcome);
    CHECK(outcome->total == 2);
    REQUIRE(outcome->completeness.size() == 1);
    CHECK(outcome->completeness.front().answered_by == "irri");
    CHECK(outcome->completeness.front().age_s >= 120);
}

TEST_CASE("stand-in: a day after the owner was last heard its word to members holds no longer") {
    for (const bool is_joint : {false, true}) {
        CAPTURE(is_joint);
        AgingScene scene(is_joint);
        // The owner may be heard for long before, also without anything new.
        scene.world.run_for(hours(30));
        CHECK(scene.age_s() <= quiet_s);
        scene.world.kill(scene.cimmyt);
        scene.world.run_for(hours(23));
        CHECK(scene.age_s() >= 23 * 3600);
        scene.world.run_for(hours(2));
        CHECK(scene.row().from == "none");
        // The holder's own people see what they did.
        const auto at_home = scene.world.search(scene.irri, {});
        REQUIRE(at_home);
        CHECK(at_home->total == 1);
        CHECK(at_home->completeness.front().age_s >= 25 * 3600);
    }
}

TEST_CASE("age: a clock that is set back does not make a copy younger") {
    AgingScene scene(false);
    scene.world.kill(scene.cimmyt);
    scene.world.run_for(minutes(5));
    scene.world[scene.irri].clock_off = -minutes(30);
    scene.world.run_for(seconds(5));
    CHECK(scene.age_s() >= 300);
    CHECK(scene.age_s() <= 310 + quiet_s);
}

TEST_CASE("age: what is written down is read again, and forgotten with the copy") {
    AgingScene scene(false);
    storage::Store& store = *scene.world[scene.irri].store;
    SourceContacts before(store);
    const DatasetUid other = DatasetUid::from_bytes(Bytes(32, 7)).value();
    before.begun(other, Millis{5000});
    before.heard(other, Millis{6000});
    CHECK(before.all().at(other) == SourceContact{Millis{5000}, Millis{6000}});
    before.begun(other, Millis{7000});
    CHECK(before.all().at(other).up_to_date == Millis{5000});
    before.confirmed(scene.wheat, Millis{8000});
    before.save();
    SourceContacts after(store);
    CHECK(after.all() == before.all());
    after.forget(other);
    after.save();
    CHECK_FALSE(SourceContacts(store).all().contains(other));
}

TEST_CASE("simulated world: a node that was killed answers its people again") {
    AgingScene scene(false);
    CHECK(scene.age_s() <= 2);
    scene.world.kill(scene.icrisat);
    scene.world.start(scene.icrisat);
    scene.world.run_for(seconds(1));
    CHECK(scene.age_s() <= quiet_s);
}
