// SPDX-License-Identifier: Apache-2.0
// Who is in a simulated federation: three to seven nodes of several institutions, some with two
// nodes; datasets with owners and writers. Drawn from the seed.
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/random_edits.hpp"
#include "tests/support/sim_world.hpp"

namespace sangam::testing {

struct SimDataset {
    DatasetUid uid;
    std::string name;                  ///< INSTITUTION/NAME
    std::size_t home = 0;              ///< the owner's node whose admin makes control entries
    std::vector<std::size_t> holders;  ///< nodes of owner and writers: they hold it whole
    std::vector<std::size_t> others;   ///< the rest, which may subscribe
};

/// Adds nodes and datasets to an empty world. The last node's institution owns nothing and writes
/// nothing, so that there is always somebody to subscribe.
inline std::vector<SimDataset> lay_out(SimWorld& world, const SimWorld::StoreWrapper& wrap) {
    static const std::vector<std::string> handles{"irri", "cimmyt", "ipk", "icrisat", "usda"};
    const std::size_t nodes = 3 + std::min(world.below(5), world.below(5));
    std::vector<std::string> taken;
    for (std::size_t i = 0; i < nodes; ++i) {
        const bool is_second = i > 0 && i + 1 < nodes && world.below(4) == 0;
        const bool is_full = taken.size() + 1 == handles.size() && i + 1 < nodes;
        const std::string handle =
            is_second || is_full ? taken[world.below(taken.size())] : handles[taken.size()];
        if (taken.empty() || (!is_second && !is_full)) taken.push_back(handle);
        world.add_node(handle, wrap);
    }
    const std::size_t last = nodes - 1;

    static const std::vector<std::string> names{"rice", "wheat", "millet"};
    std::vector<SimDataset> out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0 && world.below(3) == 0) continue;
        SimDataset dataset;
        // The first node of an institution is its admin's.
        const std::string owner = taken[i == 0 ? 0 : world.below(taken.size() - 1)];
        while (world[dataset.home].handle != owner) ++dataset.home;
        std::vector<std::string> writers;
        for (const std::string& handle : taken)
            if (handle != owner && handle != world[last].handle && world.below(3) == 0)
                writers.push_back(handle);
        dataset.name = owner + "/" + names[i];
        dataset.uid = world.create_dataset(dataset.home, names[i], writers, simulated_schema());
        for (std::size_t node = 0; node < nodes; ++node) {
            const std::string& handle = world[node].handle;
            const bool holds = handle == owner ||
                               std::find(writers.begin(), writers.end(), handle) != writers.end();
            (holds ? dataset.holders : dataset.others).push_back(node);
        }
        out.push_back(std::move(dataset));
    }
    return out;
}

}  // namespace sangam::testing
