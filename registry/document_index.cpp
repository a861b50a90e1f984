// SPDX-License-Identifier: Apache-2.0
#include "registry/document_index.hpp"

namespace sangam::registry {

void DocumentIndex::take(std::uint64_t index, const Entry& entry) {
    if (const auto* admitted = std::get_if<InstitutionAdmitted>(&entry.body))
        set(index, admitted->first_node, admitted->document.hash);
    else if (const auto* added = std::get_if<NodeAdded>(&entry.body))
        set(index, added->node, added->document.hash);
    else if (const auto* updated = std::get_if<DocumentUpdated>(&entry.body))
        set(index, updated->node, updated->document.hash);
    else if (const auto* revoked = std::get_if<NodeRevoked>(&entry.body))
        drop(revoked->node);
}

void DocumentIndex::set(std::uint64_t index, const NodeId& node, const Hash& hash) {
    drop(node);
    entry_of_[node] = index;
    named_[index] = hash;
}

void DocumentIndex::drop(const NodeId& node) {
    const auto found = entry_of_.find(node);
    if (found == entry_of_.end()) return;
    named_.erase(found->second);
    entry_of_.erase(found);
}

std::vector<Hash> DocumentIndex::named_in(std::uint64_t begin, std::uint64_t end) const {
    std::vector<Hash> out;
    for (auto it = named_.lower_bound(begin); it != named_.end() && it->first < end; ++it)
        out.push_back(it->second);
    return out;
}

}  // namespace sangam::registry
