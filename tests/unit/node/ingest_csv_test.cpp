// SPDX-License-Identifier: Apache-2.0
// CSV reading and writing, and the encodings around it.
#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "node/ingest/csv_reader.hpp"
#include "node/ingest/csv_writer.hpp"
#include "node/ingest/encoding.hpp"

namespace {

using namespace sangam::node::ingest;
using Rows = std::vector<std::vector<std::string>>;

struct Parsed {
    Rows rows;
    std::vector<std::size_t> lines;
    bool has_open_quote = false;
    std::size_t open_quote_line = 0;
    bool has_stray_quote = false;
};

Parsed parse_csv(std::string_view text, char delimiter = ',') {
    Parsed out;
    CsvReader reader(text, delimiter);
    CsvRow row;
    for (;;) {
        const auto step = reader.next(row);
        if (step == CsvReader::Step::end) return out;
        out.lines.push_back(row.line);
        if (step == CsvReader::Step::open_quote) {
            out.has_open_quote = true;
            out.open_quote_line = reader.open_quote_line();
            continue;
        }
        out.has_stray_quote = out.has_stray_quote || row.has_stray_quote;
        out.rows.emplace_back(row.cells.begin(), row.cells.end());
    }
}

std::string read_all_csv(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    REQUIRE_MESSAGE(in.good(), path);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

}  // namespace

TEST_CASE("csv reader: LF, CRLF and CR end rows, and the last row needs none") {
    for (const std::string end : {"\n", "\r\n", "\r"}) {
        CAPTURE(end.size());
        const Rows expected = {{"a", "b"}, {"1", ""}, {"", "2"}};
        CHECK(parse_csv("a,b" + end + "1," + end + ",2").rows == expected);
        CHECK(parse_csv("a,b" + end + "1," + end + ",2" + end).rows == expected);
    }
}

TEST_CASE("csv reader: quoted cells hold delimiters, line ends and doubled quotes") {
    const auto parsed = parse_csv("a,b\n\"x,\"\"y\"\"\",\"l1\nl2\r\nl3\"\nlast,\n");
    CHECK(parsed.rows == Rows{{"a", "b"}, {"x,\"y\"", "l1\nl2\r\nl3"}, {"last", ""}});
    CHECK(parsed.lines == std::vector<std::size_t>{1, 2, 5});
}

TEST_CASE("csv reader: line numbers count blank lines, which are no rows") {
    const auto parsed = parse_csv("\n\na\n\n\nb\r\n\r\nc");
    CHECK(parsed.rows == Rows{{"a"}, {"b"}, {"c"}});
    CHECK(parsed.lines == std::vector<std::size_t>{3, 6, 8});
}

TEST_CASE("csv reader: a quote inside an unquoted cell is text") {
    const auto parsed = parse_csv("5\" pot,a \"b\" c\n");
    CHECK(parsed.rows == Rows{{"5\" pot", "a \"b\" c"}});
    CHECK_FALSE(parsed.has_stray_quote);
}

TEST_CASE("csv reader: text after a closing quote keeps the cell as written and says so") {
    const auto parsed = parse_csv("\"Bob\" Smith,\"a\"\"b\" ,ok\n");
    CHECK(parsed.rows == Rows{{"\"Bob\" Smith", "\"a\"\"b\" ", "ok"}});
    CHECK(parsed.has_stray_quote);
}

TEST_CASE("csv reader: an open quote at the end names the line where it began") {
    const auto parsed = parse_csv("a,b\n1,2\n3,\"x\ny\nz");
    CHECK(parsed.rows == Rows{{"a", "b"}, {"1", "2"}});
    CHECK(parsed.has_open_quote);
    CHECK(parsed.open_quote_line == 3);
    const auto later = parse_csv("a,b\n\"l2\nl3\",\"open\n");
    CHECK(later.open_quote_line == 3);
    CHECK(later.lines.back() == 2);
}

TEST_CASE("csv reader: only quotes, delimiters or nothing") {
    CHECK(parse_csv("").rows.empty());
    CHECK(parse_csv("\n\r\n\r").rows.empty());
    CHECK(parse_csv("\"\"").rows == Rows{{""}});
    CHECK(parse_csv(",").rows == Rows{{"", ""}});
    CHECK(parse_csv("\"\",\"\"").rows == Rows{{"", ""}});
    CHECK(parse_csv("\"").has_open_quote);
    CHECK(parse_csv("\"\"\"").has_open_quote);
}

TEST_CASE("csv reader: a file cut at any byte gives rows or an open quote, never more cells") {
    const std::string whole = "id,\"na\"\"me\",note\r\n1,\"a,b\",\"x\r\ny\"\r\n2,\"\",z\r\n";
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        CAPTURE(size);
        const auto parsed = parse_csv(std::string_view(whole).substr(0, size));
        for (const auto& row : parsed.rows) CHECK(row.size() <= 3);
    }
}

TEST_CASE("csv reader: the delimiter is what the header holds most of, outside quotes") {
    CHECK(detect_delimiter("a,b;c,d\n;;;;;;;") == ',');
    CHECK(detect_delimiter("\"a,b,c\";d;e\n1;2;3") == ';');
    CHECK(detect_delimiter("a\tb,c\td\n") == '\t');
    CHECK(detect_delimiter("a|b\n") == '|');
    CHECK(detect_delimiter("one column\n") == ',');
    CHECK(detect_delimiter("one column\na;b\n") == ',');
    CHECK(detect_delimiter("a,\"\"\";;;\"\"\"\n") == ',');
    CHECK(detect_delimiter("\r\n\n\"a;b\"\na;b") == ',');
    CHECK(detect_delimiter("\n\na;b,c;d\n,,,,") == ';');
    CHECK(detect_delimiter("") == ',');
    CHECK(detect_delimiter("height 5\";width\n\"x\"") == ';');
}

TEST_CASE("csv writer: what it quotes comes back") {
    const Rows rows = {
        {"plain", "a,b", "say \"hi\"", "two\nlines", "cr\rx", "", "\"", " x "}, {""}, {"", ""}};
    std::string text;
    for (const auto& row : rows)
        append_csv_row(text, std::vector<std::string_view>(row.begin(), row.end()));
    CHECK(parse_csv(text).rows == rows);
}

TEST_CASE("encoding: a byte order mark decides and is not data") {
    const auto file = decode_file(
        "\xEF\xBB\xBF"
        "a,b",
        std::nullopt);
    CHECK(file.encoding == Encoding::utf8);
    CHECK(file.body == "a,b");
    CHECK(file.is_clean);
    CHECK_FALSE(file.was_guessed);
}

TEST_CASE("encoding: valid UTF-8 throughout is UTF-8, one bad byte makes it cp1252") {
    CHECK(decode_file("Bragan\xC3\xA7"
                      "a",
                      std::nullopt)
              .encoding == Encoding::utf8);
    const auto guessed = decode_file(
        "Bragan\xC3\xA7"
        "a \xA0",
        std::nullopt);
    CHECK(guessed.encoding == Encoding::cp1252);
    CHECK(guessed.was_guessed);
    CHECK_FALSE(guessed.is_clean);
}

TEST_CASE("encoding: cp1252 maps 80 to 9F, and five bytes of it stand for nothing") {
    std::string scratch;
    std::vector<std::string_view> cells = {"plain", "\x80 \x9F", "caf\xE9\xA0"};
    CHECK(decode_cells(Encoding::cp1252, cells, scratch) == cells.size());
    CHECK(cells[0] == "plain");
    CHECK(cells[1] == "\xE2\x82\xAC \xC5\xB8");
    CHECK(cells[2] == "caf\xC3\xA9\xC2\xA0");
    int unassigned = 0;
    for (int byte = 0x80; byte <= 0xFF; ++byte) {
        const std::string one(1, static_cast<char>(byte));
        std::vector<std::string_view> cell = {one};
        unassigned += decode_cells(Encoding::cp1252, cell, scratch) == 0;
    }
    CHECK(unassigned == 5);
    for (const char* bad : {"\x81", "\x8D", "\x8F", "\x90", "\x9D"}) {
        std::vector<std::string_view> cell = {"ok", bad};
        CHECK(decode_cells(Encoding::cp1252, cell, scratch) == 1);
    }
}

TEST_CASE("encoding: latin1 takes every byte, NUL is text nowhere") {
    std::string scratch;
    std::vector<std::string_view> cells = {"\x81\xFF"};
    CHECK(decode_cells(Encoding::latin1, cells, scratch) == 1);
    CHECK(cells[0] == "\xC2\x81\xC3\xBF");
    for (const auto encoding : {Encoding::utf8, Encoding::cp1252, Encoding::latin1}) {
        std::vector<std::string_view> cell = {std::string_view("a\0b", 3)};
        CHECK(decode_cells(encoding, cell, scratch) == 0);
    }
    CHECK_FALSE(decode_file(std::string_view("a\0b", 3), std::nullopt).is_clean);
}

TEST_CASE("encoding: UTF-16 with a mark becomes UTF-8, and a lone surrogate spoils its row only") {
    const auto file = decode_file(std::string_view("\xFF\xFE"
                                                   "a\0\xE9\0\x3D\xD8\x00\xDE\n\0",
                                                   12),
                                  std::nullopt);
    CHECK(file.encoding == Encoding::utf16le);
    CHECK(file.body == "a\xC3\xA9\xF0\x9F\x98\x80\n");
    const auto lone = decode_file(std::string_view("\xFE\xFF\0a\xD8\x3D\0b", 8), std::nullopt);
    CHECK(lone.body ==
          "a\xFF"
          "b");
    std::string scratch;
    std::vector<std::string_view> cells = {lone.body};
    CHECK(decode_cells(lone.encoding, cells, scratch) == 0);
}

TEST_CASE("encoding: what --encoding says goes before every guess") {
    CHECK(decode_file("caf\xC3\xA9", Encoding::latin1).encoding == Encoding::latin1);
    const auto forced = decode_file("caf\xE9", Encoding::utf8);
    CHECK(forced.encoding == Encoding::utf8);
    CHECK_FALSE(forced.is_clean);
    for (const auto encoding :
         {Encoding::utf8, Encoding::cp1252, Encoding::latin1, Encoding::utf16le, Encoding::utf16be})
        CHECK(encoding_from_text(to_text(encoding)).value() == encoding);
    CHECK(encoding_from_text("Windows-1252").value() == Encoding::cp1252);
    CHECK_FALSE(encoding_from_text("ebcdic").has_value());
}

TEST_CASE("encoding: the durum passports with cp1252 no-break spaces arrive as they were meant") {
    const std::string bytes =
        read_all_csv(std::string(SANGAM_TEST_DATA) +
                     "/hazards/ethiopia_durum_conflicts/passport_A_published.csv");
    const auto file = decode_file(bytes, std::nullopt);
    CHECK(file.encoding == Encoding::cp1252);
    CsvReader reader(file.body, detect_delimiter(file.body));
    CsvRow row;
    std::string scratch;
    int rows = 0;
    int with_space = 0;
    while (reader.next(row) == CsvReader::Step::row) {
        ++rows;
        CHECK(row.cells.size() == 14);
        CHECK(decode_cells(file.encoding, row.cells, scratch) == row.cells.size());
        for (const auto cell : row.cells) with_space += cell.find("\xC2\xA0") != cell.npos;
    }
    CHECK(rows == 41);
    CHECK(with_space >= 1);
}
