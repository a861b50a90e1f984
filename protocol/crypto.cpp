// SPDX-License-Identifier: Apache-2.0
#include "protocol/crypto.hpp"

// SHA256_Init and its kin are deprecated in OpenSSL 3 in favour of EVP, not removed.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <sodium.h>

#include <array>
#include <stdexcept>

namespace sangam {

static_assert(sizeof(Salt) == 16, "salts are written as one run of key stream");
static_assert(crypto_stream_chacha20_ietf_KEYBYTES == ChangeSecret::size);
static_assert(crypto_sign_SEEDBYTES == SigningKey::seed_size);

namespace {

/// One SHA-256 computation on the stack. docs/decisions/0010 says why not through EVP.
class Sha256 {
public:
    Sha256() { check(SHA256_Init(&context_)); }
    void add(ByteView part) { check(SHA256_Update(&context_, part.data(), part.size())); }
    Hash finish() {
        Hash out;
        check(SHA256_Final(out.bytes.data(), &context_));
        return out;
    }

private:
    static void check(int result) {
        if (result != 1) throw std::runtime_error("OpenSSL failed to compute a SHA-256 hash");
    }
    SHA256_CTX context_;
};

Bytes concatenated(std::string_view tag, ByteView message) {
    Bytes out;
    out.reserve(tag.size() + message.size());
    out.insert(out.end(), tag.begin(), tag.end());
    out.insert(out.end(), message.begin(), message.end());
    return out;
}

}  // namespace

void init_crypto() {
    if (sodium_init() < 0)
        throw std::runtime_error("libsodium could not start: no source of randomness");
}

Hash sha256(std::initializer_list<ByteView> parts) {
    Sha256 sha;
    for (const auto part : parts) sha.add(part);
    return sha.finish();
}

Hash tagged_hash(std::string_view tag, std::initializer_list<ByteView> parts) {
    Sha256 sha;
    sha.add(as_bytes(tag));
    for (const auto part : parts) sha.add(part);
    return sha.finish();
}

SigningKey SigningKey::from_seed(ByteView seed) {
    SANGAM_ASSERT(seed.size() == seed_size);
    SigningKey out;
    crypto_sign_seed_keypair(out.public_.bytes.data(), out.secret_.data(), seed.data());
    return out;
}

SigningKey::~SigningKey() { sodium_memzero(secret_.data(), secret_.size()); }

Signature SigningKey::sign(std::string_view tag, ByteView message) const {
    const Bytes signed_bytes = concatenated(tag, message);
    Signature out;
    crypto_sign_detached(out.bytes.data(), nullptr, signed_bytes.data(), signed_bytes.size(),
                         secret_.data());
    return out;
}

bool verify_signature(const PublicKey& key, std::string_view tag, ByteView message,
                      const Signature& signature) {
    const Bytes signed_bytes = concatenated(tag, message);
    return crypto_sign_verify_detached(signature.bytes.data(), signed_bytes.data(),
                                       signed_bytes.size(), key.bytes.data()) == 0;
}

bool is_valid_public_key(const PublicKey& key) {
    return crypto_core_ed25519_is_valid_point(key.bytes.data()) == 1;
}

std::vector<Salt> salt_stream(const ChangeSecret& secret, std::size_t count) {
    std::vector<Salt> out(count);
    if (count == 0) return out;
    constexpr std::array<std::uint8_t, crypto_stream_chacha20_ietf_NONCEBYTES> nonce{};
    crypto_stream_chacha20_ietf(out.front().bytes.data(), count * sizeof(Salt), nonce.data(),
                                secret.bytes.data());
    return out;
}

std::uint64_t Random::draw_u64() {
    std::array<std::uint8_t, 8> bytes{};
    fill(bytes);
    std::uint64_t out = 0;
    for (const auto b : bytes) out = out << 8 | b;
    return out;
}

void SystemRandom::fill(std::span<std::uint8_t> out) { randombytes_buf(out.data(), out.size()); }

void SeededRandom::fill(std::span<std::uint8_t> out) {
    // SplitMix64 (Steele, Lea, Flood, OOPSLA 2014); bytes of a word in little-endian order, so that
    // a seed gives the same stream everywhere.
    for (std::size_t i = 0; i < out.size(); i += 8) {
        state_ += 0x9e3779b97f4a7c15ULL;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        z ^= z >> 31;
        for (std::size_t j = 0; j < 8 && i + j < out.size(); ++j)
            out[i + j] = static_cast<std::uint8_t>(z >> (8 * j));
    }
}

}  // namespace sangam
