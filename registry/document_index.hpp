// SPDX-License-Identifier: Apache-2.0
// Which entry of the log names each node's newest public document, so that a follower is sent
// every document that still counts once, with the entries that it lacks.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "registry/entry.hpp"

namespace sangam::registry {

/// Not thread-safe.
class DocumentIndex {
public:
    /// Follows one entry that took effect.
    void take(std::uint64_t index, const Entry& entry);
    /// Forgets a node that ceased to count: its document is not sent any more.
    void drop(const NodeId& node);
    /// Hashes of the newest documents that entries [begin, end) name, in log order.
    [[nodiscard]] std::vector<Hash> named_in(std::uint64_t begin, std::uint64_t end) const;

private:
    void set(std::uint64_t index, const NodeId& node, const Hash& hash);
    std::map<NodeId, std::uint64_t> entry_of_;
    std::map<std::uint64_t, Hash> named_;
};

}  // namespace sangam::registry
