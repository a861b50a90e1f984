// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "protocol/partial_date.hpp"

using namespace sangam;

TEST_CASE("partial date: unknown months and days widen it to the days it may mean") {
    CHECK(PartialDate::parse("20010513") == PartialDate{20010513, 20010513});
    CHECK(PartialDate::parse("2001-05-13") == PartialDate{20010513, 20010513});
    CHECK(PartialDate::parse("2001-05-13T09:30:00Z") == PartialDate{20010513, 20010513});
    for (const char* text : {"200105--", "20010500", "200105", "2001-05"})
        CHECK(PartialDate::parse(text) == PartialDate{20010501, 20010531});
    for (const char* text : {"2001----", "20010000", "2001", "2001--13", "20010013"})
        CHECK(PartialDate::parse(text) == PartialDate{20010101, 20011231});
}

TEST_CASE("partial date: February ends when the calendar says") {
    CHECK(PartialDate::parse("200102--")->last == 20010228);
    CHECK(PartialDate::parse("200002--")->last == 20000229);
    CHECK(PartialDate::parse("190002--")->last == 19000228);
    CHECK(PartialDate::parse("20040229").has_value());
    CHECK_FALSE(PartialDate::parse("20010229").has_value());
}

TEST_CASE("partial date: what is no date is none") {
    for (const char* text :
         {"", "----", "--------", "0000----", "20011301", "20010532", "2001-5-13", "13.05.2001",
          "2001051", "20010513x", "2001/05/13", "May 2001", "20O10513"})
        CHECK_FALSE(PartialDate::parse(text).has_value());
}

TEST_CASE("partial date: a day is within its month, a month within its year, never the other way") {
    const auto day = PartialDate::parse("20010513").value();
    const auto month = PartialDate::parse("200105--").value();
    const auto year = PartialDate::parse("2001----").value();
    CHECK(day.is_within(month));
    CHECK(month.is_within(year));
    CHECK(day.is_within(day));
    CHECK_FALSE(year.is_within(month));
    CHECK_FALSE(month.is_within(day));
}
