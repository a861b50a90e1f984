// SPDX-License-Identifier: Apache-2.0
// The FAO/Bioversity Multi-Crop Passport Descriptors V.2.1 (2015): their code lists. The columns
// and their fields are protocol/mcpd.hpp.
#pragma once

#include <string_view>

#include "protocol/mcpd.hpp"

namespace sangam::node::ingest {

/// True for the codes that MCPD V.2.1 lists for SAMPSTAT, COLLSRC, STORAGE and MLSSTAT, given by
/// column name, and for any text in a column without a list.
[[nodiscard]] bool is_known_mcpd_code(std::string_view column, std::string_view code);
/// ISO 3166-1 alpha-3, and the codes that part 3 lists as withdrawn (SUN, YUG, DDR, ...), which
/// passport data of those times rightly have.
[[nodiscard]] bool is_country_code(std::string_view code);
/// The shape of a FAO WIEWS institute code: three capitals, three or four digits.
[[nodiscard]] bool has_institute_code_shape(std::string_view code);

}  // namespace sangam::node::ingest
