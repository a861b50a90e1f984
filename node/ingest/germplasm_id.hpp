// SPDX-License-Identifier: Apache-2.0
// How BrAPI names an accession of a dataset: a germplasmDbId is `INSTITUTION/DATASET/ID`,
// percent-encoded as one segment (COMMANDS, "MCPD 2.1 and field names", note b), in the Germplasm
// and in everything that refers to it (docs/decisions/0143).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/value.hpp"

namespace sangam::node::ingest {

/// The key of the id and of the references to it.
inline constexpr std::string_view germplasm_id_key = "germplasmDbId";

/// A germplasmDbId that names its dataset.
struct GermplasmId {
    std::string dataset;  ///< `institution/dataset`
    std::string id;       ///< of the record in the collection germplasm
};
/// Reads exactly the texts that percent_encode() makes of two names and an id; nothing for others.
[[nodiscard]] std::optional<GermplasmId> parse_germplasm_id(std::string_view text);

/// What an export calls the germplasm `id` of its dataset, `dataset_text`. An id that names another
/// dataset already, as a copy from there has it, stays as it is.
[[nodiscard]] std::string exported_germplasm_id(std::string_view id, std::string_view dataset_text);

/// Whether the dataset that is imported into has a live germplasm record of this id.
using HasGermplasm = std::function<bool(const std::string& id)>;

/// An observation or unit, and the observations within a unit, with the references to germplasm as
/// an export writes them.
void export_germplasm_references(Value::Map& entity, std::string_view dataset_text);
/// The inverse: a reference into this dataset is the plain id; so is one into another dataset when
/// this one has the record of that id, as after a copy of passports. All others stay as they are.
void import_germplasm_references(Value::Map& entity, std::string_view dataset_text,
                                 const HasGermplasm& has_germplasm);

}  // namespace sangam::node::ingest
