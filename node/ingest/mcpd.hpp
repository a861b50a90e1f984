// SPDX-License-Identifier: Apache-2.0
// The FAO/Bioversity Multi-Crop Passport Descriptors V.2.1 (2015): their columns, the field that
// each is stored in, and their code lists. The table is COMMANDS.md, "MCPD 2.1 and field names".
#pragma once

#include <span>
#include <string_view>

#include "protocol/path.hpp"

namespace sangam::node::ingest {

/// One descriptor.
struct McpdColumn {
    std::string_view name;   ///< as in a header: exactly so, upper case
    std::string_view field;  ///< the field path's text
    bool is_list;            ///< `;`-separated; only these columns are split
    Path path;               ///< of `field`
};

/// The 41 columns in the order of the standard. The order is also a disk format: import states
/// name a column by its index (import_state.hpp), so a new one goes to the end.
[[nodiscard]] std::span<const McpdColumn> mcpd_columns();

/// By header name; nullptr when it is none of the 41.
[[nodiscard]] const McpdColumn* find_mcpd_column(std::string_view name);
/// By field path; nullptr when no column is stored there.
[[nodiscard]] const McpdColumn* find_mcpd_field(const Path& path);

/// True for the codes that MCPD V.2.1 lists for SAMPSTAT, COLLSRC, STORAGE and MLSSTAT, given by
/// column name, and for any text in a column without a list.
[[nodiscard]] bool is_known_mcpd_code(std::string_view column, std::string_view code);
/// ISO 3166-1 alpha-3, and the codes that part 3 lists as withdrawn (SUN, YUG, DDR, ...), which
/// passport data of those times rightly have.
[[nodiscard]] bool is_country_code(std::string_view code);
/// The shape of a FAO WIEWS institute code: three capitals, three or four digits.
[[nodiscard]] bool has_institute_code_shape(std::string_view code);

}  // namespace sangam::node::ingest
