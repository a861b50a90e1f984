// SPDX-License-Identifier: Apache-2.0
#include "storage/facet_value.hpp"

#include <charconv>
#include <cmath>

#include "protocol/partial_date.hpp"
#include "storage/flat_record.hpp"

namespace sangam::storage {
namespace {

// Between these, digits without an exponent are what people write, and all of them are exact.
constexpr double least_plain = 1e-5;
constexpr double beyond_plain = 1e15;

std::string spelled(double number) {
    if (number == 0) return "0";
    const double size = std::fabs(number);
    const auto format = size >= least_plain && size < beyond_plain ? std::chars_format::fixed
                                                                   : std::chars_format::scientific;
    char digits[64];
    const auto end = std::to_chars(digits, digits + sizeof digits, number, format).ptr;
    return {digits, end};
}

std::string spelled(const PartialDate& date) {
    const std::string first = std::to_string(date.first);
    std::string out = std::string(8 - first.size(), '0') + first;
    if (date.first == date.last) return out;
    const bool is_of_one_month = date.first / 100 == date.last / 100;
    return out.replace(is_of_one_month ? 6 : 4, std::string::npos, is_of_one_month ? "--" : "----");
}

}  // namespace

std::string facet_value(std::string_view text, FieldType type) {
    if (type == FieldType::number)
        if (const auto number = number_view(text)) return spelled(*number);
    if (type == FieldType::date)
        if (const auto date = PartialDate::parse(text)) return spelled(*date);
    return std::string(text);
}

}  // namespace sangam::storage
