// SPDX-License-Identifier: Apache-2.0
// What sync needs to know of the federation's members, as plain values. sync does not know the
// registry: node implements this over the registry's verified directory, tests over a map.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/ids.hpp"

namespace sangam::sync {

/// How much the directory can be relied on (SEMANTICS section 6).
enum class Freshness : std::uint8_t {
    fresh,    ///< younger than a third of its expiry
    stale,    ///< older: no new peers, no widened rights; what runs goes on
    expired,  ///< past its expiry: the admin's setting decides
    none,     ///< the node is in no federation
};

/// A consistent view; the engine asks anew for each decision and keeps nothing. Called on the
/// engine's thread only.
class DirectoryView {
public:
    virtual ~DirectoryView() = default;
    /// The institution of a node that is a member and not revoked.
    [[nodiscard]] virtual std::optional<InstitutionId> institution_of(const NodeId&) const = 0;
    /// The institution for which a node makes or once made commits: also of a node that was revoked
    /// since, whose earlier commits still count.
    [[nodiscard]] virtual std::optional<InstitutionId> author_institution(
        const NodeId& node) const {
        return institution_of(node);
    }
    /// A node that was a member and was revoked: of what it made counts what the owner's cut
    /// confirms (part_check.hpp).
    [[nodiscard]] virtual bool is_revoked(const NodeId& node) const {
        return author_institution(node) && !institution_of(node);
    }
    /// The institution's nodes that were revoked, ascending.
    [[nodiscard]] virtual std::vector<NodeId> revoked_nodes_of(const InstitutionId&) const {
        return {};
    }
    /// Whether `key` may sign commits and control entries for the node; also for commits made
    /// before a later revocation.
    [[nodiscard]] virtual bool may_sign(const NodeId&, const PublicKey& key) const = 0;
    /// The handle, or the id in hexadecimal when the directory does not have it.
    [[nodiscard]] virtual std::string handle_of(const InstitutionId&) const = 0;
    [[nodiscard]] virtual std::optional<InstitutionId> institution_by_handle(
        std::string_view handle) const = 0;
    /// Its nodes that are members and not revoked, ascending.
    [[nodiscard]] virtual std::vector<NodeId> nodes_of(const InstitutionId&) const = 0;
    [[nodiscard]] virtual bool is_in_group(const InstitutionId&, std::string_view group) const = 0;
    [[nodiscard]] virtual Freshness freshness() const = 0;
};

}  // namespace sangam::sync
