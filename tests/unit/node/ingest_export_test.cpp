// SPDX-License-Identifier: Apache-2.0
// What an export writes, the import takes (docs/decisions/0144): awkward records go out and come
// back, or the report says what does not.
#include <doctest/doctest.h>

#include <algorithm>

#include "sync/change_rules.hpp"
#include "tests/support/import_house.hpp"

namespace {

using namespace sangam;
using namespace sangam::node::ingest;
using sangam::test::brapi_options;
using ExportHouse = sangam::test::ImportHouse;

struct Exported {
    std::string text;
    ExportReport report;

    bool says(std::string_view what) const {
        return std::ranges::any_of(report.notices, [&](const std::string& notice) {
            return notice.find(what) != std::string::npos;
        });
    }
};

Exported exported(const ExportHouse& house, ExportFormat format,
                  const std::string& collection = {}) {
    Exported out;
    out.text = house.export_as(format, collection, "house/passports", &out.report);
    return out;
}

ImportOptions csv_options(const std::string& id, const std::string& collection = "lines") {
    ImportOptions options;
    options.mapping.format = Format::csv;
    options.mapping.collection = collection;
    options.mapping.id_column = id;
    return options;
}

// Imports into a node of its own, which must take every row.
std::unique_ptr<ExportHouse> taken(const Exported& file, const ImportOptions& options,
                                   const Schema& schema = {}) {
    auto house = std::make_unique<ExportHouse>(schema);
    const auto report = house->try_import({{"export", file.text}}, options);
    REQUIRE_MESSAGE(report.has_value(), report.error().text());
    CHECK(report->rejected == 0);
    CHECK(report->written == file.report.written);
    return house;
}

Path one(const char* name) { return Path::single(name); }
std::vector<FieldWrite> passport(const char* number) {
    return {{one("instituteCode"), Value("DEU146")},
            {one("accessionNumber"), Value(number)},
            {one("genus"), Value("Hordeum")}};
}

Schema with_counter() {
    Schema schema;
    schema.strategies["stock"] = "sum";
    return schema;
}

}  // namespace

TEST_CASE("export csv: headers with any delimiter, quotes or a byte order mark come back") {
    ExportHouse house;
    house.put({"lines", "R1"}, {{one("\xEF\xBB\xBFmarked"), Value("1")},
                                {one("a;b;c;d"), Value("x;y")},
                                {one("t\tb"), Value("2")},
                                {one("p|q"), Value("line\nend")},
                                {one("say \"hi\""), Value("\xEF\xBB\xBF")},
                                {one(""), Value("no name")}});
    const auto file = exported(house, ExportFormat::csv);
    CHECK(file.report.left_out == 0);
    const auto back = taken(file, csv_options("_id"));
    CHECK(back->fields("lines", "R1").size() == 6);
    CHECK(back->fields("lines", "R1").at("\"a;b;c;d\"") == "x;y");
    CHECK(back->fields("lines", "R1").at("\"say \"\"hi\"\"\"") == "\xEF\xBB\xBF");

    ExportHouse single;
    single.put({"lines", "c;d;e"}, {{one("id"), Value("c;d;e")}});
    single.put({"lines", "a;b"}, {{one("id"), Value("a;b")}});
    const auto column = exported(single, ExportFormat::csv);
    CHECK(column.text.starts_with("id\n"));
    CHECK(taken(column, csv_options("id"))->live_records() == 2);
}

TEST_CASE("export csv: a dataset without records is a table that can be imported") {
    ExportHouse house;
    const auto file = exported(house, ExportFormat::csv, "lines");
    CHECK(file.text == "_id\n");
    CHECK(taken(file, csv_options("_id"))->live_records() == 0);
    CHECK(
        taken(exported(house, ExportFormat::mcpd), sangam::test::mcpd_options())->live_records() ==
        0);
    CHECK(taken(exported(house, ExportFormat::brapi), brapi_options("studies"))->live_records() ==
          0);
}

TEST_CASE("export: counters stay out of files that cannot bring them back, and this is said") {
    ExportHouse house(with_counter());
    house.put({"studies", "S"}, {{one("studyName"), Value("Rice")},
                                 {sync::counter_path(one("stock"), house.lane()), Value(7)}});
    CHECK(house.fields("studies", "S").at("stock") == "7");
    const auto table = exported(house, ExportFormat::csv);
    CHECK(table.text == "_id,studyName\nS,Rice\n");
    CHECK(table.says("left out: stock: a counter"));
    CHECK(table.report.left_out == 0);
    taken(table, csv_options("_id", "studies"), with_counter());
    const auto brapi = exported(house, ExportFormat::brapi);
    CHECK(brapi.says("left out: stock: a counter"));
    CHECK(taken(brapi, brapi_options(), with_counter())->fields("studies", "S").at("studyName") ==
          "Rice");
    CHECK(exported(house, ExportFormat::ndjson).text.find("\"stock\":7") != std::string::npos);
}

TEST_CASE("import brapi: a value for a counter is refused as in a table") {
    ExportHouse house(with_counter());
    const auto report =
        house.try_import({{"f.json", R"([{"studyDbId":"S","stock":7}])"}}, brapi_options());
    REQUIRE_FALSE(report.has_value());
    CHECK(report.error().code == "counter_column");
    CHECK(house.live_records() == 0);
}

TEST_CASE(
    "export: texts with a NUL and names that no header bears are left out, and this is said") {
    ExportHouse house;
    const std::string nul("a\0b", 3);
    house.put({"studies", "bad"}, {{one("note"), Value(nul)}});
    house.put({"studies", "good"},
              {{one("note"), Value("x")},
               {Path({std::string(700, 'n'), std::string(700, 'm')}), Value("long name")}});
    const auto table = exported(house, ExportFormat::csv);
    CHECK(table.report.written == 1);
    CHECK(table.report.left_out == 1);
    CHECK(table.says("record studies/bad: a NUL"));
    CHECK(table.says("no header can bear the name"));
    CHECK(taken(table, csv_options("_id", "studies"))->fields("studies", "good").at("note") == "x");
    const auto brapi = exported(house, ExportFormat::brapi);
    CHECK(brapi.report.written == 0);
    CHECK(brapi.says("record studies/bad: a NUL"));
    CHECK(brapi.says("record studies/good: a name or a value that no BrAPI entity has"));
    CHECK(brapi.text.find("\"totalCount\":0") != std::string::npos);
}

TEST_CASE("export mcpd: columns that would have one name have two") {
    ExportHouse house;
    auto writes = passport("1");
    writes.push_back({one("GENUS"), Value("upper case")});
    writes.push_back({Path({"additionalInfo", "GENUS"}), Value("below")});
    writes.push_back({Path({"additionalInfo", "germplasmName"}), Value("extra")});
    writes.push_back({one("germplasmName"), Value("own")});
    house.put({"germplasm", "DEU146:1:Hordeum"}, writes);
    const auto file = exported(house, ExportFormat::mcpd);
    CHECK(file.report.written == 1);
    CHECK(file.says("in another field"));
    const auto back = taken(file, sangam::test::mcpd_options());
    const auto fields = back->fields("germplasm", "DEU146:1:Hordeum");
    CHECK(fields.size() == 7);
    CHECK(fields.at("genus") == "Hordeum");
    CHECK(fields.at("additionalInfo.germplasmName") == "extra");
}

TEST_CASE("export mcpd: records that MCPD cannot name are left out or renamed, and this is said") {
    ExportHouse house;
    house.put({"germplasm", "DEU146:2:Hordeum"}, passport("2"));
    house.put({"germplasm", "A twin"}, passport("2"));
    house.put({"germplasm", "renamed"}, passport("3"));
    house.put({"germplasm", "no genus"},
              {{one("instituteCode"), Value("DEU146")}, {one("accessionNumber"), Value("4")}});
    const auto file = exported(house, ExportFormat::mcpd);
    CHECK(file.report.written == 2);
    CHECK(file.report.left_out == 2);
    CHECK(file.says("left out: record germplasm/no genus: without INSTCODE"));
    CHECK(file.says("left out: record germplasm/A twin: another record"));
    CHECK(file.says("record germplasm/renamed: an import calls it"));
    const auto back = taken(file, sangam::test::mcpd_options());
    CHECK(back->fields("germplasm", "DEU146:3:Hordeum").at("accessionNumber") == "3");
    CHECK(back->live_records() == 2);
}

TEST_CASE("export: what an import reads otherwise is said, field by field") {
    ExportHouse house;
    auto writes = passport("1");
    writes.push_back({Path({"accessionNames", "Gold; red"}), Value(0)});
    writes.push_back({one("remarks"), Value("")});
    writes.push_back({one("pedigree"), Value(7)});
    house.put({"germplasm", "DEU146:1:Hordeum"}, writes);
    const auto file = exported(house, ExportFormat::mcpd);
    CHECK(file.says("accessionNames: an element with ;"));
    CHECK(file.says("remarks: an empty value"));
    CHECK(file.says("pedigree: values that are no text"));
    CHECK(file.report.notices.size() == 3);
    taken(file, sangam::test::mcpd_options());
    CHECK(exported(house, ExportFormat::brapi).says("accessionNames: an element with ;"));

    ExportHouse plain;
    plain.put({"germplasm", "DEU146:1:Hordeum"}, passport("1"));
    for (const auto format : {ExportFormat::mcpd, ExportFormat::brapi, ExportFormat::ndjson})
        CHECK(exported(plain, format).report.notices.empty());
}

TEST_CASE("export brapi: deep paths, empty names and numbers of any size do not spoil the file") {
    ExportHouse house;
    std::vector<std::string> deep = {"additionalInfo"};
    for (int i = 0; i < 20; ++i) deep.push_back("n" + std::to_string(i));
    Value nested("x");
    for (int i = 0; i < max_value_depth; ++i) nested = Value(Value::Array{nested});
    house.put({"studies", "A"}, {{one("studyName"), Value("Rice")},
                                 {Path(deep), Value("deep")},
                                 {Path({"additionalInfo", "", "x"}), Value("y")},
                                 {one(""), Value("no name")},
                                 {one("much"), Value(1e20)}});
    house.put({"studies", "B"}, {{one("studyName"), Value("Wheat")}, {one("nested"), nested}});
    house.put({"studies", "C"}, {{Path({"season", "year"}), Value("2020")}});
    house.put({"studies", "D"}, {{one("studyName"), Value("Maize")}, {one("season"), Value("1")}});
    const auto file = exported(house, ExportFormat::brapi);
    CHECK(file.report.left_out == 1);
    CHECK(file.says("record studies/B: a name or a value that no BrAPI entity has"));
    CHECK(file.says("record studies/C: BrAPI requires a name"));
    const auto back = taken(file, brapi_options());
    const auto fields = back->fields("studies", "A");
    CHECK(fields.at("additionalInfo.much") == "100000000000000000000");
    CHECK(std::ranges::any_of(fields, [](const auto& f) { return f.second == "deep"; }));
    CHECK(std::ranges::any_of(fields, [](const auto& f) { return f.second == "no name"; }));
}

TEST_CASE(
    "export brapi: a place that is an object here and a value there is one value, as is said") {
    ExportHouse house;
    house.put({"observations", "A"}, {{Path({"season", "year"}), Value("2020")}});
    house.put({"observations", "B"}, {{one("season"), Value("dry")}});
    const auto file = exported(house, ExportFormat::brapi);
    CHECK(file.says("season: an object in some records"));
    CHECK(taken(file, brapi_options())->fields("observations", "A").at("season") ==
          R"({"year":2020})");
}
