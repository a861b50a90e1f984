// SPDX-License-Identifier: Apache-2.0
#include "protocol/merkle.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "protocol/crypto.hpp"

namespace sangam::merkle {

namespace {

using Indices = std::span<const std::uint32_t>;

/// Where a tree of n > 1 leaves divides: the largest power of two below n (RFC 9162 section 2.1.1).
constexpr std::uint64_t split(std::uint64_t n) { return std::bit_floor(n - 1); }

/// Those of the ascending `indices` that lie below `middle`, and the others.
std::pair<Indices, Indices> divide(Indices indices, std::uint64_t middle) {
    const auto at = std::ranges::lower_bound(indices, middle) - indices.begin();
    return {indices.first(static_cast<std::size_t>(at)),
            indices.subspan(static_cast<std::size_t>(at))};
}

bool are_ascending_below(Indices indices, std::uint64_t end) {
    for (std::size_t i = 0; i < indices.size(); ++i)
        if (indices[i] >= end || (i > 0 && indices[i - 1] >= indices[i])) return false;
    return true;
}

void collect_multiproof(std::span<const Hash> leaves, std::uint64_t first, Indices indices,
                        std::vector<Hash>& out) {
    if (indices.empty()) {
        out.push_back(root(leaves));
        return;
    }
    if (indices.size() == leaves.size()) return;  // every leaf below is chosen
    const auto left = split(leaves.size());
    const auto [low, high] = divide(indices, first + left);
    collect_multiproof(leaves.first(left), first, low, out);
    collect_multiproof(leaves.subspan(left), first + left, high, out);
}

std::size_t count_multiproof(std::uint64_t first, std::uint64_t count, Indices indices) {
    if (indices.empty()) return 1;
    if (indices.size() == count) return 0;
    const auto left = split(count);
    const auto [low, high] = divide(indices, first + left);
    return count_multiproof(first, left, low) + count_multiproof(first + left, count - left, high);
}

/// Takes leaf and proof hashes in the order in which a walk from left to right needs them.
struct Supply {
    std::span<const Hash> leaves;
    std::span<const Hash> proof;

    Hash take_leaf() { return take(leaves); }
    Hash take_proof() { return take(proof); }

private:
    static Hash take(std::span<const Hash>& from) {
        const Hash out = from.front();
        from = from.subspan(1);
        return out;
    }
};

/// The root of leaves [first, first + count), of which `indices` are chosen. The supply has enough.
Hash rebuild(std::uint64_t first, std::uint64_t count, Indices indices, Supply& supply) {
    if (indices.empty()) return supply.take_proof();
    if (indices.size() == count) {
        const Hash out = root(supply.leaves.first(count));
        supply.leaves = supply.leaves.subspan(count);
        return out;
    }
    const auto left = split(count);
    const auto [low, high] = divide(indices, first + left);
    const Hash a = rebuild(first, left, low, supply);
    const Hash b = rebuild(first + left, count - left, high, supply);
    return node_hash(a, b);
}

/// A proof hash and the leaves [first, first + count) that it stands for.
struct ProofNode {
    std::uint64_t first = 0;
    std::uint64_t count = 0;
    Hash hash;
};

void collect_nodes(std::uint64_t first, std::uint64_t count, Indices indices, Supply& supply,
                   std::vector<ProofNode>& out) {
    if (indices.empty()) {
        out.push_back({first, count, supply.take_proof()});
        return;
    }
    if (indices.size() == count) return;
    const auto left = split(count);
    const auto [low, high] = divide(indices, first + left);
    collect_nodes(first, left, low, supply, out);
    collect_nodes(first + left, count - left, high, supply, out);
}

std::vector<ProofNode> nodes_of(const PartialTree& part) {
    Supply supply{part.leaf_hashes, part.proof};
    std::vector<ProofNode> out;
    out.reserve(part.proof.size());
    collect_nodes(0, part.tree_size, part.indices, supply, out);
    return out;
}

const Hash* find_node(const std::vector<ProofNode>& nodes, std::uint64_t first,
                      std::uint64_t count) {
    const auto it = std::ranges::lower_bound(nodes, first, {}, &ProofNode::first);
    return it != nodes.end() && it->first == first && it->count == count ? &it->hash : nullptr;
}

/// The proof for the union's indices. A maximal subtree without one of them is a sibling of a
/// subtree with one, which one of the two parts chose; for that part it is maximal too, so its hash
/// stands in that part's proof.
void collect_united(std::uint64_t first, std::uint64_t count, Indices indices,
                    const std::vector<ProofNode>& a, const std::vector<ProofNode>& b,
                    std::vector<Hash>& out) {
    if (indices.empty()) {
        const Hash* hash = find_node(a, first, count);
        if (hash == nullptr) hash = find_node(b, first, count);
        SANGAM_ASSERT(hash != nullptr);
        out.push_back(*hash);
        return;
    }
    if (indices.size() == count) return;
    const auto left = split(count);
    const auto [low, high] = divide(indices, first + left);
    collect_united(first, left, low, a, b, out);
    collect_united(first + left, count - left, high, a, b, out);
}

void collect_narrowed(std::uint64_t first, std::uint64_t count, Indices held, Indices kept,
                      Supply& supply, PartialTree& out) {
    if (kept.empty()) {
        out.proof.push_back(rebuild(first, count, held, supply));
        return;
    }
    if (count == 1) {
        out.leaf_hashes.push_back(supply.take_leaf());
        return;
    }
    const auto left = split(count);
    const auto [held_low, held_high] = divide(held, first + left);
    const auto [kept_low, kept_high] = divide(kept, first + left);
    collect_narrowed(first, left, held_low, kept_low, supply, out);
    collect_narrowed(first + left, count - left, held_high, kept_high, supply, out);
}

/// RFC 9162 section 2.1.4.1, SUBPROOF. `is_whole`: the old tree's root is the asker's already.
void collect_consistency(std::span<const Hash> leaves, std::size_t old_size, bool is_whole,
                         std::vector<Hash>& out) {
    if (old_size == leaves.size()) {
        if (!is_whole) out.push_back(root(leaves));
        return;
    }
    const auto left = split(leaves.size());
    if (old_size <= left) {
        collect_consistency(leaves.first(left), old_size, is_whole, out);
        out.push_back(root(leaves.subspan(left)));
    } else {
        collect_consistency(leaves.subspan(left), old_size - left, false, out);
        out.push_back(root(leaves.first(left)));
    }
}

}  // namespace

Hash leaf_hash(ByteView data) {
    constexpr std::array<std::uint8_t, 1> prefix{0x00};
    return sha256({prefix, data});
}

Hash node_hash(const Hash& left, const Hash& right) {
    std::array<std::uint8_t, 65> input;
    input[0] = 0x01;
    std::ranges::copy(left.bytes, input.begin() + 1);
    std::ranges::copy(right.bytes, input.begin() + 33);
    return sha256(input);
}

Hash root(std::span<const Hash> leaf_hashes) {
    if (leaf_hashes.empty()) return sha256(ByteView{});
    // Level by level; a node without a partner rises as it is, which gives the RFC's shape.
    std::vector<Hash> level(leaf_hashes.begin(), leaf_hashes.end());
    while (level.size() > 1) {
        const std::size_t pairs = level.size() / 2;
        for (std::size_t i = 0; i < pairs; ++i)
            level[i] = node_hash(level[2 * i], level[2 * i + 1]);
        if (level.size() % 2 != 0) level[pairs] = level.back();
        level.resize((level.size() + 1) / 2);
    }
    return level.front();
}

std::vector<Hash> inclusion_proof(std::span<const Hash> leaf_hashes, std::size_t index) {
    SANGAM_ASSERT(index < leaf_hashes.size());
    std::vector<Hash> out;
    while (leaf_hashes.size() > 1) {
        const auto left = split(leaf_hashes.size());
        if (index < left) {
            out.push_back(root(leaf_hashes.subspan(left)));
            leaf_hashes = leaf_hashes.first(left);
        } else {
            out.push_back(root(leaf_hashes.first(left)));
            leaf_hashes = leaf_hashes.subspan(left);
            index -= left;
        }
    }
    std::ranges::reverse(out);
    return out;
}

bool verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t tree_size,
                      std::span<const Hash> path, const Hash& root) {
    if (index >= tree_size) return false;
    std::uint64_t node = index;
    std::uint64_t last = tree_size - 1;
    Hash computed = leaf;
    for (const auto& sibling : path) {
        if (last == 0) return false;
        if ((node & 1) != 0 || node == last) {
            computed = node_hash(sibling, computed);
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            computed = node_hash(computed, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && computed == root;
}

std::vector<Hash> consistency_proof(std::span<const Hash> leaf_hashes, std::size_t old_size) {
    SANGAM_ASSERT(old_size > 0 && old_size <= leaf_hashes.size());
    std::vector<Hash> out;
    collect_consistency(leaf_hashes, old_size, true, out);
    return out;
}

bool verify_consistency(std::uint64_t old_size, std::uint64_t new_size, const Hash& old_root,
                        const Hash& new_root, std::span<const Hash> path) {
    if (old_size == 0 || old_size > new_size) return false;
    if (old_size == new_size) return path.empty() && old_root == new_root;
    if (path.empty()) return false;
    // A complete old tree is a node of the new one: the proof starts from its root unsaid.
    const bool starts_at_old = std::has_single_bit(old_size);
    std::uint64_t node = old_size - 1;
    std::uint64_t last = new_size - 1;
    while ((node & 1) != 0) {
        node >>= 1;
        last >>= 1;
    }
    Hash as_old = starts_at_old ? old_root : path.front();
    Hash as_new = as_old;
    for (const auto& sibling : starts_at_old ? path : path.subspan(1)) {
        if (last == 0) return false;
        if ((node & 1) != 0 || node == last) {
            as_old = node_hash(sibling, as_old);
            as_new = node_hash(sibling, as_new);
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            as_new = node_hash(as_new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && as_old == old_root && as_new == new_root;
}

std::vector<Hash> multiproof(std::span<const Hash> leaf_hashes,
                             std::span<const std::uint32_t> indices) {
    SANGAM_ASSERT(!indices.empty() && are_ascending_below(indices, leaf_hashes.size()));
    std::vector<Hash> out;
    collect_multiproof(leaf_hashes, 0, indices, out);
    return out;
}

std::size_t multiproof_size(std::uint32_t tree_size, std::span<const std::uint32_t> indices) {
    SANGAM_ASSERT(!indices.empty() && are_ascending_below(indices, tree_size));
    return count_multiproof(0, tree_size, indices);
}

Result<Hash> root_from_multiproof(std::uint32_t tree_size, std::span<const std::uint32_t> indices,
                                  std::span<const Hash> chosen_leaf_hashes,
                                  std::span<const Hash> proof) {
    if (indices.empty() || !are_ascending_below(indices, tree_size))
        return fail("bad_proof", "a proof is for no leaf, or its leaves are out of order or range");
    if (chosen_leaf_hashes.size() != indices.size())
        return fail("bad_proof", "a proof comes with a different number of leaves than it is for");
    if (proof.size() != count_multiproof(0, tree_size, indices))
        return fail("bad_proof", "a proof has too few or too many hashes",
                    std::to_string(proof.size()) + " hashes");
    Supply supply{chosen_leaf_hashes, proof};
    return rebuild(0, tree_size, indices, supply);
}

PartialTree unite(const PartialTree& a, const PartialTree& b) {
    SANGAM_ASSERT(a.tree_size == b.tree_size);
    PartialTree out;
    out.tree_size = a.tree_size;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.indices.size() || j < b.indices.size()) {
        const bool from_a =
            j == b.indices.size() || (i < a.indices.size() && a.indices[i] <= b.indices[j]);
        const bool in_both = from_a && j < b.indices.size() && a.indices[i] == b.indices[j];
        out.indices.push_back(from_a ? a.indices[i] : b.indices[j]);
        out.leaf_hashes.push_back(from_a ? a.leaf_hashes[i] : b.leaf_hashes[j]);
        if (from_a) ++i;
        if (!from_a || in_both) ++j;
    }
    collect_united(0, out.tree_size, out.indices, nodes_of(a), nodes_of(b), out.proof);
    return out;
}

PartialTree narrow(const PartialTree& part, std::span<const std::uint32_t> keep) {
    SANGAM_ASSERT(!keep.empty() && std::ranges::includes(part.indices, keep));
    PartialTree out;
    out.tree_size = part.tree_size;
    out.indices.assign(keep.begin(), keep.end());
    Supply supply{part.leaf_hashes, part.proof};
    collect_narrowed(0, part.tree_size, part.indices, keep, supply, out);
    return out;
}

}  // namespace sangam::merkle
