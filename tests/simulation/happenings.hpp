// SPDX-License-Identifier: Apache-2.0
// What happens in the life of a simulated federation: its kinds, how often each is drawn in a run,
// and how often each came about.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "protocol/crypto.hpp"

namespace sangam::testing {

enum class Happening : std::size_t {
    // what people do
    edit,         ///< fields put or removed, on the version at hand
    late_edit,    ///< on a version that was at hand some time ago, or on none, as an import does
    deletion,     ///< of a record
    restoration,  ///< of a deleted record
    resolution,   ///< a value for a field with siblings, whose context covers them all
    grant,
    revocation,
    subscription,
    unsubscription,
    search,
    // what goes wrong
    cut,              ///< a link ends, with what was on it
    partition,        ///< some pairs cannot reach each other until further notice
    heal,             ///< all can again
    stall,            ///< one direction of a link is held up for seconds: what went later overtakes
    loss,             ///< one direction of a link brings nothing any more, and nobody says so
    store_stop,       ///< a process dies between two writes to its store
    kill,             ///< a process dies between two events
    backup,           ///< of a store
    restored_store,   ///< the last backup takes a store's place, under a new epoch
    clock_skew,       ///< a node's clock is set elsewhere, up to a minute off
    clock_far_ahead,  ///< further ahead than others accept
    count_
};
inline constexpr std::size_t happening_kinds = static_cast<std::size_t>(Happening::count_);

struct HappeningKind {
    const char* name;
    std::size_t drawn;  ///< in a run
};
/// In the order of Happening. Together more than 500 for each run.
inline constexpr std::array<HappeningKind, happening_kinds> happening_table{{
    {"edits", 270},           {"late edits", 80},    {"deletions", 30},
    {"restorations", 25},     {"resolutions", 35},   {"grants", 24},
    {"revocations", 16},      {"subscriptions", 36}, {"unsubscriptions", 8},
    {"searches", 15},         {"cut links", 15},     {"partitions", 10},
    {"healed networks", 10},  {"stalled links", 12}, {"lossy links", 8},
    {"stops at a write", 25}, {"kills", 8},          {"backups", 10},
    {"restored stores", 4},   {"skewed clocks", 10}, {"clocks far ahead", 2},
}};

/// How often each kind came about.
class Tally {
public:
    void add(Happening kind, std::size_t times = 1) {
        counts_[static_cast<std::size_t>(kind)] += times;
    }
    [[nodiscard]] std::size_t of(Happening kind) const {
        return counts_[static_cast<std::size_t>(kind)];
    }
    void add(const Tally& other) {
        for (std::size_t i = 0; i < happening_kinds; ++i) counts_[i] += other.counts_[i];
    }
    [[nodiscard]] std::size_t total() const {
        std::size_t sum = 0;
        for (const std::size_t count : counts_) sum += count;
        return sum;
    }
    /// The kinds that never came about.
    [[nodiscard]] std::vector<std::string> missing() const {
        std::vector<std::string> out;
        for (std::size_t i = 0; i < happening_kinds; ++i)
            if (counts_[i] == 0) out.emplace_back(happening_table[i].name);
        return out;
    }
    [[nodiscard]] std::string text() const {
        std::string out;
        for (std::size_t i = 0; i < happening_kinds; ++i)
            out +=
                (i == 0 ? "" : ", ") + std::to_string(counts_[i]) + " " + happening_table[i].name;
        return out;
    }

private:
    std::array<std::size_t, happening_kinds> counts_{};
};

/// All happenings of a run, in an order drawn from the seed.
inline std::vector<Happening> shuffled_happenings(SeededRandom& random) {
    std::vector<Happening> out;
    for (std::size_t i = 0; i < happening_kinds; ++i)
        out.insert(out.end(), happening_table[i].drawn, static_cast<Happening>(i));
    for (std::size_t i = out.size(); i > 1; --i) std::swap(out[i - 1], out[random.draw_u64() % i]);
    return out;
}

}  // namespace sangam::testing
