// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/import_file.hpp"

#include <utility>

namespace sangam::node::ingest {
namespace {

std::unexpected<Error> bad_file(std::string code, std::string message, const std::string& file,
                                std::string fix) {
    return fail(code, std::move(message), file, std::move(fix));
}

Result<OpenFile> open_table(const ImportFile& file, const ImportOptions& options,
                            const FieldModel& model) {
    DecodedFile decoded = decode_file(file.bytes, options.encoding);
    const char delimiter = options.delimiter.value_or(detect_delimiter(decoded.body));
    CsvReader reader(decoded.body, delimiter);
    CsvRow header;
    switch (reader.next(header)) {
        case CsvReader::Step::row:
            break;
        case CsvReader::Step::end:
            return bad_file("empty_file", "the file has no header", file.name,
                            "check that it is the file meant");
        case CsvReader::Step::open_quote:
            return bad_file("open_quote",
                            "a quoted cell of the header, begun in line " +
                                std::to_string(reader.open_quote_line()) + ", is never closed",
                            file.name, "close the quote in the file");
    }
    std::string scratch;
    if (!decoded.is_clean &&
        decode_cells(decoded.encoding, header.cells, scratch) < header.cells.size())
        return bad_file("bad_encoding", "the header has bytes in no known encoding", file.name,
                        "name the file's encoding with --encoding");
    std::vector<std::string_view> names(header.cells.begin(), header.cells.end());
    auto mapper = RowMapper::make(names, options.mapping, model);
    if (!mapper) {
        Error error = mapper.error();
        error.subject = error.subject.empty() ? file.name : error.subject + " in " + file.name;
        return std::unexpected(std::move(error));
    }
    return OpenFile{file.name,          std::move(decoded), delimiter,
                    std::move(*mapper), std::move(reader),  std::nullopt};
}

Result<void> check_brapi_options(const ImportOptions& options) {
    const auto refuse = [](const std::string& option, const std::string& why) {
        return fail("bad_option", why, option, "leave " + option + " out", ErrorKind::usage);
    };
    if (options.mapping.id_column) return refuse("--id", "BrAPI entities bring their own id");
    if (!options.mapping.maps.empty()) return refuse("--map", "BrAPI's keys are the fields");
    if (options.delimiter) return refuse("--delimiter", "a BrAPI file is JSON");
    if (options.encoding) return refuse("--encoding", "a BrAPI file is JSON, hence Unicode");
    return {};
}

Result<OpenFile> open_entities(const ImportFile& file, const ImportOptions& options,
                               const FieldModel& model, const HasGermplasm& has_germplasm) {
    if (auto ok = check_brapi_options(options); !ok) return std::unexpected(ok.error());
    DecodedFile decoded = decode_file(file.bytes, std::nullopt);
    if (decoded.was_guessed)
        return bad_file("bad_encoding", "the file is not UTF-8, as JSON has to be", file.name,
                        "save it as UTF-8");
    auto survey = survey_brapi(decoded.body, file.name, options.mapping.collection,
                               options.dataset_text, model);
    if (!survey) return std::unexpected(survey.error());
    auto mapper = RowMapper::make_for_fields(std::string(survey->entity->collection),
                                             survey->fields, options.mapping.missing, model);
    if (!mapper) {
        Error error = mapper.error();
        error.subject = error.subject.empty() ? file.name : error.subject + " in " + file.name;
        return std::unexpected(std::move(error));
    }
    BrapiReader entities(decoded.body, file.name, std::move(*survey), options.dataset_text, model,
                         has_germplasm);
    return OpenFile{file.name,          std::move(decoded), ',',
                    std::move(*mapper), CsvReader({}, ','), std::move(entities)};
}

}  // namespace

Result<OpenFile> open_import_file(const ImportFile& file, const ImportOptions& options,
                                  const FieldModel& model, const HasGermplasm& has_germplasm) {
    return options.mapping.format == Format::brapi
               ? open_entities(file, options, model, has_germplasm)
               : open_table(file, options, model);
}

}  // namespace sangam::node::ingest
