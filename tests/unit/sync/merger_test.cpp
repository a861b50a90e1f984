// SPDX-License-Identifier: Apache-2.0
#include "sync/merger.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/merging_changes.hpp"

using namespace sangam;
using namespace sangam::sync;
using sangam::testing::change;
using sangam::testing::dot;
using sangam::testing::node;
using sangam::testing::path;
using sangam::testing::seen;
using storage::StoredChange;

namespace {

FieldWrite put(const char* field, Value value) { return {path(field), std::move(value)}; }
FieldWrite gone(const char* field) { return {path(field), std::nullopt}; }

const Manifest mcpd;
const Merger merger;

}  // namespace

TEST_CASE(
    "merger: the latest of two writes that did not see each other is shown, and both are kept") {
    const auto merged = merger.merge(
        mcpd, {change(dot(2, 1), 20, {}, {put("remarks", "b")}),
               change(dot(1, 1), 10, {}, {put("remarks", "a"), put("pedigree", "p")})});
    CHECK(merged.fields.at(path("remarks")) == Value("b"));
    CHECK(merged.fields.at(path("pedigree")) == Value("p"));
    REQUIRE(merged.conflicts.size() == 1);
    const MergeConflict& conflict = merged.conflicts.front();
    CHECK(conflict.field == "remarks");
    CHECK_FALSE(conflict.is_open);
    REQUIRE(conflict.values.size() == 2);
    CHECK(conflict.values[0].value == Value("a"));
    CHECK(conflict.values[0].author() == node(1));
    CHECK(conflict.chosen == 1);
}

TEST_CASE("merger: at equal clocks the higher lane wins on every node") {
    const auto a = change(dot(1, 1), 10, {}, {put("remarks", "a")});
    const auto b = change(dot(2, 1), 10, {}, {put("remarks", "b")});
    CHECK(merger.merge(mcpd, {a, b}).fields == merger.merge(mcpd, {b, a}).fields);
    CHECK(merger.merge(mcpd, {a, b}).fields.at(path("remarks")) == Value("b"));
}

TEST_CASE("merger: a write that saw the other is no conflict, whatever the clocks say") {
    const auto merged =
        merger.merge(mcpd, {change(dot(1, 1), 90, {}, {put("remarks", "a"), put("pedigree", "p")}),
                            change(dot(2, 1), 10, seen({dot(1, 1)}), {put("remarks", "b")})});
    CHECK(merged.fields.at(path("remarks")) == Value("b"));
    CHECK(merged.conflicts.empty());
}

TEST_CASE("merger: equal values are no conflict, and equal numbers neither") {
    const auto merged = merger.merge(
        mcpd, {change(dot(1, 1), 10, {}, {put("collectingInfo.collectingSite.elevation", "36.0")}),
               change(dot(2, 1), 20, {}, {put("collectingInfo.collectingSite.elevation", "36")})});
    CHECK(merged.conflicts.empty());
    CHECK(merged.fields.at(path("collectingInfo.collectingSite.elevation")) == Value("36"));
    const auto text = merger.merge(mcpd, {change(dot(1, 1), 10, {}, {put("remarks", "36.0")}),
                                          change(dot(2, 1), 20, {}, {put("remarks", "36")})});
    CHECK(text.conflicts.size() == 1);
}

TEST_CASE("merger: a later removal takes the field away and is told") {
    const auto merged = merger.merge(mcpd, {change(dot(1, 1), 10, {}, {put("remarks", "a")}),
                                            change(dot(2, 1), 20, {}, {gone("remarks")})});
    CHECK_FALSE(merged.fields.contains(path("remarks")));
    REQUIRE(merged.conflicts.size() == 1);
    CHECK_FALSE(merged.conflicts.front().values[1].value.has_value());
}

TEST_CASE("merger: a strategy that this build does not know stays an open conflict") {
    Manifest manifest;
    manifest.schema.strategies["local"] = "by_committee";
    const auto merged = merger.merge(manifest, {change(dot(1, 1), 10, {}, {put("local", "a")}),
                                                change(dot(2, 1), 20, {}, {put("local", "b")})});
    REQUIRE(merged.conflicts.size() == 1);
    CHECK(merged.conflicts.front().strategy == "by_committee");
    CHECK(merged.conflicts.front().is_open);
    CHECK_FALSE(merged.conflicts.front().chosen.has_value());
    REQUIRE(merged.leaves.size() == 1);
    CHECK(merged.leaves.front().has_conflict);
    CHECK(merged.fields.at(path("local")) == Value("b"));
}

TEST_CASE("merger: a union keeps an element that one removed while another added it, in order") {
    const auto merged = merger.merge(
        mcpd,
        {change(dot(1, 1), 10, {}, {put("accessionNames.Zulu", 0), put("accessionNames.Alpha", 1)}),
         change(dot(2, 1), 20, {}, {gone("accessionNames.Zulu"), put("accessionNames.Beta", 0)})});
    CHECK(merged.fields.at(path("accessionNames")) ==
          Value(Value::Array{Value("Zulu"), Value("Alpha"), Value("Beta")}));
    REQUIRE(merged.conflicts.size() == 1);
    CHECK(merged.conflicts.front().strategy == "union");
    CHECK(merged.leaves.size() == 3);
}

TEST_CASE("merger: an element that its source repeats stands at each of its places") {
    const auto merged = merger.merge(
        mcpd, {change(dot(1, 1), 10, {},
                      {put("accessionNames.A", Value(Value::Array{Value(0), Value(2)})),
                       put("accessionNames.B", 1)})});
    CHECK(merged.fields.at(path("accessionNames")) ==
          Value(Value::Array{Value("A"), Value("B"), Value("A")}));
}

TEST_CASE("merger: a group is taken from one change, never mixed") {
    const auto merged = merger.merge(
        mcpd, {change(dot(1, 1), 10, {}, {put("species", "sativa"), put("speciesAuthority", "L.")}),
               change(dot(2, 1), 20, {}, {put("species", "rufipogon"), gone("speciesAuthority")})});
    CHECK(merged.fields.at(path("species")) == Value("rufipogon"));
    CHECK_FALSE(merged.fields.contains(path("speciesAuthority")));
    REQUIRE(merged.conflicts.size() == 1);
    CHECK(merged.conflicts.front().field == "taxon");
    CHECK(merged.conflicts.front().is_group);
    CHECK(merged.conflicts.front().values[0].value ==
          Value(Value::Map{{"species", Value("sativa")}, {"speciesAuthority", Value("L.")}}));
}

TEST_CASE("merger: a deletion outlives a concurrent edit and a concurrent restore") {
    const auto born = change(dot(1, 1), 10, {}, {put("remarks", "a")});
    const auto removed = change(dot(1, 2), 20, seen({dot(1, 1)}), {{life_path(), deleted_value()}});
    const auto edited = change(dot(2, 1), 30, seen({dot(1, 1)}), {put("pedigree", "p")});
    const auto restored_blind =
        change(dot(2, 2), 40, seen({dot(1, 1), dot(2, 1)}), {{life_path(), restored_value()}});
    CHECK(merger.merge(mcpd, {born, removed, edited}).is_deleted);
    CHECK(merger.merge(mcpd, {born, removed, edited, restored_blind}).is_deleted);

    SUBCASE("a restore that saw it brings the record and the edit back") {
        const auto restored =
            change(dot(2, 3), 50, seen({dot(1, 2), dot(2, 2)}), {{life_path(), restored_value()}});
        const auto merged = merger.merge(mcpd, {born, removed, edited, restored});
        CHECK_FALSE(merged.is_deleted);
        CHECK(merged.fields.at(path("pedigree")) == Value("p"));
    }
    SUBCASE("a restore that saw one of two deletions is not enough") {
        const auto removed_too =
            change(dot(3, 1), 25, seen({dot(1, 1)}), {{life_path(), deleted_value()}});
        const auto restored =
            change(dot(2, 3), 50, seen({dot(1, 2)}), {{life_path(), restored_value()}});
        CHECK(merger.merge(mcpd, {born, removed, removed_too, restored}).is_deleted);
    }
}

TEST_CASE("merger: reserved fields are not shown as fields") {
    const auto merged = merger.merge(mcpd, {change(dot(1, 1), 10, {},
                                                   {put("_proposal.genus.ab", "Oryza"),
                                                    put("genus", "Zea"),
                                                    {life_path(), restored_value()}})});
    CHECK(merged.fields.size() == 1);
    CHECK(merged.leaves.size() == 1);
    CHECK(merged.siblings.contains(path("_proposal.genus.ab")));
}

TEST_CASE("merger: a group made later keeps what a narrower write left unsaid") {
    // The first change wrote both, the second one of them; then they became a group.
    Manifest manifest;
    manifest.schema.groups["place"] = {"village", "district"};
    const auto first =
        change(dot(1, 1), 10, {}, {put("village", "Koftu"), put("district", "Ada'a")});
    const auto second = change(dot(2, 1), 20, seen({dot(1, 1)}), {put("village", "Rogge")});
    auto merged = merger.merge(manifest, {first, second});
    CHECK(merged.fields.at(path("village")) == Value("Rogge"));
    CHECK(merged.fields.at(path("district")) == Value("Ada'a"));
    CHECK(merged.conflicts.empty());
    // A third that saw neither competes with the two together.
    const auto third = change(dot(3, 1), 15, {}, {put("village", "Woberi"), gone("district")});
    merged = merger.merge(manifest, {third, second, first});
    REQUIRE(merged.conflicts.size() == 1);
    CHECK(merged.conflicts.front().values.size() == 2);
    CHECK(merged.fields.at(path("district")) == Value("Ada'a"));
}

TEST_CASE("merger: a manifest's own group takes fields out of the default one") {
    Manifest manifest;
    manifest.schema.groups["name"] = {"species", "genus"};
    const auto schema = merger.schema_of(manifest);
    CHECK(schema->group_of(path("species")) == "name");
    CHECK(schema->group_of(path("genus")) == "name");
    CHECK(schema->group_of(path("speciesAuthority")) == "taxon");
    CHECK(schema == merger.schema_of(manifest));
}
