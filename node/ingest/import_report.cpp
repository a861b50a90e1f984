// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/import_report.hpp"

#include "storage/stored_changes.hpp"

namespace sangam::node::ingest {
namespace {

Value count(std::uint64_t n) { return static_cast<std::int64_t>(n); }

}  // namespace

Value report_document(const ImportReport& report) {
    Value::Array rejects;
    for (const Reject& reject : report.rejects) {
        Value::Map row;
        row["file"] = reject.file;
        row["line"] = count(reject.line);
        row["column"] = reject.column;
        row["reason"] = reject.reason;
        rejects.emplace_back(std::move(row));
    }
    Value::Array first;
    for (const ReportedFinding& finding : report.findings) {
        Value::Map row;
        row["record"] = finding.record;
        row["field"] = finding.field;
        row["code"] = finding.code;
        row["message"] = finding.message;
        row["file"] = finding.file;
        row["line"] = count(finding.line);
        first.emplace_back(std::move(row));
    }
    Value::Map findings;
    findings["count"] = count(report.finding_count);
    findings["first"] = std::move(first);
    Value::Array notices;
    for (const std::string& notice : report.notices) notices.emplace_back(notice);

    Value::Map document;
    document["read"] = count(report.read);
    document["written"] = count(report.written);
    document["unchanged"] = count(report.unchanged);
    document["rejected"] = count(report.rejected);
    document["rejects"] = std::move(rejects);
    document["findings"] = std::move(findings);
    document["commits"] = count(report.commits);
    document["seconds"] = report.seconds;
    document["notices"] = std::move(notices);
    if (report.is_mirror) {
        document["deleted"] = count(report.deleted);
        document["held"] = count(report.held);
    }
    return document;
}

std::string record_text(std::string_view dataset, const RecordKey& key) {
    if (dataset.empty()) return key.id;
    return std::string(dataset) + "/" + storage::record_text(key);
}

}  // namespace sangam::node::ingest
