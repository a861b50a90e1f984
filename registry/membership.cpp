// SPDX-License-Identifier: Apache-2.0
#include "registry/membership.hpp"

#include <algorithm>

#include "registry/handle.hpp"

namespace sangam::registry {
namespace {

std::unexpected<Error> refused_entry(std::string_view code, std::string message,
                                     std::string subject, std::string fix = {}) {
    return fail(code, std::move(message), std::move(subject), std::move(fix), ErrorKind::refused);
}

std::unexpected<Error> unknown_node(const NodeId& id) {
    return fail("unknown_node", "no node has this id in the directory", id.hex(), {},
                ErrorKind::not_found);
}

PublicKey first_key(const NodeId& id) {
    PublicKey key;
    key.bytes = id.bytes;
    return key;
}

}  // namespace

Result<void> Membership::check(const Entry& entry) const {
    return std::visit([&](const auto& body) { return check_body(body, entry.time); }, entry.body);
}

Result<void> Membership::apply(const Entry& entry, Millis not_before) {
    const Millis time = std::max(entry.time, not_before);
    return std::visit(
        [&](const auto& body) -> Result<void> {
            if (auto ok = check_body(body, time); !ok) return ok;
            take(body, time);
            return {};
        },
        entry.body);
}

Result<void> Membership::check_new_node(const NodeId& id, const DocumentRef& document) const {
    if (nodes_.contains(id))
        return refused_entry("node_known", "a node id is admitted once and for ever", id.hex(),
                             "make a new identity with `sangam node init`");
    if (!is_valid_public_key(first_key(id)))
        return refused_entry("bad_key", "the node's key is of small order and proves nothing",
                             id.hex(), "make a new identity with `sangam node init`");
    if (document.version == 0)
        return refused_entry("bad_document", "a node needs a public document", id.hex());
    return {};
}

Result<const Node*> Membership::signer_for(const InstitutionId& institution, const ByNode& by,
                                           Millis time, bool may_wait) const {
    const Node* signer = node(by.signer);
    if (signer == nullptr) return unknown_node(by.signer);
    if (signer->institution != institution)
        return refused_entry("not_yours", "the signing node belongs to another institution",
                             by.signer.hex());
    if (!is_current(by.signer))
        return refused_entry("revoked", "the signing node is revoked", by.signer.hex());
    if (!may_wait && !counts(by.signer, time))
        return refused_entry(
            "waiting", "the signing node was added by the operator alone less than 72 hours ago",
            by.signer.hex(), "sign with another node of the institution, or wait");
    return signer;
}

Result<void> Membership::check_body(const InstitutionAdmitted& body, Millis) const {
    if (auto ok = check_handle(body.handle); !ok) return ok;
    if (const Institution* other = by_skeleton(body.handle))
        return refused_entry("handle_taken",
                             other->handle == body.handle
                                 ? "the handle is taken"
                                 : "the handle looks like " + other->handle,
                             body.handle, "choose another handle");
    return check_new_node(body.first_node, body.document);
}

Result<void> Membership::check_body(const NodeAdded& body, Millis time) const {
    const Institution* to = institution(body.institution);
    if (to == nullptr)
        return fail("unknown_institution", "no institution has this id", body.institution.hex(), {},
                    ErrorKind::not_found);
    if (to->revoked) return refused_entry("revoked", "the institution is revoked", to->handle);
    if (auto ok = check_new_node(body.node, body.document); !ok) return ok;
    if (const auto* by = std::get_if<ByNode>(&body.by)) {
        const auto signer = signer_for(body.institution, *by, time, false);
        if (!signer) return std::unexpected(signer.error());
        if (!verify_admission(registry_id_, body.institution, body.node, (*signer)->key,
                              by->signature))
            return refused_entry("bad_signature",
                                 "the admission is not signed by the node it names",
                                 by->signer.hex());
    }
    return {};
}

Result<void> Membership::check_body(const DocumentUpdated& body, Millis) const {
    const Node* of = node(body.node);
    if (of == nullptr) return unknown_node(body.node);
    if (of->revoked) return refused_entry("revoked", "the node is revoked", body.node.hex());
    if (body.document.version <= of->document.version)
        return refused_entry("not_newer",
                             "the public document has version " +
                                 std::to_string(body.document.version) + ", version " +
                                 std::to_string(of->document.version) + " is published",
                             body.node.hex(), "publish with a higher version");
    return {};
}

Result<void> Membership::check_body(const NodeRevoked& body, Millis time) const {
    const Node* of = node(body.node);
    if (of == nullptr) return unknown_node(body.node);
    if (of->revoked)
        return refused_entry("revoked", "the node is revoked already", body.node.hex());
    if (const auto* by = std::get_if<ByNode>(&body.by)) {
        // A node that waits may give itself up, but not revoke those that could object to it.
        const auto signer = signer_for(of->institution, *by, time, by->signer == body.node);
        if (!signer) return std::unexpected(signer.error());
        if (!verify_revocation(registry_id_, body.node, body.reason, (*signer)->key, by->signature))
            return refused_entry("bad_signature",
                                 "the revocation is not signed by the node it names",
                                 by->signer.hex());
    }
    return {};
}

Result<void> Membership::check_body(const InstitutionRevoked& body, Millis) const {
    const Institution* of = institution(body.institution);
    if (of == nullptr)
        return fail("unknown_institution", "no institution has this id", body.institution.hex(), {},
                    ErrorKind::not_found);
    if (of->revoked)
        return refused_entry("revoked", "the institution is revoked already", of->handle);
    return {};
}

void Membership::take(const InstitutionAdmitted& body, Millis time) {
    InstitutionId id;
    id.bytes = body.first_node.bytes;
    institutions_[id] = {id,       body.handle, body.name,    body.wiews,
                         body.ror, time,        std::nullopt, {body.first_node}};
    by_skeleton_[handle_skeleton(body.handle)] = id;
    nodes_[body.first_node] = {
        body.first_node, first_key(body.first_node), id, time, false, time, {}, body.document};
}

void Membership::take(const NodeAdded& body, Millis time) {
    const bool alone = std::holds_alternative<ByOperator>(body.by);
    institutions_.at(body.institution).nodes.push_back(body.node);
    nodes_[body.node] = {body.node,
                         first_key(body.node),
                         body.institution,
                         time,
                         alone,
                         alone ? time + operator_added_wait : time,
                         {},
                         body.document};
}

void Membership::take(const DocumentUpdated& body, Millis) {
    nodes_.at(body.node).document = body.document;
}

void Membership::take(const NodeRevoked& body, Millis time) {
    nodes_.at(body.node).revoked = Revoked{time, body.reason};
}

void Membership::take(const InstitutionRevoked& body, Millis time) {
    Institution& of = institutions_.at(body.institution);
    of.revoked = Revoked{time, body.reason};
    for (const NodeId& id : of.nodes)
        if (Node& each = nodes_.at(id); !each.revoked) each.revoked = of.revoked;
}

const Institution* Membership::institution(const InstitutionId& id) const {
    const auto found = institutions_.find(id);
    return found == institutions_.end() ? nullptr : &found->second;
}

const Institution* Membership::by_handle(std::string_view handle) const {
    const Institution* found = by_skeleton(handle);
    return found != nullptr && found->handle == handle ? found : nullptr;
}

const Institution* Membership::by_skeleton(std::string_view handle) const {
    const auto found = by_skeleton_.find(handle_skeleton(handle));
    return found == by_skeleton_.end() ? nullptr : institution(found->second);
}

const Node* Membership::node(const NodeId& id) const {
    const auto found = nodes_.find(id);
    return found == nodes_.end() ? nullptr : &found->second;
}

bool Membership::is_current(const NodeId& id) const {
    const Node* found = node(id);
    return found != nullptr && !found->revoked;
}

bool Membership::counts(const NodeId& id, Millis now) const {
    const Node* found = node(id);
    return found != nullptr && !found->revoked && now >= found->counts_from;
}

}  // namespace sangam::registry
