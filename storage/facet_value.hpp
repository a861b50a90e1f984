// SPDX-License-Identifier: Apache-2.0
// How a facet spells a field's value: texts that the schema's type takes for one value have one
// spelling, whoever wrote them and whichever node counts, so that counts of nodes add up
// (docs/decisions/0146).
#pragma once

#include <string>
#include <string_view>

#include "storage/projection.hpp"

namespace sangam::storage {

/// number: the shortest decimal digits that read back as the same number, `36` of `36.0`, `3.6e1`
/// and `36`; with an exponent from 1e15 on and below 1e-5; `-0` is `0`. date: as MCPD writes it,
/// YYYYMMDD with `--` for what is unknown, `2001----` of `2001`, `20010000` and `2001----`. What
/// does not read as its type, texts and codes: as it is. Reads back as the same value.
[[nodiscard]] std::string facet_value(std::string_view text, FieldType type);

}  // namespace sangam::storage
