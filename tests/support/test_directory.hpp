// SPDX-License-Identifier: Apache-2.0
// A directory for tests: a plain table of members.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sync/directory_view.hpp"

namespace sangam::testing {

class TestDirectory final : public sync::DirectoryView {
public:
    struct Member {
        InstitutionId institution;
        PublicKey key;
        bool is_revoked = false;
    };

    void admit(const std::string& handle, const NodeId& node, const InstitutionId& institution) {
        members_[node] = {institution, PublicKey{node.bytes}, false};
        handles_[institution] = handle;
    }
    void revoke(const NodeId& node) { members_.at(node).is_revoked = true; }
    void forget(const NodeId& node) { members_.erase(node); }
    void set_freshness(sync::Freshness freshness) { freshness_ = freshness; }
    void put_in_group(const std::string& group, const InstitutionId& institution) {
        groups_[group].insert(institution);
    }

    std::optional<InstitutionId> institution_of(const NodeId& node) const override {
        const auto it = members_.find(node);
        if (it == members_.end() || it->second.is_revoked) return std::nullopt;
        return it->second.institution;
    }
    std::optional<InstitutionId> author_institution(const NodeId& node) const override {
        const auto it = members_.find(node);
        if (it == members_.end()) return std::nullopt;
        return it->second.institution;
    }
    bool may_sign(const NodeId& node, const PublicKey& key) const override {
        const auto it = members_.find(node);
        return it != members_.end() && it->second.key == key;
    }
    std::string handle_of(const InstitutionId& institution) const override {
        const auto it = handles_.find(institution);
        return it == handles_.end() ? institution.hex() : it->second;
    }
    std::optional<InstitutionId> institution_by_handle(std::string_view handle) const override {
        for (const auto& [id, name] : handles_)
            if (name == handle) return id;
        return std::nullopt;
    }
    std::vector<NodeId> nodes_of(const InstitutionId& institution) const override {
        std::vector<NodeId> out;
        for (const auto& [node, member] : members_)
            if (member.institution == institution && !member.is_revoked) out.push_back(node);
        return out;
    }
    std::vector<NodeId> revoked_nodes_of(const InstitutionId& institution) const override {
        std::vector<NodeId> out;
        for (const auto& [node, member] : members_)
            if (member.institution == institution && member.is_revoked) out.push_back(node);
        return out;
    }
    bool is_in_group(const InstitutionId& institution, std::string_view group) const override {
        const auto it = groups_.find(std::string(group));
        return it != groups_.end() && it->second.contains(institution);
    }
    sync::Freshness freshness() const override { return freshness_; }

private:
    std::map<NodeId, Member> members_;
    std::map<InstitutionId, std::string> handles_;
    std::map<std::string, std::set<InstitutionId>> groups_;
    sync::Freshness freshness_ = sync::Freshness::fresh;
};

}  // namespace sangam::testing
