// SPDX-License-Identifier: Apache-2.0
#include "sync/clock_check.hpp"

#include <algorithm>
#include <vector>

#include "sync/limits.hpp"

namespace sangam::sync {

Millis ClockCheck::correction() const {
    std::vector<Millis> in_front;
    std::vector<Millis> behind;
    for (const auto& [peer, ahead] : ahead_) {
        if (ahead > limits::clock_tolerance) in_front.push_back(ahead);
        if (ahead < -limits::clock_tolerance) behind.push_back(ahead);
    }
    auto& most = in_front.size() > behind.size() ? in_front : behind;
    if (most.size() < 2 || most.size() * 2 <= ahead_.size()) return Millis{0};
    std::sort(most.begin(), most.end());
    return most[most.size() / 2];
}

std::string ClockCheck::warning() const {
    const Millis off = correction();
    if (off == Millis{0}) return {};
    const auto seconds = std::to_string(std::abs(off.count()) / 1000);
    return "your clock is wrong: most peers' clocks are " + seconds + " s " +
           (off.count() > 0 ? "in front of" : "behind") + " this node's; set the system time";
}

}  // namespace sangam::sync
