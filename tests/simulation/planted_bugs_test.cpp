// SPDX-License-Identifier: Apache-2.0
// Goal: each checker of the simulation sees the bug that it is there for. Method: random
// federations as in federation_test.cpp, which find nothing without a bug, with one planted between
// engine and disk or in the network. A bug that few of them show is caught by luck, and no more by
// the next change of what is drawn: most of those where it can do harm have to show it.
#include "tests/simulation/planted_bugs.hpp"

#include <doctest/doctest.h>

#include "tests/simulation/random_federation.hpp"

using namespace sangam;
using namespace sangam::testing;

namespace {

constexpr std::uint64_t seeds = 8;

template <class Bug>
SimWorld::StoreWrapper everywhere() {
    return [](storage::Store& disk, std::size_t) { return std::make_unique<Bug>(disk); };
}

/// Puts the bug into a federation; false when it cannot do harm in this one.
using PlantBug = std::function<bool(RandomFederation&)>;

/// Asserts that the checkers of most seeds find a line with one of these words.
void check_is_seen(const std::vector<std::string>& words, FederationOptions options,
                   const PlantBug& plant = {}) {
    int planted = 0;
    int seen = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        options.seed = seed;
        RandomFederation federation(options);
        if (plant && !plant(federation)) continue;
        ++planted;
        federation.live();
        federation.rest();
        const auto found = federation.check();
        const auto is_meant = [&](const std::string& line) {
            return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
                return line.find(word) != std::string::npos;
            });
        };
        if (std::any_of(found.begin(), found.end(), is_meant)) ++seen;
    }
    MESSAGE("seen in ", seen, " of ", planted, " runs: ", words.front());
    CHECK(planted >= 4);
    CHECK(2 * seen > planted);
}

/// Half way, every directory takes the last node, which owns and writes nothing, for one of `whose`
/// institution.
void take_last_for(RandomFederation& federation, std::size_t whose) {
    federation.after_each = [&federation, whose, happenings = 0]() mutable {
        if (++happenings != 300) return;
        SimWorld& world = federation.world;
        const auto& other = world[whose];
        world.directory.admit(other.handle, world[world.size() - 1].id, other.institution);
        for (std::size_t node = 0; node < world.size(); ++node)
            world.act(node,
                      [](sync::Engine& engine, Millis now) { engine.directory_changed(now); });
    };
}

}  // namespace

TEST_CASE("planted bug: lost deliveries are seen by the arrival checker") {
    check_is_seen({"has not arrived", "is missing", "is another"},
                  {1, everywhere<LosesDeliveries>(), {}});
}

TEST_CASE("planted bug: withdrawals that are not carried out are seen by the arrival checker") {
    check_is_seen({"should not be there"}, {1, everywhere<KeepsWhatIsWithdrawn>(), {}});
}

TEST_CASE("planted bug: an edit reported before it is durable is seen by the loss checker") {
    check_is_seen({"has lost commit"}, {1, everywhere<ReportsTooEarly>(), {}});
}

TEST_CASE("planted bug: commits that a node never gets are seen by the convergence checker") {
    FederationOptions options;
    std::size_t deaf = 0;
    options.passes = [&](std::size_t, std::size_t to, const messages::Message& message) {
        return to != deaf || !std::holds_alternative<messages::WriterCommits>(message);
    };
    // A node that holds a dataset whole beside others.
    check_is_seen({"other heads"}, options, [&](RandomFederation& federation) {
        for (const SimDataset& dataset : federation.datasets) {
            deaf = dataset.holders.back();
            if (dataset.holders.size() > 1) return true;
        }
        return false;
    });
}

TEST_CASE("planted bug: acknowledgements that never come are seen by the rest checker") {
    FederationOptions options;
    options.passes = [](std::size_t, std::size_t, const messages::Message& message) {
        return !std::holds_alternative<messages::DeliveryAck>(message);
    };
    check_is_seen({" unanswered"}, options);
}

TEST_CASE("planted bug: a node taken for the owner's is seen by the leak checker") {
    check_is_seen({"which is no writer"}, {}, [](RandomFederation& federation) {
        take_last_for(federation, federation.datasets[0].home);
        return true;
    });
}

TEST_CASE("planted bug: a node served by another's grants is seen by the leak checker") {
    // One that may subscribe as the last node may, by grants of its own.
    check_is_seen({"without a grant", "hidden from", "no condition is true"}, {},
                  [](RandomFederation& federation) {
                      const std::size_t other = federation.datasets[0].others.front();
                      take_last_for(federation, other);
                      return other + 1 != federation.world.size();
                  });
}
