// SPDX-License-Identifier: Apache-2.0
// Goal: each checker of the simulation sees the bug that it is there for. Method: random
// federations as in federation_test.cpp, which find nothing without a bug, with one planted between
// engine and disk or in the network.
#include "tests/simulation/planted_bugs.hpp"

#include <doctest/doctest.h>

#include "tests/simulation/random_federation.hpp"

using namespace sangam;
using namespace sangam::testing;

namespace {

constexpr std::uint64_t seeds = 4;

template <class Bug>
SimWorld::StoreWrapper everywhere() {
    return [](storage::Store& disk, std::size_t) { return std::make_unique<Bug>(disk); };
}

/// In how many of the seeds a line with one of these words is among what the checkers found.
int seen(const std::vector<std::string>& words, FederationOptions options,
         const std::function<void(RandomFederation&)>& prepare = {}) {
    int out = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        options.seed = seed;
        RandomFederation federation(options);
        if (prepare) prepare(federation);
        federation.live();
        federation.rest();
        const auto found = federation.check();
        const auto is_meant = [&](const std::string& line) {
            return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
                return line.find(word) != std::string::npos;
            });
        };
        if (std::any_of(found.begin(), found.end(), is_meant)) ++out;
    }
    MESSAGE("seen in ", out, " of ", seeds, " runs: ", words.front());
    return out;
}

/// Half way, every directory takes the last node, which owns and writes nothing, for one of another
/// institution.
std::function<void(RandomFederation&)> takes_last_for(
    std::function<std::size_t(RandomFederation&)> whom) {
    return [whom](RandomFederation& federation) {
        int happenings = 0;
        federation.after_each = [&federation, whom, happenings]() mutable {
            if (++happenings != 300) return;
            SimWorld& world = federation.world;
            const auto& other = world[whom(federation)];
            world.directory.admit(other.handle, world[world.size() - 1].id, other.institution);
            for (std::size_t node = 0; node < world.size(); ++node)
                world.act(node,
                          [](sync::Engine& engine, Millis now) { engine.directory_changed(now); });
        };
    };
}

}  // namespace

TEST_CASE("planted bug: lost deliveries are seen by the arrival checker") {
    CHECK(seen({"has not arrived", "is missing", "is another"},
               {1, everywhere<LosesDeliveries>(), {}}) > 0);
}

TEST_CASE("planted bug: withdrawals that are not carried out are seen by the arrival checker") {
    CHECK(seen({"should not be there"}, {1, everywhere<KeepsWhatIsWithdrawn>(), {}}) > 0);
}

TEST_CASE("planted bug: an edit reported before it is durable is seen by the loss checker") {
    CHECK(seen({"has lost commit"}, {1, everywhere<ReportsTooEarly>(), {}}) > 0);
}

TEST_CASE("planted bug: commits that a node never gets are seen by the convergence checker") {
    FederationOptions options;
    // The second node of the first dataset's holders, when there is one.
    std::size_t deaf = 0;
    options.passes = [&](std::size_t, std::size_t to, const messages::Message& message) {
        return to != deaf || !std::holds_alternative<messages::WriterCommits>(message);
    };
    const auto choose = [&](RandomFederation& federation) {
        deaf = federation.datasets.front().holders.back();
    };
    CHECK(seen({"other heads"}, options, choose) > 0);
}

TEST_CASE("planted bug: acknowledgements that never come are seen by the rest checker") {
    FederationOptions options;
    options.passes = [](std::size_t, std::size_t, const messages::Message& message) {
        return !std::holds_alternative<messages::DeliveryAck>(message);
    };
    CHECK(seen({" unanswered"}, options) > 0);
}

TEST_CASE("planted bug: a node taken for the owner's is seen by the leak checker") {
    const auto owner = [](RandomFederation& federation) { return federation.datasets[0].home; };
    CHECK(seen({"which is no writer"}, {}, takes_last_for(owner)) > 0);
}

TEST_CASE("planted bug: a node served by another's grants is seen by the leak checker") {
    const auto other = [](RandomFederation& federation) {
        return federation.datasets[0].others.front();
    };
    CHECK(seen({"without a grant", "hidden from", "no condition is true"}, {},
               takes_last_for(other)) > 0);
}
