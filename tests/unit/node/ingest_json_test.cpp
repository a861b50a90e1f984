// SPDX-License-Identifier: Apache-2.0
// Canonical JSON (RFC 8785) and the strict reader.
#include <doctest/doctest.h>

#include <initializer_list>
#include <limits>
#include <string>
#include <utility>

#include "node/ingest/json.hpp"

namespace {

using namespace sangam;
using namespace sangam::node::ingest;

std::string round_trip(std::string_view text) { return to_json(from_json(text).value()); }

}  // namespace

TEST_CASE("json: numbers print as ECMAScript prints them (RFC 8785 appendix B)") {
    const std::pair<double, const char*> cases[] = {
        {0.0, "0"},
        {-0.0, "0"},
        {5e-324, "5e-324"},
        {-5e-324, "-5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {9007199254740992.0, "9007199254740992"},
        {295147905179352830000.0, "295147905179352830000"},
        {9.999999999999997e22, "9.999999999999997e+22"},
        {1e23, "1e+23"},
        {1.0000000000000001e23, "1.0000000000000001e+23"},
        {999999999999999700000.0, "999999999999999700000"},
        {999999999999999900000.0, "999999999999999900000"},
        {1e21, "1e+21"},
        {9.999999999999997e-7, "9.999999999999997e-7"},
        {0.000001, "0.000001"},
        {333333333.3333332, "333333333.3333332"},
        {333333333.33333325, "333333333.33333325"},
        {-0.0000033333333333333333, "-0.0000033333333333333333"},
        {1424953923781206.2, "1424953923781206.2"},
        {26.183333000000001, "26.183333"},
        {1.5, "1.5"},
        {100.0, "100"},
    };
    for (const auto& [value, text] : cases) CHECK(to_json(Value(value)) == text);
    CHECK(to_json(Value(std::numeric_limits<std::int64_t>::min())) == "-9223372036854775808");
    CHECK(to_json(Value(std::int64_t{9007199254740993})) == "9007199254740993");
}

TEST_CASE("json: keys are ordered by UTF-16 code units, not by bytes") {
    // The example of RFC 8785 section 3.2.3, in its order.
    Value::Map map;
    for (const char* key :
         {"\xE2\x82\xAC", "\r", "\xEF\xAC\xB3", "1", "\xF0\x9F\x98\x80", "\xC2\x80", "\xC3\xB6"})
        map[key] = 0;
    CHECK(to_json(map) ==
          "{\"\\r\":0,\"1\":0,\"\xC2\x80\":0,\"\xC3\xB6\":0,\"\xE2\x82\xAC\":0,"
          "\"\xF0\x9F\x98\x80\":0,\"\xEF\xAC\xB3\":0}");
}

TEST_CASE("json: text is escaped only where it must be") {
    CHECK(to_json(Value("\"\\/\b\f\n\r\t\x01\x1F\x7F \xC3\xA9")) ==
          "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F \xC3\xA9\"");
}

TEST_CASE("json: canonical text reads back to itself") {
    for (const char* text :
         {"null", "true", "false", "0", "-1", "1.5", "\"\"", "[]", "{}", "[1,[2,{\"a\":null}]]",
          "{\"a\":\"b\",\"c\":[true,false]}", "9223372036854775807"})
        CHECK(round_trip(text) == text);
    CHECK(round_trip(" { \"b\" : 1 , \"a\" : [ ] } ") == "{\"a\":[],\"b\":1}");
    CHECK(round_trip("\"\\u00e9\\ud83d\\ude00\\/\"") == "\"\xC3\xA9\xF0\x9F\x98\x80/\"");
    CHECK(from_json("1").value().get_if<std::int64_t>() != nullptr);
    CHECK(from_json("1.0").value().get_if<double>() != nullptr);
    CHECK(from_json("1e2").value().get_if<double>() != nullptr);
}

TEST_CASE("json: what is no JSON is refused with its byte") {
    for (const char* text : {"",
                             " ",
                             "tru",
                             "01",
                             "-",
                             "1.",
                             ".5",
                             "1e",
                             "+1",
                             "\"",
                             "\"\\x\"",
                             "\"\\u12\"",
                             "\"\\ud800\"",
                             "\"\\udc00\"",
                             "\"\\ud800\\u0041\"",
                             "\"a\nb\"",
                             "[1,]",
                             "[1 2]",
                             "[",
                             "{",
                             "{\"a\"}",
                             "{\"a\":1,}",
                             "{a:1}",
                             "{\"a\":1,\"a\":2}",
                             "1 2",
                             "nullx",
                             "NaN",
                             "Infinity",
                             "9223372036854775808",
                             "-9223372036854775809",
                             "1e400",
                             "-1e400",
                             "1e-400",
                             "12345678901234567890.5",
                             "[0.1,26.183333000000001]",
                             "1e20",
                             "9007199254740993.0",
                             "\"\xFF\""}) {
        CAPTURE(text);
        const auto value = from_json(text);
        REQUIRE_FALSE(value.has_value());
        CHECK(value.error().code == "bad_json");
        CHECK(value.error().kind == ErrorKind::usage);
    }
    CHECK(from_json("[1,2,x]").error().subject == "byte 6");
}

TEST_CASE("json: nesting beyond the bound is refused, up to it is not") {
    const auto nested = [](int depth) {
        return std::string(static_cast<std::size_t>(depth), '[') +
               std::string(static_cast<std::size_t>(depth), ']');
    };
    CHECK(from_json(nested(max_value_depth)).has_value());
    CHECK_FALSE(from_json(nested(max_value_depth + 1)).has_value());
    CHECK_FALSE(from_json(nested(100'000)).has_value());
}

TEST_CASE("json: a number that no value holds exactly is refused, or kept as it is written") {
    for (const char* text :
         {"12345678901234567890.5", "26.183333000000001", "-0.10000000000000000001",
          "9223372036854775808", "-170141183460469231731687303715884105728", "1e400", "1E-400",
          "1e20", "-100000000000000000000.0", "9007199254740993.0"}) {
        CAPTURE(text);
        CHECK(is_long_number(text));
        const auto refused = from_json(text);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().subject == "byte 1");
        CHECK(refused.error().message.find(text) != std::string::npos);
        CHECK(refused.error().fix.find("as text") != std::string::npos);
        CHECK(from_json(text, LongNumbers::as_text).value() == Value(text));
        const auto inside = from_json("{\"a\":[" + std::string(text) + "]}", LongNumbers::as_text);
        REQUIRE(inside.has_value());
        CHECK(to_json(*inside) == "{\"a\":[\"" + std::string(text) + "\"]}");
    }
    // The same number in other words is the same number.
    for (const auto& [text, number] : std::initializer_list<std::pair<const char*, double>>{
             {"36.0", 36},
             {"0.50000000000000000000", 0.5},
             {"1e3", 1000},
             {"1000000.00E-6", 1},
             {"-0.0", 0},
             {"0e99", 0},
             {"0.1", 0.1},
             {"26.183333", 26.183333},
             {"1.7976931348623157e308", 1.7976931348623157e308},
             {"1e21", 1e21},
             {"2251799813685248.5", 2251799813685248.5}}) {
        CAPTURE(text);
        CHECK_FALSE(is_long_number(text));
        CHECK(from_json(text).value() == Value(number));
    }
    CHECK_FALSE(is_long_number("12.x"));
    CHECK_FALSE(is_long_number("\"12345678901234567890.5\""));
    CHECK_FALSE(is_long_number(""));
}

TEST_CASE("json: values within a document may be as deep as alone") {
    const auto document = [](int depth) {
        return "{\"fields\":{\"f\":" + std::string(static_cast<std::size_t>(depth), '[') +
               std::string(static_cast<std::size_t>(depth), ']') + "}}";
    };
    CHECK(from_json(document(max_value_depth), LongNumbers::refuse, 2).has_value());
    CHECK_FALSE(from_json(document(max_value_depth + 1), LongNumbers::refuse, 2).has_value());
    CHECK(nesting_of(from_json(document(3)).value()) == 5);
    CHECK(nesting_of(Value("x")) == 0);
}
