// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/field_model.hpp"

#include "node/ingest/mcpd.hpp"

namespace sangam::node::ingest {

Shape FieldModel::shape(const Path& field) const {
    if (schema_.group_of(field).empty()) {
        const auto rule = schema_.rule_of(field);
        if (rule == sync::Strategy::set_union) return Shape::set;
        if (rule == sync::Strategy::sum) return Shape::counter;
    }
    const McpdColumn* column = find_mcpd_field(field);
    return column && column->is_list ? Shape::list : Shape::text;
}

const std::vector<Path>& FieldModel::members_of(std::string_view group) const {
    const auto* members = schema_.members_of(group);
    SANGAM_ASSERT(members != nullptr);
    return *members;
}

bool FieldModel::is_reserved_to_owner(const Path& field) const {
    return sync::is_reserved_to_owner(schema_.rule_of(field));
}

}  // namespace sangam::node::ingest
