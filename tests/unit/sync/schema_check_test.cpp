// SPDX-License-Identifier: Apache-2.0
#include "sync/schema_check.hpp"

#include <doctest/doctest.h>

using namespace sangam;
using namespace sangam::sync;

namespace {

Schema schema(std::map<std::string, std::string> strategies,
              std::map<std::string, std::vector<std::string>> groups = {},
              std::map<std::string, std::string> types = {}) {
    Schema out;
    out.strategies = std::move(strategies);
    out.groups = std::move(groups);
    out.types = std::move(types);
    return out;
}

std::string code(const Schema& given) {
    const auto checked = checked_schema(given);
    return checked ? std::string() : checked.error().code;
}

bool has_data(const Path&) { return true; }
bool has_none(const Path&) { return false; }

}  // namespace

TEST_CASE("schema check: takes every strategy where it fits, and writes paths in one way") {
    CHECK(code(schema({{"a", "latest"},
                       {"b", "owner_wins"},
                       {"c", "keep_all"},
                       {"d", "union"},
                       {"e", "precision"},
                       {"f", "max"},
                       {"g", "min"},
                       {"h", "sum"},
                       {"i", "identity"},
                       {"coordinates", "keep_all"},
                       {"place", "owner_wins"}},
                      {{"place", {"adm1", "adm2"}}})) == "");
    const auto checked = checked_schema(schema({{"\"a\".b", "union"}}));
    REQUIRE(checked);
    CHECK(checked->strategies.contains("a.b"));
}

TEST_CASE("schema check: refuses what no node could merge by") {
    CHECK(code(schema({{"a", "newest"}})) == "unknown_strategy");
    CHECK(code(schema({}, {}, {{"a", "float"}})) == "unknown_type");
    CHECK(code(schema({{"_life", "latest"}})) == "reserved_field");
    CHECK(code(schema({{"a..b", "latest"}})) == "bad_field");
    CHECK(code(schema({}, {{"p", {"a", "b"}}, {"q", {"b", "c"}}})) == "field_in_two_groups");
    CHECK(code(schema({}, {{"p", {"a", "a"}}})) == "field_in_two_groups");
    CHECK(code(schema({}, {{"p", {}}})) == "bad_group");
    CHECK(code(schema({}, {{"p", {"p", "a"}}})) == "bad_group");
    CHECK(code(schema({{"a", "union"}}, {{"p", {"a", "b"}}})) == "field_in_group");
    CHECK(code(schema({{"species", "keep_all"}})) == "field_in_group");
    CHECK(code(schema({{"coordinates", "union"}})) == "bad_merge");
    CHECK(code(schema({{"p", "sum"}}, {{"p", {"a", "b"}}})) == "bad_merge");
    CHECK(code(schema({{"a", "precision"}}, {}, {{"a", "text"}})) == "bad_merge");
    CHECK(code(schema({{"a", "max"}}, {}, {{"a", "code"}})) == "bad_merge");
    CHECK(code(schema({{"a", "sum"}}, {}, {{"a", "date"}})) == "bad_merge");
}

TEST_CASE("schema check: a field that holds data keeps its shape and its group") {
    const Schema before = schema({{"names", "union"}}, {{"place", {"adm1", "adm2"}}});
    const auto is_refused = [&](const Schema& after) {
        const auto changed = check_schema_change(before, after, has_data);
        CHECK(check_schema_change(before, after, has_none));
        return !changed && changed.error().code == "shape_change";
    };
    CHECK_FALSE(is_refused(before));
    CHECK_FALSE(is_refused(schema({{"names", "union"}, {"x", "keep_all"}, {"place", "keep_all"}},
                                  {{"place", {"adm1", "adm2"}}}, {{"x", "number"}})));
    CHECK(is_refused(schema({{"names", "latest"}}, {{"place", {"adm1", "adm2"}}})));
    CHECK(is_refused(schema({{"names", "union"}, {"x", "sum"}}, {{"place", {"adm1", "adm2"}}})));
    CHECK(is_refused(schema({{"names", "union"}}, {{"place", {"adm1", "adm2", "adm3"}}})));
    CHECK(
        is_refused(schema({{"names", "union"}}, {{"place", {"adm1", "adm2"}}, {"n", {"x", "y"}}})));
}
