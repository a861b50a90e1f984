// SPDX-License-Identifier: Apache-2.0
// The engine's directory: one object for its whole life, over the snapshot that counts now.
#pragma once

#include <memory>

#include "node/daemon/directory_snapshot.hpp"

namespace sangam::node {

/// Logic thread only, once the engine runs: so the directory never changes under a decision.
class CurrentDirectory final : public sync::DirectoryView {
public:
    void replace(std::shared_ptr<const DirectorySnapshot> snapshot) {
        snapshot_ = std::move(snapshot);
    }
    [[nodiscard]] std::optional<InstitutionId> institution_of(const NodeId& node) const override {
        return snapshot_->institution_of(node);
    }
    [[nodiscard]] std::optional<InstitutionId> author_institution(
        const NodeId& node) const override {
        return snapshot_->author_institution(node);
    }
    [[nodiscard]] bool may_sign(const NodeId& node, const PublicKey& key) const override {
        return snapshot_->may_sign(node, key);
    }
    [[nodiscard]] std::string handle_of(const InstitutionId& institution) const override {
        return snapshot_->handle_of(institution);
    }
    [[nodiscard]] std::optional<InstitutionId> institution_by_handle(
        std::string_view handle) const override {
        return snapshot_->institution_by_handle(handle);
    }
    [[nodiscard]] std::vector<NodeId> nodes_of(const InstitutionId& institution) const override {
        return snapshot_->nodes_of(institution);
    }
    [[nodiscard]] bool is_in_group(const InstitutionId& institution,
                                   std::string_view group) const override {
        return snapshot_->is_in_group(institution, group);
    }
    [[nodiscard]] sync::Freshness freshness() const override { return snapshot_->freshness(); }

private:
    std::shared_ptr<const DirectorySnapshot> snapshot_;
};

}  // namespace sangam::node
