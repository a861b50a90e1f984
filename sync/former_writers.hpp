// SPDX-License-Identifier: Apache-2.0
// Nodes of institutions that the owner took out of a dataset's writers, and that have not shown yet
// that they removed their copy (docs/decisions/0142). A node removes it in the same step in which
// it takes the manifest that ended its writing; so whoever shows that manifest's number holds
// nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "storage/store.hpp"
#include "sync/directory_view.hpp"

namespace sangam::sync {

struct FormerWriter {
    InstitutionId institution;
    NodeId node;
    Millis since{};  ///< when it was taken out
};

/// By institution and node. Revoked nodes too: nobody knows what became of their copies.
[[nodiscard]] std::vector<FormerWriter> unconfirmed_former_writers(const storage::Reader& reader,
                                                                   const DirectoryView& directory,
                                                                   const DatasetUid& dataset);

/// Makes durable that the node holds the dataset's chain for all up to `number`, when that shows
/// that it removed its copy.
void note_shown_number(storage::Store& store, const DatasetUid& dataset,
                       const InstitutionId& institution, const NodeId& node, std::uint64_t number);

}  // namespace sangam::sync
