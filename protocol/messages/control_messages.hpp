// SPDX-License-Identifier: Apache-2.0
// What a node tells a peer about the datasets that the peer may know of: the control log's entries
// that concern it, and how much there is.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/ids.hpp"

namespace sangam::messages {

/// Entries of one dataset's chains that the receiver lacks, in chain order. Always sent before
/// data that was released under them.
struct ControlUpdate {
    DatasetUid dataset;
    std::vector<Bytes> entries;  ///< SignedControl::encode()
    template <class Archive>
    void serialize(Archive& archive) {
        archive(dataset, entries);
    }
    friend bool operator==(const ControlUpdate&, const ControlUpdate&) = default;
};

/// How many live records of the dataset the receiver may see at its origin, for `dataset list
/// --remote`. Sent by a node of the owner after the dataset's control entries, and again when it
/// changed, at a bounded rate.
struct DatasetSummary {
    DatasetUid dataset;
    std::uint64_t records = 0;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(dataset, records);
    }
    friend bool operator==(const DatasetSummary&, const DatasetSummary&) = default;
};

}  // namespace sangam::messages
