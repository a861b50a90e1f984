// SPDX-License-Identifier: Apache-2.0
// Strong types for everything that names something: keys, hashes, lanes, dots, records.
// Each is distinct, made explicitly, ordered bytewise (an order that reaches wire and disk),
// hashable, and printed as lower-case hexadecimal.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "protocol/bytes.hpp"

namespace sangam {

/// N opaque bytes with a meaning given by Tag. All zero by default.
template <class Tag, std::size_t N>
struct FixedBytes {
    static constexpr std::size_t size = N;
    std::array<std::uint8_t, N> bytes{};

    friend auto operator<=>(const FixedBytes&, const FixedBytes&) = default;

    [[nodiscard]] ByteView view() const { return bytes; }
    [[nodiscard]] std::string hex() const { return to_hex(bytes); }
    [[nodiscard]] bool is_zero() const {
        return std::all_of(bytes.begin(), bytes.end(), [](auto b) { return b == 0; });
    }
    /// Exactly N bytes, or an error that names the length found.
    static Result<FixedBytes> from_bytes(ByteView from) {
        if (from.size() != N)
            return fail("bad_length", "expected " + std::to_string(N) + " bytes, got " +
                                          std::to_string(from.size()));
        FixedBytes out;
        std::copy(from.begin(), from.end(), out.bytes.begin());
        return out;
    }
    /// Exactly 2 N hexadecimal digits.
    static Result<FixedBytes> from_hex(std::string_view text) {
        const auto decoded = sangam::from_hex(text);
        if (!decoded) return std::unexpected(decoded.error());
        return from_bytes(*decoded);
    }
};

/// A SHA-256 hash.
using Hash = FixedBytes<struct HashTag, 32>;
/// An Ed25519 public key, as RFC 8032 encodes it.
using PublicKey = FixedBytes<struct PublicKeyTag, 32>;
/// An Ed25519 signature.
using Signature = FixedBytes<struct SignatureTag, 64>;
/// A node's first public key: its name for ever, also after the key was rotated.
using NodeId = FixedBytes<struct NodeIdTag, 32>;
/// An institution: the node id of the first node that was admitted for it (SEMANTICS section 6).
/// A handle (`irri`) is only its name in the directory and may change.
using InstitutionId = FixedBytes<struct InstitutionIdTag, 32>;
/// A dataset: the hash of its first manifest (SEMANTICS section 2), for ever.
using DatasetUid = FixedBytes<struct DatasetUidTag, 32>;
/// The 32 random bytes of one change from which its blind and salts derive.
using ChangeSecret = FixedBytes<struct ChangeSecretTag, 32>;
/// The salt of one field leaf, or the blind of a change: one block of the secret's key stream.
using Salt = FixedBytes<struct SaltTag, 16>;
/// Names a grant; random.
using GrantId = FixedBytes<struct GrantIdTag, 16>;
/// Names a subscription; drawn at random by the subscriber.
using SubscriptionId = FixedBytes<struct SubscriptionIdTag, 16>;

/// A random number drawn when a store is made or restored. Never zero in a valid store.
enum class Epoch : std::uint64_t {};
/// The number of a commit in a lane and dataset: 1, 2, 3, ...; 0 stands for "none yet".
enum class Sequence : std::uint64_t {};
/// A place in one store's order of arrival in one dataset: 1, 2, 3, ...; 0 is before the first.
/// Means nothing in another store or epoch.
enum class Position : std::uint64_t {};

[[nodiscard]] constexpr std::uint64_t raw(Epoch e) { return static_cast<std::uint64_t>(e); }
[[nodiscard]] constexpr std::uint64_t raw(Sequence s) { return static_cast<std::uint64_t>(s); }
[[nodiscard]] constexpr std::uint64_t raw(Position p) { return static_cast<std::uint64_t>(p); }
[[nodiscard]] constexpr Sequence next(Sequence s) { return Sequence{raw(s) + 1}; }
[[nodiscard]] constexpr Position next(Position p) { return Position{raw(p) + 1}; }

/// One uninterrupted line of commits in each dataset, by one store of one node.
struct Lane {
    NodeId node;
    Epoch epoch{};
    friend auto operator<=>(const Lane&, const Lane&) = default;
    /// "node-hex/epoch-hex(16)".
    [[nodiscard]] std::string text() const;
};

/// Names a commit in its dataset and, since a commit holds at most one change for a record, the
/// change to that record.
struct Dot {
    Lane lane;
    Sequence sequence{};
    friend auto operator<=>(const Dot&, const Dot&) = default;
};

/// A record inside its dataset. Both parts are compared bytewise; the id is never folded or
/// trimmed (`6856B` and `6856b` are two accessions). Neither is empty in a valid record.
struct RecordKey {
    std::string collection;
    std::string id;
    friend auto operator<=>(const RecordKey&, const RecordKey&) = default;
};

}  // namespace sangam

template <class Tag, std::size_t N>
struct std::hash<sangam::FixedBytes<Tag, N>> {
    std::size_t operator()(const sangam::FixedBytes<Tag, N>& v) const noexcept {
        std::size_t h = 0;  // keys and hashes are uniform: the first word is as good as any mix
        std::memcpy(&h, v.bytes.data(), std::min(sizeof h, N));
        return h;
    }
};
template <>
struct std::hash<sangam::Lane> {
    std::size_t operator()(const sangam::Lane& v) const noexcept {
        return std::hash<sangam::NodeId>{}(v.node) ^ (raw(v.epoch) * 0x9e3779b97f4a7c15ULL);
    }
};
template <>
struct std::hash<sangam::RecordKey> {
    std::size_t operator()(const sangam::RecordKey& v) const noexcept {
        return std::hash<std::string>{}(v.id) * 31 + std::hash<std::string>{}(v.collection);
    }
};
