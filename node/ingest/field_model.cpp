// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/field_model.hpp"

#include "node/ingest/mcpd.hpp"

namespace sangam::node::ingest {

Shape FieldModel::shape(const Path& field) const {
    if (schema_.group_of(field).empty() && schema_.strategy_of(field) == "union") return Shape::set;
    const McpdColumn* column = find_mcpd_field(field);
    return column && column->is_list ? Shape::list : Shape::text;
}

const std::vector<Path>& FieldModel::members_of(std::string_view group) const {
    const auto* members = schema_.members_of(group);
    SANGAM_ASSERT(members != nullptr);
    return *members;
}

bool FieldModel::is_reserved_to_owner(const Path& field) const {
    const std::string_view group = schema_.group_of(field);
    const std::string_view strategy =
        group.empty() ? schema_.strategy_of(field) : schema_.group_strategy(group);
    return strategy == "identity" || strategy == "owner_wins";
}

Path proposal_path(const Path& field, const NodeId& author) {
    std::vector<std::string> names = {"_proposal"};
    names.insert(names.end(), field.names.begin(), field.names.end());
    names.push_back(author.hex());
    return Path(std::move(names));
}

}  // namespace sangam::node::ingest
