// SPDX-License-Identifier: Apache-2.0
// SHA-256 (OpenSSL, which uses SHA-NI) and Ed25519 (libsodium, which alone refuses small-order
// keys); the ChaCha20 key stream of RFC 8439. crypto.cpp alone knows both libraries.
#pragma once

#include <initializer_list>
#include <string_view>

#include "protocol/bytes.hpp"
#include "protocol/ids.hpp"

namespace sangam {

/// Must run once before anything else here; safe to repeat. Throws when libsodium cannot start.
void init_crypto();

/// SHA-256 of the parts, one after another. Any thread.
[[nodiscard]] Hash sha256(std::initializer_list<ByteView> parts);
[[nodiscard]] inline Hash sha256(ByteView one) { return sha256({one}); }
/// SHA-256 of a domain-separation tag and the parts; the tags stand in docs/protocol.md.
[[nodiscard]] Hash tagged_hash(std::string_view tag, std::initializer_list<ByteView> parts);

/// An Ed25519 key pair. Copies hold the secret: keep few and short-lived.
class SigningKey {
public:
    static constexpr std::size_t seed_size = 32;
    /// Derives the pair from 32 random bytes (RFC 8032).
    static SigningKey from_seed(ByteView seed);
    [[nodiscard]] const PublicKey& public_key() const { return public_; }
    [[nodiscard]] ByteView seed() const { return ByteView(secret_).first(seed_size); }
    /// Signs tag followed by message.
    [[nodiscard]] Signature sign(std::string_view tag, ByteView message) const;
    ~SigningKey();

private:
    SigningKey() = default;
    std::array<std::uint8_t, 64> secret_{};
    PublicKey public_;
};

/// Whether `signature` over tag followed by message is by `key`. False for a small-order key.
[[nodiscard]] bool verify_signature(const PublicKey& key, std::string_view tag, ByteView message,
                                    const Signature& signature);
/// False for keys of small order or off the curve: to be refused at registration.
[[nodiscard]] bool is_valid_public_key(const PublicKey& key);

/// The first `count` 16-byte blocks of the ChaCha20 key stream under the secret, zero nonce,
/// counter from 0 (SEMANTICS section 2).
[[nodiscard]] std::vector<Salt> salt_stream(const ChangeSecret& secret, std::size_t count);

/// Randomness as an interface, so that logic can be replayed from a seed. Not thread-safe.
class Random {
public:
    virtual ~Random() = default;
    virtual void fill(std::span<std::uint8_t> out) = 0;
    template <class Fixed>
    Fixed draw() {
        Fixed out;
        fill(out.bytes);
        return out;
    }
    std::uint64_t draw_u64();
};

/// libsodium's generator; any thread.
class SystemRandom final : public Random {
public:
    void fill(std::span<std::uint8_t> out) override;
};

/// A reproducible stream from a seed, for tests and the simulator. Never for keys.
class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    void fill(std::span<std::uint8_t> out) override;

private:
    std::uint64_t state_;
};

}  // namespace sangam
