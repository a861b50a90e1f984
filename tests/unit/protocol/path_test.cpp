// SPDX-License-Identifier: Apache-2.0
#include "protocol/path.hpp"

#include <doctest/doctest.h>

using namespace sangam;

TEST_CASE("path: dots divide names, quotes keep them together") {
    CHECK(Path::parse("genus").value() == Path({"genus"}));
    CHECK(Path::parse("collectingInfo.collectingSite.elevation").value() ==
          Path({"collectingInfo", "collectingSite", "elevation"}));
    CHECK(Path::parse("\"Yield t/ha v2.1\"").value() == Path({"Yield t/ha v2.1"}));
    CHECK(Path::parse("a.\"b.c\".d").value() == Path({"a", "b.c", "d"}));
    CHECK(Path::parse("accessionNames.\"\"").value() == Path({"accessionNames", ""}));
    CHECK(Path::parse("a.\"say \"\"yes\"\"\"").value() == Path({"a", "say \"yes\""}));
}

TEST_CASE("path: refuses empty names, open quotes and text around quotes") {
    for (const auto* text : {"", ".", "a.", ".a", "a..b", "\"a", "\"a\"b", "a\"b\"", "a.\"b\"c",
                             "\"", "\"\"\"", "a\xff"}) {
        CAPTURE(text);
        CHECK_FALSE(Path::parse(text).has_value());
    }
    CHECK(Path::parse("a..b").error().kind == ErrorKind::usage);
}

TEST_CASE("path: its text reads back as the same path") {
    const Path paths[] = {Path({"genus"}),
                          Path({"collectingInfo", "collectingSite"}),
                          Path({"a.b"}),
                          Path({""}),
                          Path({"", "", ""}),
                          Path({"with space", "quote\"quote", "\""}),
                          Path({"M\u00fcller", "\u6c34"}),
                          Path({"tab\there", "new\nline"}),
                          Path({"_life"}),
                          Path({"x-1_y", "100%", "a/b"})};
    for (const auto& path : paths) {
        CAPTURE(path.text());
        CHECK(Path::parse(path.text()).value() == path);
    }
    CHECK(Path({"a", "b c"}).text() == "a.\"b c\"");
    CHECK(Path({"M\u00fcller", "x-1"}).text() == "M\u00fcller.x-1");
}

TEST_CASE("path: order is bytewise, name by name") {
    CHECK(Path({"a", "b"}) < Path({"a", "b", "c"}));
    CHECK(Path({"a", "z"}) < Path({"a.a"}));  // the name "a" ends before "a.a" does
    CHECK(Path({"Z"}) < Path({"a"}));
    CHECK(Path({"z"}) < Path({"\u00fc"}));  // bytes above 0x7f come last
    CHECK(Path({"a", ""}) < Path({"a", "b"}));
}

TEST_CASE("path: lies at or below its beginnings, name by name") {
    const Path site({"collectingInfo", "collectingSite"});
    CHECK(site.is_at_or_below(site));
    CHECK(site.child("elevation").is_at_or_below(site));
    CHECK(site.is_at_or_below(Path({"collectingInfo"})));
    CHECK_FALSE(Path({"collectingInfo"}).is_at_or_below(site));
    CHECK_FALSE(Path({"collectingInfo", "collectingSite2"}).is_at_or_below(site));
}

TEST_CASE("path: a first name with an underscore in front is reserved") {
    CHECK(life_path().is_reserved());
    CHECK(Path({"_proposal", "genus"}).is_reserved());
    CHECK_FALSE(Path({"genus", "_x"}).is_reserved());
    CHECK_FALSE(Path({""}).is_reserved());
}
