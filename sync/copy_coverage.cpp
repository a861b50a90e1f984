// SPDX-License-Identifier: Apache-2.0
#include "sync/copy_coverage.hpp"

#include <algorithm>

#include "storage/visibility.hpp"
#include "sync/reserved_paths.hpp"

namespace sangam::sync {

CoverageGap coverage_gap(const std::vector<Rule>& seen, const std::vector<Rule>& held,
                         bool judges_rows) {
    CoverageGap gap;
    for (const Rule& rule : seen) {
        std::optional<std::vector<Path>> hidden;
        for (const Rule& given : held)
            if (!given.where || given.where == rule.where)
                hidden = hidden ? storage::hidden_by_both(*hidden, given.hidden) : given.hidden;
        if (!hidden) {
            gap.lacks_rows = true;
            continue;
        }
        for (const Path& path : *hidden)
            if (rule.shows(path)) gap.fields.insert(path);
        if (!judges_rows || !rule.where) continue;
        const auto read = rule.where->paths();
        gap.lacks_rows = gap.lacks_rows || std::ranges::any_of(read, [&](const Path& path) {
                             return hides(*hidden, path);
                         });
    }
    return gap;
}

}  // namespace sangam::sync
