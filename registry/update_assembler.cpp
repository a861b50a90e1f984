// SPDX-License-Identifier: Apache-2.0
#include "registry/update_assembler.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sangam::registry {
namespace {

std::size_t bytes_in(const messages::DirectoryUpdate& update) {
    std::size_t out = update.checkpoint.size();
    for (const Bytes& entry : update.entries) out += entry.size() + sizeof(Bytes);
    for (const Bytes& document : update.documents) out += document.size() + sizeof(Bytes);
    return out;
}

}  // namespace

Result<std::optional<messages::DirectoryUpdate>> UpdateAssembler::add(
    messages::DirectoryUpdate chunk, const CheckpointKeys& keys) {
    const auto checkpoint = verify_checkpoint(as_text(chunk.checkpoint), keys);
    if (!checkpoint) {
        clear();
        return std::unexpected(checkpoint.error());
    }
    const std::uint64_t tree_size = checkpoint->checkpoint.tree_size;
    const std::size_t more = bytes_in(chunk);
    if (!held_ || wanted() != chunk.from_size) {
        held_ = std::move(chunk);
        held_bytes_ = more;
    } else {
        held_->checkpoint = std::move(chunk.checkpoint);
        std::ranges::move(chunk.entries, std::back_inserter(held_->entries));
        std::ranges::move(chunk.documents, std::back_inserter(held_->documents));
        held_bytes_ += more;
    }
    const std::uint64_t end = *wanted();
    if (end > tree_size) {
        clear();
        return fail("gap", "a part of the directory goes past the end of its own checkpoint",
                    std::to_string(end) + " of " + std::to_string(tree_size));
    }
    if (held_bytes_ > max_held_bytes) {
        clear();
        return fail("too_large", "a directory is larger than this node takes in one go",
                    std::to_string(tree_size) + " entries");
    }
    if (end < tree_size) return std::nullopt;
    return std::exchange(held_, std::nullopt);
}

std::optional<std::uint64_t> UpdateAssembler::wanted() const {
    if (!held_) return std::nullopt;
    return held_->from_size + held_->entries.size();
}

void UpdateAssembler::clear() {
    held_.reset();
    held_bytes_ = 0;
}

}  // namespace sangam::registry
