// SPDX-License-Identifier: Apache-2.0
// One record as an asker may see it: what reading and editing have in common.
#pragma once

#include <optional>
#include <string>

#include "node/service/call.hpp"
#include "sync/merger.hpp"
#include "sync/row_scope.hpp"

namespace sangam::node {

struct RecordAccess {
    storage::DatasetInfo dataset;
    RecordKey key;
    std::string text;  ///< RECORD
    /// Under Action::search; nothing without `state`.
    std::optional<sync::RowScope> row;
    /// Nothing when it does not exist or may not be seen.
    std::optional<storage::RecordState> state;
    sync::MergedRecord merged;  ///< what may be seen of `state`; empty without
    /// The live changes, each as the asker may see it: people of the institution as they are held,
    /// others as they would cross to a holder under the same grants (sync/record_view.hpp).
    std::vector<storage::StoredChange> changes;
    /// For ETag and If-Match; changes when something does that the asker may see.
    std::string version;
};

/// Whether superseded changes, and conflicts that a later write settled, may be told: they are for
/// people of the institution, where the node owns or writes the dataset.
[[nodiscard]] bool sees_history(const Call& call, const storage::DatasetInfo& dataset);

/// The record that the call's first four arguments name. An error when the dataset does not exist
/// for the asker.
[[nodiscard]] Result<RecordAccess> open_record(Call& call, const storage::Reader& reader);

/// The words for a record that does not exist or may not be seen.
[[nodiscard]] Error no_such_record(const RecordAccess& access);

/// The version of a whole record for ETag and If-Match: 32 hexadecimal digits, equal for equal
/// versions.
[[nodiscard]] std::string version_tag(const VersionVector& version);

}  // namespace sangam::node
