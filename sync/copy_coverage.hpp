// SPDX-License-Identifier: Apache-2.0
// What an answer from a copy leaves out of what the asker may see at the owner: completeness says
// so (SEMANTICS section 7). Compares rules, not records: who holds a copy cannot count what it was
// never given. Two conditions are the same when their canonical texts are.
#pragma once

#include <set>

#include "sync/policy.hpp"

namespace sangam::sync {

/// Errs on the side of "something may be missing".
struct CoverageGap {
    bool lacks_rows = false;  ///< records may be missing, nobody here knows how many
    std::set<Path> fields;    ///< hidden in the copy, with all below, and not from the asker

    [[nodiscard]] bool is_none() const { return !lacks_rows && fields.empty(); }
};

/// `seen` are the asker's rules at the owner, `held` those under which the copy was given.
/// `judges_rows`: the copy's holder decides by the conditions of `seen` which records show, so it
/// needs the fields that they read.
[[nodiscard]] CoverageGap coverage_gap(const std::vector<Rule>& seen, const std::vector<Rule>& held,
                                       bool judges_rows);

}  // namespace sangam::sync
