// SPDX-License-Identifier: Apache-2.0
// A search of one dataset over Tables::select(): exact totals and facets, the best hits, and the
// counts that a federation ranks by (SEMANTICS section 7). The same for every backend.
#pragma once

#include "storage/tables.hpp"

namespace sangam::storage {

/// `rules` is not empty.
[[nodiscard]] SearchResult search_records(const Tables& tables, const Projector& projector,
                                          const DatasetRow& dataset,
                                          const std::vector<SearchRule>& rules,
                                          const SearchQuestion& question);

/// A text whose bytes order as the type orders the values, so that nodes can compare it without
/// knowing the type. Numbers and dates come before what does not read as one. Never empty.
[[nodiscard]] std::string sort_key_of(std::string_view text, FieldType type);

}  // namespace sangam::storage
