// SPDX-License-Identifier: Apache-2.0
// Goal: whatever happens to a federation, at rest all that is in scope has arrived, nothing else
// has left or is held, nothing that was reported as made is lost, and all who hold a dataset whole
// agree. Method: random federations from seeds (random_federation.hpp); and for each checker a
// planted bug that it must see.
//
// SANGAM_SEED=N runs that seed alone and shows every node's log when something is found;
// SANGAM_SEEDS=N runs as many.
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/simulation/random_federation.hpp"

using namespace sangam;
using namespace sangam::testing;

namespace {

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// How much happened, so that a simulation that has gone idle fails too.
struct Tally {
    std::size_t changes_delivered = 0;
    std::size_t commits = 0;
    std::size_t stops = 0;
};

/// Everything a run finds.
std::vector<std::string> run_seed(std::uint64_t seed, Tally& tally) {
    FederationOptions options;
    options.seed = seed;
    RandomFederation federation(options);
    federation.live();
    federation.rest();
    auto found = federation.check();
    tally.changes_delivered += federation.leaks.seen();
    tally.commits += federation.losses.count();
    tally.stops += federation.world.stops();
    for (std::size_t node = 0; node < federation.world.size(); ++node)
        for (const std::string& line : federation.world[node].errors)
            found.push_back(federation.world[node].handle + " logged an error: " + line);
    if (!found.empty() && std::getenv("SANGAM_SEED"))
        for (std::size_t node = 0; node < federation.world.size(); ++node)
            for (const std::string& line : federation.world[node].log)
                found.push_back("log of node " + std::to_string(node) + ": " + line);
    return found;
}

void report(std::uint64_t seed, const std::vector<std::string>& found) {
    for (const std::string& line : found) MESSAGE("seed ", seed, ": ", line);
    if (!found.empty())
        MESSAGE("replay: SANGAM_SEED=", seed,
                " build/dev/tests/simulation -tc='federation: *rest*'");
    CHECK(found.empty());
}

/// Writes the cursor of one delivery and loses its content.
class LosesADelivery : public StoppingStore {
public:
    using StoppingStore::StoppingStore;
    Result<storage::ApplyResult> apply(const storage::ApplyRequest& request) override {
        if (request.parts.empty() || !request.subscription || ++deliveries_ != 2)
            return StoppingStore::apply(request);
        storage::ApplyRequest without = request;
        without.parts.clear();
        return StoppingStore::apply(without);
    }

private:
    int deliveries_ = 0;
};

bool says(const std::vector<std::string>& found, const std::string& words) {
    for (const std::string& line : found)
        if (line.find(words) != std::string::npos) return true;
    return false;
}

}  // namespace

TEST_CASE("federation: random faults, and at rest everybody has what is theirs and no more") {
    if (const std::uint64_t one = number_from("SANGAM_SEED", 0)) {
        Tally tally;
        report(one, run_seed(one, tally));
        return;
    }
    Tally tally;
    const std::uint64_t seeds = number_from("SANGAM_SEEDS", 40);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) report(seed, run_seed(seed, tally));
    MESSAGE(seeds, " federations: ", tally.commits, " commits, ", tally.changes_delivered,
            " changes delivered, ", tally.stops, " stops");
    CHECK(tally.commits > 10 * seeds);
    CHECK(tally.changes_delivered > 20 * seeds);
    CHECK(tally.stops > seeds);
}

TEST_CASE("federation: a replica that loses a delivery is seen by the arrival checker") {
    FederationOptions options;
    options.wrap = [](storage::Store& disk, std::size_t node) -> std::unique_ptr<StoppingStore> {
        if (node == 4) return std::make_unique<LosesADelivery>(disk);
        return std::make_unique<StoppingStore>(disk);
    };
    RandomFederation federation(options);
    SimWorld& world = federation.world;
    world.grant(federation.irri(), federation.rice, "usda", {sangam::Action::replicate});
    world.run_for(Millis{2000});
    REQUIRE(world.subscribe(federation.usda(), "irri/rice"));
    world.run_for(Millis{2000});
    for (int i = 0; i < 5; ++i) {
        world.put(federation.irri(), federation.rice, "r" + std::to_string(i), "local", "x");
        world.run_for(Millis{1000});
    }
    federation.rest();
    CHECK(says(federation.check(), "has not arrived"));
}

TEST_CASE("federation: a node taken for another institution's is seen by the leak checker") {
    RandomFederation federation({});
    SimWorld& world = federation.world;
    world.put(federation.irri(), federation.rice, "r1", "local", "x");
    world.directory.admit("cimmyt", world[federation.usda()].id,
                          world[federation.cimmyt()].institution);
    for (std::size_t node = 0; node < world.size(); ++node)
        world.act(node, [](sync::Engine& engine, Millis now) { engine.directory_changed(now); });
    world.grant(federation.irri(), federation.rice, "cimmyt", {sangam::Action::replicate});
    world.run_for(Millis{2000});
    REQUIRE(world.subscribe(federation.usda(), "irri/rice"));
    world.run_for(Millis{2000});
    CHECK(says(federation.leaks.leaks(), "without a grant"));
}

TEST_CASE("federation: a commit that a rolled-back disk forgets is seen by the loss checker") {
    RandomFederation federation({});
    SimWorld& world = federation.world;
    const auto ipk = federation.ipk();
    for (std::size_t other = 0; other < world.size(); ++other)
        if (other != ipk) world.set_reachable(ipk, other, false);
    world.back_up(ipk);
    const auto made = world.write_and_tell(ipk, federation.rice, {"germplasm", "r1"},
                                           {{Path::single("local"), Value("x")}});
    REQUIRE(made.size() == 1);
    federation.losses.made(federation.rice, made.front());
    world.kill(ipk);
    world.restore_backup(ipk, true);
    world.start(ipk);
    federation.rest();
    CHECK(says(federation.check(), "has lost commit"));
}

TEST_CASE("federation: a writer that is sent no commits is seen by the convergence checker") {
    RandomFederation federation({});
    SimWorld& world = federation.world;
    const auto ipk = federation.ipk();
    world.on_send = [&](std::size_t, std::size_t to, const messages::Message& message) {
        return to != ipk || !std::holds_alternative<messages::WriterCommits>(message);
    };
    world.put(federation.irri(), federation.rice, "r1", "local", "x");
    federation.rest();
    CHECK(says(federation.check(), "other heads"));
}
