// SPDX-License-Identifier: Apache-2.0
// brapi exports: a collection as one response. Each entity is read back as an import would read it
// before it is written (docs/decisions/0144).
#include <algorithm>

#include "node/ingest/brapi_elements.hpp"
#include "node/ingest/brapi_export.hpp"
#include "node/ingest/brapi_fields.hpp"
#include "node/ingest/export_output.hpp"
#include "node/ingest/json.hpp"
#include "protocol/change.hpp"

namespace sangam::node::ingest {
namespace {

class ResponseExport {
public:
    ResponseExport(const BrapiEntity& entity, const ExportOptions& options)
        : entity_(entity), options_(options) {}

    /// Appends the entity; why it has none otherwise.
    std::optional<ExportNotice> write(const RecordView& record, std::string& out) {
        const RecordView* shown = &record;
        const FieldModel& model = *options_.model;
        const auto is_counter = [&](const auto& entry) {
            return model.shape(entry.first) == Shape::counter;
        };
        if (std::ranges::any_of(record.fields, is_counter)) {
            without_counters_ = record;
            for (const auto& [field, value] : record.fields)
                if (model.shape(field) == Shape::counter) {
                    notices.add_field(ExportNotice::counter, field);
                    without_counters_.fields.erase(field);
                }
            shown = &without_counters_;
        }
        text_.clear();
        append_json(text_, brapi_object(entity_, *shown, options_.dataset_text, model));
        if (text_.size() > BrapiElements::max_element_bytes) return ExportNotice::too_large;
        const auto read = from_json(text_, LongNumbers::as_text);
        if (!read) return ExportNotice::not_brapi;
        const auto back = read_brapi_entity(entity_, *read, options_.dataset_text, model, {});
        if (!back)
            return text_.find("\\u0000") != std::string::npos ? ExportNotice::nul
                                                              : ExportNotice::not_brapi;
        if (back->cells.size() > max_change_fields) return ExportNotice::too_large;
        note_changes(*shown, *back);
        out += text_;
        return std::nullopt;
    }

    /// What is said of the fields of all entities together.
    Result<void> finish() {
        for (auto it = leaves_.begin(); it != leaves_.end(); ++it) {
            const auto below = std::next(it);  // a path sorts right before those below it
            if (below != leaves_.end() && below->is_at_or_below(*it))
                notices.add_field(ExportNotice::mixed_field, *it);
        }
        if (leaves_.size() <= max_change_fields) return {};
        return fail("not_importable",
                    "an import would refuse this file: its entities have more different fields "
                    "than a record may have, which is 4,096",
                    std::string(entity_.collection), "export as ndjson, or fewer with --where");
    }

    ExportNotices notices;

private:
    void note_changes(const RecordView& record, const BrapiRecord& back) {
        for (const auto& [field, cell] : back.cells) leaves_.insert(field);
        for (const auto& [field, value] : record.fields) {
            const auto shape = options_.model->shape(field);
            const auto* array = value.get_if<Value::Array>();
            if (array == nullptr || (shape != Shape::set && shape != Shape::list)) continue;
            if (std::ranges::any_of(*array, [](const Value& element) {
                    return element.is_text() && element.text().find(';') != std::string::npos;
                }))
                notices.add_field(ExportNotice::separator, field);
        }
        for (const std::string_view name : {"studyName", "observationVariableName"}) {
            const Path field = Path::single(name);
            const auto cell = back.cells.find(field);
            if (cell != back.cells.end() && cell->second == record.key.id &&
                !record.fields.contains(field) &&
                !record.fields.contains(Path::single("Variable name")))
                notices.add_record(ExportNotice::name_from_id, record.key);
        }
    }

    const BrapiEntity& entity_;
    const ExportOptions& options_;
    std::set<Path> leaves_;
    RecordView without_counters_;
    std::string text_;
};

Value::Map response_metadata(std::uint64_t count) {
    Value::Map pagination;
    pagination["currentPage"] = 0;
    pagination["pageSize"] = static_cast<std::int64_t>(count);
    pagination["totalCount"] = static_cast<std::int64_t>(count);
    pagination["totalPages"] = 1;
    Value::Map metadata;
    metadata["datafiles"] = Value::Array{};
    metadata["pagination"] = std::move(pagination);
    metadata["status"] = Value::Array{};
    return metadata;
}

}  // namespace

Result<ExportReport> export_brapi(const RecordScan& scan, const std::string& collection,
                                  const ExportSurvey& survey, const ExportOptions& options,
                                  const TextSink& sink) {
    SANGAM_ASSERT(options.model);
    // A dataset without records is an empty list of whatever was asked for.
    const auto* entity = find_brapi_entity(collection);
    if (!entity && !(collection.empty() && survey.records == 0))
        return fail("unknown_entity", "BrAPI has no such collection that is exported", collection,
                    "export it as ndjson or csv", ErrorKind::usage);
    ExportOutput out(sink);
    ExportReport report;
    if (!entity) entity = brapi_entities().data();
    ResponseExport response(*entity, options);
    // The metadata counts the entities, so it stands behind them.
    out.buffer() = "{\"result\":{\"data\":[";
    scan([&](const RecordView& record) {
        if (record.key.collection != collection) return true;
        const std::size_t begin = out.buffer().size();
        out.buffer() += report.written == 0 ? "\n" : ",\n";
        if (const auto problem = response.write(record, out.buffer())) {
            out.buffer().resize(begin);
            response.notices.add_record(*problem, record.key);
            ++report.left_out;
        } else {
            ++report.written;
        }
        return out.step();
    });
    if (auto ok = response.finish(); !ok) return std::unexpected(ok.error());
    out.buffer() += "\n]},\"metadata\":" + to_json(response_metadata(report.written)) + "}\n";
    report.notices = response.notices.texts();
    return out.finish(std::move(report));
}

}  // namespace sangam::node::ingest
