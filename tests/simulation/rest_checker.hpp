// SPDX-License-Identifier: Apache-2.0
// Invariant at rest: nothing waits any more. No part is set aside, every subscription is either
// live or waits for a grant, and owners owe nothing to those who are subscribed.
//
// Left out are subscriptions that nobody follows: those that the holder's restored store does not
// remember, or whose dataset it does not, and those that went on to another node of the owner. What
// was sent under them and not answered stays so (docs/decisions/0120).
#pragma once

#include <string>
#include <vector>

#include "tests/support/sim_world.hpp"

namespace sangam::testing {

inline bool is_followed(SimWorld& world, std::size_t sender, const sync::ServingStatus& row) {
    for (std::size_t node = 0; node < world.size(); ++node)
        if (world[node].id == row.node)
            for (const auto& own : world[node].reader()->own_subscriptions()) {
                if (own.id != row.id) continue;
                const auto source =
                    world[node].reader()->document("subscription_source", own.id.hex());
                return own.dataset && source &&
                       *source ==
                           Bytes(world[sender].id.bytes.begin(), world[sender].id.bytes.end());
            }
    return false;
}

/// Where the subscriber thinks that it stands.
inline std::string what_it_says(SimWorld& world, const SubscriptionId& id) {
    for (std::size_t node = 0; node < world.size(); ++node)
        for (const auto& own : world[node].engine->status(world.now()).subscriptions)
            if (own.id == id)
                return "its node " + std::to_string(node) + ": " + own.state + ", " + own.reason;
    return "no node has it";
}

inline std::vector<std::string> check_rest(SimWorld& world) {
    std::vector<std::string> out;
    for (std::size_t node = 0; node < world.size(); ++node) {
        const std::string who = world[node].handle + "/" + std::to_string(node) + ": ";
        for (const auto& item : world[node].reader()->quarantine(10))
            out.push_back(who + "set aside at rest: " + item.reason);
        const auto status = world[node].engine->status(world.now());
        for (const auto& row : status.subscriptions)
            if (row.state == "catching_up") out.push_back(who + row.dataset + " is catching up");
        for (const auto& row : status.serving) {
            if (!is_followed(world, node, row)) continue;
            if (row.sent != 0 || row.withdrawals_pending != 0 || row.pending != 0)
                out.push_back(who + "owes " + row.institution + " of " + row.dataset + " " +
                              std::to_string(row.pending) + " records and " +
                              std::to_string(row.withdrawals_pending) + " withdrawals, " +
                              std::to_string(row.sent) + " unanswered" +
                              (row.has_ended ? ", has ended; " : "; ") +
                              what_it_says(world, row.id));
        }
    }
    return out;
}

}  // namespace sangam::testing
