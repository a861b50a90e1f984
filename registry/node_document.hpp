// SPDX-License-Identifier: Apache-2.0
// A node's public document: where it is reached and what it speaks, signed by the node itself with
// a version that only grows. A side file of the log, which holds its hash (SEMANTICS section 6).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/crypto.hpp"
#include "protocol/hlc.hpp"
#include "protocol/ids.hpp"

namespace sangam::registry {

inline constexpr std::size_t max_document_bytes = 32 * 1024;
inline constexpr std::size_t max_endpoints = 16;

/// Host and port of a peer endpoint.
struct Endpoint {
    std::string host;  ///< a name, an IPv4 address, or an IPv6 address without brackets
    std::uint16_t port = 0;

    /// "host:port"; an IPv6 host stands in brackets.
    [[nodiscard]] std::string text() const;
    static Result<Endpoint> parse(std::string_view text);
    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// What a node says of itself. A reader ignores keys that it does not know.
struct NodeDocument {
    Hash registry_id;
    NodeId node;
    std::uint64_t version = 1;        ///< grows with each publication, 1 first
    std::string name;                 ///< the node's name for people; 1..100 bytes
    std::vector<Endpoint> endpoints;  ///< in order of preference; may be empty behind NAT
    std::uint16_t min_protocol = 1;
    std::uint16_t max_protocol = 1;
    std::string software;  ///< "sangam/0.1.0"; at most 100 bytes
    Millis issued{};       ///< by the node's clock; for people

    [[nodiscard]] Bytes encode() const;
    static Result<NodeDocument> decode(ByteView bytes);
    friend bool operator==(const NodeDocument&, const NodeDocument&) = default;
};

/// The document's bytes under the node's current key. Decoding checks form only.
struct SignedDocument {
    NodeDocument document;
    Bytes body;  ///< the bytes that are signed
    Signature signature;

    static SignedDocument sign(const NodeDocument& document, const SigningKey& key);
    [[nodiscard]] bool is_signed_by(const PublicKey& key) const;
    /// Of the encoded signed document; names it in the log and under /documents/.
    [[nodiscard]] Hash hash() const;
    [[nodiscard]] Bytes encode() const;
    static Result<SignedDocument> decode(ByteView bytes);
    friend bool operator==(const SignedDocument&, const SignedDocument&) = default;
};
/// hash() of already encoded bytes.
[[nodiscard]] Hash document_hash(ByteView encoded);

}  // namespace sangam::registry
