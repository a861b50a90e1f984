// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/export_output.hpp"

#include "node/ingest/cell_shape.hpp"
#include "node/ingest/mcpd.hpp"

namespace sangam::node::ingest {

bool ExportOutput::flush() {
    if (is_open_ && !buffer_.empty()) is_open_ = sink_(buffer_);
    buffer_.clear();
    return is_open_;
}

Result<ExportReport> ExportOutput::finish(ExportReport report) {
    if (flush()) return report;
    return fail("export_stopped", "the export was stopped before its end", {},
                "the file is incomplete; export again");
}

void ExportSurvey::take(const RecordView& record) {
    for (const auto& [field, value] : record.fields)
        if (!field.is_reserved()) fields.insert(field);
    const auto holds_id = [&](const Path& field) {
        const auto it = record.fields.find(field);
        return it != record.fields.end() && it->second.is_text() &&
               it->second.text() == record.key.id;
    };
    if (records == 0) {
        for (const auto& [field, value] : record.fields)
            if (holds_id(field)) id_fields.insert(field);
    } else {
        std::erase_if(id_fields, [&](const Path& field) { return !holds_id(field); });
    }
    collections.insert(record.key.collection);
    ++records;
}

void ExportSurvey::take_passport_id(const RecordView& record) {
    if (auto id = passport_id_of(record); !id.empty() && id != record.key.id)
        foreign_passport_ids.insert(std::move(id));
}

std::string passport_id_of(const RecordView& record) {
    std::string out;
    for (const std::string_view column : {"INSTCODE", "ACCENUMB", "GENUS"}) {
        const auto found = record.fields.find(find_mcpd_column(column)->path);
        const auto text = found == record.fields.end() ? std::string() : cell_text(found->second);
        if (text.empty()) return {};
        out += (out.empty() ? "" : ":") + text;
    }
    return out;
}

}  // namespace sangam::node::ingest
