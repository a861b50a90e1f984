// SPDX-License-Identifier: Apache-2.0
// Invariant at rest: each subscriber holds what its grants let it see of the owner's live records,
// with exactly the values that show, and nothing else; without a grant, nothing.
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/grant_truth.hpp"
#include "tests/support/live_set.hpp"
#include "tests/support/sim_world.hpp"

namespace sangam::testing {

inline std::vector<std::string> check_arrival(SimWorld& world, std::size_t owner,
                                              std::size_t subscriber, const DatasetUid& dataset,
                                              bool is_subscribed) {
    std::vector<std::string> out;
    FieldSet expected;
    const auto grants =
        replicate_grants(*world[owner].reader(), dataset, world[subscriber].institution);
    if (grants && is_subscribed) {
        for (const auto& [key, fields] :
             field_set(*world[owner].reader(), world[owner].merger, dataset))
            for (const auto& [path, value] : fields)
                if (is_visible(*grants, path)) expected[key][path] = value;
    }
    FieldSet held = field_set(*world[subscriber].reader(), world[subscriber].merger, dataset);
    // A record of which no field shows may be there as a key: its `_life` is visible in every view.
    std::erase_if(held, [](const auto& entry) { return entry.second.empty(); });
    const std::string where = world[subscriber].handle + " of " + world[owner].handle + ": ";
    for (const auto& [key, fields] : expected) {
        const auto it = held.find(key);
        if (it == held.end())
            out.push_back(where + key.id + " has not arrived");
        else if (it->second != fields)
            out.push_back(where + key.id + " differs");
    }
    for (const auto& [key, fields] : held)
        if (!expected.contains(key)) out.push_back(where + key.id + " should not be there");
    return out;
}

}  // namespace sangam::testing
