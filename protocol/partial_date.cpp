// SPDX-License-Identifier: Apache-2.0
#include "protocol/partial_date.hpp"

#include <algorithm>
#include <string>

namespace sangam {
namespace {

bool is_digits(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::int32_t number_of(std::string_view digits) {
    std::int32_t out = 0;
    for (const char c : digits) out = out * 10 + (c - '0');
    return out;
}

/// A month or a day: 0 when unknown.
std::optional<std::int32_t> part_of(std::string_view two) {
    if (two == "--") return 0;
    if (!is_digits(two)) return std::nullopt;
    return number_of(two);
}

std::int32_t days_in(std::int32_t year, std::int32_t month) {
    constexpr std::int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : days[month - 1];
}

/// The eight characters YYYYMMDD of any form that is read; empty for others.
std::string compact_form(std::string_view text) {
    if (text.size() > 10 && text[10] == 'T') text = text.substr(0, 10);
    std::string out(text);
    const bool is_iso_month = text.size() == 7 && text[4] == '-' && is_digits(text.substr(5));
    const bool is_iso_day = text.size() == 10 && text[4] == '-' && text[7] == '-' &&
                            is_digits(text.substr(5, 2)) && is_digits(text.substr(8));
    if (is_iso_day) out.erase(7, 1);
    if (is_iso_day || is_iso_month) out.erase(4, 1);
    if (out.size() == 4 || out.size() == 6) out.append(8 - out.size(), '-');
    return out.size() == 8 ? out : std::string();
}

}  // namespace

std::optional<PartialDate> PartialDate::parse(std::string_view text) {
    const std::string compact = compact_form(text);
    if (compact.empty()) return std::nullopt;
    const std::string_view form = compact;
    const auto month = part_of(form.substr(4, 2));
    const auto day = part_of(form.substr(6, 2));
    if (!is_digits(form.substr(0, 4)) || !month || !day) return std::nullopt;
    const std::int32_t year = number_of(form.substr(0, 4));
    if (year == 0 || *month > 12 || *day > 31) return std::nullopt;
    const std::int32_t base = year * 10'000;
    if (*month == 0) return PartialDate{base + 101, base + 1231};
    const std::int32_t days = days_in(year, *month);
    if (*day > days) return std::nullopt;
    const std::int32_t in_month = base + *month * 100;
    if (*day == 0) return PartialDate{in_month + 1, in_month + days};
    return PartialDate{in_month + *day, in_month + *day};
}

}  // namespace sangam
