// SPDX-License-Identifier: Apache-2.0
#include "protocol/value.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "samples.hpp"

using namespace sangam;
using samples::hex;

namespace {

Value nested(int depth) {
    Value out(1);
    for (int i = 0; i < depth; ++i) out = Value(Value::Array{out});
    return out;
}

}  // namespace

TEST_CASE("value: integers and floating-point numbers stay apart") {
    CHECK(Value(1).to_cbor() == hex("01"));
    CHECK(Value(1.0).to_cbor() == hex("f93c00"));
    CHECK(Value::from_cbor(hex("01")).value() == Value(1));
    CHECK(Value::from_cbor(hex("f93c00")).value() == Value(1.0));
    CHECK(Value(1) != Value(1.0));
}

TEST_CASE("value: integers reach both ends of 64 bits with sign and no further") {
    for (const auto i :
         {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()})
        CHECK(Value::from_cbor(Value(i).to_cbor()).value() == Value(i));
    CHECK_FALSE(Value::from_cbor(hex("1b8000000000000000")).has_value());
    CHECK_FALSE(Value::from_cbor(hex("3b8000000000000000")).has_value());
}

TEST_CASE("value: map keys go by length, then bytes") {
    const Value map(Value::Map{{"b", 1}, {"aa", 2}, {"", 3}, {"a", 4}});
    CHECK(map.to_cbor() == hex("a4"
                               "6003"
                               "616104"
                               "616201"
                               "62616102"));
    CHECK(Value::from_cbor(map.to_cbor()).value() == map);
    CHECK_FALSE(Value::from_cbor(hex("a2"
                                     "616201"
                                     "616104"))
                    .has_value());
    CHECK_FALSE(Value::from_cbor(hex("a2"
                                     "616101"
                                     "616102"))
                    .has_value());
    CHECK_FALSE(Value::from_cbor(hex("a2"
                                     "62616102"
                                     "616201"))
                    .has_value());
    CHECK_FALSE(Value::from_cbor(hex("a10102")).has_value());  // a key that is no text
}

TEST_CASE("value: nests sixteen deep and no deeper, writing and reading") {
    const Value deepest = nested(max_value_depth);
    CHECK(deepest.validate().has_value());
    CHECK(Value::from_cbor(deepest.to_cbor()).value() == deepest);
    const Value too_deep = nested(max_value_depth + 1);
    CHECK_FALSE(too_deep.validate().has_value());
    CHECK_FALSE(Value::from_cbor(too_deep.to_cbor()).has_value());
}

TEST_CASE("value: what has no encoding is refused before it is written") {
    CHECK_FALSE(Value(std::numeric_limits<double>::quiet_NaN()).validate().has_value());
    CHECK_FALSE(Value(std::numeric_limits<double>::infinity()).validate().has_value());
    CHECK_FALSE(Value("\xff").validate().has_value());
    CHECK_FALSE(Value(Value::Array{"fine", "\xc3"}).validate().has_value());
    CHECK_FALSE(Value(Value::Map{{"\xc3", 1}}).validate().has_value());
    CHECK_FALSE(Value(Value::Map{{"a", "\xc3"}}).validate().has_value());
    CHECK(Value(Value::Map{{"a", Value::Array{nullptr, true, 0.5}}}).validate().has_value());
}

TEST_CASE("value: every cut and every extra byte is refused") {
    const Value value(Value::Map{{"list", Value::Array{1, -1, 1000, 70000, std::int64_t{5000000000},
                                                       1.1, 0.5F, "text", nullptr, true}},
                                 {"other", Value::Map{{"k", "v"}}}});
    samples::check_refuses_cuts(value.to_cbor(), Value::from_cbor);
}
