// SPDX-License-Identifier: Apache-2.0
// The BrAPI v2.1 entities that are imported and exported (brapi.org): each by the name of its
// service, which is also the collection it is stored in, and the key that is its id.
#pragma once

#include <span>
#include <string_view>

#include "protocol/value.hpp"

namespace sangam::node::ingest {

struct BrapiEntity {
    std::string_view collection;  ///< "germplasm", "studies", ...
    std::string_view id_key;      ///< "germplasmDbId", "studyDbId", ...
};

/// germplasm, studies, observationunits, observations, variables.
[[nodiscard]] std::span<const BrapiEntity> brapi_entities();
/// nullptr when there is none of that name.
[[nodiscard]] const BrapiEntity* find_brapi_entity(std::string_view collection);
/// What an object is, by its own ...DbId; nullptr when it has none of them. (An observation also
/// names its unit, variable and study: the most particular one counts.)
[[nodiscard]] const BrapiEntity* brapi_entity_of(const Value::Map& object);

/// Keys of a Germplasm that no MCPD column stands for and that keep their name as a field.
[[nodiscard]] std::span<const std::string_view> germplasm_names();

/// What MCPD says that a SAMPSTAT or STORAGE code stands for; empty for an unknown one.
[[nodiscard]] std::string_view biological_status_description(std::string_view code);
[[nodiscard]] std::string_view storage_type_description(std::string_view code);

}  // namespace sangam::node::ingest
