// SPDX-License-Identifier: Apache-2.0
#include "sync/typed_value.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace sangam::sync {
namespace {

// Doubles below this in size are exact as std::int64_t when they are whole (2^63 is not).
constexpr double int64_limit = 9223372036854775808.0;

std::string_view trimmed(std::string_view text) {
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

std::string folded_code(std::string_view text) {
    std::string out(trimmed(text));
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    return out;
}

/// A code as text: BrAPI may write one as a number.
std::optional<std::string> code_of(const Value& value) {
    if (value.is_text()) return folded_code(value.text());
    if (const auto* number = value.get_if<std::int64_t>()) return std::to_string(*number);
    return std::nullopt;
}

/// Equal views, or no view on either side and equal as written.
template <class View>
bool same_view(const Value& a, const Value& b, View view) {
    const auto x = view(a);
    const auto y = view(b);
    return x && y ? *x == *y : !x && !y && a == b;
}

bool same_value(const Value& a, const Value& b, std::string_view type) {
    const auto* list = a.get_if<Value::Array>();
    const auto* other = b.get_if<Value::Array>();
    if (list && other)
        return std::ranges::equal(
            *list, *other, [&](const Value& x, const Value& y) { return same_value(x, y, type); });
    if (type == "number") {
        const auto x = Number::of(a);
        const auto y = Number::of(b);
        return x && y ? x->compare(*y) == 0 : !x && !y && a == b;
    }
    if (type == "date") return same_view(a, b, date_of);
    if (type == "code") return same_view(a, b, code_of);
    return a == b;
}

}  // namespace

std::optional<PartialDate> date_of(const Value& value) {
    if (value.is_text()) return PartialDate::parse(trimmed(value.text()));
    if (const auto* number = value.get_if<std::int64_t>())
        return PartialDate::parse(std::to_string(*number));
    return std::nullopt;
}

bool says_the_same(const std::optional<Value>& a, const std::optional<Value>& b,
                   std::string_view type) {
    return a && b ? same_value(*a, *b, type) : !a && !b;
}

Number::Number(double value) : v_(value) {
    if (std::trunc(value) == value && std::fabs(value) < int64_limit)
        v_ = static_cast<std::int64_t>(value);
}

std::optional<Number> Number::of(const Value& value) {
    if (const auto* whole = value.get_if<std::int64_t>()) return Number(*whole);
    if (const auto* real = value.get_if<double>()) return Number(*real);
    if (!value.is_text()) return std::nullopt;
    const std::string_view text = trimmed(value.text());
    const char* const end = text.data() + text.size();
    std::int64_t whole = 0;
    if (const auto [at, error] = std::from_chars(text.data(), end, whole);
        error == std::errc() && at == end && !text.empty())
        return Number(whole);
    double real = 0;
    const auto [at, error] = std::from_chars(text.data(), end, real);
    if (error != std::errc() || at != end || !std::isfinite(real)) return std::nullopt;
    return Number(real);
}

Value Number::value() const {
    return std::visit([](const auto& v) { return Value(v); }, v_);
}

std::optional<Number> Number::plus(const Number& other) const {
    const auto* x = std::get_if<std::int64_t>(&v_);
    const auto* y = std::get_if<std::int64_t>(&other.v_);
    std::int64_t whole = 0;
    if (x && y && !__builtin_add_overflow(*x, *y, &whole)) return Number(whole);
    const auto real = [](const Number& n) {
        return std::visit([](const auto& v) { return static_cast<double>(v); }, n.v_);
    };
    const double sum = real(*this) + real(other);
    if (!std::isfinite(sum)) return std::nullopt;
    return Number(sum);
}

std::strong_ordering Number::compare(const Number& other) const {
    const auto* x = std::get_if<std::int64_t>(&v_);
    const auto* y = std::get_if<std::int64_t>(&other.v_);
    if (x && y) return *x <=> *y;
    if (!x && !y) {
        const double a = std::get<double>(v_);
        const double b = std::get<double>(other.v_);
        return a < b ? std::strong_ordering::less
                     : (a > b ? std::strong_ordering::greater : std::strong_ordering::equal);
    }
    // A double here is no whole number of 64 bits, so the two are never equal: compare the integer
    // with the next whole number below.
    if (!x) return 0 <=> other.compare(*this);
    const double b = std::get<double>(other.v_);
    if (b >= int64_limit) return std::strong_ordering::less;
    if (b < -int64_limit) return std::strong_ordering::greater;
    return *x <= static_cast<std::int64_t>(std::floor(b)) ? std::strong_ordering::less
                                                          : std::strong_ordering::greater;
}

}  // namespace sangam::sync
