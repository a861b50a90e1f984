// SPDX-License-Identifier: Apache-2.0
// The one spelling under which a facet counts a value.
#include "storage/facet_value.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "protocol/partial_date.hpp"
#include "storage/flat_record.hpp"

using namespace sangam;
using namespace sangam::storage;

TEST_CASE("facet value: a number is spelled in one way and reads back as itself") {
    const auto spelled = [](std::string_view text) {
        const auto out = facet_value(text, FieldType::number);
        CHECK(number_view(out) == number_view(text));
        CHECK(facet_value(out, FieldType::number) == out);
        return out;
    };
    for (const char* text : {"36", "36.0", "036", "3.6e1", "36.", "360e-1"})
        CHECK_MESSAGE(spelled(text) == "36", text);
    CHECK(spelled("-0.0") == "0");
    CHECK(spelled("0e7") == "0");
    CHECK(spelled("-2e1") == "-20");
    CHECK(spelled("100000") == "100000");
    CHECK(spelled("1e14") == "100000000000000");
    CHECK(spelled("1e15") == "1e+15");
    CHECK(spelled("1000000000000000.0") == "1e+15");
    CHECK(spelled("0.5") == "0.5");
    CHECK(spelled(".50") == "0.5");
    CHECK(spelled("0.1") == "0.1");
    CHECK(spelled("0.00001") == "0.00001");
    CHECK(spelled("0.000001") == "1e-06");
    CHECK(spelled("26.183333000000001") == "26.183333");
    CHECK(spelled("123456789012345.50") == "123456789012345.5");
    CHECK(spelled("1.7976931348623157e308") == "1.7976931348623157e+308");
    CHECK(spelled("5e-324") == "5e-324");
}

TEST_CASE("facet value: a date is spelled as MCPD does and reads back as itself") {
    const auto spelled = [](std::string_view text) {
        const auto out = facet_value(text, FieldType::date);
        CHECK(PartialDate::parse(out) == PartialDate::parse(text));
        CHECK(facet_value(out, FieldType::date) == out);
        return out;
    };
    for (const char* text : {"2001", "2001----", "20010000", "2001--13"})
        CHECK_MESSAGE(spelled(text) == "2001----", text);
    for (const char* text : {"2001-05", "200105", "200105--", "20010500"})
        CHECK_MESSAGE(spelled(text) == "200105--", text);
    for (const char* text : {"2001-05-13", "20010513", "2001-05-13T10:00:00Z"})
        CHECK_MESSAGE(spelled(text) == "20010513", text);
    CHECK(spelled("0990") == "0990----");
    CHECK(spelled("20010101") == "20010101");
    CHECK(spelled("20000229") == "20000229");
}

TEST_CASE("facet value: what does not read as its type, texts and codes stay as they are") {
    for (const char* text : {"", " 36", "36 m", "nan", "inf", "1e400", "0x10"})
        CHECK(facet_value(text, FieldType::number) == text);
    for (const char* text : {"", "20010229", "--------", "spring"})
        CHECK(facet_value(text, FieldType::date) == text);
    for (const FieldType type : {FieldType::text, FieldType::code})
        for (const char* text : {"36.0", "0300", "2001", "DEU146"})
            CHECK(facet_value(text, type) == text);
}
