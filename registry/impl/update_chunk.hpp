// SPDX-License-Identifier: Apache-2.0
// One chunk of the directory, cut the same way by the registry and by every peer that passes it on.
#pragma once

#include <optional>

#include "protocol/messages/directory_messages.hpp"
#include "registry/checkpoint.hpp"
#include "registry/document_index.hpp"
#include "registry/log.hpp"

namespace sangam::registry::impl {

/// Entries from `from_size` on until about `max_bytes` are reached, at least one where there is
/// one. `document(hash)` gives the encoded bytes or nothing.
template <class FindDocument>
messages::DirectoryUpdate make_chunk(const Log& log, const SignedCheckpoint& checkpoint,
                                     const DocumentIndex& index, std::uint64_t from_size,
                                     std::size_t max_bytes, FindDocument document) {
    messages::DirectoryUpdate out;
    out.from_size = from_size;
    out.checkpoint.assign(checkpoint.note.begin(), checkpoint.note.end());
    std::size_t bytes = out.checkpoint.size();
    for (std::uint64_t i = from_size; i < checkpoint.checkpoint.tree_size; ++i) {
        std::size_t more = log.entry(i).size();
        for (const Hash& hash : index.named_in(i, i + 1))
            if (std::optional<Bytes> found = document(hash)) more += found->size();
        if (!out.entries.empty() && bytes + more > max_bytes) break;
        bytes += more;
        out.entries.push_back(log.entry(i));
    }
    for (const Hash& hash : index.named_in(from_size, from_size + out.entries.size()))
        if (std::optional<Bytes> found = document(hash)) out.documents.push_back(std::move(*found));
    return out;
}

}  // namespace sangam::registry::impl
