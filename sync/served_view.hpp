// SPDX-License-Identifier: Apache-2.0
// What a subscriber may and wants to see, and under which of that it was served: kept durable
// beside its row, so that a change of rights costs the difference, also after a restart (SEMANTICS
// section 5).
#pragma once

#include <optional>
#include <vector>

#include "sync/row_scope.hpp"

namespace sangam::sync {

/// Grants AND filter, as of one manifest.
struct ServedView {
    Scope scope;
    std::optional<Condition> filter;
    /// Typed views, and so conditions, depend on the manifest's schema. Zero where none decides.
    Hash manifest;

    [[nodiscard]] bool has_conditions() const {
        return filter.has_value() || scope.has_conditions();
    }
    /// Whether a record is in it depends on the record.
    [[nodiscard]] bool depends_on_rows() const {
        return filter.has_value() || scope.depends_on_rows();
    }
    friend bool operator==(const ServedView& a, const ServedView& b) {
        return a.scope.rules == b.scope.rules && a.filter == b.filter && a.manifest == b.manifest;
    }
};

/// The views under which something that the subscriber holds was sent: one at rest; the earlier
/// ones too while a change is being carried out.
using ServedViews = std::vector<ServedView>;

[[nodiscard]] Bytes encode_views(const ServedViews& views);
/// Nothing for bytes of another version.
[[nodiscard]] std::optional<ServedViews> decode_views(ByteView bytes);

}  // namespace sangam::sync
