// SPDX-License-Identifier: Apache-2.0
// Searches by condition: what rules let through and hide, facets, order, fields that are refused.
#include "storage/record_search.hpp"
#include "backends.hpp"

namespace sangam::storage::testing {

namespace {

Condition condition(std::string_view text) { return Condition::parse(text).value(); }
Path searched_path(std::string_view text) { return Path::parse(text).value(); }

/// Five records of two countries; the altitude is a number.
template <class Backend>
struct Herbarium {
    Node<Backend> node{1};
    DatasetUid uid = own_dataset(node, first_manifest(node, typed_manifest()));
    Herbarium() {
        add("1", {put("country", "IND"), put("altitude", "900"), put("note", "tall drought")});
        add("2", {put("country", "IND"), put("altitude", "1200"), put("note", "short drought")});
        add("3", {put("country", "PHL"), put("altitude", "80"), put("secret", "gold drought")});
        add("4",
            {put("country", "PHL"), put("names", Value(Value::Array{"Azucena", "Milagrosa"}))});
        add("5", {put("country", "MEX"), put("altitude", "high")});
    }
    static Manifest typed_manifest() {
        auto manifest = plain_manifest("herbarium");
        manifest.schema.types["altitude"] = "number";
        return manifest;
    }
    void add(const std::string& id, std::vector<FieldWrite> writes) {
        write(*node.store, uid, id, std::move(writes));
    }
    SearchResult ask(const SearchQuestion& question, std::vector<SearchRule> rules = {{}}) {
        return node.store->reader()->search({uid, std::move(rules)}, question);
    }
    std::string ids(std::string_view where, std::vector<SearchRule> rules = {{}}) {
        SearchQuestion question;
        if (!where.empty()) question.where = condition(where);
        question.limit = 9;
        return ids_of(ask(question, std::move(rules)));
    }
    static std::string ids_of(const SearchResult& result) {
        std::string out;
        for (const auto& hit : result.best) out += hit.key.id;
        return out;
    }
};

}  // namespace

TEST_CASE_TEMPLATE("record search: a condition takes what it is true for", Backend,
                   SANGAM_BACKENDS) {
    Herbarium<Backend> herbarium;
    CHECK(herbarium.ids("") == "12345");
    CHECK(herbarium.ids("country = 'IND'") == "12");
    CHECK(herbarium.ids("altitude > 100") == "12");
    CHECK(herbarium.ids("NOT altitude > 100") == "3");
    CHECK(herbarium.ids("altitude IS NULL") == "4");
    CHECK(herbarium.ids("names = 'Milagrosa'") == "4");
    CHECK(herbarium.ids("names <> 'Milagrosa'") == "4");
    CHECK(herbarium.ids("country LIKE '_N%' OR altitude BETWEEN 80 AND 80.0") == "123");
    CHECK(herbarium.ids("country IN ('MEX', 'PHL') AND NOT names IS NOT NULL") == "35");
    require_sound(*herbarium.node.store);
}

TEST_CASE_TEMPLATE("record search: rules add up row by row, and hide field by field", Backend,
                   SANGAM_BACKENDS) {
    Herbarium<Backend> herbarium;
    const std::vector<SearchRule> rules{{condition("country = 'IND'"), {searched_path("note")}},
                                        {condition("altitude < 1000"), {searched_path("altitude")}},
                                        {condition("country = 'ZZZ'"), {}}};
    // 1 by both rules, with all fields; 2 without its note, 3 without its altitude.
    CHECK(herbarium.ids("", rules) == "123");
    CHECK(herbarium.ids("note LIKE '%drought'", rules) == "1");
    CHECK(herbarium.ids("altitude > 0", rules) == "12");
    CHECK(herbarium.ids("altitude IS NULL", rules) == "3");
    SearchQuestion words;
    words.text = TextQuery::parse("drought").value();
    words.limit = 9;
    CHECK(Herbarium<Backend>::ids_of(herbarium.ask(words, rules)) == "31");
    const auto result = herbarium.ask(words, rules);
    CHECK(result.statistics.records == 3);
    CHECK(result.statistics.records_with_term == std::vector<std::uint64_t>{2});
    // 1: IND 900 "tall drought"; 2: IND 1200; 3: PHL "gold drought".
    CHECK(result.statistics.bytes == (3 + 3 + 12) + (3 + 4) + (3 + 12));
    for (const auto& hit : result.best) CHECK(hit.hidden.size() == (hit.key.id == "1" ? 0 : 1));
}

TEST_CASE_TEMPLATE("record search: without a rule nothing is there", Backend, SANGAM_BACKENDS) {
    Herbarium<Backend> herbarium;
    CHECK(herbarium.ids("", {}).empty());
    CHECK(herbarium.ids("", {{condition("country = 'ZZZ'"), {}}}).empty());
}

TEST_CASE_TEMPLATE("record search: a field that shows nowhere is missing, hidden or not there",
                   Backend, SANGAM_BACKENDS) {
    Herbarium<Backend> herbarium;
    SearchQuestion question;
    question.where = condition("secret = 'x' OR nothing = 'y' OR country = 'IND'");
    const auto missing = [&](std::vector<SearchRule> rules) {
        const auto result = herbarium.ask(question, std::move(rules));
        CHECK((result.missing.empty() || result.total == 0));
        return result.missing;
    };
    CHECK(missing({{}}) == std::vector{searched_path("nothing")});
    CHECK(missing({{std::nullopt, {searched_path("secret")}}}) ==
          std::vector{searched_path("nothing"), searched_path("secret")});
    // The only record with the field is none of those that show.
    CHECK(missing({{condition("country = 'IND'"), {}}}) ==
          std::vector{searched_path("nothing"), searched_path("secret")});
    question = {};
    question.facets = {searched_path("secret")};
    CHECK(missing({{std::nullopt, {searched_path("secret")}}}) ==
          std::vector{searched_path("secret")});
    question = {};
    question.sort = searched_path("secret");
    CHECK(missing({{std::nullopt, {searched_path("secret")}}}) ==
          std::vector{searched_path("secret")});
    // Who sees no record is told nothing about fields.
    CHECK(missing({{condition("country = 'ZZZ'"), {}}}).empty());
}

TEST_CASE_TEMPLATE("record search: facets count each value once a record, over all that match",
                   Backend, SANGAM_BACKENDS) {
    Herbarium<Backend> herbarium;
    herbarium.add(
        "6", {put("country", "PHL"), put("names", Value(Value::Array{"Azucena", "Azucena", ""}))});
    SearchQuestion question;
    question.facets = {searched_path("country"), searched_path("names")};
    question.limit = 1;
    const auto result = herbarium.ask(question);
    CHECK(result.total == 6);
    CHECK(result.best.size() == 1);
    CHECK(result.facets[0] ==
          std::map<std::string, std::uint64_t>{{"IND", 2}, {"MEX", 1}, {"PHL", 3}});
    CHECK(result.facets[1] ==
          std::map<std::string, std::uint64_t>{{"", 1}, {"Azucena", 2}, {"Milagrosa", 1}});
    question.where = condition("altitude > 0");
    CHECK(herbarium.ask(question).facets[0] ==
          std::map<std::string, std::uint64_t>{{"IND", 2}, {"PHL", 1}});
}

TEST_CASE_TEMPLATE("record search: facets count one number or date once, however it is written",
                   Backend, SANGAM_BACKENDS) {
    Node<Backend> node{1};
    auto manifest = Herbarium<Backend>::typed_manifest();
    manifest.schema.types["found"] = "date";
    const auto uid = own_dataset(node, first_manifest(node, manifest));
    write(*node.store, uid, "1", {put("altitude", "36"), put("found", "2001----")});
    write(*node.store, uid, "2", {put("altitude", "36.0"), put("found", "20010000")});
    write(*node.store, uid, "3", {put("altitude", 36), put("found", "2001")});
    write(*node.store, uid, "4",
          {put("altitude", Value(Value::Array{"36", "3.6e1", "37"})), put("found", "2001-05-13")});
    write(*node.store, uid, "5", {put("altitude", "36 m"), put("found", "20010513")});
    write(*node.store, uid, "6", {put("text", "36"), put("found", "200105--")});
    write(*node.store, uid, "7", {put("text", "36.0"), put("found", "spring 2001")});
    SearchQuestion question;
    question.facets = {searched_path("altitude"), searched_path("found"), searched_path("text")};
    const auto result = node.store->reader()->search({uid, {{}}}, question);
    using Counts = std::map<std::string, std::uint64_t>;
    CHECK(result.facets[0] == Counts{{"36", 4}, {"36 m", 1}, {"37", 1}});
    CHECK(result.facets[1] ==
          Counts{{"2001----", 3}, {"200105--", 1}, {"20010513", 2}, {"spring 2001", 1}});
    CHECK(result.facets[2] == Counts{{"36", 1}, {"36.0", 1}});
}

TEST_CASE_TEMPLATE("record search: order goes by the field's type, records without it last",
                   Backend, SANGAM_BACKENDS) {
    Herbarium<Backend> herbarium;
    SearchQuestion question;
    question.sort = searched_path("altitude");
    question.limit = 9;
    CHECK(Herbarium<Backend>::ids_of(herbarium.ask(question)) == "31254");
    question.is_descending = true;
    CHECK(Herbarium<Backend>::ids_of(herbarium.ask(question)) == "52134");
    question.limit = 2;
    CHECK(Herbarium<Backend>::ids_of(herbarium.ask(question)) == "52");
}

TEST_CASE_TEMPLATE("record search: edits, deletions and restores are followed", Backend,
                   SANGAM_BACKENDS) {
    Herbarium<Backend> herbarium;
    herbarium.add("1", {put("country", "MEX")});
    CHECK(herbarium.ids("country = 'IND'") == "2");
    CHECK(herbarium.ids("country = 'MEX'") == "15");
    herbarium.add("2", {unset("country")});
    CHECK(herbarium.ids("country IS NULL") == "2");
    require_sound(*herbarium.node.store);
}

TEST_CASE("record search: sort keys order by bytes as the values do") {
    const std::vector<std::string> numbers{"-1e9", "-2", "-0.5", "0", "1e-9", "3", "10", "x"};
    for (std::size_t i = 1; i < numbers.size(); ++i)
        CHECK(sort_key_of(numbers[i - 1], FieldType::number) <
              sort_key_of(numbers[i], FieldType::number));
    CHECK(sort_key_of("-0", FieldType::number) == sort_key_of("0.0", FieldType::number));
    CHECK(sort_key_of("19991231", FieldType::date) < sort_key_of("2000----", FieldType::date));
    CHECK(sort_key_of("200005--", FieldType::date) < sort_key_of("20000502", FieldType::date));
    CHECK(sort_key_of("20000502", FieldType::date) < sort_key_of("may", FieldType::date));
    CHECK(sort_key_of("B", FieldType::text) < sort_key_of("a", FieldType::text));
    CHECK_FALSE(sort_key_of("", FieldType::text).empty());
}

TEST_CASE(
    "record search: a long list of dates and the deepest condition are SQL that SQLite takes") {
    Herbarium<SqliteBackend> herbarium;
    std::string dates = "country IN ('IND'";
    for (int i = 0; i < 600; ++i) dates += ",9999";
    CHECK(herbarium.ids(dates + ")") == "12");
    std::string deep = "country = 'IND'";
    for (int i = 0; i < 8; ++i) deep = "NOT (" + deep + ")";
    CHECK(herbarium.ids(deep) == "12");
    std::string wide = "country = 'IND'";
    for (int i = 0; i < 63; ++i) wide += " OR country='X" + std::to_string(i) + "'";
    CHECK(herbarium.ids(wide) == "12");
}

}  // namespace sangam::storage::testing
