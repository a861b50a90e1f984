// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "protocol/condition.hpp"

using namespace sangam;

namespace {

Condition read(std::string_view text) {
    auto out = Condition::parse(text);
    REQUIRE_MESSAGE(out.has_value(), text << ": " << out.error().text());
    return *out;
}

std::string condition_refusal(std::string_view text) {
    const auto out = Condition::parse(text);
    REQUIRE_FALSE_MESSAGE(out.has_value(), text);
    CHECK(out.error().code == "bad_condition");
    CHECK(out.error().kind == ErrorKind::usage);
    return out.error().message;
}

bool names_column(std::string_view text, std::size_t column) {
    return condition_refusal(text).find("at column " + std::to_string(column) + ":") !=
           std::string::npos;
}

std::string repeated(std::string_view piece, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += piece;
    return out;
}

}  // namespace

TEST_CASE("condition: every form of the grammar is read and written back canonically") {
    const std::pair<const char*, const char*> forms[] = {
        {"genus='Oryza'", "genus = 'Oryza'"},
        {"a<>1", "a <> 1"},
        {"a < -1.50e3 or b >= 'x'", "a < -1.50e3 OR b >= 'x'"},
        {"a<=1 and b>2", "a <= 1 AND b > 2"},
        {"a in ('x' , 2,'it''s')", "a IN ('x', 2, 'it''s')"},
        {"a Not In ('x')", "a NOT IN ('x')"},
        {"a like 'ab%_'", "a LIKE 'ab%_'"},
        {"a not like '%'", "a NOT LIKE '%'"},
        {"a is null", "a IS NULL"},
        {"a is not null", "a IS NOT NULL"},
        {"a between 1 and 2 and b=3", "a BETWEEN 1 AND 2 AND b = 3"},
        {"a not between 'x' and 'y'", "a NOT BETWEEN 'x' AND 'y'"},
        {"not a=1", "NOT a = 1"},
        {"not(a=1 or b=2)", "NOT (a = 1 OR b = 2)"},
        {"NOT (NOT a = 1)", "NOT (NOT a = 1)"},
        {"((a=1))", "a = 1"},
        {"(a=1 or b=2) and c=3", "(a = 1 OR b = 2) AND c = 3"},
        {"a=1 or (b=2 or (c=3 and (d=4 and e=5)))", "a = 1 OR b = 2 OR c = 3 AND d = 4 AND e = 5"},
        {"\n a.b-c.\"d.e\" \t= 'Zürich'\r\n", "a.b-c.\"d.e\" = 'Zürich'"},
        {"\"a \"\"quoted\"\" name\" = 1", "\"a \"\"quoted\"\" name\" = 1"},
        {"\"plain\" = 1", "plain = 1"},
    };
    for (const auto& [text, canonical] : forms) {
        CHECK(read(text).text() == canonical);
        CHECK(read(canonical) == read(text));
    }
}

TEST_CASE("condition: an unquoted MCPD name is its field, a quoted one a column of that name") {
    CHECK(read("ELEVATION > 100").text() == "collectingInfo.collectingSite.elevation > 100");
    CHECK(read("\"ELEVATION\" > 100").text() == "\"ELEVATION\" > 100");
    CHECK(read("\"ELEVATION\" > 100").paths() == std::vector{Path::single("ELEVATION")});
    CHECK(read("elevation > 100").paths() == std::vector{Path::single("elevation")});
    CHECK(read("ELEVATION.x > 100").paths() ==
          std::vector{Path(std::vector<std::string>{"ELEVATION", "x"})});
}

TEST_CASE("condition: a keyword is a field only in quotes") {
    CHECK(read("\"and\" = 1").text() == "\"and\" = 1");
    CHECK(read("a.and = 1").text() == "a.and = 1");
    CHECK(read("not.a = 1").text() == "not.a = 1");
    CHECK(names_column("or = 1", 1));
    CHECK(names_column("a = 1 and null = 2", 11));
}

TEST_CASE("condition: AND binds closer than OR, NOT closer than AND") {
    const auto condition = read("a=1 or not b=2 and c=3");
    REQUIRE(condition.root().kind == ConditionNode::Kind::any);
    REQUIRE(condition.root().children.size() == 2);
    const auto& both = condition.root().children[1];
    REQUIRE(both.kind == ConditionNode::Kind::all);
    CHECK(both.children[0].kind == ConditionNode::Kind::negation);
}

TEST_CASE("condition: paths are those read, ascending, each once") {
    CHECK(read("b=1 or a is null and not b in (2)").paths() ==
          std::vector{Path::single("a"), Path::single("b")});
}

TEST_CASE("condition: errors name the column in characters") {
    CHECK(names_column("", 1));
    CHECK(names_column("a", 2));
    CHECK(names_column("a =", 4));
    CHECK(names_column("a = x", 5));
    CHECK(names_column("a = \"x\"", 5));
    CHECK(names_column("'x' = a", 1));
    CHECK(names_column("a = 'x", 5));
    CHECK(names_column("\"a = 'x'", 1));
    CHECK(names_column("a == 1", 4));
    CHECK(names_column("a != 1", 3));
    CHECK(names_column("ä = 1 und b = 2", 7));
    CHECK(names_column("a = 1 b", 7));
    CHECK(names_column("(a = 1", 7));
    CHECK(names_column("a = 1)", 6));
    CHECK(names_column("a in ()", 7));
    CHECK(names_column("a in (1 2)", 9));
    CHECK(names_column("a not = 1", 7));
    CHECK(names_column("a is 1", 6));
    CHECK(names_column("a like 1", 8));
    CHECK(names_column("a between 1 or 2", 13));
    CHECK(names_column("not not a = 1", 5));
    CHECK(names_column("a..b = 1", 3));
    CHECK(names_column("_life = 1", 1));
    CHECK(names_column("a = 2001----", 5));
    CHECK(names_column("a = 1.", 5));
    CHECK(names_column("a = 1e999", 5));
    CHECK(names_column("a = 1; drop table x", 6));
}

TEST_CASE("condition: invalid UTF-8 is refused") {
    CHECK(!condition_refusal("a = '\xff'").empty());
}

TEST_CASE("condition: 4096 bytes, 64 terms and 16 levels, and not one more") {
    const auto of_size = [](std::size_t size) { return "a = '" + repeated("x", size - 6) + "'"; };
    CHECK(read(of_size(4096)).text().size() == 4096);
    CHECK(!condition_refusal(of_size(4097)).empty());
    CHECK(read("a=1" + repeated(" or a=1", 63)).root().children.size() == 64);
    CHECK(names_column("a=1" + repeated(" or a=1", 64), 3 + 63 * 7 + 5));
    CHECK(read(repeated("(", 16) + "a=1" + repeated(")", 16)).text() == "a = 1");
    CHECK(names_column(repeated("(", 17) + "a=1" + repeated(")", 17), 17));
    CHECK(read(repeated("not(", 8) + "a=1" + repeated(")", 8)).paths().size() == 1);
    CHECK(!condition_refusal(repeated("not(", 9) + "a=1" + repeated(")", 9)).empty());
    CHECK(!condition_refusal(repeated("(", 4000)).empty());
}

TEST_CASE("condition: one that grows past 4096 bytes by its field names is refused") {
    // 64 terms of a long MCPD name: short as typed, long as written out.
    const std::string term = "COLLINSTADDRESS in (" + repeated("1,", 12) + "1)";
    const auto text = term + repeated(" or " + term, 60);
    REQUIRE(text.size() <= max_condition_bytes);
    CHECK(condition_refusal(text).find("written out") != std::string::npos);
}

TEST_CASE("condition: a text cut anywhere is refused or a condition of its own") {
    const std::string text = "NOT (a.\"b\" = 'it''s' OR c IN (1, 'x')) AND d BETWEEN -1.5e2 AND 2";
    for (std::size_t size = 0; size < text.size(); ++size)
        if (const auto cut = Condition::parse(text.substr(0, size)))
            CHECK(read(cut->text()) == *cut);
}

TEST_CASE("condition: hidden and missing fields are refused in the same words") {
    CHECK(no_such_field(Path::single("a")) ==
          "there is no field a here, or it is not shared with you");
}
