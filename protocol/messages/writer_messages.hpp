// SPDX-License-Identifier: Apache-2.0
// Writer sync: owner and writers keep whole histories equal by comparing lane heads (SEMANTICS
// section 5). No cursor, no ledger; comparing heads ends all loops.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/commit.hpp"
#include "protocol/ids.hpp"

namespace sangam::messages {

/// The heads that the sender holds of a dataset, in full, by lane. Sent at the start, after commits
/// were applied (it is their acknowledgement), and when new commits were made.
struct WriterHeads {
    DatasetUid dataset;
    std::vector<Head> heads;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(dataset, heads);
    }
    friend bool operator==(const WriterHeads&, const WriterHeads&) = default;
};

/// Commits, each lane in order and without a gap, no lane ahead of a head that a commit names.
struct WriterCommits {
    DatasetUid dataset;
    std::vector<Bytes> parts;  ///< CommitPart::encode()
    template <class Archive>
    void serialize(Archive& archive) {
        archive(dataset, parts);
    }
    friend bool operator==(const WriterCommits&, const WriterCommits&) = default;
};

}  // namespace sangam::messages
