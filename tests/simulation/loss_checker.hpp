// SPDX-License-Identifier: Apache-2.0
// Invariant: a commit that was reported as made is held by every owner and writer node at rest.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/sim_world.hpp"

namespace sangam::testing {

class LossChecker {
public:
    void made(const DatasetUid& dataset, const SignedHeader& commit) {
        made_.push_back({dataset, commit.header.dot(), commit.header.hash()});
    }

    /// A disk was replaced by an older one: what its node made and no other store has is lost for
    /// good, and nobody's fault but the disk's.
    void disk_lost(const NodeId& node, const std::vector<const storage::Store*>& others) {
        std::erase_if(made_, [&](const Made& made) {
            return made.dot.lane.node == node &&
                   std::none_of(others.begin(), others.end(), [&](const storage::Store* store) {
                       return is_held(*store->reader(), made);
                   });
        });
    }

    [[nodiscard]] std::vector<std::string> check(SimWorld& world, std::size_t node,
                                                 const DatasetUid& dataset) const {
        std::vector<std::string> out;
        const auto reader = world[node].reader();
        for (const Made& made : made_) {
            if (made.dataset != dataset) continue;
            if (!is_held(*reader, made))
                out.push_back(world[node].handle + " has lost commit " +
                              std::to_string(raw(made.dot.sequence)) + " of lane " +
                              made.dot.lane.text());
        }
        return out;
    }
    [[nodiscard]] std::size_t count() const { return made_.size(); }

private:
    struct Made {
        DatasetUid dataset;
        Dot dot;
        Hash hash;
    };
    static bool is_held(const storage::Reader& reader, const Made& made) {
        if (!reader.dataset(made.dataset)) return false;
        const auto at =
            reader.commits(made.dataset, made.dot.lane, Sequence{raw(made.dot.sequence) - 1}, 1);
        return !at.empty() && at.front().signed_header.header.dot() == made.dot &&
               at.front().signed_header.header.hash() == made.hash;
    }
    std::vector<Made> made_;
};

}  // namespace sangam::testing
