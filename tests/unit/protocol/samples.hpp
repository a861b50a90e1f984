// SPDX-License-Identifier: Apache-2.0
// Keys, changes, commits and control entries for the tests of protocol/, all from fixed seeds, and
// the two checks that every decoder gets: cut at each length, and bent at each bit.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "protocol/commit.hpp"
#include "protocol/control.hpp"

namespace sangam::samples {

/// The bytes of hexadecimal text that a test's author vouches for.
inline Bytes hex(std::string_view text) {
    auto out = from_hex(text);
    REQUIRE(out.has_value());
    return *out;
}

inline SigningKey key(std::uint64_t seed) {
    init_crypto();
    SeededRandom random(seed);
    return SigningKey::from_seed(random.draw<ChangeSecret>().view());
}

inline NodeId node_of(const SigningKey& key) {
    return *NodeId::from_bytes(key.public_key().view());
}

inline Lane lane(std::uint64_t seed, std::uint64_t epoch) {
    return {node_of(key(seed)), Epoch{epoch}};
}

inline DatasetUid dataset() {
    SeededRandom random(77);
    return random.draw<DatasetUid>();
}

/// A change to germplasm `id` with a text, a number, a list, a map, a removed field and one
/// element of a set.
inline Change change(std::string id, std::uint64_t seed, VersionVector context = {}) {
    SeededRandom random(seed);
    std::vector<FieldWrite> writes{
        {Path::single("accessionNumber"), Value(id)},
        {Path({"collectingInfo", "collectingSite", "elevation"}), Value(1234)},
        {Path::single("instituteCode"), Value("DEU146")},
        {Path({"collectingInfo", "collectingInstitutes", "instituteCode"}),
         Value(Value::Array{"DEU146", "", "USA022"})},
        {Path({"accessionNames", "Kirsche"}), Value(nullptr)},
        {Path({"additionalInfo", "note"}),
         Value(Value::Map{{"weight", 1.5}, {"by", "M\u00fcller"}})},
        {Path::single("remarks"), std::nullopt},
    };
    auto out = Change::make({"germplasm", std::move(id)}, std::move(context), std::move(writes),
                            random.draw<ChangeSecret>());
    REQUIRE(out.has_value());
    return *out;
}

/// The header of a lane's first commit.
inline CommitHeader header(const SigningKey& key) {
    CommitHeader out;
    out.dataset = dataset();
    out.lane = {node_of(key), Epoch{0x0123456789abcdef}};
    out.sequence = Sequence{1};
    out.manifest_number = 3;
    out.manifest_hash = sha256(as_bytes("a manifest"));
    out.hlc = Hlc::of(1'700'000'000'000, 5);
    return out;
}

/// A commit of `count` changes to records r0, r1, ...
inline VerifiedPart commit(const SigningKey& key, std::uint32_t count) {
    std::vector<Change> changes;
    for (std::uint32_t i = 0; i < count; ++i)
        changes.push_back(change("r" + std::to_string(i), 1000 + i));
    auto out = build_commit(header(key), std::move(changes), key);
    REQUIRE(out.has_value());
    return *out;
}

/// The changes at `indices` of a complete commit and the proof for them.
inline CommitPart part_of(const VerifiedPart& whole, std::vector<std::uint32_t> indices) {
    CommitPart out;
    out.signed_header = whole.part().signed_header;
    std::vector<Hash> leaves;
    for (const auto& hash : whole.change_hashes()) leaves.push_back(merkle::leaf_hash(hash.bytes));
    for (const auto index : indices) out.changes.push_back(whole.part().changes[index]);
    out.proof = merkle::multiproof(leaves, indices);
    out.indices = std::move(indices);
    return out;
}

inline bool anyone_may_sign(const NodeId&, const PublicKey&) { return true; }

inline ControlEntry manifest_entry(const SigningKey& owner) {
    ControlEntry out;
    out.chain = chain_for_all;
    out.number = 1;
    out.hlc = Hlc::of(1'700'000'000'000, 0);
    out.author = node_of(owner);
    Manifest manifest;
    manifest.owner = *InstitutionId::from_bytes(owner.public_key().view());
    manifest.name = "genebank";
    manifest.title = "Genebank of the Leibniz Institute";
    manifest.licence = "CC-BY-4.0";
    SeededRandom random(5);
    manifest.nonce = random.draw<Hash>();
    manifest.writers = {random.draw<InstitutionId>(), random.draw<InstitutionId>()};
    std::ranges::sort(manifest.writers);
    manifest.cuts = {{lane(9, 4), Sequence{17}, random.draw<Hash>()}};
    manifest.schema.types = {{"acquisitionDate", "date"}, {"seedWeight", "number"}};
    manifest.schema.strategies = {{"remarks", "keep_all"}, {"taxon", "owner_wins"}};
    manifest.schema.groups = {{"taxon", {"species", "speciesAuthority"}}};
    out.body = manifest;
    return out;
}

inline ControlEntry grant_entry(const SigningKey& owner) {
    ControlEntry out;
    out.dataset = dataset();
    out.number = 2;
    out.previous = sha256(as_bytes("the entry before"));
    out.hlc = Hlc::of(1'700'000'100'000, 1);
    out.author = node_of(owner);
    Grant grant;
    SeededRandom random(6);
    grant.id = random.draw<GrantId>();
    grant.audience = {Audience::Kind::institution, random.draw<InstitutionId>(), {}};
    grant.actions = {Action::search, Action::replicate};
    grant.where = "crop = 'rice' AND acquisitionDate >= 1990";
    grant.hide = {Path({"collectingInfo", "collectingSite"}), Path::single("remarks")};
    out.chain = grant.audience.chain();
    out.body = grant;
    return out;
}

inline ControlEntry revocation_entry(const SigningKey& owner) {
    ControlEntry out = grant_entry(owner);
    out.number = 3;
    out.body = Revocation{std::get<Grant>(grant_entry(owner).body).id};
    return out;
}

/// Checks that `decode` refuses every proper beginning of `bytes`, and one byte more.
template <class Decode>
void check_refuses_cuts(const Bytes& bytes, Decode decode) {
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        CAPTURE(n);
        CHECK_FALSE(decode(ByteView(bytes).first(n)).has_value());
    }
    for (const std::uint8_t extra : {0x00, 0xf6, 0xff}) {
        Bytes longer = bytes;
        longer.push_back(extra);
        CHECK_FALSE(decode(ByteView(longer)).has_value());
    }
}

/// Checks that with any one bit of `bytes` bent `decode` refuses it or gives an object whose
/// encoding is just those bytes: two encodings of one object are impossible.
template <class Decode>
void check_bends_are_canonical(const Bytes& bytes, Decode decode) {
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        Bytes bent = bytes;
        bent[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        const auto decoded = decode(ByteView(bent));
        if (!decoded.has_value()) continue;
        CAPTURE(bit);
        CHECK(decoded->encode() == bent);
    }
}

}  // namespace sangam::samples
