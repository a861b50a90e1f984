// SPDX-License-Identifier: Apache-2.0
// How a dataset's fields merge: the manifest's schema over the defaults for MCPD 2.1 and BrAPI
// (COMMANDS, "MCPD 2.1 and field names", column "default merge"; SEMANTICS section 4).
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/control.hpp"
#include "protocol/path.hpp"
#include "sync/strategies.hpp"

namespace sangam::sync {

/// The default rule of one field, as COMMANDS' table gives it.
struct MergeDefault {
    std::string_view field;     ///< path text
    std::string_view strategy;  ///< empty for a member of a group
    std::string_view group;     ///< empty outside groups
    std::string_view type;      ///< text | number | date | code
};
[[nodiscard]] std::span<const MergeDefault> merge_defaults();

/// A schema with the defaults beneath it. Immutable; any thread.
class MergeSchema {
public:
    /// What the schema says goes before a default. Paths that do not parse are left out: a manifest
    /// is checked where it is made.
    explicit MergeSchema(const Schema& schema);

    /// The group that the field stands in; empty for none.
    [[nodiscard]] std::string_view group_of(const Path& field) const;
    /// Ascending; nullptr for no such group.
    [[nodiscard]] const std::vector<Path>* members_of(std::string_view group) const;
    /// Of a field outside groups, or of an element of a union ("union").
    [[nodiscard]] std::string_view strategy_of(const Path& field) const;
    [[nodiscard]] std::string_view group_strategy(std::string_view group) const;
    /// text | number | date | code.
    [[nodiscard]] std::string_view type_of(const Path& field) const;
    /// The rule of a field or an element, through its group where it stands in one.
    [[nodiscard]] Strategy rule_of(const Path& field) const;
    /// A field that has a rule: alone, or through its group.
    struct FieldRule {
        Path path;
        Strategy strategy = Strategy::latest;
        std::string_view group;  ///< empty for none
    };
    /// The rule at the path or at the nearest one above it; nullptr for none.
    [[nodiscard]] const FieldRule* governing(const Path& path) const;
    /// The union field that `leaf` is an element of; nullptr when it is none.
    [[nodiscard]] const Path* union_of(const Path& leaf) const;
    /// The counter (`sum`) that `leaf` is one lane's total of; nullptr when it is none.
    [[nodiscard]] const Path* counter_of(const Path& leaf) const;
    /// The members of the field's group, ascending, or the field alone.
    [[nodiscard]] std::vector<Path> unit_of(const Path& field) const;
    /// The strategies set or given by default, and the groups, for those who compare schemas.
    [[nodiscard]] const std::map<Path, std::string>& strategies() const { return strategies_; }
    [[nodiscard]] const std::map<Path, std::string>& groups_by_field() const {
        return group_by_field_;
    }

private:
    [[nodiscard]] const Path* part_of(Strategy strategy, const Path& leaf) const;
    std::map<Path, std::string> strategies_;
    std::map<Path, std::string> types_;
    std::map<Path, std::string> group_by_field_;
    std::map<std::string, std::vector<Path>, std::less<>> groups_;
    std::map<std::string, std::string, std::less<>> group_strategies_;
    std::vector<FieldRule> rules_;  ///< ascending by path
};

}  // namespace sangam::sync
