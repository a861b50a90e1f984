// SPDX-License-Identifier: Apache-2.0
// BrAPI documents from outside: whatever comes is refused, or read in the second pass just as the
// first pass saw it.
#include <cstddef>
#include <cstdint>

#include "node/ingest/brapi_fields.hpp"
#include "node/ingest/brapi_reader.hpp"
#include "node/ingest/cell_shape.hpp"
#include "node/ingest/json.hpp"

using namespace sangam;
using namespace sangam::node::ingest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const FieldModel model{Schema{}};
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto survey = survey_brapi(text, "f", {}, "a/b", model);
    if (!survey) return 0;
    for (std::size_t i = 0; i + 1 < survey->fields.size(); ++i)
        SANGAM_ASSERT(!survey->fields[i + 1].is_at_or_below(survey->fields[i]));
    BrapiReader reader(text, "f", *survey, "a/b", model, {});
    BrapiRow row;
    while (reader.next(row)) {
        if (row.problem) continue;
        SANGAM_ASSERT(!row.id.empty() && row.cells.size() == survey->fields.size());
        for (std::size_t i = 0; i < row.cells.size(); ++i)
            if (row.cells[i].starts_with(value_mark))
                SANGAM_ASSERT(from_json(row.cells[i].substr(1)).has_value());
    }
    return 0;
}
