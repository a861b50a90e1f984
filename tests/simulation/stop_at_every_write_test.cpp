// SPDX-License-Identifier: Apache-2.0
// Goal: a process may stop at any moment of a sync, on either side, and after its restart all is
// there and verified. Method: a short sync of owner, writer and subscriber is run again and again,
// each time stopping one of them before its k-th write, until k is beyond its last write.
#include <doctest/doctest.h>

#include "tests/support/live_set.hpp"
#include "tests/support/sim_world.hpp"

using namespace sangam;
using namespace sangam::testing;

namespace {

/// One run; false when the node made fewer writes than `k`, so that it never stopped.
bool sync_with_a_stop(std::size_t stopping, std::uint64_t k) {
    SimOptions options;
    options.seed = 7;
    SimWorld world(options);
    const auto owner = world.add_node("irri");
    const auto writer = world.add_node("ipk");
    const auto subscriber = world.add_node("cimmyt");
    for (const auto& [a, b] :
         {std::pair(owner, writer), std::pair(owner, subscriber), std::pair(writer, subscriber)})
        world.set_reachable(a, b, false);
    const DatasetUid rice = world.create_dataset(owner, "rice", {"ipk"});
    for (int i = 0; i < 8; ++i)
        REQUIRE(world.put(owner, rice, "r" + std::to_string(i), "genus", "Oryza"));
    REQUIRE(world.remove(owner, rice, "r3"));
    world.grant(owner, rice, "cimmyt", {sangam::Action::replicate});
    REQUIRE(world.subscribe(subscriber, "irri/rice"));

    world.on_stop = [&](std::size_t index) {
        world.after(Millis{30}, [&world, index] { world.start(index); });
    };
    world[stopping].store->stop_before(k);
    for (const auto& [a, b] :
         {std::pair(owner, writer), std::pair(owner, subscriber), std::pair(writer, subscriber)})
        world.set_reachable(a, b, true);
    world.run_for(Millis{200});
    // Edits while all is under way; one whose process stops under it is made again.
    const auto insist = [&](const std::function<bool()>& edit) {
        for (int tries = 0; tries < 100 && !edit(); ++tries) world.run_for(Millis{100});
    };
    for (int i = 0; i < 4; ++i) {
        insist(
            [&] { return world.put(writer, rice, "w" + std::to_string(i), "remarks", "Hordeum"); });
        insist([&] { return world.put(owner, rice, "r" + std::to_string(i + 4), "x", "1"); });
        world.run_for(Millis{3});
    }
    insist([&] { return world.remove(owner, rice, "r0"); });
    world.run_for(Millis{2});
    insist([&] { return world.restore(owner, rice, "r3"); });
    world.run_for(Millis{45'000});

    CAPTURE(stopping);
    CAPTURE(k);
    const auto owners = live_set(*world[owner].reader(), rice);
    CHECK(live_set(*world[writer].reader(), rice) == owners);
    const auto fields = field_set(*world[owner].reader(), world[owner].merger, rice);
    CHECK(fields.size() == 11);
    CHECK(field_set(*world[subscriber].reader(), world[subscriber].merger, rice) == fields);
    for (std::size_t node = 0; node < world.size(); ++node) {
        const auto report = world[node].reader()->verify(std::nullopt);
        CHECK(report.failed == 0);
        CHECK(world[node].errors.empty());
    }
    const auto status = world[subscriber].engine->status(world.now());
    REQUIRE(status.subscriptions.size() == 1);
    CHECK(status.subscriptions.front().state == "live");
    const auto serving = world[owner].engine->status(world.now()).serving;
    REQUIRE(serving.size() == 1);
    CHECK(serving.front().acknowledged == 11);
    CHECK(serving.front().sent == 0);
    return world.stops() > 0;
}

void stop_at_every_write(std::size_t node) {
    std::uint64_t k = 1;
    while (sync_with_a_stop(node, k)) ++k;
    MESSAGE("stopped before each of ", k - 1, " writes");
    CHECK(k > 10);
}

}  // namespace

TEST_CASE("sync: the owner may stop before any write and nothing is lost") {
    stop_at_every_write(0);
}
TEST_CASE("sync: a writer may stop before any write and nothing is lost") {
    stop_at_every_write(1);
}
TEST_CASE("sync: a subscriber may stop before any write and nothing is lost") {
    stop_at_every_write(2);
}
