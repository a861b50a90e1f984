// SPDX-License-Identifier: Apache-2.0
// Proofs: any part of a commit with any fields hidden verifies; parts unite and narrow to the
// proofs that the whole tree gives; nothing that was bent verifies to other content.
#include <doctest/doctest.h>

#include "protocol_generators.hpp"

using namespace sangam;

namespace {

std::vector<Hash> leaves(std::uint32_t size) {
    std::vector<Hash> out;
    for (std::uint32_t i = 0; i < size; ++i)
        out.push_back(merkle::leaf_hash(generators::fixed<Hash>(i).view()));
    return out;
}

merkle::PartialTree part_of_tree(const std::vector<Hash>& all, std::vector<std::uint32_t> indices) {
    merkle::PartialTree out;
    out.tree_size = static_cast<std::uint32_t>(all.size());
    for (const auto i : indices) out.leaf_hashes.push_back(all[i]);
    out.proof = merkle::multiproof(all, indices);
    out.indices = std::move(indices);
    return out;
}

bool are_same(const merkle::PartialTree& a, const merkle::PartialTree& b) {
    return a.tree_size == b.tree_size && a.indices == b.indices && a.leaf_hashes == b.leaf_hashes &&
           a.proof == b.proof;
}

CommitPart part_of(const VerifiedPart& whole, std::vector<std::uint32_t> indices) {
    CommitPart out;
    out.signed_header = whole.part().signed_header;
    std::vector<Hash> all;
    for (const auto& hash : whole.change_hashes()) all.push_back(merkle::leaf_hash(hash.bytes));
    for (const auto i : indices) out.changes.push_back(whole.part().changes[i]);
    out.proof = merkle::multiproof(all, indices);
    out.indices = std::move(indices);
    return out;
}

}  // namespace

TEST_CASE("proofs: any choice of leaves of any tree gives its root") {
    CHECK(rc::check([] {
        const auto all = leaves(*rc::gen::inRange<std::uint32_t>(1, 200));
        const auto part =
            part_of_tree(all, generators::subset(static_cast<std::uint32_t>(all.size())));
        RC_ASSERT(merkle::multiproof_size(part.tree_size, part.indices) == part.proof.size());
        const auto root = merkle::root_from_multiproof(part.tree_size, part.indices,
                                                       part.leaf_hashes, part.proof);
        RC_ASSERT(root.has_value());
        RC_ASSERT(*root == merkle::root(all));
    }));
}

TEST_CASE("proofs: a bent hash gives another root, a hash more or less none") {
    CHECK(rc::check([] {
        const auto all = leaves(*rc::gen::inRange<std::uint32_t>(2, 100));
        auto part = part_of_tree(all, generators::subset(static_cast<std::uint32_t>(all.size())));
        auto& bent =
            *rc::gen::arbitrary<bool>() && !part.proof.empty() ? part.proof : part.leaf_hashes;
        bent[*rc::gen::inRange<std::size_t>(0, bent.size())].bytes[*rc::gen::inRange(0, 32)] ^= 4;
        const auto root = merkle::root_from_multiproof(part.tree_size, part.indices,
                                                       part.leaf_hashes, part.proof);
        RC_ASSERT(root.has_value());
        RC_ASSERT(*root != merkle::root(all));
        part.proof.push_back(all[0]);
        RC_ASSERT(!merkle::root_from_multiproof(part.tree_size, part.indices, part.leaf_hashes,
                                                part.proof)
                       .has_value());
    }));
}

TEST_CASE("proofs: united and narrowed parts have the proofs that the whole tree gives") {
    CHECK(rc::check([] {
        const auto all = leaves(*rc::gen::inRange<std::uint32_t>(1, 100));
        const auto size = static_cast<std::uint32_t>(all.size());
        const auto a = generators::subset(size);
        const auto b = generators::subset(size);
        std::vector<std::uint32_t> both;
        std::ranges::set_union(a, b, std::back_inserter(both));
        const auto united = merkle::unite(part_of_tree(all, a), part_of_tree(all, b));
        RC_ASSERT(are_same(united, part_of_tree(all, both)));
        RC_ASSERT(are_same(merkle::narrow(united, a), part_of_tree(all, a)));
        RC_ASSERT(are_same(merkle::narrow(united, b), part_of_tree(all, b)));
    }));
}

TEST_CASE("proofs: inclusion and consistency hold for every place and size") {
    CHECK(rc::check([] {
        const auto all = leaves(*rc::gen::inRange<std::uint32_t>(1, 300));
        const auto root = merkle::root(all);
        const auto i = *rc::gen::inRange<std::size_t>(0, all.size());
        RC_ASSERT(
            merkle::verify_inclusion(all[i], i, all.size(), merkle::inclusion_proof(all, i), root));
        const auto old = *rc::gen::inRange<std::size_t>(1, all.size() + 1);
        auto path = merkle::consistency_proof(all, old);
        const auto old_root = merkle::root(std::span(all).first(old));
        RC_ASSERT(merkle::verify_consistency(old, all.size(), old_root, root, path));
        if (path.empty()) return;
        path[*rc::gen::inRange<std::size_t>(0, path.size())].bytes[0] ^= 1;
        RC_ASSERT(!merkle::verify_consistency(old, all.size(), old_root, root, path));
    }));
}

TEST_CASE(
    "proofs: any changes of a commit with any fields hidden verify, and hide what is hidden") {
    CHECK(rc::check([] {
        const auto whole = generators::commit(6);
        const auto& header = whole.header();
        const auto indices = generators::subset(header.count);
        auto part = part_of(whole, indices);
        for (auto& change : part.changes) change = generators::hidden_at_random(change);
        const auto decoded = CommitPart::decode(part.encode());
        RC_ASSERT(decoded.has_value());
        RC_ASSERT(*decoded == part);
        const auto verified = VerifiedPart::verify(*decoded, generators::anyone_may_sign);
        RC_ASSERT(verified.has_value());
        for (std::size_t i = 0; i < indices.size(); ++i) {
            RC_ASSERT(verified->change_hashes()[i] == whole.change_hashes()[indices[i]]);
            const auto& change = verified->part().changes[i];
            RC_ASSERT(change.leaf_count() == whole.part().changes[indices[i]].fields.size());
            if (change.is_whole()) continue;
            // What stays open are the author's own writes.
            for (const auto& field : change.fields) {
                const auto* original = whole.part().changes[indices[i]].find(field.write.path);
                RC_ASSERT(original != nullptr);
                RC_ASSERT(*original == field);
            }
        }
    }));
}

TEST_CASE("proofs: a bent part is refused, or says just what the author signed") {
    CHECK(rc::check([] {
        const auto whole = generators::commit(4);
        auto part = part_of(whole, generators::subset(whole.header().count));
        for (auto& change : part.changes) change = generators::hidden_at_random(change);
        Bytes bent = part.encode();
        const auto bends = *rc::gen::inRange(1, 4);
        for (int i = 0; i < bends; ++i)
            bent[*rc::gen::inRange<std::size_t>(0, bent.size())] ^=
                *rc::gen::inRange<std::uint8_t>(1, 255);
        const auto decoded = CommitPart::decode(bent);
        if (!decoded) return;
        const auto verified = VerifiedPart::verify(*decoded, generators::anyone_may_sign);
        if (verified) RC_ASSERT(verified->part() == part);
    }));
}
