// SPDX-License-Identifier: Apache-2.0
// D/directory/ on disk: the verified directory's own files and membership.json, which says to which
// registry the node belongs (docs/node.md, "Files of a node").
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "node/daemon/announcements.hpp"
#include "protocol/error.hpp"
#include "protocol/ids.hpp"
#include "registry/directory.hpp"

namespace sangam::node {

/// membership.json.
struct MembershipFile {
    std::string registry_url;
    Hash registry_id;  ///< the pinned root of trust
    /// The highest version of the own public document that was ever sent: they only grow.
    std::uint64_t document_version = 0;
};

/// What the folder holds. Both are absent before the node joins.
struct StoredMembership {
    std::optional<MembershipFile> membership;
    std::optional<registry::Directory> directory;
    Announcements announcements;
    std::string problem;  ///< why a directory that is there was not taken; it is fetched anew
};

/// Reads and verifies. An error only for a membership.json that cannot be understood: the node must
/// not forget in silence which root it trusts.
[[nodiscard]] Result<StoredMembership> load_membership(const std::string& folder);
/// Throw std::runtime_error when the disk does.
void save_membership(const std::string& folder, const MembershipFile& membership);
void save_announcements(const std::string& folder, const Announcements& announcements);
/// Writes the named files of `directory`, in the order given.
void save_directory(const std::string& folder, const registry::Directory& directory,
                    const std::vector<std::string>& changed_files);

}  // namespace sangam::node
