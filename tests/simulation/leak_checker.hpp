// SPDX-License-Identifier: Apache-2.0
// Invariant: no delivery leaves an owner that no grant allowed when it was marked sent. Looks at
// every message as it leaves, at the real receiver, and at the grants on the sender's disk.
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/grant_truth.hpp"
#include "tests/support/sim_world.hpp"

namespace sangam::testing {

class LeakChecker {
public:
    explicit LeakChecker(SimWorld& world) : world_(world) {}

    void on_send(std::size_t from, std::size_t to, const messages::Message& message) {
        const auto* delivery = std::get_if<messages::Delivery>(&message);
        if (!delivery || delivery->parts.empty()) return;
        const auto reader = world_[from].reader();
        for (const Bytes& encoded : delivery->parts) {
            const CommitPart part = CommitPart::decode(encoded).value();
            const auto grants = replicate_grants(*reader, part.signed_header.header.dataset,
                                                 world_[to].institution);
            for (const Change& change : part.changes) {
                ++seen_;
                if (!grants) {
                    leaks_.push_back(change.key.id + " went to " + world_[to].handle +
                                     " without a grant");
                    continue;
                }
                for (const OpenField& field : change.fields)
                    if (field.write.path != life_path() && !is_visible(*grants, field.write.path))
                        leaks_.push_back("field " + field.write.path.text() + " of " +
                                         change.key.id + " went to " + world_[to].handle);
                if (change.is_whole())
                    for (const OpenField& field : change.fields)
                        if (!is_visible(*grants, field.write.path) &&
                            field.write.path != life_path())
                            leaks_.push_back("the secret of a change with a hidden field left");
            }
        }
    }

    [[nodiscard]] const std::vector<std::string>& leaks() const { return leaks_; }
    [[nodiscard]] std::size_t seen() const { return seen_; }

private:
    SimWorld& world_;
    std::vector<std::string> leaks_;
    std::size_t seen_ = 0;
};

}  // namespace sangam::testing
