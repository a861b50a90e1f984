// SPDX-License-Identifier: Apache-2.0
// If-Match and If-None-Match (RFC 9110 sections 8.8.3 and 13.1): `*` or a list of entity tags.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace sangam::node::http {

struct EntityTag {
    bool is_weak = false;
    std::string opaque;  ///< what stands between the quotes
    friend bool operator==(const EntityTag&, const EntityTag&) = default;
};

struct EntityTags {
    bool is_any = false;  ///< `*`
    std::vector<EntityTag> tags;

    /// Both tags strong and equal, as If-Match wants it. `opaque` is a strong tag's.
    [[nodiscard]] bool has_strong(std::string_view opaque) const;
    /// Equal whether weak or not, as If-None-Match wants it.
    [[nodiscard]] bool has_weak(std::string_view opaque) const;
};

/// Refuses everything else ("bad_header"), a tag without quotes and an empty list among it. `name`
/// is the header's, for the error.
[[nodiscard]] Result<EntityTags> parse_entity_tags(std::string_view name, std::string_view value);

}  // namespace sangam::node::http
