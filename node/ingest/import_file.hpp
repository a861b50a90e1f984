// SPDX-License-Identifier: Apache-2.0
// A file of an import, opened: its encoding and delimiter known, its header read and mapped to
// fields. What cannot be taken as a whole is refused here, before anything is written.
#pragma once

#include <optional>
#include <string>

#include "node/ingest/brapi_reader.hpp"
#include "node/ingest/csv_reader.hpp"
#include "node/ingest/encoding.hpp"
#include "node/ingest/field_model.hpp"
#include "node/ingest/importer.hpp"
#include "node/ingest/row_mapper.hpp"
#include "protocol/error.hpp"

namespace sangam::node::ingest {

/// Whose bytes must outlive it. Rows are read from `brapi` where it is there, else from `reader`.
struct OpenFile {
    std::string name;
    DecodedFile decoded;
    char delimiter = ',';
    RowMapper mapper;
    CsvReader reader;  // behind the header; of a BrAPI file: at its end
    std::optional<BrapiReader> brapi;

    [[nodiscard]] std::size_t offset() const { return brapi ? brapi->offset() : reader.offset(); }
};

/// Opens `file` as `options` say: as BrAPI JSON or as a table. Errors (usage, input) name the file
/// and what is wrong with it: its encoding, its header, a column that maps to no field.
[[nodiscard]] Result<OpenFile> open_import_file(const ImportFile& file,
                                                const ImportOptions& options,
                                                const FieldModel& model,
                                                const HasGermplasm& has_germplasm);

}  // namespace sangam::node::ingest
