// SPDX-License-Identifier: Apache-2.0
// The root of trust, after the root role of The Update Framework: k of n offline keys name the log
// key, the freshness key and how old a checkpoint may be. The first one's hash is the registry id.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/crypto.hpp"
#include "protocol/hlc.hpp"
#include "registry/checkpoint.hpp"

namespace sangam::registry {

inline constexpr std::size_t max_root_keys = 16;
inline constexpr std::size_t max_root_document_bytes = 16 * 1024;
inline constexpr std::size_t max_root_chain_bytes = 1024 * 1024;

/// What the root keys state.
struct RootDocument {
    std::uint64_t version = 1;         ///< 1, 2, 3, ... without a gap
    std::string name;                  ///< of the federation, for people; 1..200 bytes
    std::string origin;                ///< of the log's checkpoints; the same in every version
    std::vector<PublicKey> root_keys;  ///< ascending, distinct, 1..max_root_keys
    std::uint32_t threshold = 1;       ///< how many of them must sign; 1..root_keys.size()
    PublicKey log_key;
    PublicKey freshness_key;     ///< not the log key
    std::uint64_t expiry_s = 0;  ///< past this age a checkpoint is expired; at least 3
    Millis issued{};

    [[nodiscard]] Bytes encode() const;
    static Result<RootDocument> decode(ByteView bytes);
    [[nodiscard]] CheckpointKeys keys() const;
    [[nodiscard]] Millis expiry() const {
        return Millis(static_cast<std::int64_t>(expiry_s) * 1000);
    }
    friend bool operator==(const RootDocument&, const RootDocument&) = default;
};

/// A root document's bytes with signatures. Decoding checks form only.
struct SignedRoot {
    RootDocument document;
    Bytes body;  ///< the bytes that are signed
    struct By {
        PublicKey key;
        Signature signature;
        friend bool operator==(const By&, const By&) = default;
    };
    std::vector<By> signatures;  ///< ascending by key, one a key

    static SignedRoot make(const RootDocument& document);
    /// Adds or replaces this key's signature.
    void sign(const SigningKey& key);
    /// How many distinct keys of `authority` have a valid signature here.
    [[nodiscard]] std::size_t count_valid(const RootDocument& authority) const;
    /// The hash of the body; of version 1 it is the registry id.
    [[nodiscard]] Hash hash() const;

    [[nodiscard]] Bytes encode() const;
    static Result<SignedRoot> decode(ByteView bytes);
    friend bool operator==(const SignedRoot&, const SignedRoot&) = default;
};

/// All versions from the first: each signed by its own threshold and by its predecessor's.
class RootChain {
public:
    /// Starts trust from the registry id in an invitation. Error "wrong_registry" when the first
    /// document has another hash, "wrong_threshold" when too few keys signed, "bad_root" else.
    static Result<RootChain> verify(ByteView chain, const Hash& registry_id);
    /// A chain of one, for a new registry. Checks the threshold.
    static Result<RootChain> start(const SignedRoot& first);
    /// Adds the next version: exactly one higher, same origin, both thresholds.
    [[nodiscard]] Result<void> append(const SignedRoot& next);

    [[nodiscard]] const RootDocument& current() const { return roots_.back().document; }
    [[nodiscard]] const Hash& registry_id() const { return registry_id_; }
    [[nodiscard]] const std::vector<SignedRoot>& roots() const { return roots_; }
    [[nodiscard]] Bytes encode() const;
    /// Decodes without a known id: for a registry's own file.
    static Result<RootChain> verify_own(ByteView chain);

private:
    std::vector<SignedRoot> roots_;
    Hash registry_id_;
};

}  // namespace sangam::registry
