// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/exporter.hpp"

#include <chrono>
#include <cstdio>

#include "node/ingest/export_output.hpp"
#include "node/ingest/json.hpp"

namespace sangam::node::ingest {
namespace {

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

Result<ExportReport> write_lines(const RecordScan& scan, const std::string& collection,
                                 const TextSink& sink) {
    ExportOutput out(sink);
    ExportReport report;
    scan([&](const RecordView& record) {
        if (!collection.empty() && record.key.collection != collection) return true;
        out.buffer() += ndjson_line(record);
        out.buffer() += '\n';
        ++report.written;
        return out.step();
    });
    return out.finish(std::move(report));
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

Result<ExportReport> export_records(const RecordScan& scan, const ExportOptions& options,
                                    const TextSink& sink) {
    if (options.format == ExportFormat::ndjson) return write_lines(scan, options.collection, sink);
    const std::string wanted =
        options.format == ExportFormat::mcpd ? std::string("germplasm") : options.collection;
    ExportSurvey survey;
    scan([&](const RecordView& record) {
        if (!wanted.empty() && record.key.collection != wanted) return true;
        survey.take(record);
        if (options.format == ExportFormat::mcpd) survey.take_passport_id(record);
        return true;
    });
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
        return export_brapi(scan, collection, survey, options, sink);
    return export_table(scan, collection, survey, options, sink);
}

}  // namespace sangam::node::ingest
