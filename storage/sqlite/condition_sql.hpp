// SPDX-License-Identifier: Apache-2.0
// A condition as an SQL expression over a flat record: 1, 0 or NULL for yes, no and unknown. AND,
// OR and NOT are SQL's own, and so is the order of texts; condition_evaluation.cpp does the same
// without SQL, and a property test holds the two against each other.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "protocol/condition.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/flat_codec.hpp"

namespace sangam::storage::sqlite {

/// What the expression stands in.
struct SqlSetting {
    std::string fields;  ///< the column of flat_records.fields, as SQL
    std::function<std::optional<FieldNumber>(const Path&)> number_of;  ///< none: no record has it
    const FieldTypes& types;
    /// An SQL expression, true where the field is visible; empty: always.
    std::function<std::string(const Path&)> visible_where;
};

/// Literals go to the end of `parameters` and stand in the SQL as ?N.
[[nodiscard]] std::string condition_sql(const Condition& condition, const SqlSetting& setting,
                                        std::vector<Parameter>& parameters);

}  // namespace sangam::storage::sqlite
