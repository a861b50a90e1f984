// SPDX-License-Identifier: Apache-2.0
// What the registry remembers beside its log: invitations (by the hash of their token), enrolments
// that wait, admissions by a current node of nodes that have not come yet.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "registry/enrolment.hpp"

namespace sangam::registry {

/// An invitation as the registry keeps it.
struct OpenInvitation {
    std::string handle;
    std::string name;
    std::string wiews;
    std::string ror;
    Millis expires{};
    bool auto_approve = false;
    bool further_node = false;  ///< the institution was a member when it was invited
    std::optional<NodeId> used_by;
    friend bool operator==(const OpenInvitation&, const OpenInvitation&) = default;
};

/// A node that enrolled and is not in the log yet.
struct PendingEnrolment {
    Hash token;  ///< token_hash(): the invitation it came by
    SignedDocument document;
    Millis since{};
    /// Approved, and the log entry follows at once; seen in a loaded state only after a crash.
    bool approved = false;
    friend bool operator==(const PendingEnrolment&, const PendingEnrolment&) = default;
};

/// Which node an institution expects. Both in the key: nobody can keep a node id from another.
struct ExpectedKey {
    NodeId node;
    InstitutionId institution;
    friend auto operator<=>(const ExpectedKey&, const ExpectedKey&) = default;
};
/// An admission that came before the node.
struct ExpectedNode {
    ByNode by;
    Millis since{};
    friend bool operator==(const ExpectedNode&, const ExpectedNode&) = default;
};

/// Ordered maps: equal states have equal bytes.
struct ServiceState {
    std::map<Hash, OpenInvitation> invitations;
    std::map<NodeId, PendingEnrolment> pending;
    std::map<ExpectedKey, ExpectedNode> expected;

    [[nodiscard]] Bytes encode() const;
    static Result<ServiceState> decode(ByteView bytes);
    friend bool operator==(const ServiceState&, const ServiceState&) = default;
};

}  // namespace sangam::registry
