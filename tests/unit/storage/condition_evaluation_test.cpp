// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "storage/condition_evaluation.hpp"
#include "tests/support/field_types.hpp"

using namespace sangam;
using namespace sangam::storage;
using sangam::testing::type_by_letter;

namespace {

Path path(std::string_view text) { return Path::parse(text).value(); }

FlatRecord record_of(const std::vector<std::pair<std::string, Value>>& fields) {
    Projection projection;
    for (const auto& [name, value] : fields) projection.fields.push_back({path(name), value});
    return flat_record(projection, type_by_letter);
}

FlatRecord with_siblings(const std::string& name, std::vector<std::optional<Value>> values) {
    Projection projection;
    projection.fields.push_back({path(name), Value("shown"), true});
    projection.siblings.emplace(path(name), std::move(values));
    return flat_record(projection, type_by_letter);
}

Truth says(std::string_view condition, const FlatRecord& record,
           const std::vector<Path>& hidden = {}) {
    const auto read = Condition::parse(condition);
    REQUIRE_MESSAGE(read.has_value(), read.error().text());
    return evaluate(*read, record, hidden);
}

constexpr auto yes = Truth::yes;
constexpr auto no = Truth::no;
constexpr auto unknown = Truth::unknown;

}  // namespace

TEST_CASE("conditions: text compares by bytes, and a number literal against it is unknown") {
    const auto record = record_of({{"t", "Zea"}, {"u", "äther"}, {"v", "10"}});
    CHECK(says("t = 'Zea'", record) == yes);
    CHECK(says("t = 'zea'", record) == no);
    CHECK(says("t <> 'zea'", record) == yes);
    CHECK(says("t < 'a'", record) == yes);
    CHECK(says("u > 'z'", record) == yes);
    CHECK(says("v < '9'", record) == yes);
    CHECK(says("v = 10", record) == unknown);
    CHECK(says("v IN ('10', 10)", record) == yes);
    CHECK(says("v NOT IN ('11', 10)", record) == unknown);
    CHECK(says("t BETWEEN 'A' AND 'Zea'", record) == yes);
}

TEST_CASE("conditions: numbers compare as numbers, and text that is none is unknown") {
    const auto record = record_of({{"n1", "36.0"}, {"n2", "about 5"}, {"n3", 7}, {"n4", "-2.5e1"}});
    CHECK(says("n1 = 36", record) == yes);
    CHECK(says("n1 = '36'", record) == yes);
    CHECK(says("n1 > 9", record) == yes);
    CHECK(says("n2 > 1", record) == unknown);
    CHECK(says("NOT n2 > 1", record) == unknown);
    CHECK(says("n2 IS NULL", record) == no);
    CHECK(says("n3 BETWEEN 7 AND 7", record) == yes);
    CHECK(says("n4 = -25", record) == yes);
    CHECK(says("n1 = 'many'", record) == unknown);
    CHECK(says("n1 LIKE '36%'", record) == yes);
}

TEST_CASE("conditions: a code is what a number literal spells") {
    const auto record = record_of({{"c", "0300"}});
    CHECK(says("c = 0300", record) == yes);
    CHECK(says("c = 300", record) == no);
    CHECK(says("c IN ('0300')", record) == yes);
}

TEST_CASE("conditions: partial dates are intervals") {
    const auto year = record_of({{"d", "2001----"}});
    const auto month = record_of({{"d", "20010500"}});
    const auto day = record_of({{"d", "2001-05-13"}});
    CHECK(says("d = '2001----'", day) == yes);
    CHECK(says("d = 2001", month) == yes);
    CHECK(says("d = '20010513'", year) == no);
    CHECK(says("d <> '20010513'", year) == yes);
    CHECK(says("d >= '2001'", year) == yes);
    CHECK(says("d >= '200105--'", year) == no);
    CHECK(says("d < '200105--'", year) == yes);
    CHECK(says("d <= '2001'", day) == yes);
    CHECK(says("d > '2001'", day) == no);
    CHECK(says("d BETWEEN '1990' AND '2001'", day) == yes);
    CHECK(says("d BETWEEN '1990' AND '2000'", month) == no);
    CHECK(says("d = 'spring'", day) == unknown);
    CHECK(says("d = '2001'", record_of({{"d", "unknown"}})) == unknown);
}

TEST_CASE("conditions: a missing field is unknown, its negation too, and only yes lets through") {
    const auto record = record_of({{"t", "x"}, {"gone", nullptr}, {"empty", Value::Array{}}});
    for (const char* missing : {"m", "gone", "empty", "t.below"}) {
        const std::string name = missing;
        CHECK(says(name + " = 'x'", record) == unknown);
        CHECK(says("NOT " + name + " = 'x'", record) == unknown);
        CHECK(says(name + " NOT IN ('x')", record) == unknown);
        CHECK(says(name + " NOT LIKE 'x'", record) == unknown);
        CHECK(says(name + " IS NULL", record) == yes);
        CHECK(says(name + " IS NOT NULL", record) == no);
        CHECK_FALSE(lets_through(Condition::parse("NOT " + name + " = 'x'").value(), record));
    }
    CHECK(says("m = 'x' OR t = 'x'", record) == yes);
    CHECK(says("m = 'x' OR t = 'y'", record) == unknown);
    CHECK(says("m = 'x' AND t = 'y'", record) == no);
    CHECK(says("m = 'x' AND t = 'x'", record) == unknown);
}

TEST_CASE("conditions: a list is true if any element is") {
    const auto record = record_of({{"t", Value::Array{"a", "b"}},
                                   {"n", Value::Array{"1", "x"}},
                                   {"m", Value::Map{{"n", 5}, {"in", Value::Array{"p", "q"}}}}});
    CHECK(says("t = 'b'", record) == yes);
    CHECK(says("t = 'c'", record) == no);
    CHECK(says("t <> 'a'", record) == yes);
    CHECK(says("NOT t = 'a'", record) == no);
    CHECK(says("t NOT IN ('a', 'b')", record) == no);
    CHECK(says("t NOT IN ('a')", record) == yes);
    CHECK(says("n = 1", record) == yes);
    CHECK(says("n = 2", record) == unknown);
    CHECK(says("m.n = 5", record) == yes);
    CHECK(says("m.in LIKE 'q'", record) == yes);
}

TEST_CASE("conditions: the elements of a union are a list at its path") {
    Projection projection;
    projection.fields.push_back({path("titles.Kathara"), Value(0), false, true});
    projection.fields.push_back({path("titles.\"Old name\""), Value(1), false, true});
    const auto record = flat_record(projection, type_by_letter);
    CHECK(says("titles = 'Old name'", record) == yes);
    CHECK(says("titles LIKE 'Kat%'", record) == yes);
    CHECK(says("titles = '0'", record) == no);
}

TEST_CASE("conditions: siblings must agree, whether asked with or without NOT") {
    const auto record = with_siblings("t", {Value("a"), Value("b")});
    CHECK(says("t = 'a'", record) == unknown);
    CHECK(says("NOT t = 'a'", record) == unknown);
    CHECK(says("t <> 'a'", record) == unknown);
    CHECK(says("t IN ('a', 'b')", record) == yes);
    CHECK(says("t = 'c'", record) == no);
    CHECK(says("NOT t = 'c'", record) == yes);
    CHECK(says("t = 'shown'", record) == no);
    const auto removed = with_siblings("t", {Value("a"), std::nullopt});
    CHECK(says("t = 'a'", removed) == unknown);
    CHECK(says("t IS NULL", removed) == unknown);
    CHECK(says("t IS NOT NULL", removed) == unknown);
    const auto lists = with_siblings("t", {Value(Value::Array{"a", "b"}), Value("b")});
    CHECK(says("t = 'b'", lists) == yes);
    CHECK(says("t = 'a'", lists) == unknown);
}

TEST_CASE("conditions: LIKE takes characters, not bytes, and knows no escape") {
    const auto record = record_of({{"t", "Körné 100%"}});
    for (const char* pattern :
         {"K_rn_ 100_", "%", "K%", "%0\\%", "%rn%1%", "Körné 100%", "___________%"})
        CHECK(says("t LIKE '" + std::string(pattern) + "'", record) ==
              (std::string_view(pattern).find('\\') != std::string_view::npos ||
                       std::string_view(pattern).starts_with("___________")
                   ? no
                   : yes));
    CHECK(says("t LIKE 'k%'", record) == no);
    CHECK(says("t LIKE ''", record) == no);
    CHECK(says("t NOT LIKE 'x%'", record) == yes);
    CHECK(says("u LIKE ''", record_of({{"u", ""}})) == yes);
}

TEST_CASE("conditions: a hidden field is as one that is not there") {
    const auto record = record_of({{"t", "x"}, {"a.b", "x"}});
    CHECK(says("t = 'x'", record, {path("t")}) == unknown);
    CHECK(says("t IS NULL", record, {path("t")}) == yes);
    CHECK(says("a.b = 'x'", record, {path("a")}) == unknown);
    CHECK(says("t = 'x'", record, {path("a")}) == yes);
}

TEST_CASE("flat record: numbers and booleans are their JSON text, NUL is replaced, _ is left out") {
    const auto record =
        record_of({{"t", Value::Array{5, 0.1, true, std::string_view("a\0b", 3)}}, {"_life", "x"}});
    CHECK(record.fields.size() == 1);
    CHECK(record.fields.at(path("t")).shown == std::vector<std::string>{"5", "0.1", "true",
                                                                        "a\xEF\xBF\xBD"
                                                                        "b"});
}

TEST_CASE("flat record: a deleted record has no fields") {
    Projection projection;
    projection.is_deleted = true;
    projection.fields.push_back({path("t"), Value("x")});
    CHECK(flat_record(projection, type_by_letter).fields.empty());
}
