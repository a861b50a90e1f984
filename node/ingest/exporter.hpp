// SPDX-License-Identifier: Apache-2.0
// `sangam export` (COMMANDS): a dataset's live records as MCPD, CSV, BrAPI or NDJSON, the inverse
// of the import. Works on merged records; who may see which fields was decided before.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "node/ingest/export_report.hpp"
#include "node/ingest/field_model.hpp"
#include "protocol/error.hpp"
#include "protocol/ids.hpp"
#include "protocol/path.hpp"
#include "protocol/value.hpp"
#include "sync/merger.hpp"

namespace sangam::node::ingest {

/// One live record as people see it: a union as one list, nothing reserved.
struct RecordView {
    RecordKey key;
    std::map<Path, Value> fields;
    Value::Array conflicts;  ///< for NDJSON
};

/// Conflicts become
/// {"field","strategy","state":"open|settled","values":[{"value","author","time"}], "chosen"}:
/// values by (HLC, lane), a removal as null; author the node id in hexadecimal; time in UTC to the
/// millisecond; chosen counts values from 1, null while open.
[[nodiscard]] RecordView make_record_view(RecordKey key, const sync::MergedRecord& merged);

enum class ExportFormat { mcpd, csv, brapi, ndjson };
[[nodiscard]] Result<ExportFormat> export_format_from_text(std::string_view text);

struct ExportOptions {
    ExportFormat format = ExportFormat::ndjson;
    /// csv, brapi: which collection, where the records are of several; empty otherwise.
    std::string collection;
    std::string dataset_text;           ///< brapi: `institution/dataset`, for germplasmDbId
    const FieldModel* model = nullptr;  ///< of the dataset; ndjson needs none
};

/// Calls its argument for each record, ascending by (collection, id) bytewise, until it returns
/// false. Run up to three times, over the same records: a header needs all fields.
using RecordScan = std::function<void(const std::function<bool(const RecordView&)>&)>;
/// Takes the next piece of the output; false stops the export (a full disk was met).
using TextSink = std::function<bool(std::string_view)>;

/// Writes the records. Each row and entity is read back as an import would read it: what that would
/// refuse is left out, what it would store otherwise is written, and the report says both.
///
/// mcpd: the collection germplasm; all 41 columns in the standard's order, then those of
/// `additionalInfo.NAME` as NAME and other fields by path text, ordered by path. Importing it
/// gives the same cells. Records without the three columns of the id are left out.
/// csv: one collection; a column for each field that has a value anywhere, ordered by path: a field
/// of one name by that name (as an import without a map stores it), others by path text. Where no
/// column holds the record ids, `_id` comes first.
/// brapi: one collection of those in brapi_entities(); a BrAPI v2.1 response with all of its
/// records on one page.
/// ndjson: one line for each record, {"collection","id","fields","conflicts"}, canonical JSON by
/// RFC 8785: two nodes that agree write the same bytes.
///
/// Rows have LF ends. An error, after which the output is of no use, for csv and brapi over several
/// collections, for brapi of one that BrAPI does not have, and where an import would refuse the
/// file whatever were left out.
[[nodiscard]] Result<ExportReport> export_records(const RecordScan& scan,
                                                  const ExportOptions& options,
                                                  const TextSink& sink);

/// One NDJSON line without its LF.
[[nodiscard]] std::string ndjson_line(const RecordView& record);

}  // namespace sangam::node::ingest
