// SPDX-License-Identifier: Apache-2.0
// Public documents that nodes told each other directly, newer than those that the registry's log
// names: how members that moved find each other while the registry is away
// (docs/decisions/0110; docs/registry-format.md, section 6).
#pragma once

#include <map>
#include <vector>

#include "registry/directory.hpp"

namespace sangam::node {

/// At most one document for each current node. Not thread-safe.
class Announcements {
public:
    /// Takes the document when a current node of the directory's federation signed it and its
    /// version is higher than what the directory and this hold of it. False: nothing changed.
    bool take(ByteView encoded, const registry::Directory& directory);
    /// Drops what the directory has caught up with, and nodes that no longer count. True when any
    /// went.
    bool prune(const registry::Directory& directory);
    /// nullptr when the directory has the node's newest one.
    [[nodiscard]] const registry::SignedDocument* of(const NodeId& node) const;
    /// For peers: each as it was signed, by node.
    [[nodiscard]] std::vector<Bytes> documents() const;

    /// announced.cbor: `[1, signed document, ...]`.
    [[nodiscard]] Bytes encode() const;
    /// What of those bytes holds today; damaged ones give nothing, since peers tell again.
    [[nodiscard]] static Announcements decode(ByteView bytes, const registry::Directory& directory);

private:
    std::map<NodeId, registry::SignedDocument> documents_;
};

}  // namespace sangam::node
