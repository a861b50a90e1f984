// SPDX-License-Identifier: Apache-2.0
// The columns of the FAO/Bioversity Multi-Crop Passport Descriptors V.2.1 (2015) and the field that
// each is stored in: COMMANDS, "MCPD 2.1 and field names". Imports and exports go by it, and
// conditions and edits take the upper-case names for the fields.
#pragma once

#include <span>
#include <string_view>

#include "protocol/path.hpp"

namespace sangam {

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

}  // namespace sangam
