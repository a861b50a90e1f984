// SPDX-License-Identifier: Apache-2.0
// What one dataset exports as BrAPI, another one imports: the same values, references that resolve,
// and the same bytes when it is exported again (docs/decisions/0143).
#include <doctest/doctest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "node/ingest/csv_reader.hpp"
#include "node/ingest/csv_writer.hpp"
#include "node/ingest/germplasm_id.hpp"
#include "tests/support/import_house.hpp"

namespace {

using namespace sangam;
using namespace sangam::node::ingest;
using sangam::test::brapi_options;
using House = sangam::test::ImportHouse;

constexpr const char* collections[] = {"germplasm", "studies", "variables", "observationunits",
                                       "observations"};

ImportOptions csv(const std::string& collection, const std::string& id_column) {
    ImportOptions options;
    options.mapping.format = Format::csv;
    options.mapping.collection = collection;
    options.mapping.id_column = id_column;
    options.dataset_text = "house/passports";
    return options;
}

std::string read_demo_file(const std::string& name) {
    std::ifstream in(std::string(SANGAM_TEST_DATA) + "/demo/" + name, std::ios::binary);
    REQUIRE_MESSAGE(in.good(), name);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

// The demo names its lines by germplasmName; here they have an id of that name, too.
std::string with_germplasm_ids(const std::string& text, std::set<std::string>& ids) {
    std::string out;
    CsvReader reader(text, ',');
    CsvRow row;
    std::size_t name_column = 0;
    for (bool is_header = true; reader.next(row) == CsvReader::Step::row; is_header = false) {
        std::vector<std::string_view> cells(row.cells.begin(), row.cells.end());
        if (is_header) {
            while (cells.at(name_column) != "germplasmName") ++name_column;
            cells.emplace_back("germplasmDbId");
        } else {
            cells.push_back(cells.at(name_column));
            ids.emplace(cells.back());
        }
        append_csv_row(out, cells);
    }
    return out;
}

void import_demo_trials(House& house, const std::string& folder, const std::string& dictionary) {
    std::set<std::string> ids;
    const auto units = with_germplasm_ids(read_demo_file(folder + "/observation_units.csv"), ids);
    const auto observations = with_germplasm_ids(read_demo_file(folder + "/observations.csv"), ids);
    std::string germplasm = "line,note\n";
    for (const std::string& id : ids) append_csv_row(germplasm, {{id, "of the trial"}});
    house.import(germplasm, csv("germplasm", "line"));
    house.import(read_demo_file(folder + "/studies.csv"), csv("studies", "studyDbId"));
    house.import(read_demo_file(dictionary), csv("variables", "Variable ID"));
    house.import(units, csv("observationunits", "observationUnitDbId"));
    house.import(observations, csv("observations", "observationDbId"));
}

using Exports = std::map<std::string, std::string>;  // by collection

Exports exports_of(const House& house, const std::string& dataset_text) {
    Exports out;
    for (const char* collection : collections)
        out[collection] = house.export_as(ExportFormat::brapi, collection, dataset_text);
    return out;
}

void import_all(House& house, const Exports& exports, const std::string& dataset_text) {
    for (const char* collection : collections) {
        if (house.try_import({{"f.json", exports.at(collection)}}, brapi_options({}, dataset_text))
                .value()
                .rejected != 0)
            FAIL(collection);
    }
}

// The texts that a key has in a collection's entities.
std::set<std::string> texts_of(const Exports& exports, const std::string& collection,
                               const std::string& key) {
    const auto document = from_json(exports.at(collection));
    REQUIRE(document);
    const auto& result = document->get_if<Value::Map>()->at("result");
    const auto& data = result.get_if<Value::Map>()->at("data");
    std::set<std::string> out;
    for (const Value& entity : *data.get_if<Value::Array>())
        if (const auto it = entity.get_if<Value::Map>()->find(key);
            it != entity.get_if<Value::Map>()->end())
            out.emplace(it->second.text());
    return out;
}

void check_references(const Exports& exports) {
    const auto resolve = [&](const char* from, const char* key, const char* to) {
        const auto there = texts_of(exports, to, key);
        const auto references = texts_of(exports, from, key);
        CHECK(references.size() > 0);
        for (const std::string& one : references)
            CHECK_MESSAGE(there.contains(one), from << " refers to " << one);
    };
    for (const char* from : {"observationunits", "observations"}) {
        resolve(from, "germplasmDbId", "germplasm");
        resolve(from, "studyDbId", "studies");
    }
    resolve("observations", "observationUnitDbId", "observationunits");
}

}  // namespace

TEST_CASE("germplasm id: only texts that an export makes name a dataset") {
    const auto named = parse_germplasm_id("ipk%2Fpassports%2FA%2F1%3AZea");
    REQUIRE(named);
    CHECK(named->dataset == "ipk/passports");
    CHECK(named->id == "A/1:Zea");
    for (const char* other : {"", "IR64", "a/b/c", "a%2Fb", "a%2fb%2fc", "a%2Fb%2F", "%2Fb%2Fc",
                              "a%2F%2Fc", "50%", "a%2Fb%2FC%41"})
        CHECK_MESSAGE(!parse_germplasm_id(other), other);
    // What names another dataset stays; an own id that only looks so is a name like any other.
    CHECK(exported_germplasm_id("a%2Fb%2Fc", "x/y") == "a%2Fb%2Fc");
    CHECK(exported_germplasm_id("a%2Fb%2Fc", "a/b") == "a%2Fb%2Fa%252Fb%252Fc");
}

TEST_CASE("brapi: the demo's trials come back whole, with references that resolve") {
    struct Trial {
        const char* folder;
        const char* dictionary;
    };
    for (const Trial trial :
         {Trial{"irri/rice-trials", "irri/CO_320_rice_TD.csv"},
          Trial{"icrisat/millet-trials", "icrisat/CO_327_pearl_millet_TD.csv"}}) {
        CAPTURE(trial.folder);
        House first;
        import_demo_trials(first, trial.folder, trial.dictionary);
        const auto exported = exports_of(first, "house/passports");
        check_references(exported);
        // A dataset of the same name elsewhere, and one of another name.
        for (const std::string dataset_text : {"house/passports", "other/copy"}) {
            CAPTURE(dataset_text);
            House second;
            import_all(second, exported, dataset_text);
            CHECK(second.live_records() == first.live_records());
            const auto again = exports_of(second, dataset_text);
            for (const char* collection : collections)
                CHECK_MESSAGE(again.at(collection) == exported.at(collection), collection);
            House third;
            import_all(third, again, dataset_text);
            CHECK(third.export_as(ExportFormat::ndjson) == second.export_as(ExportFormat::ndjson));
        }
    }
}

TEST_CASE("brapi: germplasm comes back with the fields it had and no others") {
    House first;
    first.import("germplasmDbId,note,seedSource\ng 1,a,b\n", csv("germplasm", "germplasmDbId"));
    first.import("line,seedSource\nl1,c\n", csv("germplasm", "line"));
    const auto exported = first.export_as(ExportFormat::brapi, "germplasm");
    House second;
    second.import(exported, brapi_options());
    using Fields = std::map<std::string, std::string>;
    CHECK(second.fields("germplasm", "g 1") ==
          Fields{{"germplasmDbId", "g 1"}, {"additionalInfo.note", "a"}, {"seedSource", "b"}});
    CHECK(second.fields("germplasm", "l1") ==
          Fields{{"additionalInfo.line", "l1"}, {"seedSource", "c"}});
    CHECK(second.export_as(ExportFormat::brapi, "germplasm") == exported);
}

TEST_CASE("brapi: trials find the passports that were copied before them, in the copy's own name") {
    House first;
    first.import("INSTCODE,ACCENUMB,GENUS\nDEU146,TRI 1,Triticum\nDEU146,TRI 2,Triticum\n",
                 sangam::test::mcpd_options());
    first.import(
        "observationUnitDbId,germplasmDbId\nu1,DEU146:TRI 1:Triticum\n"
        "u2,usda%2Fpassports%2FUSA022%3API%201%3AZea\n",
        csv("observationunits", "observationUnitDbId"));
    const auto units = first.export_as(ExportFormat::brapi, "observationunits");
    House copy;
    const auto options = brapi_options({}, "other/copy");
    copy.import(units, options);
    // No such passport is here yet: the reference names the dataset that has it.
    CHECK(copy.fields("observationunits", "u1").at("germplasmDbId") ==
          "house%2Fpassports%2FDEU146%3ATRI%201%3ATriticum");
    copy.import(first.export_as(ExportFormat::brapi, "germplasm"), options);
    CHECK(copy.import(units, options).written == 1);
    CHECK(copy.fields("observationunits", "u1").at("germplasmDbId") == "DEU146:TRI 1:Triticum");
    CHECK(copy.fields("observationunits", "u2").at("germplasmDbId") ==
          "usda%2Fpassports%2FUSA022%3API%201%3AZea");
    const auto exported = exports_of(copy, "other/copy");
    CHECK(texts_of(exported, "observationunits", "germplasmDbId") ==
          std::set<std::string>{"other%2Fcopy%2FDEU146%3ATRI%201%3ATriticum",
                                "usda%2Fpassports%2FUSA022%3API%201%3AZea"});
    CHECK(texts_of(exported, "germplasm", "germplasmDbId")
              .contains("other%2Fcopy%2FDEU146%3ATRI%201%3ATriticum"));
}

TEST_CASE("brapi: observations that stand within their unit refer to germplasm alike") {
    House house;
    house.import(R"([{"observationUnitDbId":"u","germplasmDbId":17,"observations":[)"
                 R"({"germplasmDbId":"g","value":"1"},{"value":"2"},3]}])",
                 brapi_options());
    const auto exported = house.export_as(ExportFormat::brapi, "observationunits");
    CHECK(exported.find(R"("germplasmDbId":"house%2Fpassports%2F17")") != exported.npos);
    CHECK(exported.find(R"("germplasmDbId":"house%2Fpassports%2Fg")") != exported.npos);
    House back;
    back.import(exported, brapi_options());
    CHECK(back.fields("observationunits", "u").at("observations") ==
          R"([{"germplasmDbId":"g","value":"1"},{"value":"2"},3])");
    CHECK(back.export_as(ExportFormat::brapi, "observationunits") == exported);
}

TEST_CASE("brapi export: fields whose names meet in additionalInfo are all there") {
    House house;
    const auto text = [](const char* value) { return std::optional<Value>(Value(value)); };
    for (const char* collection : {"germplasm", "studies"}) {
        CAPTURE(collection);
        house.put({collection, "r"}, {{Path({"additionalInfo", "note"}), text("below")},
                                      {Path({"note"}), text("beside")},
                                      {Path({"Odd"}), text("1")},
                                      {Path({"additionalInfo", "Odd"}), text("2")},
                                      {Path({"additionalInfo", "a", "b"}), text("3")},
                                      {Path({"a.b"}), text("4")},
                                      {Path({"studyDbId"}), text("another")}});
        const auto exported = house.export_as(ExportFormat::brapi, collection);
        for (const char* value :
             {"\"below\"", "\"beside\"", "\"1\"", "\"2\"", "\"3\"", "\"4\"", "\"another\""})
            CHECK_MESSAGE(exported.find(value) != exported.npos, value);
        House back;
        back.import(exported, brapi_options());
        CHECK(back.export_as(ExportFormat::brapi, collection) == exported);
    }
}
