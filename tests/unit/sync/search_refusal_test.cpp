// SPDX-License-Identifier: Apache-2.0
// What a person is told whose search every dataset refuses.
#include "sync/search_refusal.hpp"

#include <doctest/doctest.h>

#include "protocol/condition.hpp"

using namespace sangam;
using namespace sangam::sync;

namespace {

Path refused_path(const char* text) { return Path::parse(text).value(); }

std::string lacking(std::initializer_list<const char*> fields) {
    std::vector<Path> paths;
    for (const char* field : fields) paths.push_back(refused_path(field));
    return refusal_of_fields(paths);
}

SearchQuery by_condition(const std::string& where) {
    SearchQuery query;
    query.where = where;
    return query;
}

}  // namespace

TEST_CASE("search refusal: a dataset names every field that it lacks, in the words for one") {
    CHECK(lacking({"a"}) == no_such_field(refused_path("a")));
    CHECK(lacking({"a", "b"}) ==
          no_such_field(refused_path("a")) + "; " + no_such_field(refused_path("b")));
}

TEST_CASE("search refusal: the field is named with its option, and as MCPD calls it") {
    const auto error = search_refusal(
        by_condition("DECLATITUDE > 40"),
        {{"irri/rice", lacking({"collectingInfo.collectingSite.latitudeDecimal"})},
         {"cimmyt/wheat", lacking({"collectingInfo.collectingSite.latitudeDecimal"})}});
    CHECK(error.kind == ErrorKind::refused);
    CHECK(error.code == "search_refused");
    CHECK(error.message ==
          "where: there is no field collectingInfo.collectingSite.latitudeDecimal (DECLATITUDE) in "
          "any of the 2 datasets asked, or it is not shared with you");
    CHECK(error.fix == "sangam get RECORD shows which fields a record has; capitals count");
}

TEST_CASE("search refusal: only what no dataset has is called missing, in all options") {
    SearchQuery query = by_condition("a = 'x' AND b = 'x'");
    query.facets = {"b", "c"};
    query.sort = "-b";
    const auto error = search_refusal(
        query, {{"irri/rice", lacking({"a", "b"})}, {"irri/maize", lacking({"b", "c"})}});
    CHECK(error.message ==
          "where, facet, sort: there is no field b in any of the 2 datasets asked, or it is not "
          "shared with you");
    const auto both =
        search_refusal(by_condition("a = 'x' AND b = 'x'"), {{"irri/rice", lacking({"a", "b"})}});
    CHECK(
        both.message ==
        "where: there is no field a; where: there is no field b in irri/rice, or it is not shared "
        "with you");
}

TEST_CASE("search refusal: datasets that lack different fields are told apart") {
    SearchQuery query = by_condition("a = 'x'");
    query.sort = "b";
    const auto error =
        search_refusal(query, {{"irri/rice", lacking({"b"})}, {"cimmyt/wheat", lacking({"a"})}});
    CHECK(error.message == "none of the datasets asked has all the fields");
    CHECK(error.subject == "where: a is in irri/rice; sort: b is in cimmyt/wheat");
    CHECK_FALSE(error.fix.empty());
}

TEST_CASE("search refusal: who may search nothing is told that, and where") {
    auto error = search_refusal(
        by_condition("a = 'x'"),
        {{"irri/rice", "no grant for search yet"}, {"cimmyt/wheat", "no grant for search yet"}});
    CHECK(error.text() == "no grant for search yet: cimmyt/wheat, irri/rice; ask the owner");
    error = search_refusal({}, {{"irri/rice", "closed"}, {"cimmyt/wheat", "no grant"}});
    CHECK(error.text() ==
          "none of the datasets asked may be searched: irri/rice: closed; cimmyt/wheat: no grant; "
          "ask the owner");
    std::vector<DatasetRefusal> many;
    for (int i = 0; i < 9; ++i) many.push_back({"irri/d" + std::to_string(i), "closed"});
    CHECK(search_refusal({}, many).subject ==
          "irri/d0, irri/d1, irri/d2, irri/d3, irri/d4, and 4 more");
}

TEST_CASE("search refusal: similar names of the standard are offered") {
    const auto offered = [](const char* field) {
        return search_refusal(by_condition(std::string(field) + " = 'x'"),
                              {{"irri/rice", lacking({field})}})
            .fix;
    };
    CHECK(offered("genuss").starts_with("instead of genuss, did you mean genus (GENUS)? "));
    CHECK(offered("Genus").starts_with("instead of Genus, did you mean genus (GENUS)? "));
    CHECK(offered("ORIGCT").find("countryOfOriginCode (ORIGCTY)") != std::string::npos);
    CHECK(offered("country").find("countryOfOriginCode (ORIGCTY)") != std::string::npos);
    CHECK(offered("elevation").find("collectingSite.elevation (ELEVATION)") != std::string::npos);
    // Nothing is like it, or it is one of them itself.
    CHECK(offered("nonsense").starts_with("sangam get RECORD"));
    CHECK(offered("genus").starts_with("sangam get RECORD"));
    CHECK(offered("x").starts_with("sangam get RECORD"));
}
