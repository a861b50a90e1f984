// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/exporter.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <set>
#include <vector>

#include "node/ingest/brapi_export.hpp"
#include "node/ingest/cell_shape.hpp"
#include "node/ingest/csv_writer.hpp"
#include "node/ingest/json.hpp"
#include "node/ingest/mcpd.hpp"
#include "node/ingest/row_mapper.hpp"

namespace sangam::node::ingest {
namespace {

constexpr std::string_view germplasm = "germplasm";
constexpr std::size_t flush_at = 256 * 1024;  // bytes handed to the sink at a time

struct Column {
    std::string header;
    Path field;
};

// What the first pass over the records finds out.
struct Survey {
    std::set<Path> fields;
    std::set<std::string> collections;
    /// Fields whose text was the record id in every record so far.
    std::set<Path> id_fields;
    bool has_records = false;
    std::uint64_t records = 0;

    void take(const RecordView& record) {
        for (const auto& [field, value] : record.fields)
            if (!field.is_reserved()) fields.insert(field);
        const auto holds_id = [&](const Path& field) {
            const auto it = record.fields.find(field);
            return it != record.fields.end() && it->second.is_text() &&
                   it->second.text() == record.key.id;
        };
        if (!has_records) {
            for (const auto& [field, value] : record.fields)
                if (holds_id(field)) id_fields.insert(field);
        } else {
            std::erase_if(id_fields, [&](const Path& field) { return !holds_id(field); });
        }
        has_records = true;
        ++records;
    }
};

// 2026-11-24T03:16:00.123Z
std::string utc_text(Hlc hlc) {
    using namespace std::chrono;
    const sys_time<milliseconds> time{milliseconds(static_cast<std::int64_t>(hlc.unix_ms()))};
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    char text[40];
    std::snprintf(
        text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
        static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    return text;
}

bool is_additional(const Path& field) {
    return field.names.size() == 2 && field.names.front() == "additionalInfo";
}

std::vector<Column> mcpd_header(const Survey& survey) {
    std::vector<Column> columns;
    std::set<std::string> taken;
    for (const McpdColumn& column : mcpd_columns()) {
        columns.push_back({std::string(column.name), column.path});
        taken.insert(std::string(column.name));
    }
    for (const Path& field : survey.fields) {
        if (find_mcpd_field(field)) continue;
        std::string header = is_additional(field) ? field.names.back() : field.text();
        if (header.empty() || !taken.insert(header).second) {
            header = field.text();
            taken.insert(header);
        }
        columns.push_back({std::move(header), field});
    }
    return columns;
}

std::vector<Column> csv_header(const Survey& survey) {
    std::set<std::string> path_texts;
    for (const Path& field : survey.fields)
        if (field.names.size() > 1) path_texts.insert(field.text());
    std::vector<Column> columns;
    for (const Path& field : survey.fields) {
        const bool is_plain = field.names.size() == 1 && !field.names.front().empty() &&
                              !path_texts.contains(field.names.front());
        columns.push_back({is_plain ? field.names.front() : field.text(), field});
    }
    return columns;
}

class Output {
public:
    explicit Output(const TextSink& sink) : sink_(sink) {}
    /// Where the next text goes; call step() after each row.
    std::string& buffer() { return buffer_; }
    /// False when the sink wants no more.
    bool step() { return buffer_.size() < flush_at || flush(); }
    bool flush() {
        if (is_open_ && !buffer_.empty()) is_open_ = sink_(buffer_);
        buffer_.clear();
        return is_open_;
    }

private:
    const TextSink& sink_;
    std::string buffer_;
    bool is_open_ = true;
};

std::unexpected<Error> stopped() {
    return fail("export_stopped", "the export was stopped before its end", {},
                "the file is incomplete; export again");
}

Result<std::uint64_t> write_table(const RecordScan& scan, const std::string& collection,
                                  const std::vector<Column>& columns, bool has_bare_id,
                                  const TextSink& sink) {
    Output out(sink);
    std::vector<std::string_view> cells;
    if (has_bare_id) cells.push_back(bare_id_header);
    for (const Column& column : columns) cells.push_back(column.header);
    append_csv_row(out.buffer(), cells);
    std::uint64_t written = 0;
    bool is_open = true;
    std::vector<std::string> made;  // texts of values that are not text already
    scan([&](const RecordView& record) {
        if (record.key.collection != collection) return true;
        cells.clear();
        made.clear();
        made.reserve(columns.size());
        if (has_bare_id) cells.push_back(record.key.id);
        bool is_empty = !has_bare_id;
        for (const Column& column : columns) {
            const auto it = record.fields.find(column.field);
            if (it == record.fields.end()) {
                cells.emplace_back();
                continue;
            }
            if (it->second.is_text())
                cells.push_back(it->second.text());
            else
                cells.push_back(made.emplace_back(cell_text(it->second)));
            is_empty = is_empty && cells.back().empty();
        }
        if (is_empty) return true;  // such a row could not be read back
        append_csv_row(out.buffer(), cells);
        ++written;
        return is_open = out.step();
    });
    if (!is_open || !out.flush()) return stopped();
    return written;
}

Result<std::uint64_t> write_lines(const RecordScan& scan, const std::string& collection,
                                  const TextSink& sink) {
    Output out(sink);
    std::uint64_t written = 0;
    bool is_open = true;
    scan([&](const RecordView& record) {
        if (!collection.empty() && record.key.collection != collection) return true;
        out.buffer() += ndjson_line(record);
        out.buffer() += '\n';
        ++written;
        return is_open = out.step();
    });
    if (!is_open || !out.flush()) return stopped();
    return written;
}

Result<std::uint64_t> write_brapi(const RecordScan& scan, const std::string& collection,
                                  std::uint64_t count, const ExportOptions& options,
                                  const TextSink& sink) {
    SANGAM_ASSERT(options.model);
    // A dataset without records is an empty list of whatever was asked for.
    const auto* entity = find_brapi_entity(collection);
    if (!entity && !(collection.empty() && count == 0))
        return fail("unknown_entity", "BrAPI has no such collection that is exported", collection,
                    "export it as ndjson or csv", ErrorKind::usage);
    Output out(sink);
    Value::Map pagination;
    pagination["currentPage"] = 0;
    pagination["pageSize"] = static_cast<std::int64_t>(count);
    pagination["totalCount"] = static_cast<std::int64_t>(count);
    pagination["totalPages"] = 1;
    Value::Map metadata;
    metadata["datafiles"] = Value::Array{};
    metadata["pagination"] = std::move(pagination);
    metadata["status"] = Value::Array{};
    out.buffer() = "{\"metadata\":" + to_json(std::move(metadata)) + ",\"result\":{\"data\":[";
    std::uint64_t written = 0;
    bool is_open = true;
    scan([&](const RecordView& record) {
        if (record.key.collection != collection) return true;
        out.buffer() += written == 0 ? "\n" : ",\n";
        append_json(out.buffer(),
                    brapi_object(*entity, record, options.dataset_text, *options.model));
        ++written;
        return is_open = out.step();
    });
    out.buffer() += "\n]}}\n";
    if (!is_open || !out.flush()) return stopped();
    return written;
}

}  // namespace

Result<ExportFormat> export_format_from_text(std::string_view text) {
    if (text == "mcpd") return ExportFormat::mcpd;
    if (text == "csv") return ExportFormat::csv;
    if (text == "brapi") return ExportFormat::brapi;
    if (text == "ndjson") return ExportFormat::ndjson;
    return fail("unknown_format", "unknown export format", std::string(text),
                "give mcpd, csv, brapi or ndjson", ErrorKind::usage);
}

RecordView make_record_view(RecordKey key, const sync::MergedRecord& merged) {
    RecordView view{std::move(key), merged.fields, {}};
    for (const sync::MergeConflict& conflict : merged.conflicts) {
        Value::Array values;
        for (const sync::Sibling& sibling : conflict.values) {
            Value::Map one;
            one["value"] = sibling.value.value_or(Value());
            one["author"] = sibling.author().hex();
            one["time"] = utc_text(sibling.hlc);
            values.emplace_back(std::move(one));
        }
        Value::Map entry;
        entry["field"] = conflict.field;
        entry["strategy"] = conflict.strategy;
        entry["state"] = conflict.is_open ? "open" : "settled";
        entry["values"] = std::move(values);
        entry["chosen"] =
            conflict.chosen ? Value(static_cast<std::int64_t>(*conflict.chosen + 1)) : Value();
        view.conflicts.emplace_back(std::move(entry));
    }
    return view;
}

std::string ndjson_line(const RecordView& record) {
    Value::Map fields;
    for (const auto& [field, value] : record.fields)
        if (!field.is_reserved()) fields.emplace(field.text(), value);
    Value::Map line;
    line["collection"] = record.key.collection;
    line["id"] = record.key.id;
    line["fields"] = std::move(fields);
    line["conflicts"] = record.conflicts;
    return to_json(std::move(line));
}

Result<std::uint64_t> export_records(const RecordScan& scan, const ExportOptions& options,
                                     const TextSink& sink) {
    if (options.format == ExportFormat::ndjson) return write_lines(scan, options.collection, sink);
    const std::string wanted =
        options.format == ExportFormat::mcpd ? std::string(germplasm) : options.collection;
    Survey survey;
    scan([&](const RecordView& record) {
        if (!wanted.empty() && record.key.collection != wanted) return true;
        survey.collections.insert(record.key.collection);
        survey.take(record);
        return true;
    });
    if (options.format == ExportFormat::mcpd)
        return write_table(scan, wanted, mcpd_header(survey), false, sink);
    if (survey.collections.size() > 1) {
        std::string names;
        for (const std::string& name : survey.collections)
            names += (names.empty() ? "" : ", ") + name;
        return fail("several_collections", "such a file holds one collection", names,
                    "name one with --collection, or export as ndjson", ErrorKind::usage);
    }
    const std::string collection =
        survey.collections.empty() ? wanted : *survey.collections.begin();
    if (options.format == ExportFormat::brapi)
        return write_brapi(scan, collection, survey.records, options, sink);
    return write_table(scan, collection, csv_header(survey),
                       survey.has_records && survey.id_fields.empty(), sink);
}

}  // namespace sangam::node::ingest
