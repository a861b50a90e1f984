// SPDX-License-Identifier: Apache-2.0
// The shape of a dataset's fields (SEMANTICS section 4): which are one value, which a whole list,
// which a set with a leaf for each element, and which are only written together. Built on the
// merging rules, so that what is written is what merges.
#pragma once

#include <string_view>
#include <vector>

#include "protocol/control.hpp"
#include "protocol/path.hpp"
#include "sync/merge_schema.hpp"

namespace sangam::node::ingest {

/// How a `;`-separated cell of a field is stored.
enum class Shape {
    text,     ///< not split: one text value
    list,     ///< one array value with every element, empty ones too
    value,    ///< text, or `value_mark` and JSON (cell_shape.hpp): what BrAPI has in a field
    set,      ///< a leaf for each distinct element, at the field's path and the element's text
    counter,  ///< a number for each lane; only additions are written, never the field itself
};

/// Immutable; any thread.
class FieldModel {
public:
    explicit FieldModel(const Schema& schema) : schema_(schema) {}

    /// A field that merges as a union is a set; other list columns of MCPD are lists.
    [[nodiscard]] Shape shape(const Path& field) const;
    /// The group that the field stands in; empty for none.
    [[nodiscard]] std::string_view group_of(const Path& field) const {
        return schema_.group_of(field);
    }
    /// The fields of a group, ascending. Precondition: there is such a group.
    [[nodiscard]] const std::vector<Path>& members_of(std::string_view group) const;
    /// text | number | date | code.
    [[nodiscard]] std::string_view type_of(const Path& field) const {
        return schema_.type_of(field);
    }
    /// True for identity and owner_wins: only the owner writes the field itself.
    [[nodiscard]] bool is_reserved_to_owner(const Path& field) const;
    /// The set field that `leaf` is an element of; nullptr when it is none.
    [[nodiscard]] const Path* set_of(const Path& leaf) const { return schema_.union_of(leaf); }
    /// The counter that `leaf` is one lane's total of; nullptr when it is none.
    [[nodiscard]] const Path* counter_of(const Path& leaf) const {
        return schema_.counter_of(leaf);
    }

private:
    sync::MergeSchema schema_;
};

}  // namespace sangam::node::ingest
