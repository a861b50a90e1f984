// SPDX-License-Identifier: Apache-2.0
// The federation's directory as of one moment, as plain immutable values: what sync, the TLS layer
// and the dialer ask. Made by FederationMembership from the verified directory; any thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/daemon/announcements.hpp"
#include "protocol/hlc.hpp"
#include "protocol/ids.hpp"
#include "registry/directory.hpp"
#include "sync/directory_view.hpp"

namespace sangam::node {

/// What the node is by itself, whatever a directory says.
struct SelfDescription {
    NodeId node;
    PublicKey key;
    std::string provisional_handle;  ///< of its institution until it is a member
};

/// Another node of the federation that may be talked to.
struct PeerEntry {
    NodeId node;
    InstitutionId institution;
    std::string handle;
    std::vector<std::string> endpoints;  ///< HOST:PORT
    friend bool operator==(const PeerEntry&, const PeerEntry&) = default;
};

class DirectorySnapshot final : public sync::DirectoryView {
public:
    /// `directory` may be nullptr: no federation. With `stops_when_expired`, a directory past its
    /// expiry lets nobody in (on_expired = "stop"). `announced` goes before the directory's
    /// documents.
    DirectorySnapshot(const SelfDescription& self, const registry::Directory* directory, Millis now,
                      bool stops_when_expired, const Announcements& announced = {});

    // ---- sync::DirectoryView -------------------------------------------------------------------
    /// Members that count: not revoked, and past the 72 hours of a node that the operator added
    /// alone. The own node has its own institution in every state.
    [[nodiscard]] std::optional<InstitutionId> institution_of(const NodeId&) const override;
    /// Also of a revoked node, whose earlier commits still count; not of one that waits.
    [[nodiscard]] std::optional<InstitutionId> author_institution(const NodeId&) const override;
    [[nodiscard]] bool may_sign(const NodeId&, const PublicKey&) const override;
    [[nodiscard]] std::string handle_of(const InstitutionId&) const override;
    [[nodiscard]] std::optional<InstitutionId> institution_by_handle(
        std::string_view handle) const override;
    [[nodiscard]] std::vector<NodeId> nodes_of(const InstitutionId&) const override;
    [[nodiscard]] bool is_revoked(const NodeId&) const override;
    [[nodiscard]] std::vector<NodeId> revoked_nodes_of(const InstitutionId&) const override;
    [[nodiscard]] bool is_in_group(const InstitutionId&, std::string_view group) const override;
    [[nodiscard]] sync::Freshness freshness() const override { return freshness_; }

    // ---- node's own questions
    // --------------------------------------------------------------------
    /// The node that may connect with this key. Errors "revoked", "unknown_key", "waiting" (counts
    /// later), "expired" (on_expired = "stop").
    [[nodiscard]] Result<NodeId> check_key(const PublicKey& key) const;
    /// Whom to be connected with: all that may connect, without the own node; ascending. Empty
    /// where check_key() refuses all, and while the own node is no member.
    [[nodiscard]] const std::vector<PeerEntry>& peers() const { return peers_; }
    [[nodiscard]] const InstitutionId& own_institution() const { return own_institution_; }
    [[nodiscard]] std::string own_handle() const { return handle_of(own_institution_); }
    /// The own node is in the directory and not revoked.
    [[nodiscard]] bool is_member() const { return own_state_ == OwnState::member; }
    [[nodiscard]] bool is_revoked() const { return own_state_ == OwnState::revoked; }

    /// Equal when nothing differs that anybody decides by.
    friend bool operator==(const DirectorySnapshot& a, const DirectorySnapshot& b);

private:
    enum class OwnState { unknown, member, revoked };
    struct NodeRow {
        PublicKey key;
        InstitutionId institution;
        bool counts = false;
        bool is_revoked = false;
        friend bool operator==(const NodeRow&, const NodeRow&) = default;
    };

    SelfDescription self_;
    sync::Freshness freshness_ = sync::Freshness::none;
    bool lets_nobody_in_ = false;
    OwnState own_state_ = OwnState::unknown;
    InstitutionId own_institution_;
    std::map<NodeId, NodeRow> nodes_;
    std::map<PublicKey, NodeId> by_key_;
    std::map<InstitutionId, std::string> handles_;
    std::map<std::string, InstitutionId, std::less<>> by_handle_;
    std::map<InstitutionId, std::vector<NodeId>> counted_nodes_;
    std::vector<PeerEntry> peers_;
};

}  // namespace sangam::node
