// SPDX-License-Identifier: Apache-2.0
#include "sync/candidates.hpp"

#include <algorithm>
#include <set>

#include "sync/reserved_paths.hpp"
#include "sync/typed_value.hpp"

namespace sangam::sync {
namespace {

using storage::StoredChange;

const StoredChange& change_at(const std::vector<StoredChange>& live, const Dot& dot) {
    return *std::ranges::find(live, dot, &StoredChange::dot);
}

/// What `change` says of the member that is written at `place`: its own write (which stands, or the
/// change would have been seen by another candidate), else the latest standing one that its author
/// saw.
std::optional<Value> said_of(const StoredChange& change, const Path& place,
                             const SiblingMap& siblings) {
    const auto standing = siblings.find(place);
    if (standing == siblings.end()) return std::nullopt;
    const auto& writes = standing->second;
    if (const auto own = std::ranges::find(writes, change.dot, &Sibling::dot); own != writes.end())
        return own->value;
    for (auto it = writes.rbegin(); it != writes.rend(); ++it)
        if (change.change.context.covers(it->dot)) return it->value;
    return std::nullopt;
}

/// `places`: for each member, in order, the path at which the candidates write it.
std::vector<Candidate> candidates_at(std::span<const Path> members, const std::vector<Path>& places,
                                     const std::vector<StoredChange>& live,
                                     const SiblingMap& siblings, bool is_group) {
    std::set<Dot> writers;
    for (const Path& place : places)
        if (const auto it = siblings.find(place); it != siblings.end())
            for (const Sibling& sibling : it->second) writers.insert(sibling.dot);
    std::vector<Candidate> out;
    for (const Dot& dot : writers) {
        const StoredChange& change = change_at(live, dot);
        const bool is_seen = std::ranges::any_of(writers, [&](const Dot& other) {
            return other != dot && change_at(live, other).change.context.covers(dot);
        });
        if (is_seen) continue;
        Candidate candidate{
            {std::nullopt, dot, change.hlc}, {}, &change.change.context, change.institution};
        Value::Map object;
        for (std::size_t i = 0; i < places.size(); ++i) {
            auto value = said_of(change, places[i], siblings);
            if (value && is_group) object.emplace(members[i].text(), *value);
            if (value && !is_group) candidate.sibling.value = value;
            candidate.members.emplace(members[i], std::move(value));
        }
        if (!object.empty()) candidate.sibling.value = Value(std::move(object));
        out.push_back(std::move(candidate));
    }
    std::ranges::sort(out, is_before, &Candidate::sibling);
    return out;
}

}  // namespace

SiblingMap siblings_of(const std::vector<StoredChange>& live) {
    std::map<Path, std::vector<std::pair<const StoredChange*, const OpenField*>>> writes;
    for (const StoredChange& change : live)
        for (const OpenField& field : change.change.fields)
            writes[field.write.path].push_back({&change, &field});
    SiblingMap out;
    for (const auto& [path, list] : writes) {
        auto& siblings = out[path];
        for (const auto& [change, field] : list) {
            const bool is_superseded = std::ranges::any_of(list, [&](const auto& z) {
                return z.first != change && z.first->change.context.covers(change->dot);
            });
            if (!is_superseded) siblings.push_back({field->write.value, change->dot, change->hlc});
        }
        std::ranges::sort(siblings, is_before);
    }
    return out;
}

std::vector<Candidate> own_candidates(std::span<const Path> members,
                                      const std::vector<StoredChange>& live,
                                      const SiblingMap& siblings, bool is_group) {
    return candidates_at(members, {members.begin(), members.end()}, live, siblings, is_group);
}

std::vector<Candidate> pending_proposals(std::span<const Path> members,
                                         const std::vector<StoredChange>& live,
                                         const SiblingMap& siblings, bool is_group,
                                         std::span<const Candidate> own) {
    std::set<NodeId> authors;
    for (const Path& member : members) {
        Path above = member;
        above.names.insert(above.names.begin(), "_proposal");
        for (auto it = siblings.lower_bound(above);
             it != siblings.end() && it->first.is_at_or_below(above); ++it)
            if (const auto proposal = proposal_at(it->first); proposal && proposal->field == member)
                authors.insert(proposal->author);
    }
    std::vector<Candidate> out;
    for (const NodeId& author : authors) {
        std::vector<Path> places;
        for (const Path& member : members) places.push_back(proposal_path(member, author));
        for (Candidate& proposal : candidates_at(members, places, live, siblings, is_group)) {
            // The owner removes a proposal that it has answered.
            if (proposal.sibling.author() != author) continue;
            const bool is_answered = std::ranges::any_of(own, [&](const Candidate& answer) {
                return answer.context->covers(proposal.sibling.dot);
            });
            if (!is_answered) out.push_back(std::move(proposal));
        }
    }
    std::ranges::sort(out, is_before, &Candidate::sibling);
    return out;
}

bool all_say_the_same(std::span<const Candidate> candidates, const MergeSchema& schema) {
    return std::ranges::all_of(candidates, [&](const Candidate& candidate) {
        return std::ranges::all_of(candidate.members, [&](const auto& member) {
            return says_the_same(member.second, candidates.front().members.at(member.first),
                                 schema.type_of(member.first));
        });
    });
}

}  // namespace sangam::sync
