// SPDX-License-Identifier: Apache-2.0
// A whole run of `sangam import`: files in, signed edits into the store, a report out. Memory is
// bounded by a batch of rows and 40 bytes for each row of the run, whatever the files' size.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/ingest/encoding.hpp"
#include "node/ingest/import_report.hpp"
#include "node/ingest/row_mapper.hpp"
#include "protocol/error.hpp"
#include "protocol/hlc.hpp"
#include "storage/store.hpp"

namespace sangam::node::ingest {

/// A file of a run. The bytes (mapped or read) must outlive the run.
struct ImportFile {
    std::string name;  ///< for reports
    std::string_view bytes;
};

struct ImportOptions {
    MappingOptions mapping;
    std::string source = "default";  ///< --source; the same name compares with its own last import
    std::optional<Encoding> encoding;
    std::optional<char> delimiter;
    bool is_mirror = false;            ///< records of this source that no row names are deleted
    bool is_dry_run = false;           ///< nothing is written; the report says what would be
    bool keeps_rejected_rows = false;  ///< fill ImportReport::rejected_rows
    std::string dataset_text;          ///< `institution/dataset`, to name records in the report
    /// This node's id where it is a writer's and not the owner's (Holding::writer), and only then:
    /// what it says of fields reserved to the owner becomes proposals (plan_row).
    std::optional<NodeId> proposes_as;
};

/// Beyond this share of a source's records a mirror deletes nothing: such a file is more often cut
/// than right (COMMANDS).
inline constexpr double mirror_limit = 0.15;
/// Rows that are looked up, and at most made one commit, together (a commit's bound is 1,024).
inline constexpr std::size_t rows_in_batch = 1000;
/// ... or rows of so many bytes, so that a batch of huge rows stays small in memory.
inline constexpr std::size_t bytes_in_batch = 4 * 1024 * 1024;

struct ImportProgress {
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;
    std::uint64_t rows = 0;
};

/// What a run works on; all outlive it.
struct ImportTarget {
    storage::Store* store = nullptr;
    const storage::Projector* projector = nullptr;
    DatasetUid dataset;
    std::function<Millis()> now;  ///< for the commits' clocks and the report's seconds
    /// Called after every batch, on the caller's thread; false ends the run before its end
    /// (ImportReport::was_stopped), and what was written so far stays. May be empty.
    std::function<bool(const ImportProgress&)> on_progress;
};

/// Runs the import. Every file's header is checked before anything is written; an error then means
/// that nothing was. Afterwards rows are rejected one by one, and each batch is one transaction: an
/// error in the middle (the dataset was taken away) leaves the batches before it, which the next
/// run finds unchanged. Throws storage::StoreError.
[[nodiscard]] Result<ImportReport> run_import(const ImportTarget& target,
                                              const std::vector<ImportFile>& files,
                                              const ImportOptions& options);

/// `--delimiter` as people write it: one character, or "tab" or "\t".
[[nodiscard]] Result<char> delimiter_from_text(std::string_view text);

}  // namespace sangam::node::ingest
