// SPDX-License-Identifier: Apache-2.0
// Values as a dataset's schema types them (COMMANDS, column "view"): what two writes must have in
// common to say the same, and how numbers are compared and added. Storage keeps values as written;
// only comparing goes by type.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "protocol/partial_date.hpp"
#include "protocol/value.hpp"

namespace sangam::sync {

/// A finite number, exact where it is a whole one: `36`, `36.0` and `3.6e1` are one number, and
/// 9007199254740993 is not 9007199254740992.
class Number {
public:
    explicit Number(std::int64_t value) : v_(value) {}
    /// Finite.
    explicit Number(double value);

    /// Of an integer, a floating-point number, or a text that is a decimal number throughout,
    /// blanks around it aside.
    static std::optional<Number> of(const Value& value);
    [[nodiscard]] Value value() const;
    /// Whole numbers add exactly until they leave 64 bits. Nothing when the sum is not finite.
    [[nodiscard]] std::optional<Number> plus(const Number& other) const;
    [[nodiscard]] std::strong_ordering compare(const Number& other) const;

private:
    std::variant<std::int64_t, double> v_;  // double only for what no std::int64_t says
};

/// Of a text, blanks around it aside, or of an integer such as 20010513.
[[nodiscard]] std::optional<PartialDate> date_of(const Value& value);

/// True when both writes say the same in the view `type` (text | number | date | code; any other is
/// text); no value: the field was removed. Reflexive, symmetric and transitive. Numbers compare as
/// numbers, dates as the days that they may mean, codes without blanks around them and without
/// regard to the case of a to z, lists element by element. What does not read as its type compares
/// as it is written.
[[nodiscard]] bool says_the_same(const std::optional<Value>& a, const std::optional<Value>& b,
                                 std::string_view type);

}  // namespace sangam::sync
