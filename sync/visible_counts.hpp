// SPDX-License-Identifier: Apache-2.0
// How many records of a dataset show under the rules of somebody's grants, kept for a while: where
// that depends on the rows, counting walks over all of them.
#pragma once

#include <map>
#include <vector>

#include "sync/row_scope.hpp"

namespace sangam::sync {

/// Not thread-safe.
class VisibleCounts {
public:
    /// A count over the rows is not made again sooner than this.
    static constexpr Millis count_again_after{60'000};

    struct Count {
        std::uint64_t records = 0;
        bool is_current = true;  ///< false: of before the latest changes; ask again later
    };
    [[nodiscard]] Count of(const storage::Reader& reader, const storage::DatasetInfo& dataset,
                           const Scope& scope, Millis now);

private:
    /// Different rules of one dataset, one for each kind of audience in practice.
    static constexpr std::size_t max_kept = 64;
    struct Kept {
        std::vector<Rule> rules;
        Hash manifest;
        Position at{};
        Millis counted{};
        std::uint64_t records = 0;
    };
    std::map<DatasetUid, std::vector<Kept>> kept_;
};

}  // namespace sangam::sync
