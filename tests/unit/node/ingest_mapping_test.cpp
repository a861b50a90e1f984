// SPDX-License-Identifier: Apache-2.0
// From headers and cells to fields: the MCPD table, shapes, the mapper, findings.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "node/ingest/cell_shape.hpp"
#include "node/ingest/field_model.hpp"
#include "node/ingest/findings.hpp"
#include "node/ingest/mcpd.hpp"
#include "node/ingest/row_mapper.hpp"

namespace {

using namespace sangam;
using namespace sangam::node::ingest;
using Cells = std::vector<std::string_view>;

Path path(std::string_view text) { return Path::parse(text).value(); }

Schema schema_with(std::map<std::string, std::string> strategies,
                   std::map<std::string, std::vector<std::string>> groups = {}) {
    Schema schema;
    schema.strategies = std::move(strategies);
    schema.groups = std::move(groups);
    return schema;
}

MappingOptions csv_options(std::string id) {
    MappingOptions options;
    options.format = Format::csv;
    options.collection = "lines";
    options.id_column = std::move(id);
    return options;
}

MappingOptions mcpd_options() {
    MappingOptions options;
    options.format = Format::mcpd;
    return options;
}

std::vector<Finding> findings_of(const Cells& header, const Cells& row) {
    const FieldModel model{Schema{}};
    const auto mapper = RowMapper::make(header, mcpd_options(), model).value();
    MappedCells cells;
    mapper.map(row, cells);
    std::vector<Finding> out;
    FindingChecker(mapper).check(cells, out);
    return out;
}

// The codes of the findings about one cell of a row that is good otherwise.
std::vector<std::string> codes_of(std::string_view column, std::string_view text) {
    std::vector<std::string> out;
    for (const Finding& finding :
         findings_of({"INSTCODE", "ACCENUMB", "GENUS", column}, {"DEU146", "A1", "Hordeum", text}))
        out.push_back(finding.code);
    return out;
}

using Codes = std::vector<std::string>;

}  // namespace

TEST_CASE("mcpd: 41 columns in the standard's order, each with the field it merges by") {
    const auto columns = mcpd_columns();
    const auto defaults = sync::merge_defaults();
    REQUIRE(columns.size() == 41);
    REQUIRE(defaults.size() == 41);
    for (std::size_t i = 0; i < columns.size(); ++i) {
        CHECK(columns[i].field == defaults[i].field);
        CHECK(columns[i].path.text() == columns[i].field);
        CHECK(find_mcpd_column(columns[i].name) == &columns[i]);
        CHECK(find_mcpd_field(columns[i].path) == &columns[i]);
    }
    CHECK(find_mcpd_column("genus") == nullptr);
    CHECK(find_mcpd_column("COLLSITE")->is_list == false);
    CHECK(find_mcpd_column("COLLNUMB")->is_list == false);
}

TEST_CASE("field model: unions are sets, other MCPD lists stay whole, the rest is text") {
    const FieldModel model{Schema{}};
    CHECK(model.shape(path("accessionNames")) == Shape::set);
    CHECK(model.shape(path("alternateIDs")) == Shape::set);
    CHECK(model.shape(path("storageTypeCodes")) == Shape::set);
    CHECK(model.shape(path("breedingInstitutes.instituteCode")) == Shape::list);
    CHECK(model.shape(path("remarks")) == Shape::text);
    CHECK(model.shape(Path::single("x.y")) == Shape::text);
    CHECK(model.is_reserved_to_owner(path("genus")));
    CHECK(model.is_reserved_to_owner(path("mlsStatus")));
    CHECK_FALSE(model.is_reserved_to_owner(path("species")));
    CHECK(*model.set_of(path("alternateIDs").child("a.b")) == path("alternateIDs"));
}

TEST_CASE("field model: a dataset's schema decides which fields are sets") {
    const FieldModel model{schema_with({{"accessionNames", "latest"}, {"synonyms", "union"}})};
    CHECK(model.shape(path("accessionNames")) == Shape::list);
    CHECK(model.shape(path("synonyms")) == Shape::set);
    const FieldModel grouped{schema_with({}, {{"names", {"accessionNames", "pedigree"}}})};
    CHECK(grouped.shape(path("accessionNames")) == Shape::list);
}

TEST_CASE("cell shape: lists are split at every semicolon and nothing is trimmed") {
    CHECK(split_list("").empty());
    CHECK(split_list("a") == Cells{"a"});
    CHECK(split_list(" a ;b;;") == Cells{" a ", "b", "", ""});
    CHECK(has_repeats(split_list("a;b;a")));
    CHECK_FALSE(has_repeats(split_list("a;A")));
}

TEST_CASE("cell shape: a set writes a leaf for each distinct element with its places") {
    std::vector<FieldWrite> writes;
    append_writes(writes, path("accessionNames"), Shape::set, "x;;x;y", "y;gone;x;gone");
    const Path field = path("accessionNames");
    REQUIRE(writes.size() == 4);
    CHECK(writes[0] == FieldWrite{field.child("x"), Value(Value::Array{0, 2})});
    CHECK(writes[1] == FieldWrite{field.child(""), Value(1)});
    CHECK(writes[2] == FieldWrite{field.child("y"), Value(3)});
    CHECK(writes[3] == FieldWrite{field.child("gone"), std::nullopt});
}

TEST_CASE("cell shape: an emptied set removes all its elements, an emptied value the field") {
    std::vector<FieldWrite> writes;
    append_writes(writes, path("alternateIDs"), Shape::set, "", "a;b");
    append_writes(writes, path("breedingInstitutes.instituteCode"), Shape::list, "", "X;Y");
    append_writes(writes, path("remarks"), Shape::text, "", "");
    REQUIRE(writes.size() == 4);
    for (const FieldWrite& write : writes) CHECK_FALSE(write.value.has_value());
}

TEST_CASE("cell shape: a whole list keeps empty elements, so that aligned columns stay aligned") {
    std::vector<FieldWrite> writes;
    append_writes(writes, path("breedingInstitutes.instituteCode"), Shape::list, ";DEU146;", "");
    REQUIRE(writes.size() == 1);
    CHECK(*writes[0].value == Value(Value::Array{"", "DEU146", ""}));
    CHECK(cell_text(*writes[0].value) == ";DEU146;");
}

TEST_CASE("row mapper: MCPD names in upper case are fields, all others additionalInfo") {
    const FieldModel model{Schema{}};
    const Cells header = {"INSTCODE", "ACCENUMB", "GENUS", "ACCENAME", "genus", "X_UUID", "a.b"};
    const auto mapper = RowMapper::make(header, mcpd_options(), model).value();
    CHECK(mapper.collection() == "germplasm");
    std::map<std::string, std::string> fields;
    for (const auto& column : mapper.columns()) fields[column.header] = column.field.text();
    CHECK(fields == std::map<std::string, std::string>{{"INSTCODE", "instituteCode"},
                                                       {"ACCENUMB", "accessionNumber"},
                                                       {"GENUS", "genus"},
                                                       {"ACCENAME", "accessionNames"},
                                                       {"genus", "additionalInfo.genus"},
                                                       {"X_UUID", "additionalInfo.X_UUID"},
                                                       {"a.b", "additionalInfo.\"a.b\""}});
}

TEST_CASE("row mapper: an mcpd id has three parts, bytewise as read, none of them empty") {
    const FieldModel model{Schema{}};
    const Cells header = {"GENUS", "INSTCODE", "ACCENUMB"};
    const auto mapper = RowMapper::make(header, mcpd_options(), model).value();
    MappedCells cells;
    const auto id_of = [&](const Cells& row) {
        mapper.map(row, cells);
        return mapper.record_id(row, cells);
    };
    CHECK(id_of({"Triticum", "ETH085", "6856B"}).value() == "ETH085:6856B:Triticum");
    CHECK(id_of({"Triticum", "ETH085", " 6856b "}).value() == "ETH085: 6856b :Triticum");
    const auto problem = id_of({"Triticum", "ETH085"});
    REQUIRE_FALSE(problem.has_value());
    CHECK(problem.error().column == "ACCENUMB");
}

TEST_CASE(
    "row mapper: a csv header is a path of one name, dots and all, and the id stays a field") {
    const FieldModel model{Schema{}};
    auto options = csv_options("lineId");
    options.maps = {{"lat", "DECLATITUDE"}, {"site", "trial.site"}};
    options.missing = {"NA", "-"};
    const Cells header = {"lineId", "Culm.habit", "lat", "site"};
    const auto mapper = RowMapper::make(header, options, model).value();
    std::map<std::string, Path> fields;
    for (const auto& column : mapper.columns()) fields[column.header] = column.field;
    CHECK(fields["lineId"] == Path::single("lineId"));
    CHECK(fields["Culm.habit"] == Path::single("Culm.habit"));
    CHECK(fields["lat"] == path("collectingInfo.collectingSite.latitudeDecimal"));
    CHECK(fields["site"] == path("trial.site"));
    MappedCells cells;
    const Cells row = {"L1", "NA", "-", "nA"};
    mapper.map(row, cells);
    std::size_t filled = 0;
    for (const auto cell : cells) filled += !cell.empty();
    CHECK(filled == 2);
    CHECK(mapper.record_id(row, cells).value() == "L1");
}

TEST_CASE("row mapper: headers that cannot be stored are refused before anything is written") {
    const FieldModel model{Schema{}};
    const auto code = [&](const Cells& header, const MappingOptions& options) {
        const auto mapper = RowMapper::make(header, options, model);
        if (mapper) return std::string("accepted");
        const bool is_of_the_file =
            mapper.error().code == "duplicate_column" || mapper.error().code == "bad_header" ||
            (mapper.error().code == "reserved_name" && options.maps.empty());
        CHECK(mapper.error().kind == (is_of_the_file ? ErrorKind::failed : ErrorKind::usage));
        CHECK_FALSE(mapper.error().fix.empty());
        return mapper.error().code;
    };
    CHECK(code({"a", "b", "a"}, csv_options("b")) == "duplicate_column");
    CHECK(code({"a", "", "column_2"}, csv_options("a")) == "duplicate_column");
    CHECK(code({"a", "_b"}, csv_options("a")) == "reserved_name");
    CHECK(code({"a", "b"}, csv_options("c")) == "no_id_column");
    CHECK(code({"a", ""}, csv_options("column_2")) == "no_id_column");
    CHECK(code({"INSTCODE", "ACCENUMB"}, mcpd_options()) == "no_id_column");
    const std::string long_name(1025, 'x');
    CHECK(code({"a", long_name}, csv_options("a")) == "bad_header");
    const auto mapped = [&](std::vector<std::pair<std::string, std::string>> maps) {
        auto options = csv_options("a");
        options.maps = std::move(maps);
        return code({"a", "b", "c"}, options);
    };
    CHECK(mapped({{"b", "c"}}) == "duplicate_field");
    CHECK(mapped({{"b", "x"}, {"c", "x.y"}}) == "field_below_field");
    CHECK(mapped({{"b", "c.d"}}) == "field_below_field");
    CHECK(mapped({{"d", "x"}}) == "no_such_column");
    CHECK(mapped({{"b", "x"}, {"b", "y"}}) == "bad_map");
    CHECK(mapped({{"b", "x..y"}}) == "bad_map");
    CHECK(mapped({{"b", "_life"}}) == "reserved_name");
    CHECK(mapped(
              {{"b", "DECLATITUDE"}, {"c", "collectingInfo.collectingSite.latitudeDegrees.old"}}) ==
          "field_below_field");
    CHECK(mapped({{"b", "x.y"}, {"c", "x.z"}}) == "accepted");

    MappingOptions no_collection = csv_options("a");
    no_collection.collection.clear();
    CHECK(code({"a"}, no_collection) == "missing_option");
    for (const char* name : {"a/b", "_x", "..", "C oll%", "1a", "a\n", "Sorte\xc3\xa4", "\xff"}) {
        MappingOptions odd = csv_options("a");
        odd.collection = name;
        CHECK_MESSAGE(code({"a"}, odd) == "bad_collection", name);
    }
    for (const char* name : {"observationUnit", "a", "seed-lots_2.x"}) {
        MappingOptions plain = csv_options("a");
        plain.collection = name;
        CHECK_MESSAGE(code({"a"}, plain) == "accepted", name);
    }
    MappingOptions no_id = csv_options("a");
    no_id.id_column.reset();
    CHECK(code({"a"}, no_id) == "missing_option");
    MappingOptions mcpd_with_id = mcpd_options();
    mcpd_with_id.id_column = "PUID";
    CHECK(code({"PUID"}, mcpd_with_id) == "bad_option");
}

TEST_CASE("row mapper: without --format the header decides, unless the options mean csv") {
    const FieldModel model{Schema{}};
    const Cells passport = {"INSTCODE", "ACCENUMB", "GENUS"};
    CHECK(RowMapper::make(passport, {}, model).value().columns()[0].field ==
          path("accessionNumber"));
    MappingOptions with_id;
    with_id.id_column = "ACCENUMB";
    with_id.collection = "lines";
    CHECK(RowMapper::make(passport, with_id, model).value().columns()[0].field ==
          Path::single("ACCENUMB"));
    const Cells other = {"INSTCODE", "ACCENUMB"};
    CHECK(RowMapper::make(other, {}, model).error().code == "missing_option");
}

TEST_CASE("row mapper: fields of a group form one unit, with members that the file lacks") {
    const FieldModel model{Schema{}};
    const Cells header = {"INSTCODE", "ACCENUMB", "GENUS", "SPECIES"};
    const auto mapper = RowMapper::make(header, mcpd_options(), model).value();
    std::size_t grouped = 0;
    for (const auto& unit : mapper.units()) {
        if (unit.members.size() == 1) continue;
        ++grouped;
        REQUIRE(unit.members.size() == 4);
        std::size_t present = 0;
        for (const auto& member : unit.members) present += member.column.has_value();
        CHECK(present == 1);
    }
    CHECK(grouped == 1);
    CHECK(mapper.units().size() == 4);
}

TEST_CASE("row mapper: a row's digest does not depend on the order of columns") {
    const FieldModel model{Schema{}};
    const Cells one = {"a", "b", "c"};
    const Cells two = {"c", "a", "d", "b"};
    const auto first = RowMapper::make(one, csv_options("a"), model).value();
    const auto second = RowMapper::make(two, csv_options("a"), model).value();
    MappedCells cells;
    first.map(Cells{"1", "2", "3"}, cells);
    const auto digest = first.row_digest(cells);
    second.map(Cells{"3", "1", "", "2"}, cells);
    CHECK(second.row_digest(cells) == digest);
    second.map(Cells{"3", "1", "2", ""}, cells);
    CHECK(second.row_digest(cells) != digest);
}

TEST_CASE("row mapper: _id is taken as the record id alone") {
    const FieldModel model{Schema{}};
    const Cells header = {"_id", "b"};
    const auto mapper = RowMapper::make(header, csv_options("_id"), model).value();
    CHECK(mapper.columns().size() == 1);
    MappedCells cells;
    const Cells row = {"R1", "x"};
    mapper.map(row, cells);
    CHECK(mapper.record_id(row, cells).value() == "R1");
    const Cells empty = {"", "x"};
    CHECK_FALSE(mapper.record_id(empty, cells).has_value());
}

TEST_CASE("findings: partial dates are good, odd and impossible ones are told apart") {
    for (const char* good : {"20030000", "2001----", "200107--", "20010700", "20160229", "1975----",
                             "20120801", "2012-08-01"})
        CHECK(judge_date(good) == DateVerdict::good);
    for (const char* odd : {"2001", "25-oct-15", "2001--12", "20010012", "42295", "2001-7-1", "",
                            "2001xx--", "0000----", "2O010101", "99990101", "20010101 "})
        CHECK(judge_date(odd) == DateVerdict::odd);
    for (const char* impossible : {"20011301", "20010231", "20150229", "20010132", "19000229"})
        CHECK(judge_date(impossible) == DateVerdict::impossible);
    CHECK(codes_of("ACQDATE", "20011301") == Codes{"impossible_date"});
    CHECK(codes_of("COLLDATE", "25-oct-15") == Codes{"odd_date"});
    CHECK(codes_of("ACQDATE", "2001----").empty());
}

TEST_CASE("findings: coordinates out of range, alone, or no numbers") {
    CHECK(codes_of("DECLATITUDE", "90.5") == Codes{"coordinate_out_of_range", "lone_coordinate"});
    CHECK(codes_of("DECLATITUDE", "26.183333000000001") == Codes{"lone_coordinate"});
    const Cells header = {"INSTCODE", "ACCENUMB", "GENUS", "DECLATITUDE", "DECLONGITUDE"};
    CHECK(findings_of(header, {"DEU146", "1", "Hordeum", "-33.86", "151.2"}).empty());
    CHECK(findings_of(header, {"DEU146", "1", "Hordeum", "-33.86", "-180.1"}).front().code ==
          "coordinate_out_of_range");
    CHECK(findings_of(header, {"DEU146", "1", "Hordeum", "", "1"}).front().code ==
          "lone_coordinate");
    CHECK(findings_of(header, {"DEU146", "1", "Hordeum", "", ""}).empty());
    CHECK(codes_of("ELEVATION", "1500m") == Codes{"not_a_number"});
    CHECK(codes_of("ELEVATION", "Inf") == Codes{"not_a_number"});
    CHECK(codes_of("ELEVATION", "199.0").empty());
    CHECK(codes_of("LATITUDE", "916000N") == Codes{"coordinate_out_of_range", "lone_coordinate"});
    CHECK(codes_of("LATITUDE", "26 10 60 N") == Codes{"lone_coordinate"});
    CHECK(codes_of("LONGITUDE", "0914360E") == Codes{"coordinate_out_of_range", "lone_coordinate"});
    CHECK(codes_of("LONGITUDE", "10215--W") == Codes{"lone_coordinate"});
}

TEST_CASE("findings: unknown codes and institutes, element by element") {
    CHECK(codes_of("SAMPSTAT", "100").empty());
    CHECK(codes_of("SAMPSTAT", "101") == Codes{"unknown_code"});
    CHECK(codes_of("COLLSRC", "16") == Codes{"unknown_code"});
    CHECK(codes_of("STORAGE", "10;13").empty());
    CHECK(codes_of("STORAGE", "10;14;15") == Codes{"unknown_code", "unknown_code"});
    CHECK(codes_of("MLSSTAT", "99").empty());
    CHECK(codes_of("MLSSTAT", "true") == Codes{"unknown_code"});
    CHECK(codes_of("ORIGCTY", "PHL").empty());
    CHECK(codes_of("ORIGCTY", "SUN").empty());
    CHECK(codes_of("ORIGCTY", "PH") == Codes{"unknown_code"});
    CHECK(codes_of("ORIGCTY", "XXX") == Codes{"unknown_code"});
    CHECK(codes_of("DUPLSITE", "NOR051;DEU146").empty());
    CHECK(codes_of("DONORCODE", "Botanical Garden") == Codes{"unknown_institute"});
    CHECK(codes_of("BREDCODE", "deu146") == Codes{"unknown_institute"});
}

TEST_CASE("findings: repeats in a set, and lists that go together and differ in length") {
    CHECK(codes_of("ACCENAME", "a;b;a") == Codes{"repeated_element"});
    CHECK(codes_of("ACCENAME", "a;b").empty());
    const Cells header = {"INSTCODE", "ACCENUMB", "GENUS", "COLLCODE", "COLLNAME"};
    CHECK(findings_of(header, {"DEU146", "1", "H", "DEU146;", "One;Two"}).empty());
    const auto found = findings_of(header, {"DEU146", "1", "H", "DEU146", "One;Two"});
    REQUIRE(found.size() == 1);
    CHECK(found[0].code == "list_lengths_differ");
    CHECK(found[0].field == "collectingInfo.collectingInstitutes.instituteCode");
}
