// SPDX-License-Identifier: Apache-2.0
// `import` and `export`: files in the request's spooled body, a file as the answer.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include <atomic>
#include <boost/json/array.hpp>
#include <charconv>
#include <fstream>

#include "node/http/target.hpp"
#include "node/ingest/exporter.hpp"
#include "node/ingest/importer.hpp"
#include "node/service/json_value.hpp"
#include "node/service/metrics.hpp"
#include "node/service/running_imports.hpp"
#include "node/service/verbs.hpp"
#include "node/service/visible_record.hpp"
#include "sync/merger.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;

/// The bytes of a file, mapped read-only; nobody else writes it while it is.
class MappedFile {
public:
    /// Throws when the file cannot be mapped: it is one of our own.
    explicit MappedFile(const std::string& path) {
        const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        struct stat status{};
        if (fd < 0 || ::fstat(fd, &status) != 0) {
            if (fd >= 0) ::close(fd);
            throw std::runtime_error("the uploaded file cannot be read: " + path);
        }
        size_ = static_cast<std::size_t>(status.st_size);
        if (size_ > 0) data_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
        ::close(fd);
        if (data_ == MAP_FAILED) throw std::runtime_error("the uploaded file cannot be mapped");
    }
    ~MappedFile() {
        if (data_) ::munmap(data_, size_);
    }
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    [[nodiscard]] std::string_view bytes() const {
        return {static_cast<const char*>(data_), data_ ? size_ : 0};
    }

private:
    void* data_ = nullptr;
    std::size_t size_ = 0;
};

/// Cuts the body into the files that the parameters `file` and `size` name; one file may come
/// without its size.
Result<std::vector<ingest::ImportFile>> cut_files(const Call& call, std::string_view body) {
    const auto names = call.parameters("file");
    const auto sizes = call.parameters("size");
    if (sizes.empty() && names.size() <= 1)
        return std::vector<ingest::ImportFile>{
            {names.empty() ? std::string("upload") : names.front(), body}};
    const auto bad = [] {
        return fail("bad_sizes", "the files' sizes do not add up to the body", {},
                    "give `file` and `size` once for each file, in order", ErrorKind::usage);
    };
    if (names.size() != sizes.size()) return bad();
    std::vector<ingest::ImportFile> out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        std::uint64_t size = 0;
        const auto* const last = sizes[i].data() + sizes[i].size();
        const auto [end, error] = std::from_chars(sizes[i].data(), last, size);
        if (error != std::errc{} || end != last || size > body.size()) return bad();
        out.push_back({names[i], body.substr(0, size)});
        body.remove_prefix(size);
    }
    if (!body.empty()) return bad();
    return out;
}

Result<ingest::ImportOptions> read_options(const Call& call) {
    ingest::ImportOptions options;
    auto& mapping = options.mapping;
    mapping.collection = call.request.parameter("collection").value_or("");
    mapping.id_column = call.request.parameter("id");
    const bool is_csv = mapping.id_column || !mapping.collection.empty();
    const auto format = ingest::format_from_text(
        call.request.parameter("format").value_or(is_csv ? "csv" : "mcpd"));
    if (!format) return std::unexpected(format.error());
    mapping.format = *format;
    for (const auto& map : call.parameters("map")) {
        const auto equals = map.find('=');
        if (equals == std::string::npos || equals == 0 || equals + 1 == map.size())
            return fail("bad_map", "`map` must be COLUMN=FIELD", map, {}, ErrorKind::usage);
        mapping.maps.emplace_back(map.substr(0, equals), map.substr(equals + 1));
    }
    mapping.missing = call.parameters("missing");
    if (const auto source = call.request.parameter("source")) options.source = *source;
    if (const auto text = call.request.parameter("encoding")) {
        const auto encoding = ingest::encoding_from_text(*text);
        if (!encoding) return std::unexpected(encoding.error());
        options.encoding = *encoding;
    }
    if (const auto text = call.request.parameter("delimiter")) {
        const auto delimiter = ingest::delimiter_from_text(*text);
        if (!delimiter) return std::unexpected(delimiter.error());
        options.delimiter = *delimiter;
    }
    options.is_mirror = call.flag("mirror");
    options.is_dry_run = call.flag("dry_run");
    options.keeps_rejected_rows = call.flag("rejected_rows");
    return options;
}

/// The answer of an import that was told to end early; what it wrote stays.
std::unexpected<Error> stopped_import(const Call& call, const ingest::ImportOptions& options,
                                      const ingest::ImportReport& report,
                                      http::Interruption interruption) {
    const bool is_gone = interruption == http::Interruption::client_gone;
    const auto rows = std::to_string(report.read) + " rows read, " +
                      std::to_string(report.written) +
                      (options.is_dry_run ? " to write" : " written") + ", " +
                      std::to_string(report.rejected) + " rejected";
    spdlog::info("an import into {} ends early, {}: {}", options.dataset_text,
                 is_gone ? "its client (" + call.request.remote + ") went away" : "the node stops",
                 rows);
    return fail("import_stopped",
                (is_gone ? "the import ended early because its client went away; "
                         : "the import ended early because the node stops; ") +
                    rows,
                options.dataset_text,
                "what is written stays; run the same import again, and it goes on from there",
                ErrorKind::unreachable);
}

/// A name in the spool folder that no other request takes.
std::string spool_name(const Call& call) {
    static std::atomic<std::uint64_t> number{0};
    return call.context.directory + "/export-" + std::to_string(::getpid()) + "-" +
           std::to_string(number.fetch_add(1));
}

std::string content_type_of(ingest::ExportFormat format) {
    if (format == ingest::ExportFormat::ndjson) return "application/x-ndjson";
    if (format == ingest::ExportFormat::brapi) return "application/json";
    return "text/csv; charset=utf-8";
}

}  // namespace

Result<Reply> import_files(Call& call) {
    const auto name = call.request.parameter("dataset");
    if (!name)
        return fail("no_dataset", "the parameter `dataset` is missing", call.request.path, {},
                    ErrorKind::usage);
    const auto reader = call.reader();
    const auto info = call.find_dataset(*reader, *name);
    if (!info) return std::unexpected(info.error());
    using storage::Holding;
    if (info->holding != Holding::own && info->holding != Holding::writer)
        return fail("not_a_writer", "only the dataset's owner and its writers import into it",
                    call.dataset_text(info->manifest),
                    "ask the owner to name this institution as a writer", ErrorKind::refused);
    auto options = read_options(call);
    if (!options) return std::unexpected(options.error());
    options->dataset_text = call.dataset_text(info->manifest);
    if (info->manifest.owner != call.own_institution) options->proposes_as = call.context.node;

    std::optional<MappedFile> mapped;
    std::string_view body = call.request.body;
    if (call.request.body_file) body = mapped.emplace(*call.request.body_file).bytes();
    const auto files = cut_files(call, body);
    if (!files) return std::unexpected(files.error());

    ingest::ImportTarget target;
    target.store = call.context.store;
    target.projector = call.context.merger;
    target.dataset = info->uid;
    target.now = call.context.now;
    const auto uid = info->uid;
    auto* engine = call.context.engine;
    auto interruption = http::Interruption::none;
    RunningImports::Entry entry(call.imports, {call.request.parameter("name").value_or(""),
                                               options->dataset_text, call.now, 0, body.size(), 0});
    target.on_progress = [&, uid, engine](const ingest::ImportProgress& progress) {
        entry.update(progress.bytes_done, progress.bytes_total, progress.rows);
        // Subscribers get each batch as it is written, not when the whole file is done.
        engine->post([uid](sync::Engine& e, Millis now) { e.data_changed(uid, now); });
        interruption = call.interruption();
        return interruption == http::Interruption::none;
    };
    auto report = ingest::run_import(target, *files, *options);
    if (!report) return std::unexpected(report.error());
    if (!options->is_dry_run) call.metrics.rows_imported(*report);
    if (report->was_stopped) return stopped_import(call, *options, *report, interruption);
    auto document = to_json(ingest::report_document(*report)).as_object();
    if (options->keeps_rejected_rows) document["rejected_rows"] = report->rejected_rows;
    return Reply(std::move(document));
}

Result<Reply> export_dataset(Call& call) {
    const auto name = call.request.parameter("dataset");
    if (!name)
        return fail("no_dataset", "the parameter `dataset` is missing", call.request.path, {},
                    ErrorKind::usage);
    ingest::ExportOptions options;
    const auto format =
        ingest::export_format_from_text(call.request.parameter("format").value_or("ndjson"));
    if (!format) return std::unexpected(format.error());
    options.format = *format;
    options.collection = call.request.parameter("collection").value_or("");
    const auto reader = call.reader();
    const auto info = call.find_dataset(*reader, *name);
    if (!info) return std::unexpected(info.error());
    const auto scope = call.decide(Action::search, *reader, info->uid);
    if (!scope.allowed)
        return fail("not_allowed", "the records of this dataset are not shared with you",
                    call.dataset_text(info->manifest), scope.reason, ErrorKind::refused);

    std::optional<Condition> where;
    if (const auto text = call.request.parameter("where"); text && !text->empty()) {
        auto parsed = Condition::parse(*text);
        if (!parsed) return std::unexpected(parsed.error());
        if (const auto field =
                sync::unusable_field(*parsed, *reader, *info, scope, *call.context.merger))
            return fail("no_such_field", no_such_field(*field), call.dataset_text(info->manifest),
                        "sangam get shows what a record has", ErrorKind::refused);
        where = std::move(*parsed);
    }
    const sync::RowJudge judge(scope, info->manifest, *call.context.merger,
                               where ? &*where : nullptr);

    const ingest::FieldModel model(info->manifest.schema);
    options.model = &model;
    options.dataset_text = call.dataset_text(info->manifest);
    const auto path = spool_name(call);
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    const auto scan = [&](const std::function<bool(const ingest::RecordView&)>& visit) {
        reader->scan_records(
            info->uid, options.collection, nullptr, [&](const storage::RecordState& record) {
                const auto row = judge.of(record);
                if (!row.is_visible()) return true;
                const auto merged =
                    visible_part(call.context.merger->merge(info->manifest, record.changes), row,
                                 *call.context.merger->schema_of(info->manifest));
                if (merged.is_deleted) return true;
                return visit(ingest::make_record_view(record.key, merged));
            });
    };
    const auto sink = [&](std::string_view text) {
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
        return static_cast<bool>(out) && call.interruption() == http::Interruption::none;
    };
    const auto report = ingest::export_records(scan, options, sink);
    out.close();
    if (!report || !out) {
        ::unlink(path.c_str());
        if (!report) return std::unexpected(report.error());
        throw std::runtime_error("the export could not be written in " + call.context.directory +
                                 ": is the disk full?");
    }
    Reply reply;
    reply.file = path;
    reply.content_type = content_type_of(*format);
    reply.headers.emplace_back("Sangam-Written", std::to_string(report->written));
    reply.headers.emplace_back("Sangam-Left-Out", std::to_string(report->left_out));
    for (const auto& notice : report->notices)
        reply.headers.emplace_back("Sangam-Notice", http::encode_header_value(notice));
    return reply;
}

}  // namespace sangam::node
