// SPDX-License-Identifier: Apache-2.0
// RECORD: what is read, what is written, what is refused.
#include <doctest/doctest.h>

#include "node/ingest/import_report.hpp"
#include "node/service/record_name.hpp"

using namespace sangam;

TEST_CASE("record name: only %, slashes and control characters of the id are encoded") {
    const RecordKey key{"germplasm", "DEU146:TRI 1/2%\n:Triticum ä"};
    const auto text = node::ingest::record_text("ipk/passports", key);
    CHECK(text == "ipk/passports/germplasm/DEU146:TRI 1%2F2%25%0A:Triticum ä");
    const auto name = node::parse_record_name(text);
    REQUIRE(name);
    CHECK(name->institution == "ipk");
    CHECK(name->dataset == "passports");
    CHECK(name->key == key);
}

TEST_CASE("record name: ids are neither trimmed nor folded") {
    CHECK(node::parse_record_name("a/b/c/6856B")->key !=
          node::parse_record_name("a/b/c/6856b")->key);
    CHECK(node::parse_record_name("a/b/c/ x ")->key.id == " x ");
    CHECK(node::parse_record_name("a/b/c/..")->key.id == "..");
}

TEST_CASE("record name: what is no RECORD is refused as usage") {
    for (const char* bad :
         {"", "a", "a/b", "a/b/c", "a/b/c/", "/b/c/d", "a//c/d", "a/b//d", "a/b/c/d/e", "a/b/c/%",
          "a/b/c/%2", "a/b/c/%zz", "a/b/c/\xff", "a/b/c/%ff"}) {
        const auto name = node::parse_record_name(bad);
        REQUIRE_MESSAGE(!name, bad);
        CHECK(name.error().kind == ErrorKind::usage);
    }
}
