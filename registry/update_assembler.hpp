// SPDX-License-Identifier: Apache-2.0
// Joins the chunks in which one source sends a long directory into the one update that can be
// verified. One for each source, so that a lying one spoils nobody else's.
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/messages/directory_messages.hpp"
#include "registry/root_document.hpp"

namespace sangam::registry {

/// Not thread-safe.
class UpdateAssembler {
public:
    /// What one source may make us hold unverified: some hundred thousand institutions.
    static constexpr std::size_t max_held_bytes = 256 * 1024 * 1024;

    /// Adds the chunk that continues the last one, or begins anew where it does not. Returns the
    /// whole once the checkpoint's size is reached. Only a checkpoint with the log's signature
    /// makes it hold anything. Errors "gap" and "too_large" empty it.
    Result<std::optional<messages::DirectoryUpdate>> add(messages::DirectoryUpdate chunk,
                                                         const CheckpointKeys& keys);
    /// Where the chunk that is wanted next begins; none when nothing is held.
    [[nodiscard]] std::optional<std::uint64_t> wanted() const;
    void clear();

private:
    std::optional<messages::DirectoryUpdate> held_;
    std::size_t held_bytes_ = 0;
};

}  // namespace sangam::registry
