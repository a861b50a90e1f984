// SPDX-License-Identifier: Apache-2.0
// Roots: the test tree of the Certificate Transparency project, whose hashing RFC 9162 kept.
#include "protocol/merkle.hpp"

#include <doctest/doctest.h>

#include "protocol/crypto.hpp"
#include "samples.hpp"

using namespace sangam;
using samples::hex;

namespace {

const char* const ct_leaves[] = {"",
                                 "00",
                                 "10",
                                 "2021",
                                 "3031",
                                 "40414243",
                                 "5051525354555657",
                                 "606162636465666768696a6b6c6d6e6f"};
const char* const ct_roots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

std::vector<Hash> leaves_of(std::size_t count) {
    std::vector<Hash> out;
    for (std::size_t i = 0; i < count; ++i)
        out.push_back(merkle::leaf_hash(as_bytes("leaf " + std::to_string(i))));
    return out;
}

/// RFC 9162 section 2.1.1 as it is written: the slow way to the same root.
Hash root_by_definition(std::span<const Hash> leaves) {
    if (leaves.size() == 1) return leaves.front();
    std::size_t k = 1;
    while (k * 2 < leaves.size()) k *= 2;
    return merkle::node_hash(root_by_definition(leaves.first(k)),
                             root_by_definition(leaves.subspan(k)));
}

std::vector<Hash> pick(const std::vector<Hash>& from, const std::vector<std::uint32_t>& indices) {
    std::vector<Hash> out;
    for (const auto i : indices) out.push_back(from[i]);
    return out;
}

/// The subset of 0..size-1 whose bits are set.
std::vector<std::uint32_t> subset(unsigned bits, unsigned size) {
    std::vector<std::uint32_t> out;
    for (unsigned i = 0; i < size; ++i)
        if ((bits >> i & 1) != 0) out.push_back(i);
    return out;
}

merkle::PartialTree partial_tree_of(const std::vector<Hash>& leaves,
                                    std::vector<std::uint32_t> indices) {
    merkle::PartialTree out;
    out.tree_size = static_cast<std::uint32_t>(leaves.size());
    out.leaf_hashes = pick(leaves, indices);
    out.proof = merkle::multiproof(leaves, indices);
    out.indices = std::move(indices);
    return out;
}

void check_same(const merkle::PartialTree& a, const merkle::PartialTree& b) {
    CHECK(a.tree_size == b.tree_size);
    CHECK(a.indices == b.indices);
    CHECK(a.leaf_hashes == b.leaf_hashes);
    CHECK(a.proof == b.proof);
}

}  // namespace

TEST_CASE("Merkle tree: gives the roots of Certificate Transparency's test tree") {
    std::vector<Hash> leaves;
    for (std::size_t i = 0; i < std::size(ct_leaves); ++i) {
        leaves.push_back(merkle::leaf_hash(hex(ct_leaves[i])));
        CHECK(merkle::root(leaves).hex() == ct_roots[i]);
    }
    CHECK(merkle::root({}) == sha256(ByteView{}));
}

TEST_CASE("Merkle tree: every size has the shape that RFC 9162 defines") {
    const auto leaves = leaves_of(130);
    for (std::size_t n = 1; n <= leaves.size(); ++n) {
        const std::span<const Hash> some(leaves.data(), n);
        CHECK(merkle::root(some) == root_by_definition(some));
    }
}

TEST_CASE("Merkle tree: inclusion proofs hold for their leaf and place, and nothing else") {
    for (std::size_t n = 1; n <= 20; ++n) {
        const auto leaves = leaves_of(n);
        const Hash root = merkle::root(leaves);
        for (std::size_t i = 0; i < n; ++i) {
            auto path = merkle::inclusion_proof(leaves, i);
            CHECK(merkle::verify_inclusion(leaves[i], i, n, path, root));
            for (std::size_t j = 0; j < n; ++j)
                if (j != i) {
                    CHECK_FALSE(merkle::verify_inclusion(leaves[j], i, n, path, root));
                    CHECK_FALSE(merkle::verify_inclusion(leaves[i], j, n, path, root));
                }
            CHECK_FALSE(merkle::verify_inclusion(leaves[i], i, 0, path, root));
            CHECK_FALSE(merkle::verify_inclusion(leaves[i], n, n, path, root));
            for (auto& hash : path) {
                hash.bytes[7] ^= 1;
                CHECK_FALSE(merkle::verify_inclusion(leaves[i], i, n, path, root));
                hash.bytes[7] ^= 1;
            }
            path.push_back(leaves[0]);
            CHECK_FALSE(merkle::verify_inclusion(leaves[i], i, n, path, root));
            path.pop_back();
            if (!path.empty()) {
                path.pop_back();
                CHECK_FALSE(merkle::verify_inclusion(leaves[i], i, n, path, root));
            }
        }
    }
}

TEST_CASE("Merkle tree: consistency proofs hold between their two sizes, and nothing else") {
    const auto leaves = leaves_of(20);
    const std::span<const Hash> all(leaves);
    for (std::size_t n = 1; n <= leaves.size(); ++n)
        for (std::size_t old = 1; old <= n; ++old) {
            CAPTURE(n);
            CAPTURE(old);
            const Hash old_root = merkle::root(all.first(old));
            const Hash new_root = merkle::root(all.first(n));
            auto path = merkle::consistency_proof(all.first(n), old);
            CHECK(merkle::verify_consistency(old, n, old_root, new_root, path));
            CHECK(path.empty() == (old == n));
            Hash other = old_root;
            other.bytes[0] ^= 1;
            CHECK_FALSE(merkle::verify_consistency(old, n, other, new_root, path));
            CHECK_FALSE(merkle::verify_consistency(old, n, old_root, other, path));
            CHECK_FALSE(merkle::verify_consistency(0, n, old_root, new_root, path));
            if (old < n) CHECK_FALSE(merkle::verify_consistency(n, old, new_root, old_root, path));
            path.push_back(leaves[0]);
            CHECK_FALSE(merkle::verify_consistency(old, n, old_root, new_root, path));
            path.pop_back();
            if (!path.empty()) {
                path.pop_back();
                CHECK_FALSE(merkle::verify_consistency(old, n, old_root, new_root, path));
            }
        }
}

TEST_CASE("Merkle multiproof: any subset of any small tree gives the root") {
    for (unsigned n = 1; n <= 9; ++n) {
        const auto leaves = leaves_of(n);
        for (unsigned bits = 1; bits < (1u << n); ++bits) {
            const auto indices = subset(bits, n);
            const auto proof = merkle::multiproof(leaves, indices);
            CHECK(proof.size() == merkle::multiproof_size(n, indices));
            const auto root =
                merkle::root_from_multiproof(n, indices, pick(leaves, indices), proof);
            REQUIRE(root.has_value());
            CHECK(*root == merkle::root(leaves));
        }
    }
}

TEST_CASE("Merkle multiproof: for one leaf it is the inclusion path, ordered left to right") {
    const auto leaves = leaves_of(7);
    auto path = merkle::inclusion_proof(leaves, 4);
    auto proof = merkle::multiproof(leaves, std::vector<std::uint32_t>{4});
    std::ranges::sort(path);
    CHECK(proof.front() == merkle::root(std::span(leaves).first(4)));
    CHECK(proof.back() == leaves[6]);
    std::ranges::sort(proof);
    CHECK(path == proof);
}

TEST_CASE("Merkle multiproof: refuses wrong indices and any number of hashes but the right one") {
    const auto leaves = leaves_of(6);
    using Indices = std::vector<std::uint32_t>;
    const Indices indices{1, 4};
    auto proof = merkle::multiproof(leaves, indices);
    const auto chosen = pick(leaves, indices);
    const auto gives = [&](const Indices& i, const std::vector<Hash>& c,
                           const std::vector<Hash>& p) {
        return merkle::root_from_multiproof(6, i, c, p).has_value();
    };
    CHECK(gives(indices, chosen, proof));
    CHECK_FALSE(gives({}, {}, proof));
    CHECK_FALSE(gives({4, 1}, chosen, proof));
    CHECK_FALSE(gives({1, 1}, chosen, proof));
    CHECK_FALSE(gives({1, 6}, chosen, proof));
    CHECK_FALSE(gives({1}, chosen, proof));
    CHECK_FALSE(gives(indices, {leaves[1]}, proof));
    auto longer = proof;
    longer.push_back(leaves[0]);
    CHECK_FALSE(gives(indices, chosen, longer));
    proof.pop_back();
    CHECK_FALSE(gives(indices, chosen, proof));
    CHECK_FALSE(merkle::root_from_multiproof(0, {}, {}, {}).has_value());
}

TEST_CASE("Merkle multiproof: the union of two parts has just the proof for the union") {
    constexpr unsigned n = 6;
    const auto leaves = leaves_of(n);
    for (unsigned a = 1; a < (1u << n); ++a)
        for (unsigned b = 1; b < (1u << n); ++b)
            check_same(merkle::unite(partial_tree_of(leaves, subset(a, n)),
                                     partial_tree_of(leaves, subset(b, n))),
                       partial_tree_of(leaves, subset(a | b, n)));
}

TEST_CASE("Merkle multiproof: a narrowed part has just the proof for what is kept") {
    constexpr unsigned n = 7;
    const auto leaves = leaves_of(n);
    for (unsigned held = 1; held < (1u << n); ++held)
        for (unsigned kept = held; kept != 0; kept = (kept - 1) & held)
            check_same(merkle::narrow(partial_tree_of(leaves, subset(held, n)), subset(kept, n)),
                       partial_tree_of(leaves, subset(kept, n)));
}
