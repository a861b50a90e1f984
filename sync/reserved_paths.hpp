// SPDX-License-Identifier: Apache-2.0
// The reserved paths of merging (SEMANTICS section 4, docs/protocol.md "Reserved fields"), beside
// `_life` (protocol/path.hpp).
#pragma once

#include <optional>

#include "protocol/ids.hpp"
#include "protocol/path.hpp"

namespace sangam::sync {

/// Where another writer's value for a field reserved to the owner goes: `_proposal`, the field's
/// names, the author's node id in hexadecimal.
[[nodiscard]] Path proposal_path(const Path& field, const NodeId& author);

struct Proposal {
    Path field;
    NodeId author;
};
/// Nothing for any other path.
[[nodiscard]] std::optional<Proposal> proposal_at(const Path& path);

/// Why a curator resolved a conflict: a map {"field": the conflict's field or group, "reason":
/// text}. One for a record; the next resolution replaces it, history keeps the earlier ones.
[[nodiscard]] const Path& resolution_path();

/// True when a view that hides these paths and all below them hides the field; also one above them,
/// since an object that stands there may hold what is hidden. A proposal is as
/// visible as the field that it is for; a curator's reason, which may quote any value, is hidden
/// where anything is.
[[nodiscard]] bool hides(const std::vector<Path>& hidden, const Path& field);

}  // namespace sangam::sync
