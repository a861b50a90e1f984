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

    /// Around the replacement of a disk by an older one: what only the old disk had is lost for
    /// good, and nobody's fault but the disk's.
    void before_restore(SimWorld& world, std::size_t node) {
        only_there_.clear();
        for (std::size_t i = 0; i < made_.size(); ++i)
            if (is_held(*world[node].reader(), made_[i]) && !is_elsewhere(world, node, made_[i]))
                only_there_.push_back(i);
    }
    void after_restore(SimWorld& world, std::size_t node) {
        for (auto i = only_there_.rbegin(); i != only_there_.rend(); ++i)
            if (!is_held(*world[node].reader(), made_[*i]))
                made_.erase(made_.begin() + static_cast<std::ptrdiff_t>(*i));
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
        const auto info = reader.dataset(made.dataset);
        if (!info ||
            (info->holding != storage::Holding::own && info->holding != storage::Holding::writer))
            return false;
        const auto at =
            reader.commits(made.dataset, made.dot.lane, Sequence{raw(made.dot.sequence) - 1}, 1);
        return !at.empty() && at.front().signed_header.header.dot() == made.dot &&
               at.front().signed_header.header.hash() == made.hash;
    }
    static bool is_elsewhere(SimWorld& world, std::size_t node, const Made& made) {
        for (std::size_t other = 0; other < world.size(); ++other)
            if (other != node && is_held(*world[other].reader(), made)) return true;
        return false;
    }
    std::vector<Made> made_;
    std::vector<std::size_t> only_there_;  ///< indices into made_, ascending
};

}  // namespace sangam::testing
