// SPDX-License-Identifier: Apache-2.0
// Every strategy on sets of siblings, in both orders of arrival, and through the merger where it
// needs more than values: reserved fields, groups, counters.
#include "sync/strategies.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "sync/change_rules.hpp"
#include "sync/merger.hpp"
#include "sync/reserved_paths.hpp"
#include "tests/support/merging_changes.hpp"

using namespace sangam;
using namespace sangam::sync;
using sangam::testing::dot;
using sangam::testing::node;
using sangam::testing::path;
using sangam::testing::seen;
using storage::StoredChange;

namespace {

/// Siblings by lanes 1, 2, 3, ... at rising clocks.
std::vector<Sibling> siblings(std::vector<std::optional<Value>> values) {
    std::vector<Sibling> out;
    for (auto& value : values) {
        const auto n = static_cast<std::uint8_t>(out.size() + 1);
        out.push_back({std::move(value), dot(n, 1), Hlc::of(n * 10U, 0)});
    }
    return out;
}

Settlement settled(const char* strategy, const char* type,
                   std::vector<std::optional<Value>> values) {
    return settle(strategy_from_text(strategy), type, siblings(std::move(values)));
}

StoredChange change(const Dot& at, std::uint64_t ms, std::initializer_list<Dot> dots,
                    std::vector<FieldWrite> writes) {
    return sangam::testing::change(at, ms, seen(dots), std::move(writes));
}

Manifest with(const std::string& target, const std::string& strategy) {
    Manifest manifest;
    manifest.schema.strategies[target] = strategy;
    return manifest;
}

const Merger strategy_merger;

}  // namespace

TEST_CASE("strategies: precision takes the date that refines all others, else none") {
    auto got = settled("precision", "date", {"200107--", "2001----"});
    CHECK_FALSE(got.is_open);
    CHECK(got.shown == 0);
    got = settled("precision", "date", {"2001----", "20010715", "20010700"});
    CHECK_FALSE(got.is_open);
    CHECK(got.shown == 1);
    CHECK(settled("precision", "date", {"2001----", "2002----"}).is_open);
    // One refines the year, but not the other month.
    CHECK(settled("precision", "date", {"2001----", "200107--", "200108--"}).is_open);
    CHECK(settled("precision", "date", {"2001----", "spring"}).is_open);
    // A removal says nothing that could be refined.
    got = settled("precision", "date", {"2001----", std::nullopt});
    CHECK_FALSE(got.is_open);
    CHECK(got.shown == 0);
}

TEST_CASE("strategies: max and min act among numbers or dates, and not among anything else") {
    CHECK(settled("max", "number", {"9", "10", "2.5"}).shown == 1);
    CHECK(settled("min", "number", {"9", Value(10), "2.5"}).shown == 2);
    CHECK(settled("max", "date", {"2003----", "20011231", "2002----"}).shown == 0);
    CHECK(settled("min", "date", {"2003----", "20011231", "2002----"}).shown == 1);
    CHECK(settled("max", "number", {"9", "many"}).is_open);
    const auto got = settled("max", "number", {"9", std::nullopt});
    CHECK_FALSE(got.is_open);
    CHECK(got.shown == 0);
    // Exact beyond what a double can tell apart.
    CHECK(settled("max", "number", {"9007199254740993", "9007199254740992"}).shown == 0);
}

TEST_CASE("strategies: keep_all stays open and shows the latest that has a value") {
    const auto got = settled("keep_all", "text", {"a", "b", std::nullopt});
    CHECK(got.is_open);
    CHECK(got.shown == 1);
}

TEST_CASE("strategies: writes that say the same in their type are no conflict") {
    const auto conflicts = [](const char* type, Value a, Value b) {
        Manifest manifest;
        manifest.schema.types["f"] = type;
        const auto merged = strategy_merger.merge(
            manifest, {change(dot(1, 1), 10, {}, {{path("f"), std::move(a)}}),
                       change(dot(2, 1), 20, {}, {{path("f"), std::move(b)}})});
        return merged.conflicts.size();
    };
    CHECK(conflicts("number", "36.0", "36") == 0);
    CHECK(conflicts("number", "3.6e1", Value(36)) == 0);
    CHECK(conflicts("number", "NA", "36") == 1);
    CHECK(conflicts("text", "36.0", "36") == 1);
    CHECK(conflicts("code", " phl001", "PHL001") == 0);
    CHECK(conflicts("code", "300", Value(300)) == 0);
    CHECK(conflicts("code", "PHL001", "PHL002") == 1);
    CHECK(conflicts("date", "20010000", "2001----") == 0);
    CHECK(conflicts("date", "2001-07-15", "20010715") == 0);
    CHECK(conflicts("date", "2001----", "200107--") == 1);
    CHECK(conflicts("code", Value(Value::Array{"deu146"}), Value(Value::Array{"DEU146"})) == 0);
    CHECK(conflicts("code", Value(Value::Array{"deu146", "x"}), Value(Value::Array{"DEU146"})) ==
          1);
}

TEST_CASE("owner_wins: the owner's write stands against later proposals, which are told") {
    const auto manifest = with("status", "owner_wins");
    const auto proposed = path(proposal_path(path("status"), node(2)).text());
    const auto own = change(dot(1, 1), 10, {}, {{path("status"), "1"}});
    const auto proposal = change(dot(2, 1), 20, {}, {{proposed, "0"}});
    auto merged = strategy_merger.merge(manifest, {own, proposal});
    CHECK(merged.fields.at(path("status")) == Value("1"));
    REQUIRE(merged.conflicts.size() == 1);
    CHECK(merged.conflicts.front().field == "status");
    CHECK_FALSE(merged.conflicts.front().is_open);
    CHECK(merged.conflicts.front().chosen == 0);
    CHECK(merged.conflicts.front().values[1].author() == node(2));

    SUBCASE("until the owner has written something else, the latest proposal is shown") {
        const auto other = change(dot(3, 1), 15, {},
                                  {{path(proposal_path(path("status"), node(3)).text()), "99"}});
        merged = strategy_merger.merge(manifest, {other, proposal});
        CHECK(merged.fields.at(path("status")) == Value("0"));
        REQUIRE(merged.conflicts.size() == 1);
        CHECK_FALSE(merged.conflicts.front().is_open);
    }
    SUBCASE("a write of the owner that saw the proposal answers it") {
        merged = strategy_merger.merge(
            manifest, {own, proposal,
                       change(dot(1, 2), 30, {dot(1, 1), dot(2, 1)}, {{path("status"), "1"}})});
        CHECK(merged.conflicts.empty());
        CHECK(merged.fields.at(path("status")) == Value("1"));
    }
    SUBCASE("a proposal of the same is no conflict") {
        merged =
            strategy_merger.merge(manifest, {own, change(dot(2, 1), 20, {}, {{proposed, "1"}})});
        CHECK(merged.conflicts.empty());
    }
}

TEST_CASE("identity: what only others proposed is not shown, and waits for the owner") {
    const auto genus = path("genus");
    const auto proposal = change(dot(2, 1), 20, {}, {{proposal_path(genus, node(2)), "Triticum"}});
    auto merged = strategy_merger.merge({}, {proposal});
    CHECK_FALSE(merged.fields.contains(genus));
    REQUIRE(merged.conflicts.size() == 1);
    CHECK(merged.conflicts.front().is_open);
    merged = strategy_merger.merge(
        {}, {proposal, change(dot(1, 1), 30, {dot(2, 1)}, {{genus, "Aegilops"}})});
    CHECK(merged.fields.at(genus) == Value("Aegilops"));
    CHECK(merged.conflicts.empty());
}

TEST_CASE("owner_wins: what another wrote before the field was reserved counts as a proposal") {
    auto manifest = with("status", "owner_wins");
    manifest.owner = InstitutionId{node(1).bytes};
    auto own = change(dot(1, 1), 10, {}, {{path("status"), "1"}});
    own.institution = manifest.owner;
    auto other = change(dot(2, 1), 20, {}, {{path("status"), "0"}});
    SUBCASE("the owner's write stands against it, though it is older") {
        other.institution = InstitutionId{node(2).bytes};
        const auto merged = strategy_merger.merge(manifest, {own, other});
        CHECK(merged.fields.at(path("status")) == Value("1"));
        REQUIRE(merged.conflicts.size() == 1);
        CHECK_FALSE(merged.conflicts.front().is_open);
        CHECK(merged.conflicts.front().chosen == 0);
    }
    SUBCASE("it is shown until the owner has written one, unless it says what the record is") {
        other.institution = InstitutionId{node(2).bytes};
        CHECK(strategy_merger.merge(manifest, {other}).fields.at(path("status")) == Value("0"));
        manifest.schema.strategies["status"] = "identity";
        const auto merged = strategy_merger.merge(manifest, {other});
        CHECK_FALSE(merged.fields.contains(path("status")));
        REQUIRE(merged.conflicts.size() == 1);
        CHECK(merged.conflicts.front().is_open);
    }
    SUBCASE("where nobody knows whose node wrote it, the rules of its day held") {
        CHECK(strategy_merger.merge(manifest, {own, other}).fields.at(path("status")) ==
              Value("0"));
    }
}

TEST_CASE("owner_wins: a group is proposed, and taken, whole") {
    const auto manifest = with("taxon", "owner_wins");
    const auto at = [](const char* field) { return proposal_path(path(field), node(2)); };
    const auto proposal = change(dot(2, 1), 20, {},
                                 {{at("species"), "durum"},
                                  {at("speciesAuthority"), "Desf."},
                                  {at("subtaxa"), std::nullopt},
                                  {at("subtaxaAuthority"), std::nullopt}});
    auto merged = strategy_merger.merge(manifest, {proposal});
    CHECK(merged.fields.at(path("species")) == Value("durum"));
    CHECK(merged.fields.at(path("speciesAuthority")) == Value("Desf."));
    CHECK(merged.conflicts.empty());
    merged = strategy_merger.merge(manifest,
                                   {proposal, change(dot(1, 1), 10, {},
                                                     {{path("species"), "turgidum"},
                                                      {path("speciesAuthority"), std::nullopt},
                                                      {path("subtaxa"), "durum"},
                                                      {path("subtaxaAuthority"), std::nullopt}})});
    CHECK(merged.fields.at(path("species")) == Value("turgidum"));
    CHECK_FALSE(merged.fields.contains(path("speciesAuthority")));
    REQUIRE(merged.conflicts.size() == 1);
    CHECK(merged.conflicts.front().field == "taxon");
    CHECK(merged.conflicts.front().chosen == 0);
}

TEST_CASE("sum: every lane's own total is added up, and nobody's is a conflict") {
    const auto manifest = with("stock", "sum");
    const auto total = [](std::uint8_t n, std::uint64_t ms, Value value) {
        const Dot at = dot(n, 1);
        return change(at, ms, {}, {{counter_path(path("stock"), at.lane), std::move(value)}});
    };
    auto merged =
        strategy_merger.merge(manifest, {total(1, 10, 100), total(2, 20, -30), total(3, 5, 2)});
    CHECK(merged.fields.at(path("stock")) == Value(72));
    CHECK(merged.conflicts.empty());
    REQUIRE(merged.leaves.size() == 1);
    CHECK(merged.leaves.front().path == path("stock"));
    merged = strategy_merger.merge(manifest, {total(1, 10, 0.5), total(2, 20, 2)});
    CHECK(merged.fields.at(path("stock")) == Value(2.5));
}

namespace {

std::optional<std::string> broken(const Manifest& manifest, std::uint8_t author, bool by_owner,
                                  std::vector<FieldWrite> writes, std::size_t hidden = 0) {
    auto made = change(dot(author, 1), 10, {}, std::move(writes)).change;
    std::ranges::sort(made.fields, {}, [](const OpenField& f) { return f.write.path; });
    made.hidden_leaves.resize(hidden);
    return broken_rule(MergeSchema(manifest.schema), made, dot(author, 1).lane, by_owner);
}

}  // namespace

TEST_CASE("change rules: a reserved field is the owner's, a proposal its author's") {
    const auto genus = path("genus");
    CHECK_FALSE(broken({}, 1, true, {{genus, "Oryza"}}));
    CHECK(broken({}, 2, false, {{genus, "Oryza"}}));
    CHECK_FALSE(broken({}, 2, false, {{proposal_path(genus, node(2)), "Oryza"}}));
    CHECK(broken({}, 2, false, {{proposal_path(genus, node(3)), "Oryza"}}));
    CHECK(broken({}, 1, true, {{proposal_path(genus, node(3)), "Oryza"}}));
    CHECK_FALSE(broken({}, 1, true, {{proposal_path(genus, node(3)), std::nullopt}}));
    CHECK_FALSE(broken({}, 2, false, {{path("remarks"), "x"}, {life_path(), restored_value()}}));
}

TEST_CASE("change rules: a group is written whole, unless the rest may be hidden") {
    const std::vector<FieldWrite> part{{path("species"), "durum"}};
    CHECK(broken({}, 2, false, part));
    CHECK(broken({}, 2, false, part, 2));
    CHECK_FALSE(broken({}, 2, false, part, 3));
    CHECK_FALSE(broken({}, 2, false,
                       {{path("species"), "durum"},
                        {path("speciesAuthority"), std::nullopt},
                        {path("subtaxa"), std::nullopt},
                        {path("subtaxaAuthority"), std::nullopt}}));
}

TEST_CASE("change rules: sets are written by element, counters by lane and with numbers") {
    CHECK(broken({}, 1, true, {{path("accessionNames"), "Zulu"}}));
    CHECK_FALSE(broken({}, 1, true, {{path("accessionNames.Zulu"), 0}}));
    CHECK(broken({}, 1, true, {{path("accessionNames.Zulu.x"), 0}}));
    const auto manifest = with("stock", "sum");
    CHECK(broken(manifest, 1, true, {{path("stock"), 5}}));
    CHECK_FALSE(broken(manifest, 1, true, {{counter_path(path("stock"), dot(1, 1).lane), 5}}));
    CHECK(broken(manifest, 1, true, {{counter_path(path("stock"), dot(2, 1).lane), 5}}));
    CHECK(broken(manifest, 1, true, {{counter_path(path("stock"), dot(1, 1).lane), "five"}}));
}
