// SPDX-License-Identifier: Apache-2.0
// The strategies that settle concurrent writes to one field or group (SEMANTICS
// section 4). Each is a function of the whole sibling set in canonical order and of the manifest,
// of nothing else: every node comes to the same answer, and a third write is weighed against both
// others, not against their winner.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "protocol/hlc.hpp"
#include "protocol/ids.hpp"
#include "protocol/value.hpp"

namespace sangam::sync {

enum class Strategy : std::uint8_t {
    latest,      ///< the highest (HLC, lane)
    owner_wins,  ///< the owner's write; where it made none, the latest proposal
    keep_all,    ///< open until a curator resolves it
    set_union,   ///< "union": a set, every element a field of its own; adding beats removing
    precision,   ///< partial dates: the one that refines all others, else open
    max,         ///< the highest number or the latest date
    min,         ///< the lowest number or the earliest date
    sum,         ///< a counter: every lane's own total, added up
    identity,    ///< only the owner writes it; open while there are only proposals
    unknown,     ///< named by a manifest of a newer version: open
};
[[nodiscard]] Strategy strategy_from_text(std::string_view text);

/// Only the dataset's owner writes the field itself; the values of others are proposals.
[[nodiscard]] constexpr bool is_reserved_to_owner(Strategy strategy) {
    return strategy == Strategy::owner_wins || strategy == Strategy::identity;
}

/// One write that stands.
struct Sibling {
    std::optional<Value> value;  ///< none: the field was removed
    Dot dot;
    Hlc hlc;
    [[nodiscard]] const NodeId& author() const { return dot.lane.node; }
};

/// The canonical order: by (HLC, lane), then sequence.
[[nodiscard]] inline bool is_before(const Sibling& a, const Sibling& b) {
    return std::tie(a.hlc, a.dot) < std::tie(b.hlc, b.dot);
}

/// Which of several siblings that differ stands.
struct Settlement {
    bool is_open = false;
    /// Index of what is shown: the chosen one, or while open the latest that has a value, so that
    /// people see something.
    std::size_t shown = 0;
};

/// `siblings` in canonical order, at least one. By rule for latest, precision, max and min; others
/// (and what these cannot decide) are open. A removal never wins over a value in precision, max and
/// min: it says nothing that could be refined or measured. `type` as in MergeSchema::type_of.
[[nodiscard]] Settlement settle(Strategy strategy, std::string_view type,
                                std::span<const Sibling> siblings);

}  // namespace sangam::sync
