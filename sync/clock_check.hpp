// SPDX-License-Identifier: Apache-2.0
// Whose clock is off: ours or theirs (SEMANTICS section 1). Peers say their time at hello; when
// most of them agree that ours is off, the node says so and judges commits by their time, instead
// of setting the whole federation aside.
#pragma once

#include <map>
#include <string>

#include "protocol/hlc.hpp"
#include "protocol/ids.hpp"

namespace sangam::sync {

class ClockCheck {
public:
    /// What a peer's clock showed more than ours at its latest hello; the last word of each counts.
    void heard(const NodeId& peer, Millis ahead) { ahead_[peer] = ahead; }
    /// Our own clock was set: what was compared with it says nothing any more.
    void forget() { ahead_.clear(); }
    /// The time by which commits are judged: `now`, or what most peers have when ours is off.
    [[nodiscard]] Millis judged(Millis now) const { return now + correction(); }
    /// A sentence for the admin when our clock is off; else empty.
    [[nodiscard]] std::string warning() const;
    /// What to add to our clock: zero unless at least two peers, and more than half of all, are
    /// off by more than the tolerance in the same direction.
    [[nodiscard]] Millis correction() const;

private:
    std::map<NodeId, Millis> ahead_;
};

}  // namespace sangam::sync
