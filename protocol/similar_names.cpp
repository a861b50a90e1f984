// SPDX-License-Identifier: Apache-2.0
#include "protocol/similar_names.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace sangam {
namespace {

constexpr std::size_t most_similar = 3;
/// Beyond this nobody mistypes, and the table below grows with the square.
constexpr std::size_t longest_compared = 200;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Row i: distances of the first i letters of `a` to every beginning of `b`.
    std::vector<std::vector<std::size_t>> rows(a.size() + 1,
                                               std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) rows[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i)
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool is_same = lower(a[i - 1]) == lower(b[j - 1]);
            auto& cell = rows[i][j];
            cell = std::min(
                {rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (is_same ? 0 : 1)});
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                lower(a[i - 2]) == lower(b[j - 1]))
                cell = std::min(cell, rows[i - 2][j - 2] + 1);
        }
    return rows[a.size()][b.size()];
}

std::vector<std::string> similar_names(std::string_view name, const std::set<std::string>& names) {
    std::vector<std::pair<std::size_t, std::string>> found;
    if (name.empty() || name.size() > longest_compared) return {};
    for (const std::string& other : names) {
        if (other.size() > longest_compared || other == name) continue;
        const auto dot = other.rfind('.');
        const auto last = std::string_view(other).substr(dot == other.npos ? 0 : dot + 1);
        const std::size_t distance = edit_distance(name, other);
        const std::size_t to_last = edit_distance(name, last);
        if (distance * 3 <= std::max(name.size(), other.size()))
            found.emplace_back(distance, other);
        else if (to_last * 4 <= std::max(name.size(), last.size()))
            found.emplace_back(to_last + 1, other);
    }
    std::ranges::sort(found);
    if (found.size() > most_similar) found.resize(most_similar);
    std::vector<std::string> out;
    for (auto& [distance, other] : found) out.push_back(std::move(other));
    return out;
}

}  // namespace sangam
