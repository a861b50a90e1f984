// SPDX-License-Identifier: Apache-2.0
// Checks the rules of a dataset before its owner signs them: `dataset create|set` with --merge,
// --group and --type. A manifest that came from elsewhere is not checked so: what it names is
// merged as it can be (merger.hpp).
#pragma once

#include <functional>

#include "protocol/control.hpp"
#include "protocol/error.hpp"

namespace sangam::sync {

/// Refuses (usage): a strategy or type that is not known, a path that does not parse or is
/// reserved, a group that is empty, that has a field of another group, or whose name is a field's;
/// strategies that do not go with a group or a type. Returns the schema with its paths in their one
/// spelling.
[[nodiscard]] Result<Schema> checked_schema(const Schema& schema);

/// Refuses (refused) what would give fields that hold data another shape: to and from a set or a
/// counter, into or out of a group, and a set's or counter's parts. `has_data(path)`: a record of
/// the dataset has a write at or below the path. Such a change needs a commit that migrates the
/// values, which this version does not make.
[[nodiscard]] Result<void> check_schema_change(const Schema& before, const Schema& after,
                                               const std::function<bool(const Path&)>& has_data);

}  // namespace sangam::sync
