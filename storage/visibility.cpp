// SPDX-License-Identifier: Apache-2.0
#include "storage/visibility.hpp"

#include <algorithm>
#include <set>

#include "storage/text_scoring.hpp"

namespace sangam::storage {

Visibility::Visibility(const std::vector<SearchRule>& rules)
    : rules_(rules), shows_all_(std::ranges::any_of(rules, [](const SearchRule& rule) {
          return !rule.where && rule.hidden.empty();
      })) {}

const std::vector<Path>& Visibility::hidden_where(const std::vector<bool>& is_true) {
    if (const auto it = hidden_.find(is_true); it != hidden_.end()) return it->second;
    std::optional<std::vector<Path>> hidden;
    for (std::size_t i = 0; i < rules_.size(); ++i)
        if (is_true[i])
            hidden = hidden ? hidden_by_both(*hidden, rules_[i].hidden)
                            : hidden_by_both(rules_[i].hidden, rules_[i].hidden);
    SANGAM_ASSERT(hidden.has_value());
    return hidden_.emplace(is_true, std::move(*hidden)).first->second;
}

std::vector<bool> Visibility::showing(const Path& field) const {
    std::vector<bool> out;
    for (const SearchRule& rule : rules_) out.push_back(!is_hidden(field, rule.hidden));
    return out;
}

std::vector<Path> hidden_by_both(const std::vector<Path>& a, const std::vector<Path>& b) {
    std::set<Path> out;
    for (const Path& x : a)
        for (const Path& y : b) {
            if (x.is_at_or_below(y))
                out.insert(x);
            else if (y.is_at_or_below(x))
                out.insert(y);
        }
    return {out.begin(), out.end()};
}

}  // namespace sangam::storage
