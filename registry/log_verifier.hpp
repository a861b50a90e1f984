// SPDX-License-Identifier: Apache-2.0
// `registry log verify`: everything that can be recomputed from a log's bytes, over a registry's
// directory, a client's, or what was fetched from a server.
#pragma once

#include <string>
#include <vector>

#include "registry/directory.hpp"
#include "registry/root_document.hpp"

namespace sangam::registry {

struct LogReport {
    std::uint64_t tree_size = 0;  ///< of the checkpoint
    Hash root_hash;               ///< recomputed
    std::uint64_t entries_checked = 0;
    bool ok = false;
    std::vector<std::string> problems;  ///< what is wrong, entry by entry; empty when ok
};

/// Root chain, both signatures of the checkpoint, the root over the entries, and each entry: that
/// it decodes and follows the rules. Documents (may be empty) are checked against hash, signature
/// and version. `expected` may name the registry that it must be.
[[nodiscard]] LogReport verify_log(ByteView root_chain, std::span<const Bytes> entries,
                                   std::string_view checkpoint, std::span<const Bytes> documents,
                                   const std::optional<Hash>& expected = std::nullopt);

}  // namespace sangam::registry
