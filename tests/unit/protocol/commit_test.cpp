// SPDX-License-Identifier: Apache-2.0
#include "protocol/commit.hpp"

#include <doctest/doctest.h>

#include "protocol/tags.hpp"
#include "samples.hpp"

using namespace sangam;

namespace {

Result<VerifiedPart> verify(const CommitPart& part) {
    return VerifiedPart::verify(part, samples::anyone_may_sign);
}

std::string refusal(const CommitPart& part) {
    const auto verified = verify(part);
    return verified ? "" : verified.error().code;
}

CommitHeader second_header(const SigningKey& key) {
    auto out = samples::header(key);
    out.sequence = Sequence{2};
    out.previous = sha256(as_bytes("first"));
    out.heads = {{samples::lane(11, 1), Sequence{4}, sha256(as_bytes("a"))},
                 {samples::lane(12, 1), Sequence{9}, sha256(as_bytes("b"))}};
    std::ranges::sort(out.heads);
    out.count = 1;
    return out;
}

}  // namespace

TEST_CASE("commit header: reads back as it was, and is named by its tagged hash") {
    const auto key = samples::key(1);
    for (const auto& header : {second_header(key), samples::commit(key, 3).header()}) {
        const Bytes encoded = header.encode();
        CHECK(CommitHeader::decode(encoded).value() == header);
        CHECK(header.hash() == tagged_hash(tags::commit, {encoded}));
        samples::check_refuses_cuts(encoded, CommitHeader::decode);
        samples::check_bends_are_canonical(encoded, CommitHeader::decode);
    }
}

TEST_CASE("commit header: a reader refuses numbers and heads that contradict each other") {
    const auto key = samples::key(1);
    const auto is_read = [&](auto bend) {
        auto header = second_header(key);
        bend(header);
        return CommitHeader::decode(header.encode()).has_value();
    };
    CHECK(is_read([](CommitHeader&) {}));
    CHECK_FALSE(is_read([](CommitHeader& h) { h.sequence = Sequence{0}; }));
    CHECK_FALSE(is_read([](CommitHeader& h) { h.sequence = Sequence{1}; }));
    CHECK_FALSE(is_read([](CommitHeader& h) { h.previous = {}; }));
    CHECK_FALSE(is_read([](CommitHeader& h) { h.count = 0; }));
    CHECK_FALSE(is_read([](CommitHeader& h) { h.count = max_commit_changes + 1; }));
    CHECK_FALSE(is_read([](CommitHeader& h) { std::swap(h.heads[0], h.heads[1]); }));
    CHECK_FALSE(is_read([](CommitHeader& h) { h.heads[1].lane = h.heads[0].lane; }));
    CHECK_FALSE(is_read([](CommitHeader& h) { h.heads = {{h.lane, Sequence{1}, {}}}; }));
    CHECK_FALSE(is_read([](CommitHeader& h) { h.heads[0].sequence = Sequence{0}; }));
}

TEST_CASE("signed header: holds for its own key and bytes only") {
    const auto key = samples::key(1);
    const auto signed_header = SignedHeader::sign(second_header(key), key);
    CHECK(signed_header.has_valid_signature());
    CHECK(SignedHeader::decode(signed_header.encode()).value() == signed_header);
    samples::check_refuses_cuts(signed_header.encode(), SignedHeader::decode);
    auto bent = signed_header;
    bent.header.hlc.value += 1;
    CHECK_FALSE(bent.has_valid_signature());
    bent = signed_header;
    bent.key = samples::key(2).public_key();
    CHECK_FALSE(bent.has_valid_signature());
    // The same bytes signed under another tag are no commit.
    bent = signed_header;
    bent.signature = key.sign(tags::control_signature, signed_header.header.encode());
    CHECK_FALSE(bent.has_valid_signature());
}

TEST_CASE("commit: is built in the order of the change hashes and verifies whole") {
    const auto key = samples::key(1);
    for (const std::uint32_t count : {1u, 2u, 5u, 64u}) {
        const auto commit = samples::commit(key, count);
        CHECK(commit.header().count == count);
        CHECK(commit.part().is_complete());
        CHECK(commit.part().proof.empty());
        CHECK(std::ranges::is_sorted(commit.change_hashes()));
        const auto again = verify(commit.part());
        REQUIRE(again.has_value());
        CHECK(again->change_hashes() == commit.change_hashes());
        CHECK(again->header_hash() == commit.header_hash());
        CHECK(again->header_hash() == commit.header().hash());
        CHECK(CommitPart::decode(commit.part().encode()).value() == commit.part());
    }
}

TEST_CASE("commit: is not built of nothing, too much, partial changes or one record twice") {
    const auto key = samples::key(1);
    const auto header = samples::header(key);
    const auto is_built = [&](std::vector<Change> changes) {
        return build_commit(header, std::move(changes), key).has_value();
    };
    CHECK(is_built({samples::change("a", 1)}));
    CHECK_FALSE(is_built({}));
    CHECK_FALSE(is_built({samples::change("a", 1), samples::change("a", 2)}));
    CHECK_FALSE(is_built({samples::change("a", 1).redacted([](const Path&) { return false; })}));
    CHECK_FALSE(is_built(std::vector<Change>(max_commit_changes + 1, samples::change("a", 1))));

    const auto large = [](std::string id, std::size_t bytes) {
        return *Change::make({"germplasm", std::move(id)}, {},
                             {{Path::single("f"), Value(std::string(bytes, 'v'))}}, {});
    };
    CHECK(is_built({large("a", 1'000'000)}));  // one larger change is a commit of its own
    CHECK_FALSE(is_built({large("a", max_commit_bytes), samples::change("b", 1)}));
    CHECK(is_built({large("a", 200'000), large("b", 200'000)}));

    auto wrong = header;
    wrong.sequence = Sequence{2};
    CHECK_FALSE(build_commit(wrong, {samples::change("a", 1)}, key).has_value());
}

TEST_CASE("commit: a change that claims to have seen its own commit or a later one is refused") {
    const auto key = samples::key(1);
    auto header = second_header(key);
    for (const std::uint64_t seen : {1, 2, 3}) {
        VersionVector context;
        context.add({header.lane, Sequence{seen}});
        const auto commit = build_commit(header, {samples::change("a", 1, context)}, key);
        CHECK(commit.has_value() == (seen < 2));
    }
}

TEST_CASE("commit part: any changes, with fields hidden, verify alone") {
    const auto whole = samples::commit(samples::key(1), 6);
    for (unsigned bits = 1; bits < 64; ++bits) {
        std::vector<std::uint32_t> indices;
        for (std::uint32_t i = 0; i < 6; ++i)
            if ((bits >> i & 1) != 0) indices.push_back(i);
        auto part = samples::part_of(whole, indices);
        for (auto& change : part.changes)
            change = change.redacted(
                [](const Path& path) { return path == Path::single("instituteCode"); });
        const auto decoded = CommitPart::decode(part.encode());
        REQUIRE(decoded.has_value());
        CHECK(*decoded == part);
        CHECK(decoded->is_complete() == (bits == 63));
        const auto verified = verify(*decoded);
        REQUIRE(verified.has_value());
        for (std::size_t i = 0; i < indices.size(); ++i)
            CHECK(verified->change_hashes()[i] == whole.change_hashes()[indices[i]]);
    }
}

TEST_CASE("commit part: a flipped bit in a hidden leaf is refused") {
    const auto whole = samples::commit(samples::key(1), 3);
    auto part = samples::part_of(whole, {1});
    part.changes[0] = part.changes[0].redacted([](const Path&) { return false; });
    CHECK(refusal(part).empty());
    part.changes[0].hidden_leaves[2].bytes[31] ^= 1;
    CHECK(refusal(part) == "bad_proof");
}

TEST_CASE("commit part: a change with two equal leaves is refused, though its author signed it") {
    const auto key = samples::key(1);
    auto change = samples::change("r0", 1).redacted(
        [](const Path& path) { return path == Path::single("instituteCode"); });
    change.hidden_leaves.push_back(Change::leaf(change.fields[0]));
    std::ranges::sort(change.hidden_leaves);
    auto header = samples::header(key);
    header.count = 1;
    header.root = merkle::leaf_hash(change.hash(header.dataset, header.dot()).bytes);
    CHECK(refusal({SignedHeader::sign(header, key), {0}, {change}, {}}) == "bad_change");
}

TEST_CASE("commit part: each thing that can be false is named") {
    const auto key = samples::key(1);
    const auto whole = samples::commit(key, 4);
    const auto part = samples::part_of(whole, {0, 2});
    CHECK(refusal(part).empty());

    auto bent = part;
    bent.signed_header.signature.bytes[5] ^= 1;
    CHECK(refusal(bent) == "bad_signature");
    bent = part;
    bent.signed_header.header.hlc.value ^= 1;
    CHECK(refusal(bent) == "bad_signature");
    bent = part;
    bent.proof[0].bytes[0] ^= 1;
    CHECK(refusal(bent) == "bad_proof");
    bent = part;
    bent.proof.push_back(bent.proof[0]);
    CHECK(refusal(bent) == "bad_proof");
    bent = part;
    bent.indices = {0, 3};
    CHECK(refusal(bent) == "bad_proof");
    bent = part;
    std::swap(bent.changes[0], bent.changes[1]);
    CHECK(refusal(bent) == "bad_proof");
    bent = part;
    bent.changes[1] = bent.changes[0];
    CHECK(refusal(bent) == "bad_commit");
    bent = part;
    bent.changes[0].fields[0].write.value = Value("changed on the way");
    CHECK(refusal(bent) == "bad_proof");

    // With a single change the record is known.
    auto single = samples::part_of(whole, {1});
    single.changes[0].fields[0].write.value = Value("changed on the way");
    const auto named = verify(single);
    REQUIRE_FALSE(named.has_value());
    CHECK(named.error().subject == "germplasm/" + single.changes[0].key.id);

    const auto nobody =
        VerifiedPart::verify(part, [](const NodeId&, const PublicKey&) { return false; });
    REQUIRE_FALSE(nobody.has_value());
    CHECK(nobody.error().code == "bad_key");
    // It is asked about the lane's node and the key under the header.
    CHECK(VerifiedPart::verify(part, [&](const NodeId& node, const PublicKey& by) {
              return node == samples::node_of(key) && by == key.public_key();
          }).has_value());
}

TEST_CASE("commit part: changes that are not in the order of their hashes are refused") {
    // An author that signs a tree in another order tells something by it.
    const auto key = samples::key(1);
    const auto whole = samples::commit(key, 2);
    CommitPart part = whole.part();
    std::swap(part.changes[0], part.changes[1]);
    std::vector<Hash> leaves{merkle::leaf_hash(whole.change_hashes()[1].bytes),
                             merkle::leaf_hash(whole.change_hashes()[0].bytes)};
    auto header = whole.header();
    header.root = merkle::root(leaves);
    part.signed_header = SignedHeader::sign(header, key);
    CHECK(refusal(part) == "bad_proof");
}

TEST_CASE("commit part: every cut is refused, and no bent bit verifies to other content") {
    const auto whole = samples::commit(samples::key(1), 3);
    auto part = samples::part_of(whole, {0, 2});
    part.changes[1] =
        part.changes[1].redacted([](const Path& path) { return path.names.size() > 1; });
    const Bytes encoded = part.encode();
    samples::check_refuses_cuts(encoded, CommitPart::decode);
    for (std::size_t bit = 0; bit < encoded.size() * 8; ++bit) {
        Bytes bent = encoded;
        bent[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        const auto decoded = CommitPart::decode(bent);
        if (!decoded) continue;
        CAPTURE(bit);
        CHECK(decoded->encode() == bent);
        CHECK_FALSE(verify(*decoded).has_value());
    }
}
