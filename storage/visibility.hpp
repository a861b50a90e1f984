// SPDX-License-Identifier: Apache-2.0
// What the rules of a search scope show of a record: the union over the rules that let it through
// (SEMANTICS section 5, "A view of a row"). One for a search; not thread-safe.
#pragma once

#include <map>
#include <vector>

#include "storage/types.hpp"

namespace sangam::storage {

class Visibility {
public:
    /// The rules must outlive it.
    explicit Visibility(const std::vector<SearchRule>& rules);

    [[nodiscard]] const std::vector<SearchRule>& rules() const { return rules_; }
    /// What stays hidden in a record for which exactly these rules are true; ascending. At least
    /// one must be. Lives as long as this.
    [[nodiscard]] const std::vector<Path>& hidden_where(const std::vector<bool>& is_true);
    /// Some rule takes every record and hides nothing.
    [[nodiscard]] bool shows_all() const { return shows_all_; }
    /// Which rules show the field.
    [[nodiscard]] std::vector<bool> showing(const Path& field) const;

private:
    const std::vector<SearchRule>& rules_;
    bool shows_all_ = false;
    std::map<std::vector<bool>, std::vector<Path>> hidden_;
};

/// Paths that both lists hide (each hides what it names and all below); ascending.
[[nodiscard]] std::vector<Path> hidden_by_both(const std::vector<Path>& a,
                                               const std::vector<Path>& b);

}  // namespace sangam::storage
