// SPDX-License-Identifier: Apache-2.0
// Who is a member: what the log's entries say, taken one after another. The registry checks here
// before it appends, and every client takes the same steps, so that all come to the same members.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "registry/entry.hpp"

namespace sangam::registry {

/// A node that the operator added or recovered alone counts after this long, for its institution's
/// other nodes to object by revoking it (SEMANTICS section 6).
inline constexpr Millis operator_added_wait = std::chrono::hours(72);

struct Revoked {
    Millis at{};
    std::string reason;
    friend bool operator==(const Revoked&, const Revoked&) = default;
};

/// A member or former member.
struct Institution {
    InstitutionId id;
    std::string handle;
    std::string name;
    std::string wiews;
    std::string ror;
    Millis admitted{};
    std::optional<Revoked> revoked;
    std::vector<NodeId> nodes;  ///< in order of admission, revoked ones too
    friend bool operator==(const Institution&, const Institution&) = default;
};

/// A node of a member.
struct Node {
    NodeId id;
    PublicKey key;  ///< the current one
    InstitutionId institution;
    Millis added{};
    bool by_operator_alone = false;  ///< a further node that no current node signed for
    Millis counts_from{};  ///< for audiences; `added`, or 72 hours later when by_operator_alone
    std::optional<Revoked> revoked;  ///< itself or with its institution
    DocumentRef document;            ///< the newest that the log names
    friend bool operator==(const Node&, const Node&) = default;
};

/// Grows entry by entry. Not thread-safe; references live until the next apply().
class Membership {
public:
    explicit Membership(const Hash& registry_id) : registry_id_(registry_id) {}

    /// Whether the entry may follow, by the rules of docs/registry-format.md: unknown or revoked
    /// institutions and nodes, a handle that is taken or looks like one, a node id seen before, a
    /// document version that does not grow, a signature that does not hold. Changes nothing.
    [[nodiscard]] Result<void> check(const Entry& entry) const;
    /// Checks, then takes the entry in; an entry that fails changes nothing. Its time counts as at
    /// least `not_before`: a client passes the time of its last checkpoint, after which the entry
    /// must have come, so that nobody shortens the 72 hours by a false date.
    [[nodiscard]] Result<void> apply(const Entry& entry, Millis not_before);

    [[nodiscard]] const Hash& registry_id() const { return registry_id_; }
    [[nodiscard]] const Institution* institution(const InstitutionId& id) const;
    [[nodiscard]] const Institution* by_handle(std::string_view handle) const;
    /// The institution, revoked ones included, whose handle has this handle's skeleton.
    [[nodiscard]] const Institution* by_skeleton(std::string_view handle) const;
    [[nodiscard]] const Node* node(const NodeId& id) const;
    [[nodiscard]] const std::map<InstitutionId, Institution>& institutions() const {
        return institutions_;
    }
    [[nodiscard]] const std::map<NodeId, Node>& nodes() const { return nodes_; }

    /// In the log, not revoked, nor is its institution.
    [[nodiscard]] bool is_current(const NodeId& id) const;
    /// is_current and past the wait, if there is one.
    [[nodiscard]] bool counts(const NodeId& id, Millis now) const;

    friend bool operator==(const Membership&, const Membership&) = default;

private:
    [[nodiscard]] Result<void> check_new_node(const NodeId& id, const DocumentRef& document) const;
    [[nodiscard]] Result<const Node*> signer_for(const InstitutionId& institution, const ByNode& by,
                                                 Millis time, bool may_wait) const;
    [[nodiscard]] Result<void> check_body(const InstitutionAdmitted& body, Millis time) const;
    [[nodiscard]] Result<void> check_body(const NodeAdded& body, Millis time) const;
    [[nodiscard]] Result<void> check_body(const DocumentUpdated& body, Millis time) const;
    [[nodiscard]] Result<void> check_body(const NodeRevoked& body, Millis time) const;
    [[nodiscard]] Result<void> check_body(const InstitutionRevoked& body, Millis time) const;
    void take(const InstitutionAdmitted& body, Millis time);
    void take(const NodeAdded& body, Millis time);
    void take(const DocumentUpdated& body, Millis time);
    void take(const NodeRevoked& body, Millis time);
    void take(const InstitutionRevoked& body, Millis time);

    Hash registry_id_;
    std::map<InstitutionId, Institution> institutions_;
    std::map<NodeId, Node> nodes_;
    std::map<std::string, InstitutionId, std::less<>> by_skeleton_;
};

}  // namespace sangam::registry
