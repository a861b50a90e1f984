// SPDX-License-Identifier: Apache-2.0
// Invariant at rest: all nodes that hold a dataset whole have equal heads, equal live sets, and
// merge them to equal records; and every store verifies from its bytes.
#pragma once

#include <string>
#include <vector>

#include "tests/support/live_set.hpp"
#include "tests/support/sim_world.hpp"

namespace sangam::testing {

inline std::vector<std::string> check_convergence(SimWorld& world,
                                                  const std::vector<std::size_t>& holders,
                                                  const DatasetUid& dataset) {
    std::vector<std::string> out;
    const std::size_t first = holders.front();
    const auto heads = world[first].reader()->heads(dataset);
    const auto live = live_set(*world[first].reader(), dataset);
    const auto fields = field_set(*world[first].reader(), world[first].merger, dataset);
    for (const std::size_t other : holders) {
        const std::string who = world[other].handle + "/" + std::to_string(other);
        if (world[other].reader()->heads(dataset) != heads) out.push_back(who + ": other heads");
        if (live_set(*world[other].reader(), dataset) != live)
            out.push_back(who + ": another live set");
        if (field_set(*world[other].reader(), world[other].merger, dataset) != fields)
            out.push_back(who + ": other merged records");
    }
    return out;
}

inline std::vector<std::string> check_stores(SimWorld& world) {
    std::vector<std::string> out;
    for (std::size_t node = 0; node < world.size(); ++node)
        for (const auto& failure : world[node].reader()->verify(std::nullopt).failures)
            out.push_back(world[node].handle + ": " + failure.record + ": " + failure.reason);
    return out;
}

}  // namespace sangam::testing
