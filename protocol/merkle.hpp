// SPDX-License-Identifier: Apache-2.0
// Merkle trees of RFC 9162 section 2.1 over SHA-256: root, inclusion and consistency proofs, and
// multiproofs for any subset of leaves (ours; docs/protocol.md gives the order of the hashes).
// "Leaf hash" below is H(0x00 || data), as in the RFC.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/ids.hpp"

namespace sangam::merkle {

/// H(0x00 || data).
[[nodiscard]] Hash leaf_hash(ByteView data);
/// H(0x01 || left || right).
[[nodiscard]] Hash node_hash(const Hash& left, const Hash& right);
/// The root over leaf hashes; the hash of nothing for no leaves.
[[nodiscard]] Hash root(std::span<const Hash> leaf_hashes);

/// RFC 9162 section 2.1.3.1: the path for leaf `index` (0-based) in a tree of all the leaves.
[[nodiscard]] std::vector<Hash> inclusion_proof(std::span<const Hash> leaf_hashes,
                                                std::size_t index);
/// RFC 9162 section 2.1.3.2. False for a path of the wrong length.
[[nodiscard]] bool verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t tree_size,
                                    std::span<const Hash> path, const Hash& root);
/// RFC 9162 section 2.1.4.1: from the first `old_size` leaves to all of them. 0 < old_size <= n.
[[nodiscard]] std::vector<Hash> consistency_proof(std::span<const Hash> leaf_hashes,
                                                  std::size_t old_size);
/// RFC 9162 section 2.1.4.2. Equal sizes need an empty path and equal roots.
[[nodiscard]] bool verify_consistency(std::uint64_t old_size, std::uint64_t new_size,
                                      const Hash& old_root, const Hash& new_root,
                                      std::span<const Hash> path);

/// The hashes that, with the leaf hashes at `indices` (ascending, no repeats, not empty), give the
/// root: the roots of the maximal subtrees without a chosen leaf, left to right. None is surplus.
[[nodiscard]] std::vector<Hash> multiproof(std::span<const Hash> leaf_hashes,
                                           std::span<const std::uint32_t> indices);
/// How many hashes multiproof() returns for that subset of a tree of `tree_size` leaves.
[[nodiscard]] std::size_t multiproof_size(std::uint32_t tree_size,
                                          std::span<const std::uint32_t> indices);
/// The root that the chosen leaves and the proof give. An error for indices out of order or range,
/// for no indices, and for a proof with too few or too many hashes.
[[nodiscard]] Result<Hash> root_from_multiproof(std::uint32_t tree_size,
                                                std::span<const std::uint32_t> indices,
                                                std::span<const Hash> chosen_leaf_hashes,
                                                std::span<const Hash> proof);

/// What one holder knows of a tree: some leaves and the proof for exactly those.
struct PartialTree {
    std::uint32_t tree_size = 0;
    std::vector<std::uint32_t> indices;  ///< ascending
    std::vector<Hash> leaf_hashes;       ///< of indices, in order
    std::vector<Hash> proof;             ///< multiproof for indices
};
/// The union of two parts of one tree, with the proof for it. Both must have been verified against
/// the same root and have the same tree_size (asserted).
[[nodiscard]] PartialTree unite(const PartialTree& a, const PartialTree& b);
/// The same tree with fewer leaves: `keep` is an ascending, non-empty subset of part.indices.
[[nodiscard]] PartialTree narrow(const PartialTree& part, std::span<const std::uint32_t> keep);

}  // namespace sangam::merkle
