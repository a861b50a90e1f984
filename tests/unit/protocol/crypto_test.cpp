// SPDX-License-Identifier: Apache-2.0
// Known answers: FIPS 180-4 (SHA-256), RFC 8032 section 7.1 (Ed25519), RFC 8439 A.1 (ChaCha20).
#include "protocol/crypto.hpp"

#include <doctest/doctest.h>

#include <set>
#include <thread>

#include "protocol/tags.hpp"
#include "samples.hpp"

using namespace sangam;
using samples::hex;

TEST_CASE("SHA-256: gives the known answers, in one part or several") {
    CHECK(sha256(ByteView{}).hex() ==
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    const char* abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    CHECK(sha256(as_bytes("abc")).hex() == abc);
    CHECK(sha256({as_bytes("a"), as_bytes(""), as_bytes("bc")}).hex() == abc);
    CHECK(tagged_hash("ab", {as_bytes("c")}).hex() == abc);
    CHECK(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).hex() ==
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_CASE("SHA-256: threads do not disturb each other") {
    std::vector<Hash> found(4);
    std::vector<std::thread> threads;
    for (auto& out : found)
        threads.emplace_back([&out] {
            for (int i = 0; i < 200; ++i) out = sha256({out.view(), as_bytes("more")});
        });
    for (auto& thread : threads) thread.join();
    for (const auto& hash : found) CHECK(hash == found.front());
    CHECK_FALSE(found.front().is_zero());
}

TEST_CASE("Ed25519: signs and verifies the examples of RFC 8032") {
    init_crypto();
    struct Example {
        const char* seed;
        const char* key;
        const char* message;
        const char* signature;
    };
    const Example examples[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "cf9"
         "b46bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
         "0f1"
         "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7609"
         "84d"
         "c6594a7c15e9716ed28dc027beceea1ec40a"},
    };
    for (const auto& example : examples) {
        const auto key = SigningKey::from_seed(hex(example.seed));
        CHECK(key.public_key().hex() == example.key);
        CHECK(to_hex(key.seed()) == example.seed);
        const Bytes message = hex(example.message);
        const auto signature = key.sign("", message);
        CHECK(signature.hex() == example.signature);
        CHECK(verify_signature(key.public_key(), "", message, signature));
        CHECK(is_valid_public_key(key.public_key()));
    }
}

TEST_CASE("Ed25519: refuses another message, tag, key, and every bent bit of the signature") {
    const auto key = samples::key(1);
    const auto signature = key.sign("tag one", as_bytes("message"));
    CHECK(verify_signature(key.public_key(), "tag one", as_bytes("message"), signature));
    CHECK_FALSE(verify_signature(key.public_key(), "tag two", as_bytes("message"), signature));
    CHECK_FALSE(verify_signature(key.public_key(), "tag one", as_bytes("massage"), signature));
    CHECK_FALSE(
        verify_signature(samples::key(2).public_key(), "tag one", as_bytes("message"), signature));
    for (std::size_t bit = 0; bit < 512; ++bit) {
        auto bent = signature;
        bent.bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << (bit % 8));
        CHECK_FALSE(verify_signature(key.public_key(), "tag one", as_bytes("message"), bent));
    }
}

TEST_CASE("Ed25519: keys of small order verify nothing and are no valid keys") {
    init_crypto();
    // The identity: with S = 0 and R = the identity, OpenSSL takes any message.
    PublicKey identity;
    identity.bytes[0] = 1;
    Signature signature;
    signature.bytes[0] = 1;
    CHECK_FALSE(verify_signature(identity, "", as_bytes("any message"), signature));
    CHECK_FALSE(is_valid_public_key(identity));
    CHECK_FALSE(is_valid_public_key(PublicKey{}));  // order 4
    PublicKey off_curve;
    off_curve.bytes[0] = 2;
    CHECK_FALSE(is_valid_public_key(off_curve));
}

TEST_CASE("salts: are the blocks of the ChaCha20 key stream from counter 0") {
    const auto salts = salt_stream(ChangeSecret{}, 8);
    std::string joined;
    for (const auto& salt : salts) joined += salt.hex();
    CHECK(joined ==
          "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
          "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
          "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
          "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f");
    CHECK(salt_stream(ChangeSecret{}, 0).empty());
    const auto fewer = salt_stream(ChangeSecret{}, 3);
    CHECK(std::equal(fewer.begin(), fewer.end(), salts.begin()));
}

TEST_CASE("tags: none begins another, and none begins like a tree hash or a TLS signature") {
    const std::string_view all[] = {tags::leaf,    tags::change,
                                    tags::commit,  tags::commit_signature,
                                    tags::control, tags::control_signature};
    for (const auto tag : all) {
        CHECK(tag.front() == 's');
        CHECK(tag.find('\0') == tag.size() - 1);
        for (const auto other : all)
            if (tag != other) CHECK_FALSE(tag.starts_with(other));
    }
}

TEST_CASE("randomness: a seed gives one stream, and two seeds give two") {
    SeededRandom a(1);
    SeededRandom b(1);
    SeededRandom c(2);
    const auto first = a.draw<Hash>();
    CHECK(first == b.draw<Hash>());
    CHECK(first != c.draw<Hash>());
    CHECK(first != a.draw<Hash>());
    CHECK(a.draw_u64() != a.draw_u64());
    // SplitMix64's published first output for seed 0.
    SeededRandom zero(0);
    std::array<std::uint8_t, 8> bytes{};
    zero.fill(bytes);
    CHECK(to_hex(bytes) == "afcd1d7b39a820e2");  // 0xe220a8397b1dcdaf, little-endian
}

TEST_CASE("randomness: the system's generator repeats nothing") {
    SystemRandom random;
    std::set<Hash> seen;
    for (int i = 0; i < 100; ++i) seen.insert(random.draw<Hash>());
    CHECK(seen.size() == 100);
}
