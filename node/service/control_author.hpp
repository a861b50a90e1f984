// SPDX-License-Identifier: Apache-2.0
// Making and storing one control entry (manifest, grant, revocation), on the logic thread, where no
// other is made at the same time.
#pragma once

#include <functional>
#include <optional>

#include "node/service/call.hpp"
#include "sync/control_author.hpp"

namespace sangam::node {

/// What a maker of an entry works with.
struct ControlMaking {
    const storage::Reader& reader;
    const sync::DirectoryView& directory;
    const sync::ControlAuthor& author;
    Millis now;
};
using ControlMaker = std::function<Result<SignedControl>(const ControlMaking&)>;

/// Stores the entry and tells the engine; durable on return. `after` runs once it is stored, still
/// on the logic thread and before the engine acts on it.
[[nodiscard]] Result<SignedControl> author_control(
    Call& call, std::optional<storage::Holding> holding, const ControlMaker& make,
    const std::function<void(const storage::Reader&, const SignedControl&)>& after = {});

}  // namespace sangam::node
