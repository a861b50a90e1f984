// SPDX-License-Identifier: Apache-2.0
// Round trips of imports on random tables.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "node/ingest/csv_reader.hpp"
#include "node/ingest/csv_writer.hpp"
#include "node/ingest/mcpd.hpp"
#include "sync/change_rules.hpp"
#include "tests/support/import_house.hpp"

namespace {

using namespace sangam;
using namespace sangam::node::ingest;
using House = sangam::test::ImportHouse;
using Row = std::vector<std::string>;

// Texts of pieces that CSV, lists and encodings trip over.
rc::Gen<std::string> odd_text() {
    const auto piece = rc::gen::element<std::string>(
        ",", ";", "\t", "|", "\"", "\n", "\r", "\r\n", " ", "a", "B", "0", "-", "NA", ".",
        "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x8C\xBE", "\xEF\xBB\xBF");
    return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                        [](const auto& pieces) {
                            std::string out;
                            for (const auto& one : pieces) out += one;
                            return out;
                        });
}

std::string csv_text(const std::vector<Row>& rows, char delimiter = ',') {
    std::string out;
    for (const Row& row : rows)
        append_csv_row(out, std::vector<std::string_view>(row.begin(), row.end()), delimiter);
    return out;
}

std::vector<Row> read_rows(std::string_view text, char delimiter = ',') {
    std::vector<Row> out;
    CsvReader reader(text, delimiter);
    CsvRow row;
    while (reader.next(row) == CsvReader::Step::row)
        out.emplace_back(row.cells.begin(), row.cells.end());
    return out;
}

ImportOptions mcpd() {
    ImportOptions options;
    options.mapping.format = Format::mcpd;
    options.delimiter = ',';
    return options;
}

// A header of the id columns and some others, and rows with distinct ids.
std::vector<Row> random_passports() {
    std::vector<Row> rows = {{"INSTCODE", "ACCENUMB", "GENUS"}};
    const auto chosen = *rc::gen::container<std::set<std::size_t>>(
        rc::gen::inRange<std::size_t>(0, mcpd_columns().size()));
    for (const std::size_t i : chosen) {
        const std::string name(mcpd_columns()[i].name);
        if (name != "INSTCODE" && name != "ACCENUMB" && name != "GENUS") rows[0].push_back(name);
    }
    rows[0].push_back("X_OWN");
    const int count = *rc::gen::inRange(1, 6);
    for (int i = 0; i < count; ++i) {
        Row row = {"DEU146", "A" + std::to_string(i), "Hordeum"};
        while (row.size() < rows[0].size()) row.push_back(*odd_text());
        rows.push_back(std::move(row));
    }
    return rows;
}

using Table = std::map<std::string, std::map<std::string, std::string>>;

Table table_of(const std::vector<Row>& rows) {
    Table out;
    std::size_t id_column = 0;
    for (std::size_t i = 0; i < rows[0].size(); ++i)
        if (rows[0][i] == "ACCENUMB") id_column = i;
    for (std::size_t r = 1; r < rows.size(); ++r)
        for (std::size_t i = 0; i < rows[0].size(); ++i)
            if (!rows[r][i].empty()) out[rows[r][id_column]][rows[0][i]] = rows[r][i];
    return out;
}

// Records as nobody would write them: odd names, at any depth, and values of every kind.
Path random_field() {
    const auto name = rc::gen::oneOf(
        odd_text(), rc::gen::element<std::string>("GENUS", "genus", "remarks", "studyName", "x",
                                                  "additionalInfo", "accessionNames", "scale",
                                                  "season", "observations", "stock", "a.b"));
    const int depth = *rc::gen::weightedElement<int>({{6, 1}, {3, 2}, {1, 3}, {1, 18}});
    Path out;
    for (int i = 0; i < depth; ++i) out.names.push_back(*name);
    if (out.is_reserved() || out.names.front() == "stock") out.names.front() = "y";
    if (out.names.front() == "accessionNames") out.names = {"accessionNames", *odd_text()};
    return out;
}

Value random_value(int depth = 0) {
    switch (*rc::gen::inRange(0, depth > 2 ? 6 : 9)) {
        case 0:
            return Value(*rc::gen::arbitrary<std::int64_t>());
        case 1:
            return Value(*rc::gen::element(1e20, 0.1, -1.5e300, 36.0, 5e-324));
        case 2:
            return Value(*rc::gen::arbitrary<bool>());
        case 3:
            return Value(*rc::gen::element<std::string>(std::string("a\0b", 3), "\x01[1]", "",
                                                        "12345678901234567890.5"));
        case 6: {
            Value::Array out;
            for (int i = *rc::gen::inRange(0, 3); i > 0; --i)
                out.push_back(random_value(depth + 1));
            return out;
        }
        case 7: {
            Value::Map out;
            for (int i = *rc::gen::inRange(0, 3); i > 0; --i)
                out.emplace(*odd_text(), random_value(depth + 1));
            return out;
        }
        default:
            return Value(*odd_text());
    }
}

}  // namespace

TEST_CASE("export: whatever the records hold, an import takes the file without a reject") {
    CHECK(rc::check([] {
        const std::string collection =
            *rc::gen::element("germplasm", "studies", "observations", "variables");
        Schema schema;
        schema.strategies["stock"] = "sum";
        House house(schema);
        const int records = *rc::gen::inRange(1, 5);
        for (int r = 0; r < records; ++r) {
            std::map<Path, Value> fields;
            if (*rc::gen::arbitrary<bool>()) {
                fields[Path::single("instituteCode")] = Value("A");
                fields[Path::single("accessionNumber")] = Value(*rc::gen::element("1", "2"));
                fields[Path::single("genus")] = Value("Zea");
            }
            for (int f = *rc::gen::inRange(0, 5); f >= 0; --f) {
                const Path field = random_field();
                if (std::ranges::none_of(fields, [&](const auto& other) {
                        return other.first.is_at_or_below(field) ||
                               field.is_at_or_below(other.first);
                    }))
                    fields[field] =
                        field.names.front() == "accessionNames" ? Value(f) : random_value();
            }
            std::vector<FieldWrite> writes;
            for (const auto& [field, value] : fields) writes.push_back({field, value});
            if (*rc::gen::arbitrary<bool>())
                writes.push_back(
                    {sync::counter_path(Path::single("stock"), house.lane()), Value(3)});
            house.put(
                {collection, *rc::gen::element<std::string>("A:1:Zea", "r") + std::to_string(r)},
                std::move(writes));
        }
        for (const auto format : {ExportFormat::csv, ExportFormat::mcpd, ExportFormat::brapi}) {
            ExportReport said;
            const auto text = house.export_as(format, collection, "house/passports", &said);
            RC_ASSERT(format == ExportFormat::mcpd ||
                      said.written + said.left_out == house.live_records());
            ImportOptions options;
            options.dataset_text = "house/passports";
            options.mapping.format = format == ExportFormat::csv    ? Format::csv
                                     : format == ExportFormat::mcpd ? Format::mcpd
                                                                    : Format::brapi;
            if (format != ExportFormat::mcpd) options.mapping.collection = collection;
            if (format == ExportFormat::csv) {
                const auto rows = read_rows(text);
                if (rows.front().front() != "_id") return;  // a column happens to hold the ids
                options.mapping.id_column = "_id";
            }
            House back(schema);
            const auto report = back.try_import({{"export", text}}, options);
            RC_LOG() << text << (report ? std::string() : report.error().text());
            RC_ASSERT(report.has_value());
            RC_ASSERT(report->rejected == 0u);
            RC_ASSERT(report->read == said.written);
        }
    }));
}

TEST_CASE("csv: every table is read as it was written, under every delimiter") {
    CHECK(rc::check([] {
        const auto rows = *rc::gen::container<std::vector<Row>>(
            rc::gen::nonEmpty(rc::gen::container<Row>(odd_text())));
        const char delimiter = *rc::gen::element(',', ';', '\t', '|');
        RC_ASSERT(read_rows(csv_text(rows, delimiter), delimiter) == rows);
    }));
}

TEST_CASE("csv: the delimiter of a written header with several columns is detected") {
    CHECK(rc::check([] {
        const char delimiter = *rc::gen::element(',', ';', '\t', '|');
        const auto names = *rc::gen::suchThat(
            rc::gen::container<Row>(rc::gen::element<std::string>("a", "b c", "d\"e", "f")),
            [](const Row& row) { return row.size() >= 2; });
        RC_ASSERT(detect_delimiter(csv_text({names}, delimiter)) == delimiter);
    }));
}

TEST_CASE("mcpd: random passports come back cell by cell, and say nothing new a second time") {
    CHECK(rc::check([] {
        const auto rows = random_passports();
        House house;
        const auto report = house.import(csv_text(rows), mcpd());
        RC_ASSERT(report.written == rows.size() - 1);
        const auto exported = house.export_as(ExportFormat::mcpd);
        RC_ASSERT(table_of(read_rows(exported)) == table_of(rows));
        RC_ASSERT(house.import(csv_text(rows), mcpd()).written == 0u);
        RC_ASSERT(house.import(exported, mcpd()).written == 0u);
    }));
}

TEST_CASE("mcpd: after any corrections of the file the record shows the file") {
    CHECK(rc::check([] {
        auto rows = random_passports();
        House house;
        house.import(csv_text(rows), mcpd());
        for (int round = 0; round < 3; ++round) {
            std::set<std::size_t> changed;
            const int edits = *rc::gen::inRange(0, 5);
            for (int i = 0; i < edits; ++i) {
                const auto row = *rc::gen::inRange<std::size_t>(1, rows.size());
                const auto column = *rc::gen::inRange<std::size_t>(3, rows[0].size());
                auto text = *odd_text();
                if (text != rows[row][column]) changed.insert(row);
                rows[row][column] = std::move(text);
            }
            const auto report = house.import(csv_text(rows), mcpd());
            RC_ASSERT(report.written <= changed.size());
            RC_ASSERT(report.read == rows.size() - 1);
            RC_ASSERT(table_of(read_rows(house.export_as(ExportFormat::mcpd))) == table_of(rows));
        }
    }));
}

TEST_CASE("csv: a second import writes exactly the cells that differ") {
    CHECK(rc::check([] {
        const std::size_t width = *rc::gen::inRange<std::size_t>(2, 8);
        std::vector<Row> rows(1);
        for (std::size_t i = 0; i < width; ++i) rows[0].push_back("c" + std::to_string(i));
        const auto random_row = [&](int id) {
            Row row = {"R" + std::to_string(id)};
            while (row.size() < width) row.push_back(*odd_text());
            return row;
        };
        for (int i = 0; i < 4; ++i) rows.push_back(random_row(i));
        ImportOptions options;
        options.mapping.collection = "lines";
        options.mapping.id_column = "c0";
        options.delimiter = ',';
        House house;
        house.import(csv_text(rows), options);
        auto later = rows;
        for (int i = 0; i < 4; ++i)
            if (*rc::gen::arbitrary<bool>()) later[static_cast<std::size_t>(i) + 1] = random_row(i);
        const auto report = house.import(csv_text(later), options);

        std::size_t differing_rows = 0;
        for (std::size_t r = 1; r < rows.size(); ++r) {
            std::map<std::string, std::string> expected;  // path text -> text or "-"
            for (std::size_t i = 0; i < width; ++i)
                if (rows[r][i] != later[r][i])
                    expected[rows[0][i]] = later[r][i].empty() ? "-" : "+" + later[r][i];
            differing_rows += !expected.empty();
            const auto history = house.reader()->history(house.dataset(), {"lines", rows[r][0]});
            RC_ASSERT(history.size() == (expected.empty() ? 1u : 2u));
            if (expected.empty()) continue;
            std::map<std::string, std::string> written;
            for (const OpenField& field : history.back().change.fields)
                written[field.write.path.text()] =
                    field.write.value ? "+" + std::string(field.write.value->text()) : "-";
            RC_ASSERT(written == expected);
        }
        RC_ASSERT(report.written == differing_rows);
        RC_ASSERT(report.unchanged == 4 - differing_rows);
    }));
}

TEST_CASE("brapi: random passports come back over BrAPI field by field") {
    CHECK(rc::check([] {
        House direct;
        auto options = mcpd();
        options.dataset_text = "house/passports";
        direct.import(csv_text(random_passports()), options);
        House over_brapi;
        ImportOptions brapi;
        brapi.mapping.format = Format::brapi;
        brapi.dataset_text = "house/passports";
        over_brapi.import(direct.export_as(ExportFormat::brapi), brapi);
        RC_ASSERT(over_brapi.export_as(ExportFormat::ndjson) ==
                  direct.export_as(ExportFormat::ndjson));
    }));
}
