// SPDX-License-Identifier: Apache-2.0
// A BrAPI file as rows for the importer. It is read twice: once to see that it is whole, what kind
// of entity it holds and which fields they have; once to import.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "node/ingest/brapi_elements.hpp"
#include "node/ingest/brapi_fields.hpp"

namespace sangam::node::ingest {

/// What a file holds.
struct BrapiSurvey {
    const BrapiEntity* entity = nullptr;
    std::vector<Path> fields;  ///< ascending; all that any entity has
    WholePaths whole;
};
/// Reads the whole file. `collection` names the entity, or is empty: then the first entity shows
/// it. Errors: the file is no BrAPI document ("bad_json"), holds no entity that is known
/// ("unknown_entity"), or more different fields than a record may have.
[[nodiscard]] Result<BrapiSurvey> survey_brapi(std::string_view body, const std::string& name,
                                               const std::string& collection,
                                               std::string_view dataset_text,
                                               const FieldModel& model);

/// One entity. Views live until the next call.
struct BrapiRow {
    std::size_t line = 0;
    std::string_view text;  ///< the entity as it stands in the file
    std::string id;
    std::vector<std::string_view> cells;  ///< in the order of BrapiSurvey::fields
    std::optional<RowProblem> problem;    ///< then there is neither id nor cells
};

/// Not thread-safe. `body` and `model` must outlive it.
class BrapiReader {
public:
    BrapiReader(std::string_view body, std::string name, BrapiSurvey survey,
                std::string dataset_text, const FieldModel& model, HasGermplasm has_germplasm);
    /// False at the end.
    bool next(BrapiRow& row);
    [[nodiscard]] std::size_t offset() const { return elements_.offset(); }

private:
    BrapiElements elements_;
    BrapiSurvey survey_;
    std::string dataset_text_;
    const FieldModel* model_;
    HasGermplasm has_germplasm_;
    BrapiCells cells_;
};

}  // namespace sangam::node::ingest
