// SPDX-License-Identifier: Apache-2.0
// Whole imports and exports over a store in memory.
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "node/ingest/csv_reader.hpp"
#include "node/ingest/exporter.hpp"
#include "node/ingest/field_edit.hpp"
#include "node/ingest/importer.hpp"
#include "node/ingest/json.hpp"
#include "sync/merger.hpp"
#include "tests/support/import_house.hpp"

namespace {

using namespace sangam;
using namespace sangam::node::ingest;
using House = sangam::test::ImportHouse;

std::string read_all(const std::string& name) {
    std::ifstream in(std::string(SANGAM_TEST_DATA) + "/" + name, std::ios::binary);
    REQUIRE_MESSAGE(in.good(), name);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

ImportOptions csv(const std::string& id) {
    ImportOptions options;
    options.mapping.format = Format::csv;
    options.mapping.collection = "lines";
    options.mapping.id_column = id;
    options.dataset_text = "eth/durum";
    return options;
}
ImportOptions mcpd() { return sangam::test::mcpd_options("ipk/passports"); }

using Table = std::map<std::string, std::map<std::string, std::string>>;  // key -> header -> cell

// The rows of a file by the texts of its key columns, without empty cells.
Table table_of(std::string_view text, const std::vector<std::string>& keys) {
    const auto file = decode_file(text, std::nullopt);
    CsvReader reader(file.body, detect_delimiter(file.body));
    CsvRow row;
    REQUIRE(reader.next(row) == CsvReader::Step::row);
    std::vector<std::string> header(row.cells.begin(), row.cells.end());
    for (std::size_t i = 0; i < header.size(); ++i)
        if (header[i].empty()) header[i] = "column_" + std::to_string(i + 1);
    Table out;
    std::string scratch;
    while (reader.next(row) == CsvReader::Step::row) {
        REQUIRE(decode_cells(file.encoding, row.cells, scratch) == row.cells.size());
        std::map<std::string, std::string> cells;
        for (std::size_t i = 0; i < row.cells.size(); ++i)
            if (!row.cells[i].empty()) cells[header[i]] = row.cells[i];
        std::string key;
        for (const auto& name : keys) key += (cells.contains(name) ? cells[name] : "") + "|";
        CHECK(out.emplace(key, cells).second);
    }
    return out;
}

constexpr std::string_view small = "id,name,note\nA,x,1\nB,y,2\nC,z,\n";

}  // namespace

TEST_CASE("importer: rows become records, and the same file again writes nothing") {
    House house;
    const auto first = house.import(small, csv("id"));
    CHECK(first.read == 3);
    CHECK(first.written == 3);
    CHECK(first.unchanged == 0);
    CHECK(first.rejected == 0);
    CHECK(first.commits == 1);
    CHECK(first.seconds > 0);
    CHECK(house.fields("lines", "A") ==
          std::map<std::string, std::string>{{"id", "A"}, {"name", "x"}, {"note", "1"}});
    const auto second = house.import(small, csv("id"));
    CHECK(second.written == 0);
    CHECK(second.unchanged == 3);
    CHECK(second.commits == 0);
}

TEST_CASE("importer: a curator's put survives the next import of a file with the old value") {
    House house;
    house.import(small, csv("id"));
    house.put({"lines", "A"}, {{Path::single("name"), Value("better")}});
    house.import("id,name,note\nA,x,9\n", csv("id"));
    CHECK(house.fields("lines", "A")["name"] == "better");
    CHECK(house.fields("lines", "A")["note"] == "9");
}

TEST_CASE(
    "importer: a corrected cell meets a curator's edit as a sibling, and the later one shows") {
    House house;
    house.import(small, csv("id"));
    house.put({"lines", "A"}, {{Path::single("name"), Value("curator")}});
    house.import("id,name,note\nA,corrected,1\n", csv("id"));
    CHECK(house.fields("lines", "A")["name"] == "corrected");
    CHECK(house.export_as(ExportFormat::ndjson).find("\"value\":\"curator\"") != std::string::npos);
}

TEST_CASE("importer: an emptied cell removes the field, a row that is gone deletes nothing") {
    House house;
    house.import(small, csv("id"));
    const auto report = house.import("id,name,note\nA,x,\n", csv("id"));
    CHECK(report.written == 1);
    CHECK_FALSE(house.fields("lines", "A").contains("note"));
    CHECK(house.live_records() == 3);
}

TEST_CASE("importer: another --source compares with its own last import only") {
    House house;
    house.import(small, csv("id"));
    auto options = csv("id");
    options.source = "other";
    CHECK(house.import(small, options).written == 3);
    CHECK(house.import(small, options).written == 0);
    CHECK(house.export_as(ExportFormat::ndjson).find("\"conflicts\":[]") != std::string::npos);
}

TEST_CASE("importer: NA is a value unless --missing says otherwise") {
    House house;
    const std::string_view text = "id,a,b\nR,NA,Inf\n";
    house.import(text, csv("id"));
    CHECK(house.fields("lines", "R")["a"] == "NA");
    CHECK(house.fields("lines", "R")["b"] == "Inf");
    auto options = csv("id");
    options.mapping.missing = {"NA"};
    CHECK(house.import(text, options).written == 1);
    CHECK_FALSE(house.fields("lines", "R").contains("a"));
    CHECK(house.fields("lines", "R")["b"] == "Inf");
}

TEST_CASE(
    "importer: a second row of one id is rejected, naming the first, and a copy is unchanged") {
    House house;
    const auto report = house.import("id,v\nA,1\n\"B\nb\",2\nA,1\nA,2\nB,3\na,4\n", csv("id"));
    CHECK(report.read == 6);
    CHECK(report.written == 4);
    CHECK(report.unchanged == 1);
    REQUIRE(report.rejects.size() == 1);
    CHECK(report.rejects[0].line == 6);
    CHECK(report.rejects[0].file == "file.csv");
    CHECK(report.rejects[0].reason == "the record id is that of line 2, with other values");
    CHECK(house.fields("lines", "A")["v"] == "1");
    CHECK(house.fields("lines", "a")["v"] == "4");
}

TEST_CASE("importer: a second row of one id in another file names that file") {
    House house;
    const auto report =
        house.try_import({{"one.csv", "id,v\nA,1\n"}, {"two.csv", "id,v\nB,1\nA,2\n"}}, csv("id"))
            .value();
    CHECK(report.written == 2);
    REQUIRE(report.rejects.size() == 1);
    CHECK(report.rejects[0].file == "two.csv");
    CHECK(report.rejects[0].line == 3);
    CHECK(report.rejects[0].reason.find("line 2 of one.csv") != std::string::npos);
}

TEST_CASE("importer: rows without id, with too many cells or odd bytes are rejected by line") {
    House house;
    const auto report =
        house.import("id,v,w\n,1\nA,1,2,3\nB\nC,\x81,\nD,caf\xE9,\nE,\"open\n1,2", csv("id"));
    CHECK(report.read == 6);
    CHECK(report.written == 2);
    REQUIRE(report.rejects.size() == 4);
    CHECK(report.rejects[0].line == 2);
    CHECK(report.rejects[0].column == "id");
    CHECK(report.rejects[1].line == 3);
    CHECK(report.rejects[1].reason.find("4 cells") != std::string::npos);
    CHECK(report.rejects[2].line == 5);
    CHECK(report.rejects[2].column == "v");
    CHECK(report.rejects[2].reason == "bytes in no known encoding");
    CHECK(report.rejects[3].line == 7);
    CHECK(report.rejects[3].reason.find("begins in line 7") != std::string::npos);
    CHECK(house.fields("lines", "B") == std::map<std::string, std::string>{{"id", "B"}});
    CHECK(house.fields("lines", "D")["v"] == "caf\xC3\xA9");
    REQUIRE(report.notices.size() == 1);
    CHECK(report.notices[0].find("cp1252") != std::string::npos);
}

TEST_CASE("importer: rejected rows come back as CSV with line and reason") {
    House house;
    auto options = csv("id");
    options.keeps_rejected_rows = true;
    const auto report = house.import("id,v\nA,1\nA,\"2,3\"\n,x\n", options);
    CHECK(report.rejected_rows ==
          "reject_line,reject_reason,id,v\n"
          "3,\"the record id is that of line 2, with other values\",A,\"2,3\"\n"
          "4,\"id is empty, so the row has no record id\",,x\n");
}

TEST_CASE("importer: a rejected row with odd bytes can still be carried in a report") {
    House house;
    auto options = csv("id");
    options.keeps_rejected_rows = true;
    const auto report = house.import("id,v,w\nA,caf\xE9,\x81\xFFz\n", options);
    CHECK(report.rejected == 1);
    CHECK(is_utf8(report.rejected_rows));
    CHECK(report.rejected_rows ==
          "reject_line,reject_reason,id,v,w\n"
          "2,bytes in no known encoding,A,caf\xC3\xA9,\xC2\x81\xC3\xBFz\n");
}

TEST_CASE("importer: a bad header of any file is refused before anything is written") {
    House house;
    const auto code = [&](const std::vector<ImportFile>& files, const ImportOptions& options) {
        const auto report = house.try_import(files, options);
        REQUIRE_FALSE(report.has_value());
        CHECK_FALSE(report.error().fix.empty());
        CHECK(house.live_records() == 0);
        return report.error().code;
    };
    CHECK(code({{"a", small}, {"b", "id,name,name\nX,1,2\n"}}, csv("id")) == "duplicate_column");
    CHECK(code({{"a", small}, {"b", ""}}, csv("id")) == "empty_file");
    CHECK(code({{"a", small}, {"b", "id,\"na"}}, csv("id")) == "open_quote");
    CHECK(code({{"a", small}, {"b", std::string_view("i\0d\n", 4)}}, csv("id")) == "bad_encoding");
    CHECK(code({{"a", small}}, csv("nope")) == "no_id_column");
    CHECK(code({}, csv("id")) == "no_file");
    auto as_writer = csv("id");
    as_writer.proposes_as = NodeId{};
    CHECK(code({{"a", small}}, as_writer) == "wrong_role");
    CHECK(code({{"passports.csv", "INSTCODE,ACCENUMB,GENUS\n"}, {"a", small}}, {}) ==
          "missing_option");
    CHECK(code({{"variety.csv",
                 read_all("hazards/variety_name_curation/2_proposed_corrections.csv")}},
               csv("variety")) == "duplicate_column");
}

TEST_CASE("importer: a column without a name is skipped when empty, else column_N and a finding") {
    House house;
    const auto report = house.import("id,,v,\nA,,1,\nB,,2,x\nC,,3,y\n", csv("id"));
    CHECK(report.written == 3);
    CHECK(house.fields("lines", "A") ==
          std::map<std::string, std::string>{{"id", "A"}, {"v", "1"}});
    CHECK(house.fields("lines", "B")["column_4"] == "x");
    CHECK(report.finding_count == 1);
    REQUIRE(report.findings.size() == 1);
    CHECK(report.findings[0].code == "unnamed_column");
    CHECK(report.findings[0].record == "eth/durum/lines/B");
    CHECK(report.findings[0].line == 3);
}

TEST_CASE("importer: a deleted record is refused until somebody restores it") {
    House house;
    house.import(small, csv("id"));
    house.remove({"lines", "A"});
    for (const std::string_view text : {small, std::string_view("id,name,note\nA,new,1\n")}) {
        const auto report = house.import(text, csv("id"));
        REQUIRE(report.rejected == 1);
        CHECK(report.rejects[0].line == 2);
        CHECK(report.rejects[0].reason.find("deleted, restore first") != std::string::npos);
        CHECK(house.fields("lines", "A").empty());
    }
    auto other = csv("id");
    other.source = "other";
    other.is_dry_run = true;
    CHECK(house.import(small, other).rejected == 1);
    other.is_dry_run = false;
    CHECK(house.import(small, other).rejected == 1);
    house.restore({"lines", "A"});
    CHECK(house.import(small, csv("id")).rejected == 0);
    CHECK(house.fields("lines", "A")["name"] == "x");
}

TEST_CASE("importer: a dry run reports what would happen and writes nothing") {
    House house;
    auto options = csv("id");
    options.is_dry_run = true;
    const auto report = house.import(small, options);
    CHECK(report.written == 3);
    CHECK(report.commits == 0);
    CHECK(house.live_records() == 0);
    CHECK(house.import(small, csv("id")).written == 3);
    CHECK(house.import(small, options).unchanged == 3);
}

TEST_CASE("importer: a mirror deletes rows that are gone, but never more than 15 % at once") {
    House house;
    std::string text = "id,v\n";
    for (int i = 0; i < 20; ++i) text += "R" + std::to_string(i) + ",1\n";
    auto options = csv("id");
    options.is_mirror = true;
    CHECK(house.import(text, options).deleted == 0);

    const auto without = [&](int count) {
        std::string out = "id,v\n";
        for (int i = count; i < 20; ++i) out += "R" + std::to_string(i) + ",1\n";
        return out;
    };
    const auto held = house.import(without(4), options);
    CHECK(held.deleted == 0);
    CHECK(held.held == 4);
    CHECK(held.notices.size() == 1);
    CHECK(house.live_records() == 20);
    auto dry = options;
    dry.is_dry_run = true;
    CHECK(house.import(without(3), dry).deleted == 3);
    CHECK(house.live_records() == 20);
    const auto gone = house.import(without(3), options);
    CHECK(gone.deleted == 3);
    CHECK(gone.held == 0);
    CHECK(house.live_records() == 17);
    CHECK(house.import(without(3), options).deleted == 0);
    CHECK(house.import(without(5), options).deleted == 2);
    const auto broken = house.import(without(6) + ",no id\n", options);
    CHECK(broken.deleted == 0);
    CHECK(broken.held == 1);
}

TEST_CASE("importer: findings are stored with the record and counted once") {
    House house;
    const std::string header = "INSTCODE,ACCENUMB,GENUS,ACQDATE,SAMPSTAT\n";
    const auto report = house.import(header + "DEU146,1,Hordeum,20011301,7\n", mcpd());
    CHECK(report.finding_count == 2);
    CHECK(house.stored_findings() == 2);
    REQUIRE(report.findings.size() == 2);
    CHECK(report.findings[0].record == "ipk/passports/germplasm/DEU146:1:Hordeum");
    CHECK(report.findings[0].field == "acquisitionDate");
    CHECK(house.import(header + "DEU146,1,Hordeum,20011201,7\n", mcpd()).finding_count == 1);
    CHECK(house.stored_findings() == 1);
}

TEST_CASE("importer: 2,500 rows are written in batches and add up") {
    House house;
    std::string text = "id,v\n";
    for (int i = 0; i < 2500; ++i) text += "R" + std::to_string(i) + "," + std::to_string(i) + "\n";
    const auto report = house.import(text, csv("id"));
    CHECK(report.written == 2500);
    CHECK(report.commits >= 3);
    CHECK(house.live_records() == 2500);
}

TEST_CASE("importer: a run that is stopped keeps what it wrote and the next one goes on") {
    House house;
    std::string text = "id,v\n";
    for (int i = 0; i < 2500; ++i) text += "R" + std::to_string(i) + ",1\n";
    std::uint64_t last_done = 0;
    house.on_progress = [&](const ImportProgress& progress) {
        CHECK(progress.bytes_done > last_done);
        CHECK(progress.bytes_total == text.size());
        last_done = progress.bytes_done;
        return false;
    };
    const auto stopped = house.import(text, csv("id"));
    CHECK(stopped.read == 1000);
    CHECK(stopped.written == 1000);
    CHECK(stopped.notices.size() == 1);
    CHECK(stopped.was_stopped);
    CHECK(house.live_records() == 1000);
    house.on_progress = nullptr;
    const auto rest = house.import(text, csv("id"));
    CHECK(rest.written == 1500);
    CHECK(rest.unchanged == 1000);
    CHECK_FALSE(rest.was_stopped);
    // Told to stop when all is in: nothing was left to stop.
    house.on_progress = [&](const ImportProgress& progress) {
        return progress.bytes_done < progress.bytes_total;
    };
    CHECK_FALSE(house.import(text, csv("id")).was_stopped);
}

TEST_CASE("importer: the report's document has COMMANDS' keys") {
    House house;
    const auto report = house.import(small, csv("id"));
    const auto document = to_json(report_document(report));
    CHECK(document ==
          "{\"commits\":1,\"findings\":{\"count\":0,\"first\":[]},\"notices\":[],\"read\":3,"
          "\"rejected\":0,\"rejects\":[],\"seconds\":" +
              to_json(Value(report.seconds)) + ",\"unchanged\":0,\"written\":3}");
    CHECK(record_text("a/b", {"c", "1/2 %\n\xC3\xA9"}) == "a/b/c/1%2F2 %25%0A\xC3\xA9");
}

TEST_CASE("hazards: durum 208281 stands twice in passport C, and the second row is rejected") {
    House house;
    const auto text = read_all("hazards/ethiopia_durum_conflicts/passport_C_check2.csv");
    const auto report = house.import(text, csv("accession"));
    CHECK(report.read == 391);
    CHECK(report.written == 390);
    REQUIRE(report.rejects.size() == 1);
    CHECK(report.rejects[0].line == 224);
    CHECK(report.rejects[0].reason.find("line 223") != std::string::npos);
    CHECK(house.fields("lines", "208281")["year_of_characterization"] == "1992");
    CHECK(house.fields("lines", "208281")["lon"] == "NA");
}

TEST_CASE("hazards: 6856b of passport A and 6856B of passport B stay two accessions") {
    House house;
    house.import(read_all("hazards/ethiopia_durum_conflicts/passport_A_published.csv"),
                 csv("accession"));
    auto b = csv("accession");
    b.source = "b";
    house.import(read_all("hazards/ethiopia_durum_conflicts/passport_B_check1.csv"), b);
    CHECK(house.fields("lines", "6856b")["genotype"] == "336ET_D");
    CHECK(house.fields("lines", "6856B")["location"] == "MU");
}

TEST_CASE(
    "hazards: BOM, CRLF, semicolons, quoted line ends and 81 unnamed columns of the ontologies") {
    for (const auto& [file, rows] :
         std::map<std::string, std::uint64_t>{{"demo/irri/CO_320_rice_TD.csv", 405},
                                              {"demo/cimmyt/CO_321_wheat_TD.csv", 825},
                                              {"demo/icrisat/CO_324_sorghum_TD.csv", 324}}) {
        CAPTURE(file);
        House house;
        const auto report = house.import(read_all(file), csv("Variable ID"));
        CHECK(report.read == rows);
        const auto exported = house.export_as(ExportFormat::csv);
        const auto original = table_of(read_all(file), {"Variable ID"});
        // Rows that were rejected (no id, a second one) have no counterpart.
        const auto back = table_of(exported, {"Variable ID"});
        CHECK(back.size() == report.written);
        for (const auto& [key, cells] : back) CHECK(original.at(key) == cells);
    }
}

TEST_CASE(
    "hazards: the Germinate example's binary noise, degrees and list texts come back as read") {
    House house;
    const auto text = read_all("hazards/mcpd_example_synthetic/germinate_example_mcpd.csv");
    const auto report = house.import(text, mcpd());
    CHECK(report.rejected == 10);  // plots without institute and genus
    const std::vector<std::string> keys = {"INSTCODE", "ACCENUMB", "GENUS"};
    const auto exported = house.export_as(ExportFormat::mcpd);
    auto original = table_of(text, keys);
    std::erase_if(original, [](const auto& row) { return !row.second.contains("GENUS"); });
    CHECK(original.size() == 2000);
    CHECK(table_of(exported, keys) == original);
    CHECK(exported.find("26.183333000000001") != std::string::npos);
}

TEST_CASE("hazards: real Genesys passports make the round trip cell by cell") {
    for (const char* file : {"demo/ipk/passports.csv", "demo/usda/passports.csv"}) {
        CAPTURE(file);
        House house;
        const auto text = read_all(file);
        const auto report = house.import(text, mcpd());
        CHECK(report.rejected == 0);
        CHECK(report.written == report.read);
        const std::vector<std::string> keys = {"INSTCODE", "ACCENUMB", "GENUS"};
        const auto exported = house.export_as(ExportFormat::mcpd);
        CHECK(table_of(exported, keys) == table_of(text, keys));
        // And the export is a file that says nothing new.
        CHECK(house.import(exported, mcpd()).written == 0);
        House other;
        other.import(exported, mcpd());
        CHECK(other.export_as(ExportFormat::mcpd) == exported);
        CHECK(other.export_as(ExportFormat::ndjson) == house.export_as(ExportFormat::ndjson));
    }
}

TEST_CASE("export: csv has a column for each field of one collection, ids in _id where needed") {
    House house;
    house.put({"lines", "R1"}, {{Path::single("a.b"), Value("1,5")},
                                {Path({"x", "y"}), Value(Value::Array{"p", "q"})},
                                {Path::single("n"), Value(1.5)}});
    CHECK(house.export_as(ExportFormat::csv) == "_id,a.b,n,x.y\nR1,\"1,5\",1.5,p;q\n");
    house.import("id,v\nR1,1\n", csv("id"));
    CHECK(house.export_as(ExportFormat::csv) == "a.b,id,n,v,x.y\n\"1,5\",R1,1.5,1,p;q\n");
    house.put({"trials", "T"}, {{Path::single("v"), Value("1")}});
    CHECK(house.export_as(ExportFormat::csv, "trials") == "_id,v\nT,1\n");
    const auto several = export_records(
        [](const auto& visit) {
            visit({{"a", "1"}, {}, {}});
            visit({{"b", "1"}, {}, {}});
        },
        {ExportFormat::csv, {}}, [](std::string_view) { return true; });
    REQUIRE_FALSE(several.has_value());
    CHECK(several.error().code == "several_collections");
}

TEST_CASE("export: ndjson is canonical, ordered by collection and id, deleted records left out") {
    House house;
    house.put({"b", "2"}, {{Path({"x", "y"}), Value("1")}});
    house.put({"b", "10"}, {{Path::single("x.y"), Value(Value::Array{"p", 1, nullptr})}});
    house.put({"a", "z"}, {{Path::single("v"), Value(true)}});
    house.put({"a", "gone"}, {{Path::single("v"), Value(true)}});
    house.remove({"a", "gone"});
    CHECK(house.export_as(ExportFormat::ndjson) ==
          "{\"collection\":\"a\",\"conflicts\":[],\"fields\":{\"v\":true},\"id\":\"z\"}\n"
          "{\"collection\":\"b\",\"conflicts\":[],\"fields\":{\"\\\"x.y\\\"\":[\"p\",1,null]},"
          "\"id\":\"10\"}\n"
          "{\"collection\":\"b\",\"conflicts\":[],\"fields\":{\"x.y\":\"1\"},\"id\":\"2\"}\n");
}

TEST_CASE("export: a sink that is full ends the export with an error") {
    const auto written = export_records(
        [](const auto& visit) {
            for (int i = 0; i < 100'000; ++i)
                if (!visit({{"a", std::to_string(i)}, {}, {}})) return;
        },
        {ExportFormat::ndjson, {}}, [](std::string_view) { return false; });
    REQUIRE_FALSE(written.has_value());
    CHECK(written.error().code == "export_stopped");
}
