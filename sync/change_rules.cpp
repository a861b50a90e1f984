// SPDX-License-Identifier: Apache-2.0
#include "sync/change_rules.hpp"

#include <map>

#include "sync/reserved_paths.hpp"
#include "sync/typed_value.hpp"

namespace sangam::sync {
namespace {

using Broken = std::optional<std::string>;

Broken judge_proposal(const FieldWrite& write, const Proposal& proposal, const Lane& lane,
                      bool by_owner) {
    if (proposal.author == lane.node) return {};
    if (!by_owner) return write.path.text() + " is another writer's proposal";
    if (write.value) return write.path.text() + ": an owner answers a proposal, and makes none";
    return {};
}

/// A set's elements and a counter's lanes are what is written, nothing else at or below it.
Broken judge_parts(const MergeSchema::FieldRule& rule, const FieldWrite& write, const Lane& lane) {
    if (rule.strategy == Strategy::set_union &&
        write.path.names.size() != rule.path.names.size() + 1)
        return rule.path.text() + " is a set, which is written element by element";
    if (rule.strategy != Strategy::sum) return {};
    if (write.path != counter_path(rule.path, lane))
        return rule.path.text() +
               " is a counter: each lane writes its own total, nobody a plain value";
    if (write.value && (write.value->is_text() || !Number::of(*write.value)))
        return rule.path.text() + " is a counter, and a total is a number";
    return {};
}

}  // namespace

Path counter_path(const Path& counter, const Lane& lane) { return counter.child(lane.text()); }

std::optional<std::string> broken_rule(const MergeSchema& schema, const Change& change,
                                       const Lane& lane, bool by_owner) {
    std::map<std::string_view, std::size_t> members_written;
    for (const OpenField& field : change.fields) {
        const FieldWrite& write = field.write;
        if (write.path.is_reserved()) {
            const auto proposal = proposal_at(write.path);
            auto broken = proposal ? judge_proposal(write, *proposal, lane, by_owner) : Broken();
            if (broken) return broken;
            continue;
        }
        const auto* rule = schema.governing(write.path);
        if (rule == nullptr) continue;
        if (!by_owner && is_reserved_to_owner(rule->strategy))
            return write.path.text() + " is written by the dataset's owner only";
        if (rule->group.empty()) {
            if (auto broken = judge_parts(*rule, write, lane)) return broken;
        } else if (rule->path.names.size() == write.path.names.size()) {
            ++members_written[rule->group];
        }
    }
    for (const auto& [group, written] : members_written)
        if (written + change.hidden_leaves.size() < schema.members_of(group)->size())
            return "the group " + std::string(group) + " is not written whole";
    return {};
}

}  // namespace sangam::sync
