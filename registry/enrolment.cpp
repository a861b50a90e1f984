// SPDX-License-Identifier: Apache-2.0
#include "registry/enrolment.hpp"

#include "protocol/cbor.hpp"
#include "registry/impl/fields.hpp"
#include "registry/impl/plain_text.hpp"
#include "registry/impl/tags.hpp"

namespace sangam::registry {
namespace {

constexpr std::uint64_t enrolment_format = 1;
constexpr std::size_t max_enrolled_handle_bytes = 32;

std::unexpected<Error> bad_enrolment(std::string what, const Error& why) {
    return fail("bad_request", what + " does not decode: " + why.message);
}

Bytes proof_text(const Hash& registry_id, const InviteToken& token, std::string_view handle,
                 const NodeId& node, const Hash& document) {
    cbor::Writer out;
    out.array(5);
    out.bytes(registry_id.view());
    out.bytes(token_hash(token).view());
    out.text(handle);
    out.bytes(node.view());
    out.bytes(document.view());
    return out.take();
}

PublicKey key_of(const NodeId& node) {
    PublicKey key;
    key.bytes = node.bytes;
    return key;
}

/// The head of every body: an array of `count` that begins with the format number.
Result<void> open(cbor::Reader& in, std::size_t count, const char* what) {
    const std::size_t parts = in.array();
    const auto number = in.unsigned_int();
    if (!in.failed() && number != enrolment_format)
        return fail("bad_request", std::string(what) + " has format " + std::to_string(number), {},
                    "the two sides run versions that do not fit together");
    if (parts != count) in.set_failed("wrong number of parts");
    return {};
}

}  // namespace

EnrolRequest EnrolRequest::make(const Invitation& invitation, const SignedDocument& document,
                                const SigningKey& key) {
    return {invitation.token, invitation.handle, document,
            key.sign(tag::enrolment,
                     proof_text(invitation.registry_id, invitation.token, invitation.handle,
                                document.document.node, document.hash()))};
}

Result<void> EnrolRequest::verify(const Hash& registry_id) const {
    const NodeDocument& d = document.document;
    const auto refused = [&](std::string why) {
        return fail("bad_proof", std::move(why), d.node.hex(),
                    "start again with `sangam node join`", ErrorKind::refused);
    };
    if (d.registry_id != registry_id)
        return refused("the public document was made for another registry");
    if (!document.is_signed_by(key_of(d.node)))
        return refused("the public document is not signed by the node's key");
    if (!verify_signature(key_of(d.node), tag::enrolment,
                          proof_text(registry_id, token, handle, d.node, document.hash()), proof))
        return refused("the node does not prove that it holds its key");
    return {};
}

Bytes EnrolRequest::encode() const {
    cbor::Writer out;
    out.array(5);
    out.unsigned_int(enrolment_format);
    out.bytes(token.view());
    out.text(handle);
    out.bytes(document.encode());
    out.bytes(proof.view());
    return out.take();
}

Result<EnrolRequest> EnrolRequest::decode(ByteView bytes) {
    cbor::Reader in(bytes);
    EnrolRequest out;
    if (auto ok = open(in, 5, "an enrolment"); !ok) return std::unexpected(ok.error());
    out.token = in.fixed<InviteToken>();
    out.handle = in.text();
    if (!in.failed() && !impl::is_plain_line(out.handle, 1, max_enrolled_handle_bytes))
        in.set_failed("not a handle");
    const ByteView document = in.bytes();
    out.proof = in.fixed<Signature>();
    if (auto done = in.finish(); !done) return bad_enrolment("an enrolment", done.error());
    auto decoded = SignedDocument::decode(document);
    if (!decoded) return std::unexpected(decoded.error());
    out.document = std::move(*decoded);
    return out;
}

AdmitRequest AdmitRequest::make(const Hash& registry_id, const NodeId& signer,
                                const InstitutionId& institution, const NodeId& node,
                                const SigningKey& key) {
    return {signer, institution, node, sign_admission(registry_id, institution, node, key)};
}

Bytes AdmitRequest::encode() const {
    cbor::Writer out;
    out.array(5);
    out.unsigned_int(enrolment_format);
    out.bytes(signer.view());
    out.bytes(institution.view());
    out.bytes(node.view());
    out.bytes(signature.view());
    return out.take();
}

Result<AdmitRequest> AdmitRequest::decode(ByteView bytes) {
    cbor::Reader in(bytes);
    AdmitRequest out;
    if (auto ok = open(in, 5, "an admission"); !ok) return std::unexpected(ok.error());
    out.signer = in.fixed<NodeId>();
    out.institution = in.fixed<InstitutionId>();
    out.node = in.fixed<NodeId>();
    out.signature = in.fixed<Signature>();
    if (auto done = in.finish(); !done) return bad_enrolment("an admission", done.error());
    return out;
}

RevokeRequest RevokeRequest::make(const Hash& registry_id, const NodeId& signer, const NodeId& node,
                                  std::string reason, const SigningKey& key) {
    RevokeRequest out{signer, node, std::move(reason), {}};
    out.signature = sign_revocation(registry_id, node, out.reason, key);
    return out;
}

Bytes RevokeRequest::encode() const {
    cbor::Writer out;
    out.array(5);
    out.unsigned_int(enrolment_format);
    out.bytes(signer.view());
    out.bytes(node.view());
    out.text(reason);
    out.bytes(signature.view());
    return out.take();
}

Result<RevokeRequest> RevokeRequest::decode(ByteView bytes) {
    cbor::Reader in(bytes);
    RevokeRequest out;
    if (auto ok = open(in, 5, "a revocation"); !ok) return std::unexpected(ok.error());
    out.signer = in.fixed<NodeId>();
    out.node = in.fixed<NodeId>();
    out.reason = in.text();
    out.signature = in.fixed<Signature>();
    if (!in.failed() && !impl::is_plain_line(out.reason, 1, max_reason_bytes))
        in.set_failed("a reason is one line of 1 to 1,000 bytes");
    if (auto done = in.finish(); !done) return bad_enrolment("a revocation", done.error());
    return out;
}

std::string_view to_text(EnrolmentState state) {
    switch (state) {
        case EnrolmentState::unknown:
            return "unknown";
        case EnrolmentState::expected:
            return "expected";
        case EnrolmentState::pending:
            return "pending";
        case EnrolmentState::member:
            return "member";
        case EnrolmentState::revoked:
            return "revoked";
    }
    SANGAM_ASSERT(!"a state without a name");
}

Bytes EnrolmentReply::encode() const {
    cbor::Writer out;
    out.array(3);
    out.unsigned_int(enrolment_format);
    out.unsigned_int(static_cast<std::uint64_t>(state));
    out.text(institution);
    return out.take();
}

Result<EnrolmentReply> EnrolmentReply::decode(ByteView bytes) {
    cbor::Reader in(bytes);
    EnrolmentReply out;
    if (auto ok = open(in, 3, "the registry's answer"); !ok) return std::unexpected(ok.error());
    const auto state = in.unsigned_int();
    if (state > static_cast<std::uint64_t>(EnrolmentState::revoked))
        in.set_failed("unknown enrolment state");
    out.institution = in.text();
    if (!in.failed() && !impl::is_plain_line(out.institution, 0, max_enrolled_handle_bytes))
        in.set_failed("not a handle");
    if (auto done = in.finish(); !done) return bad_enrolment("the registry's answer", done.error());
    out.state = static_cast<EnrolmentState>(state);
    return out;
}

}  // namespace sangam::registry
