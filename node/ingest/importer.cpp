// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/importer.hpp"

#include <algorithm>
#include <cstdio>
#include <unordered_map>
#include <unordered_set>

#include "node/ingest/csv_writer.hpp"
#include "node/ingest/findings.hpp"
#include "node/ingest/import_file.hpp"
#include "node/ingest/import_plan.hpp"
#include "protocol/path.hpp"
#include "sync/merger.hpp"

namespace sangam::node::ingest {
namespace {

constexpr std::string_view deleted_reason = "the record is deleted, restore first (sangam restore)";

// A row that has an id and waits for its batch. Owns its cells.
struct PendingRow {
    const OpenFile* file = nullptr;
    std::size_t line = 0;
    std::string id;
    std::string text;                // all cells, one after another
    std::vector<std::size_t> ends;   // of each cell in `text`
    std::vector<std::string> whole;  // the row as read, only where rejected rows are kept

    void keep(const MappedCells& cells) {
        for (const std::string_view cell : cells) {
            text += cell;
            ends.push_back(text.size());
        }
    }
    void give(MappedCells& out) const {
        out.clear();
        std::size_t begin = 0;
        for (const std::size_t end : ends) {
            out.push_back(std::string_view(text).substr(begin, end - begin));
            begin = end;
        }
    }
};

// Gives rejected cells a form that a report can carry: where one is no UTF-8, each byte as the code
// point of its number (latin1), from which the bytes can be had back.
void make_readable(std::span<std::string_view> cells, std::string& scratch) {
    std::vector<std::string> kept(cells.begin(), cells.end());  // they may point into `scratch`
    for (std::string& cell : kept) {
        if (is_utf8(cell)) continue;
        std::string out;
        for (const char c : cell) {
            const auto byte = static_cast<std::uint8_t>(c);
            if (byte >= 0x80) out += static_cast<char>(0xC0 | (byte >> 6));
            out += static_cast<char>(byte >= 0x80 ? 0x80 | (byte & 0x3F) : byte);
        }
        cell = std::move(out);
    }
    scratch.clear();
    for (const std::string& cell : kept) scratch += cell;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        cells[i] = std::string_view(scratch).substr(begin, kept[i].size());
        begin += kept[i].size();
    }
}

// What the run has seen of an id: the first row with it.
struct SeenRow {
    Digest16 row{};
    std::uint32_t line = 0;
    std::uint32_t file = 0;
};

struct DigestHasher {
    std::size_t operator()(const Digest16& digest) const {
        std::size_t out = 0;
        std::copy_n(digest.begin(), sizeof out, reinterpret_cast<std::uint8_t*>(&out));
        return out;
    }
};

class Run {
public:
    Run(const ImportTarget& target, const ImportOptions& options, std::vector<OpenFile>& files)
        : target_(target), options_(options), files_(files) {
        report_.is_mirror = options.is_mirror;
        for (const OpenFile& file : files_) bytes_total_ += file.decoded.body.size();
    }

    Result<ImportReport> execute() {
        const Millis begin = target_.now();
        source_ = {files_.front().mapper.collection(), options_.source};
        for (std::size_t i = 0; i < files_.size() && !is_stopped_; ++i)
            if (auto ok = read_file(i); !ok) return std::unexpected(ok.error());
        if (!is_stopped_)
            if (auto ok = flush(); !ok) return std::unexpected(ok.error());
        if (options_.is_mirror)
            if (auto ok = mirror(); !ok) return std::unexpected(ok.error());
        sort_rejects();
        report_.seconds = static_cast<double>((target_.now() - begin).count()) / 1000.0;
        SANGAM_ASSERT(report_.read == report_.written + report_.unchanged + report_.rejected);
        return std::move(report_);
    }

private:
    using Cells = std::span<const std::string_view>;

    void reject(const OpenFile& file, std::size_t line, RowProblem problem, Cells row) {
        ++report_.rejected;
        if (options_.keeps_rejected_rows) {
            if (last_rejected_file_ != &file) {
                std::vector<std::string_view> header = {"reject_line", "reject_reason"};
                if (file.brapi)
                    header.emplace_back("entity");
                else
                    header.insert(header.end(), file.mapper.header().begin(),
                                  file.mapper.header().end());
                append_csv_row(report_.rejected_rows, header);
                last_rejected_file_ = &file;
            }
            const std::string line_text = std::to_string(line);
            std::vector<std::string_view> cells = {line_text, problem.reason};
            cells.insert(cells.end(), row.begin(), row.end());
            append_csv_row(report_.rejected_rows, cells);
        }
        if (report_.rejects.size() < max_reported_rejects)
            report_.rejects.push_back(
                {file.name, line, std::move(problem.column), std::move(problem.reason)});
    }
    void reject(const PendingRow& row, RowProblem problem) {
        reject(*row.file, row.line, std::move(problem),
               std::vector<std::string_view>(row.whole.begin(), row.whole.end()));
    }

    void add_finding(const OpenFile& file, std::size_t line, const std::string& id,
                     const Finding& finding) {
        ++report_.finding_count;
        if (report_.findings.size() >= max_reported_findings) return;
        report_.findings.push_back(
            {record_text(options_.dataset_text, {file.mapper.collection(), id}), finding.field,
             finding.code, finding.message, file.name, line});
    }

    Result<void> read_file(std::size_t index) {
        OpenFile& file = files_[index];
        if (file.decoded.was_guessed)
            report_.notices.push_back(file.name +
                                      " is not UTF-8; it was read as cp1252 (say otherwise with "
                                      "--encoding)");
        has_unnamed_finding_.assign(file.mapper.columns().size(), false);
        if (file.brapi) return read_entities(index);
        CsvRow row;
        for (;;) {
            switch (file.reader.next(row)) {
                case CsvReader::Step::end:
                    return {};
                case CsvReader::Step::open_quote:
                    ++report_.read;
                    has_rejects_without_id_ = true;
                    reject(file, row.line,
                           {{},
                            "a quoted cell that begins in line " +
                                std::to_string(file.reader.open_quote_line()) +
                                " is not closed before the end of the file"},
                           {});
                    continue;
                case CsvReader::Step::row:
                    break;
            }
            ++report_.read;
            take_row(index, row);
            if (auto ok = flush_when_full(); !ok) return ok;
            if (is_stopped_) return {};
        }
    }

    Result<void> read_entities(std::size_t index) {
        OpenFile& file = files_[index];
        BrapiRow row;
        while (file.brapi->next(row)) {
            ++report_.read;
            const std::string_view whole[] = {row.text};
            if (row.problem) {
                has_rejects_without_id_ = true;
                reject(file, row.line, std::move(*row.problem), whole);
            } else {
                file.mapper.map(row.cells, cells_);
                keep_row(index, row.line, std::move(row.id), whole, false);
            }
            if (auto ok = flush_when_full(); !ok) return ok;
            if (is_stopped_) return {};
        }
        return {};
    }

    Result<void> flush_when_full() {
        if (pending_.size() < rows_in_batch && pending_bytes_ < bytes_in_batch) return {};
        return flush();
    }

    void take_row(std::size_t index, const CsvRow& row) {
        const OpenFile& file = files_[index];
        const auto refuse = [&](RowProblem problem) {
            has_rejects_without_id_ = true;
            reject(file, row.line, std::move(problem), row.cells);
        };
        if (!file.decoded.is_clean) {
            const std::size_t bad = decode_cells(file.decoded.encoding, row.cells, scratch_);
            if (bad < row.cells.size()) {
                const bool has_nul = row.cells[bad].find('\0') != std::string_view::npos;
                make_readable(row.cells, scratch_);
                return refuse(
                    {bad < file.mapper.header_size() ? file.mapper.header()[bad] : std::string(),
                     has_nul ? "a NUL byte, which no text has" : "bytes in no known encoding"});
            }
        }
        if (row.cells.size() > file.mapper.header_size())
            return refuse({{},
                           "the row has " + std::to_string(row.cells.size()) +
                               " cells, the header " + std::to_string(file.mapper.header_size())});
        file.mapper.map(row.cells, cells_);
        auto id = file.mapper.record_id(row.cells, cells_);
        if (!id) return refuse(std::move(id.error()));
        keep_row(index, row.line, std::move(*id), row.cells, row.has_stray_quote);
    }

    // Takes the row that is mapped in cells_, unless the run has one with its id already.
    void keep_row(std::size_t index, std::size_t line, std::string id, Cells whole,
                  bool has_stray_quote) {
        const OpenFile& file = files_[index];
        const Digest16 digest = file.mapper.row_digest(cells_);
        const auto [it, is_first] = seen_.emplace(
            digest16(as_bytes(id)),
            SeenRow{digest, static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(index)});
        if (!is_first) {
            if (it->second.row == digest) {
                ++report_.unchanged;
                return;
            }
            std::string reason = "the record id is that of line " +
                                 std::to_string(it->second.line) + ", with other values";
            if (it->second.file != index)
                reason = "the record id is that of line " + std::to_string(it->second.line) +
                         " of " + files_[it->second.file].name + ", with other values";
            return reject(file, line, {{}, std::move(reason)}, whole);
        }
        PendingRow pending;
        pending.file = &file;
        pending.line = line;
        pending.id = std::move(id);
        pending.keep(cells_);
        if (options_.keeps_rejected_rows) pending.whole.assign(whole.begin(), whole.end());
        pending_bytes_ += pending.text.size();
        find_odd(pending, has_stray_quote);
        pending_.push_back(std::move(pending));
    }

    // Findings are looked for at once, in the order of the rows, and kept for the edit.
    void find_odd(const PendingRow& pending, bool has_stray_quote) {
        const OpenFile& file = *pending.file;
        if (!checkers_.contains(&file)) checkers_.emplace(&file, FindingChecker(file.mapper));
        std::vector<Finding> found;
        if (has_stray_quote)
            found.push_back({"", "stray_quote",
                             "text follows a closing quote; the cell is kept with its quotes"});
        const auto& columns = file.mapper.columns();
        for (std::size_t i = 0; i < columns.size(); ++i) {
            if (!columns[i].is_unnamed || cells_[i].empty() || has_unnamed_finding_[i]) continue;
            has_unnamed_finding_[i] = true;
            found.push_back({columns[i].field.text(), "unnamed_column",
                             "column " + std::to_string(columns[i].position + 1) +
                                 " has no name; its values are stored as " + columns[i].header});
        }
        checkers_.at(&file).check(cells_, found);
        for (const Finding& finding : found) add_finding(file, pending.line, pending.id, finding);
        pending_findings_.push_back(std::move(found));
    }

    // Under dry run nobody else would say so.
    bool is_deleted(const storage::Reader& reader, const RecordKey& key) const {
        const auto info = reader.dataset(target_.dataset);
        const auto state = reader.record(target_.dataset, key);
        return info && state &&
               target_.projector->project(info->manifest, key, state->changes).is_deleted;
    }

    // Writes what waits.
    Result<void> flush() {
        auto reader = target_.store->reader();
        std::vector<RecordKey> keys;
        for (const PendingRow& row : pending_) keys.push_back({source_.collection, row.id});
        const auto states = reader->import_states(target_.dataset, source_, keys);

        storage::AuthorRequest request{target_.dataset, {}, source_, target_.now()};
        std::vector<std::size_t> rows_of_edits;
        for (std::size_t i = 0; i < pending_.size(); ++i) {
            const PendingRow& row = pending_[i];
            row.give(cells_);
            const storage::ImportState* previous = states[i] ? &*states[i] : nullptr;
            if (previous && previous->is_deleted) {
                reject(row, {{}, std::string(deleted_reason)});
                continue;
            }
            auto planned =
                plan_row(row.file->mapper, cells_, row.id, previous, options_.proposes_as);
            if (!planned) {
                reject(row, std::move(planned.error()));
            } else if (!*planned) {
                ++report_.unchanged;
            } else if (options_.is_dry_run && !previous && is_deleted(*reader, keys[i])) {
                reject(row, {{}, std::string(deleted_reason)});
            } else {
                for (Finding& finding : pending_findings_[i])
                    (*planned)->findings.push_back({std::move(finding.field),
                                                    std::move(finding.code),
                                                    std::move(finding.message)});
                request.edits.push_back(std::move(**planned));
                rows_of_edits.push_back(i);
            }
        }
        reader.reset();  // a view must not outlive the writes that it does not show
        if (auto ok = author(request, rows_of_edits); !ok) return ok;
        pending_.clear();
        pending_findings_.clear();
        pending_bytes_ = 0;
        return report_progress();
    }

    Result<void> author(const storage::AuthorRequest& request,
                        const std::vector<std::size_t>& rows_of_edits) {
        if (request.edits.empty()) return {};
        if (options_.is_dry_run) {
            report_.written += request.edits.size();
            return {};
        }
        const auto done = target_.store->author(request);
        if (!done) {
            Error error = done.error();
            if (report_.written > 0)
                error.message +=
                    " (" + std::to_string(report_.written) + " rows before this were written)";
            return std::unexpected(std::move(error));
        }
        report_.commits += done->commits.size();
        report_.written += request.edits.size() - done->refused_deleted.size();
        for (const std::size_t edit : done->refused_deleted)
            reject(pending_[rows_of_edits[edit]], {{}, std::string(deleted_reason)});
        return {};
    }

    Result<void> report_progress() {
        if (!target_.on_progress) return {};
        std::uint64_t done = 0;
        for (const OpenFile& file : files_) done += file.offset();
        if (target_.on_progress({done, bytes_total_, report_.read})) return {};
        if (done == bytes_total_ && !options_.is_mirror) return {};  // nothing is left to stop
        is_stopped_ = true;
        report_.was_stopped = true;
        report_.notices.emplace_back(
            "the import was stopped; what it had written stays, and importing the files again "
            "goes on from there");
        return {};
    }

    void hold(std::uint64_t count, std::string reason) {
        report_.held = count;
        report_.notices.push_back("the mirror deleted nothing: " + std::move(reason));
    }

    // Some rows are rejected at once, others with their batch.
    void sort_rejects() {
        std::unordered_map<std::string_view, std::size_t> order;
        for (std::size_t i = 0; i < files_.size(); ++i) order.emplace(files_[i].name, i);
        std::sort(
            report_.rejects.begin(), report_.rejects.end(), [&](const Reject& a, const Reject& b) {
                return std::pair(order.at(a.file), a.line) < std::pair(order.at(b.file), b.line);
            });
    }

    // Deletes the source's records that no row named.
    Result<void> mirror() {
        auto reader = target_.store->reader();
        std::vector<RecordKey> gone;
        std::uint64_t total = 0;
        reader->scan_import_keys(target_.dataset, source_, [&](const RecordKey& key) {
            ++total;
            if (!seen_.contains(digest16(as_bytes(key.id)))) gone.push_back(key);
            return true;
        });
        std::vector<storage::Edit> edits;
        for (std::size_t at = 0; at < gone.size(); at += rows_in_batch) {
            const auto end = std::min(gone.size(), at + rows_in_batch);
            const std::vector<RecordKey> some(gone.begin() + static_cast<std::ptrdiff_t>(at),
                                              gone.begin() + static_cast<std::ptrdiff_t>(end));
            const auto states = reader->import_states(target_.dataset, source_, some);
            for (std::size_t i = 0; i < some.size(); ++i) {
                if (!states[i] || states[i]->is_deleted) {
                    --total;  // deleted before: neither here nor missing
                    continue;
                }
                storage::Edit edit;
                edit.key = some[i];
                edit.context = states[i]->version;
                edit.writes.push_back({life_path(), sync::deleted_value()});
                edits.push_back(std::move(edit));
            }
        }
        reader.reset();
        if (edits.empty()) return {};
        if (is_stopped_) {
            hold(edits.size(), "the import was stopped before its end");
            return {};
        }
        if (has_rejects_without_id_) {
            hold(edits.size(), "rows were rejected whose record is not known; mend them first");
            return {};
        }
        if (static_cast<double>(edits.size()) > mirror_limit * static_cast<double>(total)) {
            hold(edits.size(), std::to_string(edits.size()) + " of " + std::to_string(total) +
                                   " records would go, more than 15 %; check that the file is "
                                   "whole, or delete them one by one");
            return {};
        }
        for (std::size_t at = 0; at < edits.size(); at += rows_in_batch) {
            const auto end = std::min(edits.size(), at + rows_in_batch);
            storage::AuthorRequest request{target_.dataset, {}, source_, target_.now()};
            request.edits.assign(
                std::make_move_iterator(edits.begin() + static_cast<std::ptrdiff_t>(at)),
                std::make_move_iterator(edits.begin() + static_cast<std::ptrdiff_t>(end)));
            if (options_.is_dry_run) {
                report_.deleted += request.edits.size();
                continue;
            }
            const auto done = target_.store->author(request);
            if (!done) return std::unexpected(done.error());
            report_.commits += done->commits.size();
            report_.deleted += request.edits.size() - done->refused_deleted.size();
            if (end == edits.size() || !target_.on_progress) continue;
            if (target_.on_progress({bytes_total_, bytes_total_, report_.read})) continue;
            report_.was_stopped = true;
            report_.held = edits.size() - end;
            return {};
        }
        return {};
    }

    const ImportTarget& target_;
    const ImportOptions& options_;
    std::vector<OpenFile>& files_;
    storage::ImportSource source_;
    ImportReport report_;
    std::unordered_map<Digest16, SeenRow, DigestHasher> seen_;
    std::unordered_map<const OpenFile*, FindingChecker> checkers_;
    std::vector<PendingRow> pending_;
    std::vector<std::vector<Finding>> pending_findings_;  // beside pending_
    std::size_t pending_bytes_ = 0;
    std::vector<bool> has_unnamed_finding_;  // of the file being read, by mapped column
    const OpenFile* last_rejected_file_ = nullptr;
    bool has_rejects_without_id_ = false;
    bool is_stopped_ = false;
    std::uint64_t bytes_total_ = 0;
    MappedCells cells_;
    std::string scratch_;
};

}  // namespace

Result<ImportReport> run_import(const ImportTarget& target, const std::vector<ImportFile>& files,
                                const ImportOptions& options) {
    SANGAM_ASSERT(target.store && target.projector && target.now);
    if (files.empty())
        return fail("no_file", "no file was given", {}, "name at least one", ErrorKind::usage);
    const auto info = target.store->reader()->dataset(target.dataset);
    if (!info)
        return fail("no_such_dataset", "there is no such dataset", options.dataset_text,
                    "make it with sangam dataset create", ErrorKind::not_found);
    if (info->holding != storage::Holding::own && info->holding != storage::Holding::writer)
        return fail("not_a_writer", "this institution may not write to the dataset",
                    options.dataset_text, "ask its owner to name you as a writer",
                    ErrorKind::refused);
    // Values written to reserved fields by the wrong node would be invalid, and quarantined.
    if ((info->holding == storage::Holding::writer) != options.proposes_as.has_value())
        return fail("wrong_role", "the node's part in the dataset is not what the import assumed",
                    options.dataset_text, "try again: the dataset's writers have just changed");
    const FieldModel model(info->manifest.schema);
    const HasGermplasm has_germplasm = [&](const std::string& id) {
        const RecordKey key{"germplasm", id};
        const auto state = target.store->reader()->record(target.dataset, key);
        return state && !target.projector->project(info->manifest, key, state->changes).is_deleted;
    };
    std::vector<OpenFile> open;
    for (const ImportFile& file : files) {
        auto opened = open_import_file(file, options, model, has_germplasm);
        if (!opened) return std::unexpected(opened.error());
        if (!open.empty() && opened->mapper.collection() != open.front().mapper.collection())
            return fail("mixed_formats", "the files do not go into one collection",
                        open.front().name + " and " + file.name, "import them one after the other",
                        ErrorKind::usage);
        open.push_back(std::move(*opened));
    }
    return Run(target, options, open).execute();
}

Result<char> delimiter_from_text(std::string_view text) {
    if (text == "tab" || text == "\\t") return '\t';
    if (text.size() == 1 && text != "\"" && text != "\n" && text != "\r" &&
        static_cast<unsigned char>(text.front()) < 0x80)
        return text.front();
    return fail("bad_delimiter", "a delimiter is one character", std::string(text),
                "give , ; | or tab", ErrorKind::usage);
}

}  // namespace sangam::node::ingest
