// SPDX-License-Identifier: Apache-2.0
// What the grants on an owner's disk allow, worked out by a second, plainer reading than the policy
// under test: for the checkers.
#pragma once

#include <optional>
#include <vector>

#include "storage/store.hpp"

namespace sangam::testing {

/// The grants to replicate that stand for an institution, as their hidden paths; nothing when none
/// stands, so that nothing may be held.
inline std::optional<std::vector<std::vector<Path>>> replicate_grants(
    const storage::Reader& owner, const DatasetUid& dataset, const InstitutionId& institution) {
    std::vector<std::vector<Path>> out;
    for (const auto& [chain, number] : owner.control_numbers(dataset)) {
        const auto entries = owner.control(dataset, chain, 0);
        for (const SignedControl& entry : entries) {
            const auto* grant = std::get_if<Grant>(&entry.entry.body);
            if (!grant || !grant->actions.contains(sangam::Action::replicate)) continue;
            const bool is_for_it = grant->audience.kind == Audience::Kind::members ||
                                   grant->audience.kind == Audience::Kind::everyone ||
                                   (grant->audience.kind == Audience::Kind::institution &&
                                    grant->audience.institution == institution);
            bool has_ended = false;
            for (const SignedControl& later : entries)
                if (const auto* end = std::get_if<Revocation>(&later.entry.body))
                    has_ended = has_ended || end->grant == grant->id;
            if (is_for_it && !has_ended) out.push_back(grant->hide);
        }
    }
    if (out.empty()) return std::nullopt;
    return out;
}

/// A field shows when one of the grants does not hide it.
inline bool is_visible(const std::vector<std::vector<Path>>& grants, const Path& field) {
    for (const auto& hidden : grants) {
        bool is_hidden = false;
        for (const Path& path : hidden) is_hidden = is_hidden || field.is_at_or_below(path);
        if (!is_hidden) return true;
    }
    return false;
}

}  // namespace sangam::testing
