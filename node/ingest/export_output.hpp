// SPDX-License-Identifier: Apache-2.0
// What export writers share: their output in pieces, and what they know of the records before they
// write the first one.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "node/ingest/exporter.hpp"

namespace sangam::node::ingest {

/// Hands text to a sink in pieces.
class ExportOutput {
public:
    explicit ExportOutput(const TextSink& sink) : sink_(sink) {}
    /// Where the next text goes; call step() after each row.
    std::string& buffer() { return buffer_; }
    /// False when the sink wants no more.
    bool step() { return buffer_.size() < flush_at || flush(); }
    bool flush();
    /// Flushes; the report, or an error when the sink had wanted no more.
    [[nodiscard]] Result<ExportReport> finish(ExportReport report);

private:
    static constexpr std::size_t flush_at = 256 * 1024;
    const TextSink& sink_;
    std::string buffer_;
    bool is_open_ = true;
};

/// What a first pass over the records finds out.
struct ExportSurvey {
    std::set<Path> fields;
    std::set<std::string> collections;
    /// Fields whose text was the record id in every record so far.
    std::set<Path> id_fields;
    std::uint64_t records = 0;
    /// INSTCODE:ACCENUMB:GENUS of the records that have another id.
    std::set<std::string> foreign_passport_ids;

    void take(const RecordView& record);
    /// For mcpd, whose import makes the ids itself.
    void take_passport_id(const RecordView& record);
};

/// INSTCODE:ACCENUMB:GENUS; empty where one of them is missing.
[[nodiscard]] std::string passport_id_of(const RecordView& record);

/// One collection as mcpd or csv.
[[nodiscard]] Result<ExportReport> export_table(const RecordScan& scan,
                                                const std::string& collection,
                                                const ExportSurvey& survey,
                                                const ExportOptions& options, const TextSink& sink);
/// One collection as a BrAPI response.
[[nodiscard]] Result<ExportReport> export_brapi(const RecordScan& scan,
                                                const std::string& collection,
                                                const ExportSurvey& survey,
                                                const ExportOptions& options, const TextSink& sink);

}  // namespace sangam::node::ingest
