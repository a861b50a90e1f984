// SPDX-License-Identifier: Apache-2.0
// The node's side of the federation's directory: the verified directory on disk and in memory, the
// registry's client, joining. Thread-safe; decisions of the moment are copies.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "protocol/error.hpp"
#include "sync/directory_view.hpp"

namespace sangam::node {

struct MembershipState {
    std::string state;             ///< none | pending | member | revoked
    std::string institution;       ///< handle, or the provisional one before joining
    InstitutionId institution_id;  ///< own node id before joining
    std::string registry_url;      ///< empty: none
    sync::Freshness freshness = sync::Freshness::none;
    std::uint64_t tree_size = 0;
    std::int64_t age_s = -1;  ///< of the newest checkpoint; -1: none
    std::string last_error;   ///< of the last contact with the registry; empty: fine
};

class Membership {
public:
    virtual ~Membership() = default;
    [[nodiscard]] virtual MembershipState state() const = 0;
    /// An immutable view as of now, for use on any thread.
    [[nodiscard]] virtual std::shared_ptr<const sync::DirectoryView> view() const = 0;
    /// Contacts the registry with the invitation; "pending" or "member".
    virtual Result<std::string> join(const std::string& invitation) = 0;
    /// Signs a further node of the own institution in at the registry. Returns the invitation,
    /// without a token, with which that node joins (docs/decisions/0042).
    virtual Result<std::string> admit(const NodeId& node) = 0;
    /// Asks the registry (or peers) for what is new, now; for a handle that is not known.
    virtual Result<void> refresh() = 0;
};

}  // namespace sangam::node
