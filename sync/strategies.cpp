// SPDX-License-Identifier: Apache-2.0
#include "sync/strategies.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <tuple>

#include "protocol/partial_date.hpp"
#include "sync/typed_value.hpp"

namespace sangam::sync {
namespace {

constexpr std::array names{
    std::pair{std::string_view("latest"), Strategy::latest},
    std::pair{std::string_view("owner_wins"), Strategy::owner_wins},
    std::pair{std::string_view("keep_all"), Strategy::keep_all},
    std::pair{std::string_view("union"), Strategy::set_union},
    std::pair{std::string_view("precision"), Strategy::precision},
    std::pair{std::string_view("max"), Strategy::max},
    std::pair{std::string_view("min"), Strategy::min},
    std::pair{std::string_view("sum"), Strategy::sum},
    std::pair{std::string_view("identity"), Strategy::identity},
};

Settlement open(std::span<const Sibling> siblings) {
    for (std::size_t i = siblings.size(); i > 0; --i)
        if (siblings[i - 1].value) return {true, i - 1};
    return {true, siblings.size() - 1};
}

/// The place of the best of all siblings that have a value, the latest among equals; nothing when
/// one of them has no view or there is none. `is_better(a, b)`: a goes before b.
template <class View, class Better>
std::optional<std::size_t> best_of(std::span<const Sibling> siblings, View view, Better is_better) {
    std::optional<std::size_t> best;
    decltype(view(Value())) best_view;
    for (std::size_t i = 0; i < siblings.size(); ++i) {
        if (!siblings[i].value) continue;
        auto seen = view(*siblings[i].value);
        if (!seen) return std::nullopt;
        if (best && is_better(*best_view, *seen)) continue;
        best = i;
        best_view = std::move(seen);
    }
    return best;
}

Settlement by_precision(std::span<const Sibling> siblings) {
    const auto finest = best_of(siblings, date_of, [](const PartialDate& a, const PartialDate& b) {
        return a != b && a.is_within(b);
    });
    if (!finest) return open(siblings);
    const auto date = date_of(*siblings[*finest].value);
    const bool refines_all = std::ranges::all_of(siblings, [&](const Sibling& sibling) {
        return !sibling.value || date->is_within(*date_of(*sibling.value));
    });
    return refines_all ? Settlement{false, *finest} : open(siblings);
}

/// Of two dates of which one is a part of the other, the finer one counts as the greater in max and
/// as the smaller in min.
Settlement by_size(std::span<const Sibling> siblings, std::string_view type, bool wants_max) {
    std::optional<std::size_t> best;
    if (type == "date")
        best = best_of(siblings, date_of, [&](const PartialDate& a, const PartialDate& b) {
            const auto rank = [&](const PartialDate& date) {
                return std::pair(wants_max ? -date.first : date.first, date.last - date.first);
            };
            return rank(a) < rank(b);
        });
    else
        best = best_of(
            siblings, [](const Value& value) { return Number::of(value); },
            [&](const Number& a, const Number& b) {
                return wants_max ? a.compare(b) > 0 : a.compare(b) < 0;
            });
    return best ? Settlement{false, *best} : open(siblings);
}

}  // namespace

Strategy strategy_from_text(std::string_view text) {
    const auto* found = std::ranges::find(names, text, [](const auto& row) { return row.first; });
    return found == names.end() ? Strategy::unknown : found->second;
}

Settlement settle(Strategy strategy, std::string_view type, std::span<const Sibling> siblings) {
    switch (strategy) {
        case Strategy::latest:
            return {false, siblings.size() - 1};
        case Strategy::precision:
            return by_precision(siblings);
        case Strategy::max:
            return by_size(siblings, type, true);
        case Strategy::min:
            return by_size(siblings, type, false);
        case Strategy::owner_wins:
        case Strategy::keep_all:
        case Strategy::set_union:
        case Strategy::sum:
        case Strategy::identity:
        case Strategy::unknown:
            break;
    }
    return open(siblings);
}

}  // namespace sangam::sync
