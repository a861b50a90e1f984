// SPDX-License-Identifier: Apache-2.0
#include "storage/supersession.hpp"

#include <algorithm>

namespace sangam::storage {

std::vector<Standing> weigh(std::span<const Candidate> candidates) {
    std::vector<Standing> out(candidates.size());
    std::vector<const Change*> later;  // those that have the change in their context
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto& [dot, change] = candidates[i];
        later.clear();
        for (std::size_t j = 0; j < candidates.size(); ++j)
            if (j != i && candidates[j].change->context.covers(*dot))
                later.push_back(candidates[j].change);
        const auto& fields = change->fields;
        for (std::size_t f = 0; f < fields.size(); ++f)
            if (std::ranges::any_of(later, [&](const Change* z) {
                    return z->find(fields[f].write.path) != nullptr;
                }))
                out[i].superseded.push_back(f);
        out[i].is_live = out[i].superseded.size() < fields.size();
    }
    return out;
}

std::vector<Standing> weigh(std::span<const StoredChange> changes) {
    std::vector<Candidate> candidates;
    candidates.reserve(changes.size());
    for (const auto& change : changes) candidates.push_back({&change.dot, &change.change});
    return weigh(candidates);
}

Change without_superseded(const Change& change, const Standing& standing) {
    if (standing.superseded.empty()) return change;
    return change.redacted([&](const Path& path) {
        return std::ranges::none_of(standing.superseded, [&](std::size_t f) {
            return change.fields[f].write.path == path;
        });
    });
}

}  // namespace sangam::storage
