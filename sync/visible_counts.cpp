// SPDX-License-Identifier: Apache-2.0
#include "sync/visible_counts.hpp"

#include <algorithm>

namespace sangam::sync {

VisibleCounts::Count VisibleCounts::of(const storage::Reader& reader,
                                       const storage::DatasetInfo& dataset, const Scope& scope,
                                       Millis now) {
    if (!scope.allowed) return {};
    if (!scope.depends_on_rows()) return {dataset.live_records, true};
    auto& kept = kept_[dataset.uid];
    std::erase_if(kept, [&](const Kept& k) { return k.manifest != dataset.manifest_hash; });
    auto it = std::find_if(kept.begin(), kept.end(),
                           [&](const Kept& k) { return k.rules == scope.rules; });
    if (it == kept.end()) {
        if (kept.size() >= max_kept) kept.erase(kept.begin());
        kept.push_back({scope.rules, dataset.manifest_hash, {}, {}, 0});
        it = std::prev(kept.end());
    } else if (it->at == dataset.last_position) {
        return {it->records, true};
    } else if (now - it->counted < count_again_after) {
        return {it->records, false};
    }
    it->records = count_visible(reader, dataset, scope);
    it->at = dataset.last_position;
    it->counted = now;
    return {it->records, true};
}

}  // namespace sangam::sync
