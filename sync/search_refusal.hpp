// SPDX-License-Identifier: Apache-2.0
// A search that every dataset in question refuses: what the person who asked is told. Which field,
// named by which option, is in none of them; and what to ask for instead. A dataset says what it
// lacks in words that are the same for a field that is hidden and for one that is not there
// (docs/decisions/0092), and nothing here tells more than those words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "protocol/path.hpp"
#include "sync/search_outcome.hpp"

namespace sangam::sync {

/// A facet's or an order's field; an MCPD name stands for its field, as in conditions.
[[nodiscard]] Result<Path> asked_field(std::string_view text);

/// A dataset's "no" to a search that names these fields, which nothing that the asker sees there
/// has. Not empty.
[[nodiscard]] std::string refusal_of_fields(const std::vector<Path>& missing);

/// Why one dataset refused.
struct DatasetRefusal {
    std::string dataset;  ///< INSTITUTION/NAME
    std::string reason;   ///< refusal_of_fields(), or why it may not be searched at all
};

/// What a search fails with when all datasets in question refused it. At least one did.
[[nodiscard]] Error search_refusal(const SearchQuery& query, std::vector<DatasetRefusal> refusals);

}  // namespace sangam::sync
