// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/export_report.hpp"

#include "storage/stored_changes.hpp"

namespace sangam::node::ingest {
namespace {

constexpr std::size_t shown_subjects = 3;
constexpr std::size_t longest_subject = 48;  // notices travel in an HTTP header

// "%" stands for what it is about. Fields first, then records; one of the two is empty.
struct NoticeSentence {
    ExportNotice notice;
    std::string_view text;
};
constexpr NoticeSentence notice_sentences[] = {
    {ExportNotice::counter,
     "left out: %: a counter takes additions and no values from a file; ndjson has it"},
    {ExportNotice::field_name,
     "left out: %: no header can bear the name (a NUL, or over 1,024 bytes); ndjson has it"},
    {ExportNotice::no_passport_id,
     "left out: %: without INSTCODE, ACCENUMB or GENUS an mcpd file cannot name a record; csv, "
     "brapi and ndjson can"},
    {ExportNotice::same_passport_id,
     "left out: %: another record has the same INSTCODE, ACCENUMB and GENUS; csv, brapi and "
     "ndjson tell them apart"},
    {ExportNotice::nul, "left out: %: a NUL stands in a text, which no file holds; ndjson has it"},
    {ExportNotice::too_large, "left out: %: larger than what an import takes; ndjson has it"},
    {ExportNotice::not_brapi,
     "left out: %: a name or a value that no BrAPI entity has; ndjson has it"},
    {ExportNotice::other_id, "%: an import calls it INSTCODE:ACCENUMB:GENUS, not by its id here"},
    {ExportNotice::other_field,
     "%: an import stores it in another field, named by the whole header (csv: --map "
     "HEADER=FIELD stores it here)"},
    {ExportNotice::not_text, "%: values that are no text come back as text; ndjson keeps the kind"},
    {ExportNotice::separator, "%: an element with ; in it comes back as several"},
    {ExportNotice::empty_text, "%: an empty value comes back as none"},
    {ExportNotice::mixed_field,
     "%: an object in some records and a plain value in others; an import makes it one value in "
     "all"},
    {ExportNotice::name_from_id, "%: BrAPI requires a name, and the id stands for it"},
};

std::string clipped_subject(std::string text) {
    if (text.size() <= longest_subject) return text;
    std::size_t end = longest_subject;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
    return text + "...";
}

std::string list_of(const std::vector<std::string>& first, std::uint64_t count) {
    std::string out;
    for (const std::string& each : first) out += (out.empty() ? "" : ", ") + clipped_subject(each);
    if (count > first.size()) out += " and " + std::to_string(count - first.size()) + " more";
    return out;
}

}  // namespace

void ExportNotices::add_field(ExportNotice notice, const Path& field) {
    subjects_[notice].fields.insert(field);
}

void ExportNotices::add_record(ExportNotice notice, const RecordKey& key) {
    Subjects& subjects = subjects_[notice];
    ++subjects.records;
    if (subjects.first_records.size() < shown_subjects)
        subjects.first_records.insert(storage::record_text(key));
}

std::vector<std::string> ExportNotices::texts() const {
    std::vector<std::string> out;
    for (const NoticeSentence& sentence : notice_sentences) {
        const auto found = subjects_.find(sentence.notice);
        if (found == subjects_.end()) continue;
        const Subjects& subjects = found->second;
        std::vector<std::string> first;
        for (const Path& field : subjects.fields)
            if (first.size() < shown_subjects) first.push_back(field.text());
        std::string subject = list_of(first, subjects.fields.size());
        if (subjects.records > 0) {
            if (!subject.empty()) subject += " in ";
            subject +=
                subjects.records == 1 ? "record " : std::to_string(subjects.records) + " records (";
            subject += list_of({subjects.first_records.begin(), subjects.first_records.end()},
                               subjects.records);
            if (subjects.records > 1) subject += ")";
        }
        std::string text(sentence.text);
        text.replace(text.find('%'), 1, subject);
        out.push_back(std::move(text));
    }
    return out;
}

}  // namespace sangam::node::ingest
