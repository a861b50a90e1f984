// SPDX-License-Identifier: Apache-2.0
// Goal: whatever happens to a federation, at rest all that is in scope has arrived, nothing else
// has left or is held, nothing that was reported as made is lost, and all who hold a dataset whole
// agree. Method: random federations from seeds (random_federation.hpp), 200 of them here, in eight
// test cases so that they run side by side. What the checkers are worth: planted_bugs_test.cpp.
//
// SANGAM_SEED=N runs that seed alone, in the first case, and shows every node's log when something
// is found. SANGAM_SEEDS=A-B runs that range in the first case (scripts/soak).
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/simulation/random_federation.hpp"

using namespace sangam;
using namespace sangam::testing;

namespace {

struct Range {
    std::uint64_t first;
    std::uint64_t last;
};

std::optional<Range> chosen_seeds() {
    if (const char* one = std::getenv("SANGAM_SEED")) {
        const std::uint64_t seed = std::strtoull(one, nullptr, 10);
        return Range{seed, seed};
    }
    if (const char* text = std::getenv("SANGAM_SEEDS")) {
        char* rest = nullptr;
        const std::uint64_t first = std::strtoull(text, &rest, 10);
        return Range{first, *rest == '-' ? std::strtoull(rest + 1, nullptr, 10) : first};
    }
    return std::nullopt;
}

/// How much there was of what the happenings bring about, so that a simulation that has gone idle
/// fails too.
struct Totals {
    Tally tally;
    std::size_t nodes = 0;
    std::size_t commits = 0;
    std::size_t delivered = 0;
    std::size_t messages = 0;
    std::size_t lost = 0;
    std::size_t overtaken = 0;
};

/// Everything a run finds.
std::vector<std::string> run_seed(std::uint64_t seed, Totals& totals) {
    FederationOptions options;
    options.seed = seed;
    RandomFederation federation(options);
    federation.live();
    federation.rest();
    auto found = federation.check();
    SimWorld& world = federation.world;
    for (const std::string& kind : federation.tally.missing())
        if (kind != "stops at a write" && kind != "resolutions")
            found.push_back("there were no " + kind);
    if (federation.tally.total() < 500)
        found.push_back("only " + std::to_string(federation.tally.total()) + " things happened");
    for (std::size_t node = 0; node < world.size(); ++node)
        for (const std::string& line : world[node].errors)
            if (!line.starts_with("your clock is wrong"))
                found.push_back(world[node].handle + " logged an error: " + line);
    if (!found.empty() && std::getenv("SANGAM_SEED"))
        for (std::size_t node = 0; node < world.size(); ++node)
            for (const std::string& line : world[node].log)
                found.push_back("log of node " + std::to_string(node) + ": " + line);
    totals.tally.add(federation.tally);
    totals.nodes += world.size();
    totals.commits += federation.losses.count();
    totals.delivered += federation.leaks.seen();
    totals.messages += world.messages_sent();
    totals.lost += world.lost_messages();
    totals.overtaken += world.overtaken_messages();
    return found;
}

void run_seeds(Range range) {
    Totals totals;
    for (std::uint64_t seed = range.first; seed <= range.last; ++seed) {
        const auto found = run_seed(seed, totals);
        for (const std::string& line : found) MESSAGE("seed ", seed, ": ", line);
        if (!found.empty())
            MESSAGE("replay: SANGAM_SEED=", seed,
                    " build/dev/tests/simulation -tc='federation: seeds 1 to 25*'");
        CHECK_MESSAGE(found.empty(), "seed ", seed);
    }
    MESSAGE("seeds ", range.first, " to ", range.last, ": ", totals.nodes, " nodes, ",
            totals.tally.text());
    MESSAGE(totals.commits, " commits, ", totals.messages, " messages, ", totals.lost, " lost, ",
            totals.overtaken, " overtaken, ", totals.delivered, " changes delivered");
    const std::uint64_t seeds = range.last - range.first + 1;
    CHECK(totals.commits > 100 * seeds);
    CHECK(totals.delivered > 50 * seeds);
    CHECK(totals.overtaken > 0);
    CHECK(totals.lost > 0);
    CHECK(totals.tally.of(Happening::store_stop) > seeds);
    CHECK(totals.tally.of(Happening::resolution) > 0);
}

void run_eighth(std::uint64_t eighth) {
    const auto chosen = chosen_seeds();
    if (!chosen)
        run_seeds({eighth * 25 + 1, eighth * 25 + 25});
    else if (eighth == 0)
        run_seeds(*chosen);
}

}  // namespace

TEST_CASE("federation: seeds 1 to 25: at rest everybody has what is theirs and no more") {
    run_eighth(0);
}
TEST_CASE("federation: seeds 26 to 50: at rest everybody has what is theirs and no more") {
    run_eighth(1);
}
TEST_CASE("federation: seeds 51 to 75: at rest everybody has what is theirs and no more") {
    run_eighth(2);
}
TEST_CASE("federation: seeds 76 to 100: at rest everybody has what is theirs and no more") {
    run_eighth(3);
}
TEST_CASE("federation: seeds 101 to 125: at rest everybody has what is theirs and no more") {
    run_eighth(4);
}
TEST_CASE("federation: seeds 126 to 150: at rest everybody has what is theirs and no more") {
    run_eighth(5);
}
TEST_CASE("federation: seeds 151 to 175: at rest everybody has what is theirs and no more") {
    run_eighth(6);
}
TEST_CASE("federation: seeds 176 to 200: at rest everybody has what is theirs and no more") {
    run_eighth(7);
}
