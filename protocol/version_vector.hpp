// SPDX-License-Identifier: Apache-2.0
// Version vectors over lanes (Parker et al. 1983), also used as the context of a change
// (SEMANTICS section 1): for each lane the highest commit sequence covered.
#pragma once

#include <map>

#include "protocol/ids.hpp"

namespace sangam {

inline constexpr std::size_t max_vector_lanes = 4096;  ///< wire format, of one encoded vector

/// Lane -> highest sequence covered, inclusive; a lane that is absent has none. Never holds 0.
/// Ordered, so that its encoding is.
class VersionVector {
public:
    using Map = std::map<Lane, Sequence>;

    [[nodiscard]] Sequence at(const Lane& lane) const {
        const auto it = entries_.find(lane);
        return it == entries_.end() ? Sequence{0} : it->second;
    }
    [[nodiscard]] bool covers(const Dot& dot) const { return at(dot.lane) >= dot.sequence; }
    [[nodiscard]] bool covers(const VersionVector& other) const {
        for (const auto& [lane, sequence] : other.entries_)
            if (at(lane) < sequence) return false;
        return true;
    }
    /// Raises one lane; lower or equal numbers change nothing.
    void add(const Dot& dot) {
        if (raw(dot.sequence) == 0) return;
        auto& mine = entries_[dot.lane];
        if (mine < dot.sequence) mine = dot.sequence;
    }
    /// The least vector that covers both.
    void merge(const VersionVector& other) {
        for (const auto& [lane, sequence] : other.entries_) add({lane, sequence});
    }
    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] const Map& entries() const { return entries_; }
    friend bool operator==(const VersionVector&, const VersionVector&) = default;

private:
    Map entries_;
};

}  // namespace sangam
