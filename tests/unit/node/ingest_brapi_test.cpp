// SPDX-License-Identifier: Apache-2.0
// BrAPI documents in and out: which fields, which ids, what is refused.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "node/ingest/brapi_elements.hpp"
#include "node/ingest/brapi_export.hpp"
#include "node/ingest/brapi_fields.hpp"
#include "tests/support/import_house.hpp"

namespace {

using namespace sangam;
using namespace sangam::node::ingest;
using BrapiHouse = sangam::test::ImportHouse;
using sangam::test::brapi_options;
using Fields = std::map<std::string, std::string>;

ImportOptions mcpd_text() { return sangam::test::mcpd_options(); }
std::string response(const std::string& entities) {
    return R"({"metadata":{"pagination":{"totalCount":2}},"result":{"data":[)" + entities + "]}}";
}
Value parsed(const std::string& text) {
    auto value = from_json(text);
    REQUIRE_MESSAGE(value, text);
    return *value;
}
const Value& at(const Value& value, const std::string& key) {
    const auto* map = value.get_if<Value::Map>();
    REQUIRE(map);
    const auto it = map->find(key);
    REQUIRE_MESSAGE(it != map->end(), key);
    return it->second;
}
const Value::Array& data_of(const Value& document) {
    const auto* array = at(at(document, "result"), "data").get_if<Value::Array>();
    REQUIRE(array);
    return *array;
}
std::string read_all_brapi(const std::string& name) {
    std::ifstream in(std::string(SANGAM_TEST_DATA) + "/" + name, std::ios::binary);
    REQUIRE_MESSAGE(in.good(), name);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}
std::vector<std::string> elements_of(std::string_view text) {
    BrapiElements elements(text, "f");
    std::vector<std::string> out;
    for (;;) {
        const auto next = elements.next();
        REQUIRE_MESSAGE(next, next.error().text());
        if (!*next) return out;
        out.emplace_back((*next)->text);
    }
}
std::string problem_of(std::string_view text) {
    BrapiElements elements(text, "f");
    for (int i = 0; i < 100; ++i) {
        const auto next = elements.next();
        if (!next) {
            CHECK(elements.next().error().code == next.error().code);
            return next.error().code + " " + next.error().subject;
        }
        if (!*next) return {};
    }
    return "no end";
}

}  // namespace

TEST_CASE("brapi elements: a response, a bare array, one entity") {
    using List = std::vector<std::string>;
    CHECK(elements_of(response(R"({"a":1}, {"b":"]}"})")) == List{R"({"a":1})", R"({"b":"]}"})"});
    CHECK(elements_of("[ {\"a\":\"\\\"]\"} ,{}\n]\n") == List{"{\"a\":\"\\\"]\"}", "{}"});
    CHECK(elements_of("[]").empty());
    CHECK(elements_of(R"({"result":{"data":[]},"metadata":{}})").empty());
    CHECK(elements_of(R"({"result":{"studyDbId":"S"},"metadata":null})") ==
          List{R"({"studyDbId":"S"})"});
    CHECK(elements_of(R"({"studyDbId":"S","x":[1,{"y":2}]})") ==
          List{R"({"studyDbId":"S","x":[1,{"y":2}]})"});
}

TEST_CASE("brapi elements: a document that is cut or bent is refused with its line") {
    const auto whole = response(R"({"a":"\\"},)"
                                "\n"
                                R"({"b":[1,2]})");
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CAPTURE(size);
        CHECK(problem_of(whole.substr(0, size)).starts_with("bad_json f, line "));
    }
    CHECK(problem_of("[{}\n{}]") == "bad_json f, line 2");
    CHECK(problem_of("[{},]").starts_with("bad_json"));
    CHECK(problem_of("[,{}]").starts_with("bad_json"));
    CHECK(problem_of("[{}] x").starts_with("bad_json"));
    CHECK(problem_of("{\"result\" {}}").starts_with("bad_json"));
    CHECK(problem_of("text").starts_with("bad_json"));
    CHECK(problem_of(std::string(100'000, '[')).starts_with("bad_json"));
    CHECK(problem_of("[\"" + std::string(9'000'000, 'x') + "\"]") == "element_too_large f, line 1");
}

TEST_CASE("brapi import: a Germplasm's shapes are the fields of the MCPD columns") {
    BrapiHouse house;
    const auto report = house.import(
        response(R"({"germplasmDbId":"g1","germplasmName":"Rotkorn","defaultDisplayName":"Rotkorn",
        "germplasmPUI":"https://doi.org/1","instituteCode":"DEU146","accessionNumber":"TRI 1",
        "genus":"Triticum","species":"aestivum","speciesAuthority":"L.","commonCropName":"wheat",
        "acquisitionDate":"1970-03-02","countryOfOriginCode":"ETH","pedigree":"A/B",
        "biologicalStatusOfAccessionCode":"300",
        "biologicalStatusOfAccessionDescription":"Traditional cultivar/landrace",
        "synonyms":[{"synonym":"Rotkorn","type":"ACCENAME"},{"synonym":"Winter","type":"ACCENAME"},
          {"synonym":"C 12","type":"COLLNUMB"},{"synonym":"USA022:1","type":"OTHERNUMB"},
          {"synonym":"trade","type":"MARKET"}],
        "storageTypes":[{"code":"13","description":null},{"code":"20","description":"Field collection"}],
        "donors":[{"donorInstituteCode":"USA022","donorAccessionNumber":"PI 1"}],
        "germplasmOrigin":[{"coordinateUncertainty":"20","coordinates":{"type":"Feature",
          "geometry":{"type":"Point","coordinates":[36.5,-7.25,1200]}}}],
        "taxonIds":[{"sourceName":"ncbiTaxon","taxonId":"4565"}],
        "additionalInfo":{"ploidy":6,"notes":{"a":"b"},"remarks":"old stock"},
        "externalReferences":[],"seedSource":null})"),
        brapi_options());
    CHECK(report.written == 1);
    CHECK(report.finding_count == 0);
    CHECK(house.fields("germplasm", "g1") ==
          Fields{{"germplasmDbId", "g1"},
                 {"germplasmPUI", "https://doi.org/1"},
                 {"instituteCode", "DEU146"},
                 {"accessionNumber", "TRI 1"},
                 {"genus", "Triticum"},
                 {"species", "aestivum"},
                 {"speciesAuthority", "L."},
                 {"commonCropName", "wheat"},
                 {"acquisitionDate", "19700302"},
                 {"countryOfOriginCode", "ETH"},
                 {"pedigree", "A/B"},
                 {"biologicalStatusOfAccessionCode", "300"},
                 {"accessionNames", R"(["Rotkorn","Winter"])"},
                 {"collectingInfo.collectingNumber", "C 12"},
                 {"alternateIDs", R"(["USA022:1"])"},
                 {"synonyms", R"([{"synonym":"trade","type":"MARKET"}])"},
                 {"storageTypeCodes", R"(["13","20"])"},
                 {"donorInfo.donorInstitute.instituteCode", "USA022"},
                 {"donorInfo.donorAccessionNumber", "PI 1"},
                 {"collectingInfo.collectingSite.coordinateUncertainty", "20"},
                 {"collectingInfo.collectingSite.longitudeDecimal", "36.5"},
                 {"collectingInfo.collectingSite.latitudeDecimal", "-7.25"},
                 {"collectingInfo.collectingSite.elevation", "1200"},
                 {"taxonIds", R"([{"sourceName":"ncbiTaxon","taxonId":"4565"}])"},
                 {"additionalInfo.ploidy", "6"},
                 {"additionalInfo.notes.a", "b"},
                 {"remarks", "old stock"}});
    const auto again =
        house.import(response(R"({"germplasmDbId":"g1","genus":"Triticum"})"), brapi_options());
    CHECK(again.unchanged == 1);  // keys that the whole file lacks say nothing
}

TEST_CASE("brapi import: GermplasmMCPD's institutes become lists that go together") {
    BrapiHouse house;
    house.import(R"({"result":{"germplasmDbId":"g","collectingInfo":{"collectingNumber":"7",
        "collectingDate":"2001----","collectingInstitutes":[
        {"instituteCode":"A","instituteName":"x"},{"instituteCode":"B","instituteAddress":"here"}]},
        "breedingInstitutes":[{"instituteName":"Breeder"}],"ancestralData":"X/Y","subtaxon":"v.",
        "mlsStatus":"","storageTypeCodes":["10","20"]}})",
                 brapi_options());
    CHECK(house.fields("germplasm", "g") ==
          Fields{{"germplasmDbId", "g"},
                 {"collectingInfo.collectingNumber", "7"},
                 {"collectingInfo.collectingDate", "2001----"},
                 {"collectingInfo.collectingInstitutes.instituteCode", R"(["A","B"])"},
                 {"collectingInfo.collectingInstitutes.instituteName", R"(["x",""])"},
                 {"collectingInfo.collectingInstitutes.instituteAddress", R"(["","here"])"},
                 {"breedingInstitutes.instituteName", R"(["Breeder"])"},
                 {"pedigree", "X/Y"},
                 {"subtaxa", "v."},
                 {"storageTypeCodes", R"(["10","20"])"}});
}

TEST_CASE("brapi import: numbers, flags, arrays keep their kind, and a mixed place is one value") {
    BrapiHouse house;
    house.import(response(R"({"studyDbId":"S1","active":true,"seasons":["2012","2013"],
        "observationLevels":[{"levelName":"plot","levelOrder":1}],"lastUpdate":{"version":"1"},
        "odd":"text","many":2.5})"
                          R"(,{"studyDbId":"S2","odd":{"deep":1},"active":false})"),
                 brapi_options());
    CHECK(house.fields("studies", "S1") ==
          Fields{{"studyDbId", "S1"},
                 {"active", "true"},
                 {"seasons", R"(["2012","2013"])"},
                 {"observationLevels", R"([{"levelName":"plot","levelOrder":1}])"},
                 {"lastUpdate.version", "1"},
                 {"odd", "text"},
                 {"many", "2.5"}});
    CHECK(house.fields("studies", "S2") ==
          Fields{{"studyDbId", "S2"}, {"active", "false"}, {"odd", R"({"deep":1})"}});
    const auto state = house.reader()->record(house.dataset(), {"studies", "S1"});
    REQUIRE(state);
    for (const auto& write : state->changes.front().change.fields)
        if (write.write.path == Path::single("active")) CHECK(*write.write.value == Value(true));
}

TEST_CASE("brapi import: numbers that no value holds exactly arrive as text, digit by digit") {
    BrapiHouse house;
    const auto text =
        response(R"({"observationDbId":"O","value":12345678901234567890.5,"n":[1e20,0.5,1e400],)"
                 R"("big":9223372036854775808,"geoCoordinates":{"x":26.183333000000001}})");
    CHECK(house.import(text, brapi_options()).written == 1);
    CHECK(house.fields("observations", "O") == Fields{{"observationDbId", "O"},
                                                      {"value", "12345678901234567890.5"},
                                                      {"n", R"(["1e20",0.5,"1e400"])"},
                                                      {"big", "9223372036854775808"},
                                                      {"geoCoordinates.x", "26.183333000000001"}});
    CHECK(house.import(text, brapi_options()).written == 0);
    BrapiHouse back;
    back.import(house.export_as(ExportFormat::brapi), brapi_options());
    CHECK(back.fields("observations", "O").at("value") == "12345678901234567890.5");

    // A passport's columns are text anyway.
    BrapiHouse passports;
    passports.import(response(R"({"germplasmDbId":"G","instituteCode":"A","accessionNumber":1,
        "genus":"Zea","germplasmOrigin":[{"coordinates":{"type":"Feature","geometry":{
        "type":"Point","coordinates":[26.183333000000001,-12.5]}}}]})"),
                     brapi_options());
    const auto fields = passports.fields("germplasm", "G");
    CHECK(fields.at("collectingInfo.collectingSite.longitudeDecimal") == "26.183333000000001");
    CHECK(fields.at("collectingInfo.collectingSite.latitudeDecimal") == "-12.5");
    BrapiHouse again;
    again.import(passports.export_as(ExportFormat::brapi), brapi_options());
    CHECK(again.export_as(ExportFormat::ndjson) == passports.export_as(ExportFormat::ndjson));
}

TEST_CASE("brapi import: what an entity is, is its most particular id") {
    BrapiHouse house;
    CHECK(house
              .import(R"([{"observationDbId":"o","observationUnitDbId":"u","studyDbId":"s",
        "observationVariableDbId":"v","germplasmDbId":"g","value":"4.2"}])",
                      brapi_options())
              .written == 1);
    CHECK(house.fields("observations", "o").at("value") == "4.2");
    // Where a server leaves observationDbId out, the collection says what is meant.
    const auto forced = house.import(R"([{"observationUnitDbId":"u","studyDbId":"s"}])",
                                     brapi_options("observations"));
    CHECK(forced.rejected == 1);
    CHECK(forced.rejects.front().column == "observationDbId");
}

TEST_CASE("brapi import: what cannot be stored is refused or rejected, nothing half done") {
    BrapiHouse house;
    const auto code = [&](const std::string& text, const ImportOptions& options) {
        const auto report = house.try_import({{"f.json", text}}, options);
        return report ? std::string() : report.error().code;
    };
    CHECK(code("[{\"studyDbId\":\"a\"}", brapi_options()) == "bad_json");
    CHECK(code("[{\"studyDbId\":\"a\",\"studyDbId\":\"b\"}]", brapi_options()) == "bad_json");
    CHECK(code("[{\"studyDbId\":\"\xFF\"}]", brapi_options()) == "bad_encoding");
    CHECK(code("[{\"locationDbId\":\"a\"}]", brapi_options()) == "unknown_entity");
    CHECK(code("[]", brapi_options()) == "empty_file");
    CHECK(code("[{\"studyDbId\":\"a\"}]", brapi_options("locations")) == "unknown_entity");
    auto mapped = brapi_options();
    mapped.mapping.maps = {{"a", "b"}};
    CHECK(code("[{\"studyDbId\":\"a\"}]", mapped) == "bad_option");
    CHECK(house.live_records() == 0);

    auto options = brapi_options();
    options.keeps_rejected_rows = true;
    const auto report = house.import(
        "[{\"studyDbId\":\"a\",\"n\":1},\n{\"studyDbId\":null},\n7,\n"
        "{\"studyDbId\":\"a\",\"n\":2},\n{\"studyDbId\":\"b\",\"_life\":{\"state\":\"deleted\"}},\n"
        "{\"studyDbId\":\"c\",\"n\":\"x\\u0000\"},{\"studyDbId\":\"d\",\"n\":[1e20]},{"
        "\"studyDbId\":\"a\",\"n\":1}]",
        options);
    CHECK(report.read == 8);
    CHECK(report.written == 2);
    CHECK(report.unchanged == 1);
    REQUIRE(report.rejects.size() == 5);
    CHECK(report.rejects[0].line == 2);
    CHECK(report.rejects[1].line == 3);
    CHECK(report.rejects[2].reason == "the record id is that of line 1, with other values");
    CHECK(report.rejected_rows.starts_with("reject_line,reject_reason,entity\n2,"));
    CHECK(house.fields("studies", "a").at("n") == "1");
}

TEST_CASE("brapi export: a Germplasm as COMMANDS' table has it") {
    BrapiHouse house;
    house.import(
        "PUID,INSTCODE,ACCENUMB,GENUS,SPECIES,ACCENAME,ACQDATE,COLLSITE,DECLATITUDE,DECLONGITUDE,"
        "ELEVATION,SAMPSTAT,COLLSRC,DONORCODE,DONORNUMB,OTHERNUMB,STORAGE,MLSSTAT,X_OWN\n"
        "doi:1,DEU146,TRI 1/2,Triticum,aestivum,Rot;Winter,19700302,\"7 km "
        "S\",36.50,-7.25,1200,300,"
        "10,USA022,PI 1,A:1;B:2,13,1,own\n"
        "doi:2,DEU146,TRI 3,Triticum,,,2001----,,12.5,,,,,,,,,,\n",
        mcpd_text());
    const auto text = house.export_as(ExportFormat::brapi);
    const auto document = parsed(text);
    const auto& pagination = at(at(document, "metadata"), "pagination");
    CHECK(at(pagination, "totalCount") == Value(2));
    CHECK(at(pagination, "currentPage") == Value(0));
    REQUIRE(data_of(document).size() == 2);
    const auto& first = data_of(document)[0];
    CHECK(at(first, "germplasmDbId") ==
          Value("house%2Fpassports%2FDEU146%3ATRI%201%2F2%3ATriticum"));
    CHECK(at(first, "germplasmName") == Value("Rot"));
    CHECK(at(first, "defaultDisplayName") == Value("Rot"));
    CHECK(at(first, "commonCropName") == Value(""));
    CHECK(at(first, "acquisitionDate") == Value("1970-03-02"));
    CHECK(at(first, "biologicalStatusOfAccessionDescription") ==
          Value("Traditional cultivar/landrace"));
    CHECK(to_json(at(first, "donors")) ==
          R"([{"donorAccessionNumber":"PI 1","donorInstituteCode":"USA022"}])");
    CHECK(to_json(at(first, "storageTypes")) ==
          R"([{"code":"13","description":"Long term seed collection"}])");
    CHECK(to_json(at(first, "germplasmOrigin")) ==
          R"([{"coordinates":{"geometry":{"coordinates":[-7.25,36.5,1200],"type":"Point"},)"
          R"("type":"Feature"}}])");
    CHECK(to_json(at(first, "synonyms")) ==
          R"([{"synonym":"Rot","type":"ACCENAME"},{"synonym":"Winter","type":"ACCENAME"},)"
          R"({"synonym":"A:1","type":"OTHERNUMB"},{"synonym":"B:2","type":"OTHERNUMB"}])");
    const auto& info = at(first, "additionalInfo");
    CHECK(at(info, "acquisitionSourceCode") == Value("10"));
    CHECK(at(info, "mlsStatus") == Value("1"));
    CHECK(at(info, "X_OWN") == Value("own"));
    CHECK(at(info, "collectingInfo.collectingSite.locationDescription") == Value("7 km S"));
    // As it was written, since the number alone would say 36.5.
    CHECK(at(info, "collectingInfo.collectingSite.latitudeDecimal") == Value("36.50"));
    const auto& second = data_of(document)[1];
    CHECK(at(second, "acquisitionDate").is_null());
    CHECK(at(second, "germplasmName") == Value("TRI 3"));
    CHECK_FALSE(second.get_if<Value::Map>()->contains("germplasmOrigin"));
    CHECK(at(at(second, "additionalInfo"), "acquisitionDate") == Value("2001----"));
}

TEST_CASE("brapi: the demo's passports are the same records whichever way they came") {
    for (const char* file : {"demo/ipk/passports.csv", "demo/usda/passports.csv"}) {
        CAPTURE(file);
        BrapiHouse direct;
        BrapiHouse over_brapi;
        direct.import(read_all_brapi(file), mcpd_text());
        const auto report =
            over_brapi.import(direct.export_as(ExportFormat::brapi), brapi_options());
        CHECK(report.rejected == 0);
        CHECK(report.written == direct.live_records());
        CHECK(over_brapi.export_as(ExportFormat::ndjson) == direct.export_as(ExportFormat::ndjson));
    }
}

TEST_CASE(
    "brapi import: a passport of another dataset's export has its own id, others keep theirs") {
    BrapiHouse house;
    house.import(
        R"([{"germplasmDbId":"ipk%2Fother%2FDEU146%3AA%2F1%3AZea","instituteCode":"DEU146",)"
        R"("accessionNumber":"A/1","genus":"Zea"},)"
        R"({"germplasmDbId":"ipk%2Fother%2FDEU146%3AB%3AZea","accessionNumber":"B"},)"
        R"({"germplasmDbId":"house%2Fpassports%2Fown","genus":"Zea"},{"germplasmDbId":"50%"}])",
        brapi_options());
    CHECK(house.fields("germplasm", "DEU146:A/1:Zea").size() == 3);
    CHECK(house.fields("germplasm", "ipk%2Fother%2FDEU146%3AB%3AZea").at("accessionNumber") == "B");
    CHECK(house.fields("germplasm", "50%").at("germplasmDbId") == "50%");
    CHECK(house.fields("germplasm", "own") == Fields{{"genus", "Zea"}});
    CHECK(house.live_records() == 4);
}

TEST_CASE("brapi export: columns that are called like fields come back where they were") {
    BrapiHouse direct;
    direct.import(
        "INSTCODE,ACCENUMB,GENUS,genus,remarks,additionalInfo.x,germplasmName\n"
        "A,1,Zea,odd,small,dots,named\n",
        mcpd_text());
    BrapiHouse back;
    back.import(direct.export_as(ExportFormat::brapi), brapi_options());
    CHECK(back.export_as(ExportFormat::ndjson) == direct.export_as(ExportFormat::ndjson));
}

TEST_CASE("brapi export: trials that came as CSV have BrAPI's shapes") {
    BrapiHouse house;
    ImportOptions options;
    options.mapping.format = Format::csv;
    options.mapping.collection = "observationunits";
    options.mapping.id_column = "observationUnitDbId";
    options.mapping.maps = {{"positionCoordinateX", "observationUnitPosition.positionCoordinateX"},
                            {"levelName", "observationUnitPosition.observationLevel.levelName"}};
    options.dataset_text = "house/passports";
    house.import(
        "observationUnitDbId,studyDbId,germplasmName,levelName,positionCoordinateX,"
        "positionCoordinateY,replicate,treatments,otherColumns\n"
        "u1,s1,G01,plot,1,27,R1,fert F1; water W2,group S1\n",
        options);
    const auto units = parsed(house.export_as(ExportFormat::brapi));
    CHECK(to_json(data_of(units)[0]) ==
          R"({"additionalInfo":{"otherColumns":"group S1"},"germplasmName":"G01",)"
          R"("observationUnitDbId":"u1","observationUnitPosition":{"observationLevel":)"
          R"({"levelName":"plot"},"observationLevelRelationships":[{"levelCode":"R1",)"
          R"("levelName":"rep"}],"positionCoordinateX":"1","positionCoordinateY":"27"},)"
          R"("studyDbId":"s1","treatments":[{"factor":"fert","modality":"F1"},)"
          R"({"factor":"water","modality":"W2"}]})");
    options.mapping.collection = "studies";
    options.mapping.id_column = "studyDbId";
    options.mapping.maps.clear();
    house.import("studyDbId,studyName,seasons,active,note\ns1,Rice,2012;2013,true,x\n", options);
    const auto several = house.export_as(ExportFormat::brapi, "studies");
    CHECK(to_json(data_of(parsed(several))[0]) ==
          R"({"active":true,"additionalInfo":{"note":"x"},"seasons":["2012","2013"],)"
          R"("studyDbId":"s1","studyName":"Rice"})");
    // What BrAPI exports is what BrAPI imports.
    BrapiHouse back;
    back.import(several, brapi_options());
    CHECK(back.fields("studies", "s1").at("seasons") == R"(["2012","2013"])");
    CHECK(parsed(back.export_as(ExportFormat::brapi)) == parsed(several));
}

TEST_CASE("brapi export: a trait dictionary's rows are observation variables") {
    BrapiHouse house;
    ImportOptions options;
    options.mapping.format = Format::csv;
    options.mapping.collection = "variables";
    options.mapping.id_column = "Variable ID";
    options.dataset_text = "house/passports";
    house.import(read_all_brapi("demo/irri/CO_320_rice_TD.csv"), options);
    const auto document = parsed(house.export_as(ExportFormat::brapi));
    REQUIRE(data_of(document).size() == house.live_records());
    for (const auto& variable : data_of(document)) {
        CHECK(at(variable, "observationVariableDbId").is_text());
        CHECK(at(variable, "observationVariableName").is_text());
        CHECK(at(at(variable, "trait"), "traitName").is_text());
        CHECK(at(at(variable, "method"), "methodName").is_text());
        CHECK(at(at(variable, "scale"), "scaleName").is_text());
    }
    const auto& one = data_of(document)[0];
    CHECK(at(one, "observationVariableDbId") == Value("CO_320:0000625"));
    CHECK(at(at(one, "scale"), "dataType") == Value("Nominal"));
    const auto* categories =
        at(at(at(one, "scale"), "validValues"), "categories").get_if<Value::Array>();
    REQUIRE(categories);
    CHECK(categories->size() > 3);
    CHECK(at(categories->front(), "value") == Value("1"));
}

TEST_CASE("brapi export: one collection a file, and only what BrAPI has") {
    BrapiHouse house;
    house.put({"studies", "s"}, {{Path::single("studyName"), Value("x")}});
    house.put({"plots", "p"}, {{Path::single("n"), Value(1)}});
    CHECK_THROWS(house.export_as(ExportFormat::brapi));
    CHECK_THROWS(house.export_as(ExportFormat::brapi, "plots"));
    CHECK(data_of(parsed(house.export_as(ExportFormat::brapi, "studies"))).size() == 1);
    BrapiHouse empty;
    CHECK(data_of(parsed(empty.export_as(ExportFormat::brapi))).empty());
}
