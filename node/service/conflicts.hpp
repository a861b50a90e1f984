// SPDX-License-Identifier: Apache-2.0
// Conflicts of merged records as documents (COMMANDS, "conflicts list"), and an index of which
// records have any, so that `status` and `conflicts list` do not merge every record anew.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <expected>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/service/call.hpp"
#include "sync/merger.hpp"

namespace sangam::node {

/// {"record","field","strategy","state","values":[{"value","author","time"}],"chosen"} of a
/// conflict whose hidden parts were taken out (visible_record.hpp).
[[nodiscard]] boost::json::object conflict_document(const Call& call, const std::string& record,
                                                    const sync::MergeConflict& conflict);

struct RecordAccess;
/// The conflict of that field or group; a field may be given by its MCPD name. Nothing: no conflict
/// stands there for the asker.
[[nodiscard]] const sync::MergeConflict* find_conflict(const RecordAccess& access,
                                                       const std::string& field);
[[nodiscard]] std::unexpected<Error> no_such_conflict(const RecordAccess& access,
                                                      const std::string& field);

/// Which records of each dataset have conflicts, as of the store's last change. Kept up to date by
/// order of arrival: a record gets a conflict only by a change that arrives. Thread-safe; in memory
/// only, built on first use (a dataset's arrivals are read once; records with one live change are
/// not merged).
class ConflictIndex {
public:
    ConflictIndex(const storage::Store& store, const sync::Merger& merger)
        : store_(store), merger_(merger) {}

    struct Counts {
        std::uint64_t open = 0;  ///< conflicts, not records
        std::uint64_t settled = 0;
    };
    [[nodiscard]] Counts counts(const DatasetUid& dataset);
    /// Records that have conflicts, by number.
    [[nodiscard]] std::vector<storage::RecordNumber> records(const DatasetUid& dataset);

private:
    struct Entry {
        Position position{};  ///< everything up to here is in `records`
        std::uint64_t manifest_number = 0;
        std::map<storage::RecordNumber, Counts> records;
    };
    /// Brings the entry up to what `reader` has. Under mutex_.
    Entry& refresh(const storage::Reader& reader, const DatasetUid& dataset);
    Counts count(const storage::RecordState& record, const Manifest& manifest) const;

    const storage::Store& store_;
    const sync::Merger& merger_;
    std::mutex mutex_;
    std::map<DatasetUid, Entry> entries_;
};

}  // namespace sangam::node
