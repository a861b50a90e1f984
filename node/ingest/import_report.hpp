// SPDX-License-Identifier: Apache-2.0
// What an import did, and the JSON document of `sangam import` (COMMANDS).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/ids.hpp"
#include "protocol/value.hpp"

namespace sangam::node::ingest {

/// A row that was not stored.
struct Reject {
    std::string file;
    std::size_t line = 0;  ///< where the row begins; the header's line is 1
    std::string column;    ///< empty when it is the row as a whole
    std::string reason;
};

/// A finding with its place.
struct ReportedFinding {
    std::string record;  ///< RECORD, or the bare id when the dataset has no handle to name it by
    std::string field;
    std::string code;
    std::string message;
    std::string file;
    std::size_t line = 0;
};

inline constexpr std::size_t max_reported_rejects = 10'000;  ///< `rejected` counts all of them
inline constexpr std::size_t max_reported_findings = 100;    ///< `finding_count` counts all

/// read = written + unchanged + rejected.
struct ImportReport {
    std::uint64_t read = 0;       ///< rows, without headers
    std::uint64_t written = 0;    ///< under dry run: would be
    std::uint64_t unchanged = 0;  ///< rows that say what this source said before
    std::uint64_t rejected = 0;
    std::vector<Reject> rejects;  ///< the first ones
    std::uint64_t finding_count = 0;
    std::vector<ReportedFinding> findings;  ///< the first ones
    std::uint64_t commits = 0;
    double seconds = 0;
    std::vector<std::string> notices;  ///< for a person: a guessed encoding, a held mirror
    bool was_stopped = false;          ///< ImportTarget::on_progress ended the run before its end
    bool is_mirror = false;
    std::uint64_t deleted = 0;  ///< by the mirror
    std::uint64_t held = 0;     ///< deletions that the mirror held back; `notices` has the reason
    /// CSV of the rejected rows when asked for: `reject_line`, `reject_reason`, then the row's own
    /// cells; a header before the rows of each file.
    std::string rejected_rows;
};

/// {"read","written","unchanged","rejected","rejects":[{"file","line","column","reason"}],
/// "findings":{"count","first":[{"record","field","code","message","file","line"}]},"commits",
/// "seconds","notices":[..]} and, for a mirror, "deleted" and "held".
[[nodiscard]] Value report_document(const ImportReport& report);

/// `DATASET/collection/id`, where of the id `%`, `/` and control characters are percent-encoded
/// (COMMANDS, "Common to all"). `dataset` is `institution/name`; empty gives the id alone.
[[nodiscard]] std::string record_text(std::string_view dataset, const RecordKey& key);

}  // namespace sangam::node::ingest
