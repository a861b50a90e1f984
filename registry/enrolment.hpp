// SPDX-License-Identifier: Apache-2.0
// What a node sends to become a member, to take a further node in, to revoke one of its own
// institution's, and what the registry answers. Bodies of the HTTP API (docs/registry-format.md).
#pragma once

#include <string>
#include <variant>

#include "registry/entry.hpp"
#include "registry/invitation.hpp"
#include "registry/node_document.hpp"

namespace sangam::registry {

/// "Take me in." The signature proves that the sender holds the node's key, here and now for this
/// token and document.
struct EnrolRequest {
    InviteToken token;   ///< zero: a current node has admitted this node id before
    std::string handle;  ///< the institution that the node wants to belong to
    SignedDocument document;
    Signature proof;

    /// Builds the request of the node that has `key`; document.node must be its node id and the
    /// document its own.
    static EnrolRequest make(const Invitation& invitation, const SignedDocument& document,
                             const SigningKey& key);
    /// Proof and document are by the document's node, whose id is its key.
    [[nodiscard]] Result<void> verify(const Hash& registry_id) const;
    [[nodiscard]] Bytes encode() const;
    static Result<EnrolRequest> decode(ByteView bytes);
};

/// "I take this further node into my institution."
struct AdmitRequest {
    NodeId signer;
    InstitutionId institution;
    NodeId node;
    Signature signature;  ///< sign_admission()

    static AdmitRequest make(const Hash& registry_id, const NodeId& signer,
                             const InstitutionId& institution, const NodeId& node,
                             const SigningKey& key);
    [[nodiscard]] Bytes encode() const;
    static Result<AdmitRequest> decode(ByteView bytes);
};

/// "This node of my institution no longer counts."
struct RevokeRequest {
    NodeId signer;
    NodeId node;
    std::string reason;
    Signature signature;  ///< sign_revocation()

    static RevokeRequest make(const Hash& registry_id, const NodeId& signer, const NodeId& node,
                              std::string reason, const SigningKey& key);
    [[nodiscard]] Bytes encode() const;
    static Result<RevokeRequest> decode(ByteView bytes);
};

/// Where a node id stands at the registry.
enum class EnrolmentState : std::uint8_t {
    unknown = 0,   ///< never heard of, or turned down before it was admitted
    expected = 1,  ///< a current node admitted it; it has not enrolled yet
    pending = 2,   ///< waits for the operator's approval
    member = 3,    ///< in the log
    revoked = 4,   ///< was in the log; for ever
};
[[nodiscard]] std::string_view to_text(EnrolmentState state);

/// The registry's answer to all of the requests above.
struct EnrolmentReply {
    EnrolmentState state = EnrolmentState::unknown;
    std::string institution;  ///< handle, where known
    [[nodiscard]] Bytes encode() const;
    static Result<EnrolmentReply> decode(ByteView bytes);
    friend bool operator==(const EnrolmentReply&, const EnrolmentReply&) = default;
};

}  // namespace sangam::registry
