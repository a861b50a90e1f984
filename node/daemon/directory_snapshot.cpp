// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/directory_snapshot.hpp"

#include <algorithm>

namespace sangam::node {
namespace {

sync::Freshness freshness_of(const registry::Directory* directory, Millis now) {
    if (directory == nullptr) return sync::Freshness::none;
    switch (directory->state(now)) {
        case registry::Freshness::fresh:
            return sync::Freshness::fresh;
        case registry::Freshness::stale:
            return sync::Freshness::stale;
        case registry::Freshness::expired:
            return sync::Freshness::expired;
    }
    return sync::Freshness::expired;
}

std::unexpected<Error> refuse(std::string_view code, std::string message) {
    return fail(code, std::move(message), {}, {}, ErrorKind::refused);
}

}  // namespace

DirectorySnapshot::DirectorySnapshot(const SelfDescription& self,
                                     const registry::Directory* directory, Millis now,
                                     bool stops_when_expired, const Announcements& announced)
    : self_(self), freshness_(freshness_of(directory, now)), own_institution_{self.node.bytes} {
    lets_nobody_in_ = stops_when_expired && freshness_ == sync::Freshness::expired;
    if (directory != nullptr) {
        for (const auto& [id, institution] : directory->membership().institutions()) {
            handles_[id] = institution.handle;
            by_handle_[institution.handle] = id;
        }
        for (const auto& [id, node] : directory->membership().nodes()) {
            const bool counts = directory->counts_for_audiences(id, now);
            nodes_[id] = {node.key, node.institution, counts, directory->is_revoked(id)};
            by_key_[node.key] = id;
            if (counts) counted_nodes_[node.institution].push_back(id);  // ascending, as nodes() is
            if (!counts || id == self.node || lets_nobody_in_) continue;
            PeerEntry peer{id, node.institution, handles_[node.institution], {}};
            const auto* newer = announced.of(id);
            if (const auto* document = newer ? &newer->document : directory->document(id))
                for (const auto& endpoint : document->endpoints)
                    peer.endpoints.push_back(endpoint.text());
            peers_.push_back(std::move(peer));
        }
    }
    if (const auto own = nodes_.find(self.node); own != nodes_.end()) {
        own_institution_ = own->second.institution;
        own_state_ = own->second.is_revoked ? OwnState::revoked : OwnState::member;
    } else {
        // Somebody else may have the handle that this node goes by until it is a member.
        handles_.emplace(own_institution_, self.provisional_handle);
        by_handle_.emplace(self.provisional_handle, own_institution_);
    }
    // Others would refuse a node that is no member (yet, or any more).
    if (own_state_ != OwnState::member) peers_.clear();
}

std::optional<InstitutionId> DirectorySnapshot::institution_of(const NodeId& node) const {
    if (node == self_.node) return own_institution_;
    const auto found = nodes_.find(node);
    if (found == nodes_.end() || !found->second.counts) return std::nullopt;
    return found->second.institution;
}

std::optional<InstitutionId> DirectorySnapshot::author_institution(const NodeId& node) const {
    const auto found = nodes_.find(node);
    if (found != nodes_.end() && found->second.is_revoked) return found->second.institution;
    return institution_of(node);
}

bool DirectorySnapshot::may_sign(const NodeId& node, const PublicKey& key) const {
    if (const auto found = nodes_.find(node); found != nodes_.end())
        return found->second.key == key;
    return node == self_.node && key == self_.key;
}

std::string DirectorySnapshot::handle_of(const InstitutionId& institution) const {
    const auto found = handles_.find(institution);
    return found == handles_.end() ? institution.hex() : found->second;
}

std::optional<InstitutionId> DirectorySnapshot::institution_by_handle(
    std::string_view handle) const {
    const auto found = by_handle_.find(handle);
    if (found == by_handle_.end()) return std::nullopt;
    return found->second;
}

std::vector<NodeId> DirectorySnapshot::nodes_of(const InstitutionId& institution) const {
    const auto found = counted_nodes_.find(institution);
    if (found != counted_nodes_.end()) return found->second;
    if (institution == own_institution_) return {self_.node};
    return {};
}

bool DirectorySnapshot::is_revoked(const NodeId& node) const {
    const auto found = nodes_.find(node);
    return node != self_.node && found != nodes_.end() && found->second.is_revoked;
}

std::vector<NodeId> DirectorySnapshot::revoked_nodes_of(const InstitutionId& institution) const {
    std::vector<NodeId> out;
    for (const auto& [id, node] : nodes_)
        if (node.is_revoked && node.institution == institution && id != self_.node)
            out.push_back(id);
    return out;
}

/// Entries of this log version name no groups.
bool DirectorySnapshot::is_in_group(const InstitutionId&, std::string_view) const { return false; }

Result<NodeId> DirectorySnapshot::check_key(const PublicKey& key) const {
    const auto found = by_key_.find(key);
    if (found == by_key_.end())
        return refuse("unknown_key", freshness_ == sync::Freshness::none
                                         ? "this node is in no federation"
                                         : "the key is in no entry of the verified directory");
    const auto& node = nodes_.at(found->second);
    if (node.is_revoked) return refuse("revoked", "the node was revoked");
    if (!node.counts)
        return refuse("waiting",
                      "the registry's operator alone added the node; it counts after 72 hours");
    if (lets_nobody_in_)
        return refuse("expired", "the directory is past its expiry and on_expired is \"stop\"");
    return found->second;
}

bool operator==(const DirectorySnapshot& a, const DirectorySnapshot& b) {
    return a.freshness_ == b.freshness_ && a.lets_nobody_in_ == b.lets_nobody_in_ &&
           a.own_state_ == b.own_state_ && a.own_institution_ == b.own_institution_ &&
           a.nodes_ == b.nodes_ && a.handles_ == b.handles_ && a.peers_ == b.peers_;
}

}  // namespace sangam::node
