// SPDX-License-Identifier: Apache-2.0
// The entries of the registry's log, in deterministic CBOR that begins with a format number
// (docs/registry-format.md). An entry is at most 65,535 bytes: documents are side files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/crypto.hpp"
#include "protocol/hlc.hpp"
#include "protocol/ids.hpp"

namespace sangam::registry {

inline constexpr std::size_t max_name_bytes = 200;
inline constexpr std::size_t max_reason_bytes = 1000;

/// A version of a node's public document.
struct DocumentRef {
    std::uint64_t version = 0;
    Hash hash;
    friend bool operator==(const DocumentRef&, const DocumentRef&) = default;
};

/// The operator did it alone. For an added node that counts only after 72 hours.
struct ByOperator {
    friend bool operator==(const ByOperator&, const ByOperator&) = default;
};
/// A current node of the institution signed it.
struct ByNode {
    NodeId signer;
    Signature signature;
    friend bool operator==(const ByNode&, const ByNode&) = default;
};
using Authority = std::variant<ByOperator, ByNode>;

/// A new member. Its id is its first node's id; that node counts at once.
struct InstitutionAdmitted {
    NodeId first_node;
    std::string handle;
    std::string name;
    std::string wiews;  ///< FAO WIEWS code, or empty
    std::string ror;    ///< ROR URL, or empty
    DocumentRef document;
    friend bool operator==(const InstitutionAdmitted&, const InstitutionAdmitted&) = default;
};
/// A further node of a member.
struct NodeAdded {
    NodeId node;
    InstitutionId institution;
    DocumentRef document;
    Authority by;
    friend bool operator==(const NodeAdded&, const NodeAdded&) = default;
};
/// A node published a newer public document.
struct DocumentUpdated {
    NodeId node;
    DocumentRef document;
    friend bool operator==(const DocumentUpdated&, const DocumentUpdated&) = default;
};
/// The node's key no longer counts. For ever: a node id never comes back.
struct NodeRevoked {
    NodeId node;
    std::string reason;
    Authority by;
    friend bool operator==(const NodeRevoked&, const NodeRevoked&) = default;
};
/// The institution and all its nodes no longer count.
struct InstitutionRevoked {
    InstitutionId institution;
    std::string reason;
    friend bool operator==(const InstitutionRevoked&, const InstitutionRevoked&) = default;
};

/// One entry.
struct Entry {
    Millis time{};  ///< the registry's clock at appending
    std::variant<InstitutionAdmitted, NodeAdded, DocumentUpdated, NodeRevoked, InstitutionRevoked>
        body;

    [[nodiscard]] Bytes encode() const;
    /// Error "bad_entry" for bytes that no version writes; "needs_upgrade" for a format, a kind or
    /// a key that a later version may have brought and that may not be ignored.
    static Result<Entry> decode(ByteView bytes);
    /// Stable name of the kind: "institution_admitted", ...
    [[nodiscard]] std::string_view kind() const;
    friend bool operator==(const Entry&, const Entry&) = default;
};

/// What a current node signs to take a further node into its institution.
[[nodiscard]] Signature sign_admission(const Hash& registry_id, const InstitutionId& institution,
                                       const NodeId& node, const SigningKey& signer);
[[nodiscard]] bool verify_admission(const Hash& registry_id, const InstitutionId& institution,
                                    const NodeId& node, const PublicKey& signer,
                                    const Signature& signature);
/// What a current node signs to revoke a node of its own institution (also itself).
[[nodiscard]] Signature sign_revocation(const Hash& registry_id, const NodeId& node,
                                        std::string_view reason, const SigningKey& signer);
[[nodiscard]] bool verify_revocation(const Hash& registry_id, const NodeId& node,
                                     std::string_view reason, const PublicKey& signer,
                                     const Signature& signature);

}  // namespace sangam::registry
