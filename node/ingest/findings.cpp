// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/findings.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "node/ingest/cell_shape.hpp"
#include "node/ingest/mcpd.hpp"

namespace sangam::node::ingest {
namespace {

constexpr std::size_t longest_shown_value = 80;  // bytes; a finding is one line of a report
constexpr int earliest_year = 1600;              // older than any genebank's or herbarium's sample
constexpr int latest_year = 2100;

std::string shown(std::string_view text) {
    if (text.size() <= longest_shown_value) return "\"" + std::string(text) + "\"";
    std::size_t end = longest_shown_value;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return "\"" + std::string(text.substr(0, end)) + "...\"";
}

bool is_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int number_in_digits(std::string_view digits) {
    int value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
}

std::optional<double> as_number(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    const auto end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

// DDMMSS or DDDMMSS and a hemisphere, `--` for unknown minutes and seconds. Other spellings are in
// use and say nothing wrong.
bool is_out_of_range_dms(std::string_view text, std::size_t degree_digits, int limit,
                         std::string_view hemispheres) {
    if (text.size() != degree_digits + 5 || hemispheres.find(text.back()) == text.npos)
        return false;
    const std::string_view degrees = text.substr(0, degree_digits);
    const std::string_view minutes = text.substr(degree_digits, 2);
    const std::string_view seconds = text.substr(degree_digits + 2, 2);
    const auto reads = [](std::string_view part) { return is_digits(part) || part == "--"; };
    if (!is_digits(degrees) || !reads(minutes) || !reads(seconds)) return false;
    const int whole = number_in_digits(degrees);
    const int rest = (is_digits(minutes) ? number_in_digits(minutes) : 0) * 60 +
                     (is_digits(seconds) ? number_in_digits(seconds) : 0);
    const bool has_odd_part = (is_digits(minutes) && number_in_digits(minutes) > 59) ||
                              (is_digits(seconds) && number_in_digits(seconds) > 59);
    return has_odd_part || whole > limit || (whole == limit && rest > 0);
}

int days_in_month(int year, int month) {
    constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : days[month - 1];
}

bool is_institute_column(std::string_view name) {
    return name == "INSTCODE" || name == "COLLCODE" || name == "BREDCODE" || name == "DONORCODE" ||
           name == "DUPLSITE";
}

}  // namespace

DateVerdict judge_date(std::string_view text) {
    if (text.size() == 10 && text[4] == '-' && text[7] == '-' && is_digits(text.substr(5, 2))) {
        std::string compact(text);  // ISO 8601 with hyphens says the same
        compact.erase(7, 1).erase(4, 1);
        return judge_date(compact);
    }
    if (text.size() != 8 || !is_digits(text.substr(0, 4))) return DateVerdict::odd;
    const auto part = [&](std::size_t at) -> std::optional<int> {  // 0: unknown
        const std::string_view two = text.substr(at, 2);
        if (two == "--") return 0;
        if (!is_digits(two)) return std::nullopt;
        return number_in_digits(two);
    };
    const int year = number_in_digits(text.substr(0, 4));
    const auto month = part(4);
    const auto day = part(6);
    if (!month || !day) return DateVerdict::odd;
    if (*month > 12 || *day > 31) return DateVerdict::impossible;
    if (*month == 0 && *day != 0) return DateVerdict::odd;
    if (*month != 0 && *day > days_in_month(year, *month)) return DateVerdict::impossible;
    return year < earliest_year || year > latest_year ? DateVerdict::odd : DateVerdict::good;
}

FindingChecker::FindingChecker(const RowMapper& mapper) {
    const auto& columns = mapper.columns();
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const McpdColumn* known = find_mcpd_field(columns[i].field);
        const std::string_view type = mapper.model().type_of(columns[i].field);
        const bool is_looked_at =
            known || type == "number" || type == "date" || columns[i].shape == Shape::set;
        if (!is_looked_at) continue;
        checks_.push_back({i, columns[i].field.text(), known ? known->name : std::string_view(),
                           type, columns[i].shape});
    }
    const auto column_of = [&](std::string_view name) -> std::optional<std::size_t> {
        const auto it = std::find_if(checks_.begin(), checks_.end(),
                                     [&](const Check& check) { return check.mcpd_name == name; });
        return it == checks_.end() ? std::nullopt : std::optional(it->column);
    };
    const auto add_pair = [&](std::vector<Pair>& pairs, std::string_view a, std::string_view b) {
        const Pair pair{column_of(a), column_of(b), std::string(find_mcpd_column(a)->field),
                        std::string(find_mcpd_column(b)->field)};
        if (pair.first || pair.second) pairs.push_back(pair);
    };
    add_pair(coordinate_pairs_, "DECLATITUDE", "DECLONGITUDE");
    add_pair(coordinate_pairs_, "LATITUDE", "LONGITUDE");
    add_pair(list_pairs_, "COLLCODE", "COLLNAME");
    add_pair(list_pairs_, "COLLNAME", "COLLINSTADDRESS");
    add_pair(list_pairs_, "BREDCODE", "BREDNAME");
    add_pair(list_pairs_, "DUPLSITE", "DUPLINSTNAME");
}

void FindingChecker::check_cell(const Check& check, std::string_view text,
                                std::vector<Finding>& out) const {
    const auto add = [&](std::string_view code, const std::string& message) {
        out.push_back({check.field, std::string(code), message});
    };
    if (check.type == "date") {
        const DateVerdict verdict = judge_date(text);
        if (verdict == DateVerdict::impossible)
            add("impossible_date", shown(text) + " is no day of the calendar");
        else if (verdict == DateVerdict::odd)
            add("odd_date", shown(text) + " is not of the form YYYYMMDD");
    }
    if (check.type == "number") {
        const auto number = as_number(text);
        const double limit = check.mcpd_name == "DECLATITUDE"    ? 90
                             : check.mcpd_name == "DECLONGITUDE" ? 180
                                                                 : HUGE_VAL;
        if (!number)
            add("not_a_number", shown(text) + " is not a number");
        else if (std::fabs(*number) > limit)
            add("coordinate_out_of_range",
                shown(text) + " is beyond " + std::to_string(static_cast<int>(limit)) + " degrees");
    }
    if ((check.mcpd_name == "LATITUDE" && is_out_of_range_dms(text, 2, 90, "NS")) ||
        (check.mcpd_name == "LONGITUDE" && is_out_of_range_dms(text, 3, 180, "EW")))
        add("coordinate_out_of_range", shown(text) +
                                           " is beyond the range of degrees, minutes "
                                           "and seconds");
    const auto elements =
        check.shape == Shape::text ? std::vector<std::string_view>{text} : split_list(text);
    for (const std::string_view element : elements) {
        if (element.empty()) continue;
        if (!is_known_mcpd_code(check.mcpd_name, element))
            add("unknown_code", shown(element) + " is not a code that MCPD lists for " +
                                    std::string(check.mcpd_name));
        if (check.mcpd_name == "ORIGCTY" && !is_country_code(element))
            add("unknown_code", shown(element) + " is not an ISO 3166-1 alpha-3 country code");
        if (is_institute_column(check.mcpd_name) && !has_institute_code_shape(element))
            add("unknown_institute", shown(element) + " does not look like a FAO WIEWS code");
    }
    if (check.shape == Shape::set && has_repeats(elements))
        add("repeated_element", shown(text) + " holds an element more than once");
}

void FindingChecker::check(const MappedCells& cells, std::vector<Finding>& out) const {
    for (const Check& check : checks_)
        if (!cells[check.column].empty()) check_cell(check, cells[check.column], out);
    const auto text_of = [&](std::optional<std::size_t> column) {
        return column ? cells[*column] : std::string_view();
    };
    for (const Pair& pair : coordinate_pairs_) {
        const bool has_first = !text_of(pair.first).empty();
        if (has_first == !text_of(pair.second).empty()) continue;
        out.push_back({has_first ? pair.first_field : pair.second_field, "lone_coordinate",
                       "stands without its " + std::string(has_first ? "longitude" : "latitude")});
    }
    for (const Pair& pair : list_pairs_) {
        const std::size_t first = split_list(text_of(pair.first)).size();
        const std::size_t second = split_list(text_of(pair.second)).size();
        if (first == second || first == 0 || second == 0) continue;
        out.push_back({pair.first_field, "list_lengths_differ",
                       "has " + std::to_string(first) + " elements, " + pair.second_field +
                           " has " + std::to_string(second)});
    }
}

}  // namespace sangam::node::ingest
