// SPDX-License-Identifier: Apache-2.0
// mcpd and csv exports. The header and each row go through the importer's own RowMapper before they
// are written, so that no file comes out that an import would refuse (docs/decisions/0144).
#include <algorithm>
#include <optional>

#include "node/ingest/cell_shape.hpp"
#include "node/ingest/collection_name.hpp"
#include "node/ingest/csv_writer.hpp"
#include "node/ingest/export_output.hpp"
#include "node/ingest/import_plan.hpp"
#include "node/ingest/mcpd.hpp"
#include "node/ingest/row_mapper.hpp"

namespace sangam::node::ingest {
namespace {

// Rows with fewer bytes and parts than these keep every bound of a change.
constexpr std::size_t surely_small_bytes = 512 * 1024;
constexpr std::size_t surely_small_parts = 2048;

struct TableColumn {
    std::string header;
    Path field;
    Shape shape = Shape::text;  ///< that an import takes it for
};

/// What becomes of a value that an import reads from this cell; nothing when it is the same.
std::optional<ExportNotice> change_of(const Value& value, std::string_view cell, Shape shape) {
    if (cell.empty()) return ExportNotice::empty_text;
    if (shape == Shape::text)
        return value.is_text() ? std::nullopt : std::optional(ExportNotice::not_text);
    const auto* array = value.get_if<Value::Array>();
    if (!array) return value.is_text() ? std::nullopt : std::optional(ExportNotice::not_text);
    if (!std::ranges::all_of(*array, &Value::is_text)) return ExportNotice::not_text;
    const auto elements = split_list(cell);
    const bool is_same = std::ranges::equal(
        *array, elements, [](const Value& a, std::string_view b) { return a.text() == b; });
    return is_same ? std::nullopt : std::optional(ExportNotice::separator);
}

class TableExport {
public:
    TableExport(const RecordScan& scan, const std::string& collection, const ExportSurvey& survey,
                const ExportOptions& options)
        : scan_(scan),
          collection_(collection),
          survey_(survey),
          options_(options),
          is_mcpd_(options.format == ExportFormat::mcpd) {}

    Result<ExportReport> run(const TextSink& sink) {
        if (is_mcpd_)
            choose_mcpd_columns();
        else
            choose_csv_columns();
        if (auto ok = open_mapper(); !ok) return std::unexpected(ok.error());
        if (is_mcpd_) find_taken_ids();
        ExportOutput out(sink);
        std::vector<std::string_view> header;
        for (const std::string& name : header_) header.push_back(name);
        append_csv_header(out.buffer(), header);
        ExportReport report;
        scan_([&](const RecordView& record) {
            if (record.key.collection != collection_) return true;
            if (const auto problem = write_row(record, out.buffer())) {
                notices_.add_record(*problem, record.key);
                ++report.left_out;
            } else {
                ++report.written;
            }
            return out.step();
        });
        report.notices = notices_.texts();
        return out.finish(std::move(report));
    }

private:
    /// Adds a column unless no import could take it. `wanted` is its name where that is free.
    void add_column(std::string wanted, const Path& field) {
        if (options_.model->shape(field) == Shape::counter) {
            if (survey_.fields.contains(field)) notices_.add_field(ExportNotice::counter, field);
            return;
        }
        if (wanted.empty() || taken_names_.contains(wanted)) wanted = field.text();
        while (taken_names_.contains(wanted)) wanted = '"' + wanted + '"';
        if (wanted.size() > max_name_bytes || wanted.find('\0') != std::string::npos)
            return notices_.add_field(ExportNotice::field_name, field);
        taken_names_.insert(wanted);
        columns_.push_back({std::move(wanted), field});
    }

    void choose_mcpd_columns() {
        for (const McpdColumn& column : mcpd_columns())
            add_column(std::string(column.name), column.path);
        for (const Path& field : survey_.fields) {
            if (find_mcpd_field(field)) continue;
            const bool is_additional =
                field.names.size() == 2 && field.names.front() == "additionalInfo";
            add_column(is_additional ? field.names.back() : field.text(), field);
        }
    }

    void choose_csv_columns() {
        std::set<std::string> path_texts;
        for (const Path& field : survey_.fields)
            if (field.names.size() > 1) path_texts.insert(field.text());
        for (const Path& field : survey_.fields) {
            const bool is_plain =
                field.names.size() == 1 && !path_texts.contains(field.names.front());
            add_column(is_plain ? field.names.front() : field.text(), field);
        }
    }

    /// Opens what would import the table.
    Result<void> open_mapper() {
        MappingOptions mapping;
        mapping.format = is_mcpd_ ? Format::mcpd : Format::csv;
        if (!is_mcpd_) {
            // Datasets of earlier days have collections that no import can name.
            mapping.collection = check_collection_name(collection_) ? collection_ : "records";
            const auto id_column = std::ranges::find_if(columns_, [&](const TableColumn& column) {
                return survey_.id_fields.contains(column.field);
            });
            has_bare_id_ = id_column == columns_.end();
            mapping.id_column = has_bare_id_ ? std::string(bare_id_header) : id_column->header;
        }
        if (has_bare_id_) header_.emplace_back(bare_id_header);
        for (const TableColumn& column : columns_) header_.push_back(column.header);
        const std::vector<std::string_view> header(header_.begin(), header_.end());
        auto mapper = RowMapper::make(header, mapping, *options_.model);
        if (!mapper)
            return fail("not_importable",
                        "an import would refuse this table: " + mapper.error().message,
                        mapper.error().subject, "export as ndjson, which has every field");
        mapper_ = std::move(*mapper);
        for (const MappedColumn& mapped : mapper_->columns()) {
            TableColumn& column = columns_[mapped.position - (has_bare_id_ ? 1 : 0)];
            column.shape = mapped.shape;
            if (mapped.field != column.field)
                notices_.add_field(ExportNotice::other_field, column.field);
        }
        return {};
    }

    /// Which ids that records would get belong to others already.
    void find_taken_ids() {
        if (survey_.foreign_passport_ids.empty()) return;
        scan_([&](const RecordView& record) {
            if (record.key.collection == collection_ &&
                survey_.foreign_passport_ids.contains(record.key.id) &&
                passport_id_of(record) == record.key.id)
                taken_ids_.insert(record.key.id);
            return true;
        });
    }

    /// Why the record has no row; nothing when it is written.
    std::optional<ExportNotice> write_row(const RecordView& record, std::string& out) {
        cells_.clear();
        made_.clear();
        made_.reserve(columns_.size());
        if (has_bare_id_) cells_.emplace_back(record.key.id);
        std::size_t bytes = 0;
        std::size_t parts = columns_.size();
        bool has_nul = record.key.id.find('\0') != std::string::npos;
        for (const TableColumn& column : columns_) {
            const auto it = record.fields.find(column.field);
            if (it == record.fields.end())
                cells_.emplace_back();
            else if (it->second.is_text())
                cells_.push_back(it->second.text());
            else
                cells_.push_back(made_.emplace_back(cell_text(it->second)));
            const std::string_view cell = cells_.back();
            bytes += cell.size();
            if (column.shape != Shape::text)
                parts += static_cast<std::size_t>(std::ranges::count(cell, ';'));
            has_nul = has_nul || cell.find('\0') != std::string_view::npos;
        }
        if (has_nul) return ExportNotice::nul;
        mapper_->map(cells_, mapped_);
        const auto id = mapper_->record_id(cells_, mapped_);
        if (!id)
            return passport_id_of(record).empty() ? ExportNotice::no_passport_id
                                                  : ExportNotice::too_large;
        const bool is_other_id = *id != record.key.id;
        if (is_other_id && !taken_ids_.insert(*id).second) return ExportNotice::same_passport_id;
        if (bytes > surely_small_bytes || parts > surely_small_parts)
            if (!plan_row(*mapper_, mapped_, *id, nullptr, std::nullopt))
                return ExportNotice::too_large;
        if (is_other_id) notices_.add_record(ExportNotice::other_id, record.key);
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            const TableColumn& column = columns_[i];
            const auto it = record.fields.find(column.field);
            if (it == record.fields.end()) continue;
            const std::string_view cell = cells_[i + (has_bare_id_ ? 1 : 0)];
            if (const auto change = change_of(it->second, cell, column.shape))
                notices_.add_field(*change, column.field);
        }
        append_csv_row(out, cells_);
        return std::nullopt;
    }

    const RecordScan& scan_;
    const std::string& collection_;
    const ExportSurvey& survey_;
    const ExportOptions& options_;
    bool is_mcpd_;
    bool has_bare_id_ = false;
    std::vector<TableColumn> columns_;
    std::set<std::string> taken_names_;
    std::vector<std::string> header_;
    std::optional<RowMapper> mapper_;
    std::set<std::string> taken_ids_;
    ExportNotices notices_;
    // Of the row that is written.
    std::vector<std::string_view> cells_;
    std::vector<std::string> made_;  // texts of values that are not text already
    MappedCells mapped_;
};

}  // namespace

Result<ExportReport> export_table(const RecordScan& scan, const std::string& collection,
                                  const ExportSurvey& survey, const ExportOptions& options,
                                  const TextSink& sink) {
    SANGAM_ASSERT(options.model);
    return TableExport(scan, collection, survey, options).run(sink);
}

}  // namespace sangam::node::ingest
