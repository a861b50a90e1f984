// SPDX-License-Identifier: Apache-2.0
// The append-only Merkle log in memory (RFC 9162 section 2.1): entries, and the hash of every
// complete subtree, so that roots and proofs of any size cost a logarithm.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/error.hpp"
#include "protocol/ids.hpp"

namespace sangam::registry {

/// tlog-tiles.md prefixes an entry with a uint16 length.
inline constexpr std::size_t max_entry_bytes = 65'535;

/// Grows only. About 64 bytes of hashes an entry beside the entry itself. Not thread-safe.
class Log {
public:
    /// Adds an entry of 1..max_entry_bytes bytes (asserted).
    void append(Bytes entry);
    /// Forgets the entries from `size` on: for a writer whose append could not be made durable,
    /// and a reader whose trial did not verify.
    void truncate(std::uint64_t size);

    [[nodiscard]] std::uint64_t size() const { return entries_.size(); }
    [[nodiscard]] const Bytes& entry(std::uint64_t index) const { return entries_.at(index); }
    [[nodiscard]] std::span<const Bytes> entries() const { return entries_; }
    /// The root of the first `size` entries; size <= this->size() (asserted).
    [[nodiscard]] Hash root_at(std::uint64_t size) const;
    [[nodiscard]] Hash root() const { return root_at(size()); }
    /// The hash of the complete subtree of 2^level leaves that starts at leaf index * 2^level.
    [[nodiscard]] const Hash& subtree(unsigned level, std::uint64_t index) const;

    /// The path of leaf `index` in the tree of `tree_size` leaves; index < tree_size <= size().
    [[nodiscard]] std::vector<Hash> inclusion_proof(std::uint64_t index,
                                                    std::uint64_t tree_size) const;
    /// From `old_size` to `new_size`; 0 < old_size <= new_size <= size().
    [[nodiscard]] std::vector<Hash> consistency_proof(std::uint64_t old_size,
                                                      std::uint64_t new_size) const;

private:
    [[nodiscard]] Hash range_hash(std::uint64_t begin, std::uint64_t end) const;
    std::vector<Bytes> entries_;
    std::vector<std::vector<Hash>> levels_;  ///< levels_[k]: complete subtrees of 2^k leaves
};

}  // namespace sangam::registry
