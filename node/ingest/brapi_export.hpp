// SPDX-License-Identifier: Apache-2.0
// From a record to the BrAPI v2.1 entity that shows it: the inverse of brapi_fields.hpp. What the
// entity has no place for stands in its additionalInfo.
#pragma once

#include <string_view>

#include "node/ingest/brapi_entity.hpp"
#include "node/ingest/exporter.hpp"
#include "node/ingest/field_model.hpp"

namespace sangam::node::ingest {

/// A Germplasm, read back by read_brapi_entity(), gives the record's fields again, every cell as it
/// was; names that MCPD and BrAPI both lack come back below additionalInfo.
[[nodiscard]] Value brapi_object(const BrapiEntity& entity, const RecordView& record,
                                 std::string_view dataset_text, const FieldModel& model);

}  // namespace sangam::node::ingest
