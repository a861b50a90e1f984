// SPDX-License-Identifier: Apache-2.0
// Peers pass the registry's signed directory on to each other, so that it outlives the registry
// (SEMANTICS section 6). All contents are verified by the registry module, none by the carrier.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/ids.hpp"

namespace sangam::messages {

/// The sender's newest checkpoint (a C2SP signed note), after hello and hourly.
struct DirectoryOffer {
    std::uint64_t tree_size = 0;
    Bytes checkpoint;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(tree_size, checkpoint);
    }
    friend bool operator==(const DirectoryOffer&, const DirectoryOffer&) = default;
};

/// "I have that many entries, send what follows."
struct DirectoryRequest {
    std::uint64_t from_size = 0;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(from_size);
    }
    friend bool operator==(const DirectoryRequest&, const DirectoryRequest&) = default;
};

/// Entries [from_size, from_size + entries.size()) and, when that reaches the checkpoint's size,
/// everything needed to check them; several in a row for a long log.
struct DirectoryUpdate {
    std::uint64_t from_size = 0;
    std::vector<Bytes> entries;
    Bytes checkpoint;
    std::vector<Bytes> documents;  ///< nodes' signed public documents named by the entries
    template <class Archive>
    void serialize(Archive& archive) {
        archive(from_size, entries, checkpoint, documents);
    }
    friend bool operator==(const DirectoryUpdate&, const DirectoryUpdate&) = default;
};

}  // namespace sangam::messages
