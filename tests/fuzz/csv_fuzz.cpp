// SPDX-License-Identifier: Apache-2.0
// Any bytes as a file to import: the encoding is settled, every row is read, and what was read,
// written and read again is the same.
#include <cstdint>
#include <string>
#include <vector>

#include "node/ingest/csv_reader.hpp"
#include "node/ingest/csv_writer.hpp"
#include "node/ingest/encoding.hpp"
#include "node/ingest/import_state.hpp"
#include "node/ingest/row_mapper.hpp"
#include "protocol/bytes.hpp"

using namespace sangam;
using namespace sangam::node::ingest;

namespace {

using Rows = std::vector<std::vector<std::string>>;

Rows read_rows(std::string_view body, char delimiter) {
    Rows out;
    CsvReader reader(body, delimiter);
    CsvRow row;
    std::size_t line = 0;
    for (;;) {
        const auto step = reader.next(row);
        if (step == CsvReader::Step::end) return out;
        SANGAM_ASSERT(row.line > line);  // every row begins on a line of its own
        line = row.line;
        if (step == CsvReader::Step::row) out.emplace_back(row.cells.begin(), row.cells.end());
    }
}

void check_decoded(const DecodedFile& file, char delimiter) {
    CsvReader reader(file.body, delimiter);
    CsvRow row;
    std::string scratch;
    while (reader.next(row) == CsvReader::Step::row) {
        if (decode_cells(file.encoding, row.cells, scratch) < row.cells.size()) {
            SANGAM_ASSERT(!file.is_clean);
            continue;
        }
        for (const std::string_view cell : row.cells) SANGAM_ASSERT(is_utf8(cell));
    }
}

void check_mapping(const Rows& rows) {
    if (rows.empty()) return;
    const FieldModel model{Schema{}};
    const std::vector<std::string_view> header(rows[0].begin(), rows[0].end());
    MappingOptions options;
    options.collection = "c";
    options.id_column = rows[0][0];
    const auto mapper = RowMapper::make(header, options, model);
    if (!mapper) return;
    MappedCells cells;
    for (const auto& texts : rows) {
        const std::vector<std::string_view> row(texts.begin(), texts.end());
        mapper->map(row, cells);
        if (const auto id = mapper->record_id(row, cells)) SANGAM_ASSERT(!id->empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const DecodedFile file = decode_file(bytes, std::nullopt);
    const char delimiter = detect_delimiter(file.body);
    check_decoded(file, delimiter);
    const Rows rows = read_rows(file.body, delimiter);
    check_mapping(rows);
    std::string text;
    for (const auto& row : rows)
        append_csv_row(text, std::vector<std::string_view>(row.begin(), row.end()), delimiter);
    SANGAM_ASSERT(read_rows(text, delimiter) == rows);
    if (const auto stated = StatedCells::decode(ByteView(data, size)))
        SANGAM_ASSERT(StatedCells::decode(stated->encode()).value() == *stated);
    return 0;
}
