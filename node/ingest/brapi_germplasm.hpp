// SPDX-License-Identifier: Apache-2.0
// A passport as a BrAPI v2.1 Germplasm (COMMANDS, "MCPD 2.1 and field names", column "BrAPI
// Germplasm shows" and its notes a to d).
#pragma once

#include <string_view>

#include "node/ingest/exporter.hpp"
#include "node/ingest/field_model.hpp"

namespace sangam::node::ingest {

[[nodiscard]] Value germplasm_object(const RecordView& record, std::string_view dataset_text,
                                     const FieldModel& model);

}  // namespace sangam::node::ingest
