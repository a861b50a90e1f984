// SPDX-License-Identifier: Apache-2.0
#include "sync/merger.hpp"

#include <algorithm>
#include <set>

#include "sync/candidates.hpp"
#include "sync/change_rules.hpp"
#include "sync/reserved_paths.hpp"
#include "sync/typed_value.hpp"

namespace sangam::sync {
namespace {

using storage::StoredChange;

constexpr std::size_t max_cached_schemas = 64;  // a node sees few; a bound keeps a scan short

/// Where an element stands in its union: the earliest live add, then the index that it gave.
struct UnionPlace {
    Hlc hlc;
    Dot dot;
    std::int64_t index = 0;
    std::string element;
    friend bool operator<(const UnionPlace& a, const UnionPlace& b) {
        return std::tie(a.hlc, a.dot, a.index, a.element) <
               std::tie(b.hlc, b.dot, b.index, b.element);
    }
};

/// The indexes that a union leaf's value gives: an integer, or an array of them for an element that
/// its source repeats.
std::vector<std::int64_t> indexes_of(const Value& value) {
    if (const auto* one = value.get_if<std::int64_t>()) return {*one};
    std::vector<std::int64_t> out;
    if (const auto* many = value.get_if<Value::Array>())
        for (const Value& item : *many)
            if (const auto* index = item.get_if<std::int64_t>()) out.push_back(*index);
    if (out.empty()) out.push_back(0);
    return out;
}

class Merge {
public:
    Merge(const MergeSchema& schema, const InstitutionId& owner,
          const std::vector<StoredChange>& live)
        : schema_(schema), owner_(owner), live_(live) {}

    MergedRecord run() {
        out_.is_deleted = is_deleted(live_);
        out_.siblings = siblings_of(live_);
        for (const auto& [path, siblings] : out_.siblings) {
            if (const auto proposal = proposal_at(path)) {
                // A field that only has proposals is merged as well.
                if (is_reserved_to_owner(schema_.rule_of(proposal->field)))
                    merge_unit(proposal->field);
                continue;
            }
            if (path.is_reserved()) continue;
            const MergeSchema::FieldRule* rule = schema_.governing(path);
            const bool is_part = rule != nullptr && rule->group.empty() &&
                                 rule->path.names.size() + 1 == path.names.size();
            if (is_part && rule->strategy == Strategy::set_union)
                merge_element(rule->path, path, siblings);
            else if (is_part && rule->strategy == Strategy::sum)
                counters_[rule->path].push_back(siblings.back());
            else if (siblings.size() == 1 &&
                     (rule == nullptr ||
                      (live_.size() == 1 && (is_owners(live_.front().institution) ||
                                             !is_reserved_to_owner(schema_.rule_of(path))))))
                show_single(path, siblings.front());  // by far the most
            else
                merge_unit(path);
        }
        assemble_unions();
        add_up_counters();
        std::ranges::sort(out_.leaves, {}, &storage::ProjectedField::path);
        std::ranges::sort(out_.conflicts, {}, &MergeConflict::field);
        return std::move(out_);
    }

private:
    /// Where nobody knows whose node it is, the write was taken under the rules of its day.
    bool is_owners(const std::optional<InstitutionId>& institution) const {
        return !institution || *institution == owner_;
    }

    void show(const Path& path, const Value& value, bool has_conflict) {
        out_.leaves.push_back({path, value, has_conflict});
        out_.fields[path] = value;
    }

    void show_single(const Path& path, const Sibling& sibling) {
        if (sibling.value) show(path, *sibling.value, false);
    }

    /// The field alone, or the group that it stands in, once.
    void merge_unit(const Path& field) {
        const std::string group(schema_.group_of(field));
        const bool is_group = !group.empty();
        if (!units_done_.insert({is_group, is_group ? group : field.text()}).second) return;
        const std::vector<Path> members = schema_.unit_of(field);
        const Strategy rule = schema_.rule_of(field);
        std::vector<Candidate> candidates = own_candidates(members, live_, out_.siblings, is_group);
        std::optional<Dot> owners_latest;
        if (is_reserved_to_owner(rule)) {
            // What another writer wrote before the field was reserved counts as a proposal.
            std::vector<Candidate> by_owner;
            for (const Candidate& candidate : candidates)
                if (is_owners(candidate.institution)) by_owner.push_back(candidate);
            if (!by_owner.empty()) owners_latest = by_owner.back().sibling.dot;
            for (Candidate& proposal :
                 pending_proposals(members, live_, out_.siblings, is_group, by_owner))
                candidates.push_back(std::move(proposal));
            std::ranges::sort(candidates, is_before, &Candidate::sibling);
        }
        if (candidates.empty()) return;  // every proposal was answered
        const bool is_unanswered = rule == Strategy::identity && !owners_latest;
        const bool is_conflict = is_unanswered || !all_say_the_same(candidates, schema_);
        std::vector<Sibling> values;
        for (const Candidate& candidate : candidates) values.push_back(candidate.sibling);
        // Where all say the same, the text of the latest is shown.
        Settlement settled{false, candidates.size() - 1};
        if (is_reserved_to_owner(rule) && owners_latest)
            settled.shown = static_cast<std::size_t>(
                std::ranges::find(values, *owners_latest, &Sibling::dot) - values.begin());
        else if (is_unanswered)
            settled.is_open = true;
        else if (is_conflict && rule != Strategy::owner_wins)
            settled = settle(rule, schema_.type_of(field), values);
        // Which of a group's members have values differs between views, the order of time does not:
        // a replica with hidden members has to show what its source shows of the others.
        if (is_group && settled.is_open) settled.shown = candidates.size() - 1;
        if (is_conflict) {
            MergeConflict conflict;
            conflict.field = is_group ? group : field.text();
            conflict.strategy =
                is_group ? schema_.group_strategy(group) : schema_.strategy_of(field);
            conflict.is_group = is_group;
            conflict.is_open = settled.is_open;
            if (!settled.is_open) conflict.chosen = settled.shown;
            conflict.values = std::move(values);
            out_.conflicts.push_back(std::move(conflict));
        }
        if (is_unanswered) return;  // nobody but the owner says who or what the record is
        for (const auto& [member, value] : candidates[settled.shown].members)
            if (value) show(member, *value, is_conflict);
    }

    void merge_element(const Path& set, const Path& path, const std::vector<Sibling>& siblings) {
        const auto add =
            std::ranges::find_if(siblings, [](const Sibling& s) { return s.value.has_value(); });
        const bool stands = add != siblings.end();
        const bool is_conflict = stands && std::ranges::any_of(siblings, [](const Sibling& s) {
                                     return !s.value.has_value();
                                 });
        if (is_conflict)
            out_.conflicts.push_back({path.text(), "union", false, false, siblings,
                                      static_cast<std::size_t>(add - siblings.begin())});
        if (!stands) return;
        out_.leaves.push_back({path, *add->value, is_conflict, true});
        for (const std::int64_t index : indexes_of(*add->value))
            unions_[set].insert({add->hlc, add->dot, index, path.names.back()});
    }

    void assemble_unions() {
        for (const auto& [set, places] : unions_) {
            Value::Array list;
            for (const UnionPlace& place : places) list.emplace_back(place.element);
            out_.fields[set] = Value(std::move(list));
        }
    }

    /// Lanes are added in the order of their paths, which is the same everywhere: floating-point
    /// sums depend on it.
    void add_up_counters() {
        for (const auto& [counter, totals] : counters_) {
            std::optional<Number> sum;
            for (const Sibling& total : totals) {
                const auto number = total.value ? Number::of(*total.value) : std::nullopt;
                if (!number) continue;
                const auto next = sum ? sum->plus(*number) : number;
                if (next) sum = next;
            }
            if (sum) show(counter, sum->value(), false);
        }
    }

    const MergeSchema& schema_;
    const InstitutionId& owner_;
    const std::vector<StoredChange>& live_;
    MergedRecord out_;
    std::set<std::pair<bool, std::string>> units_done_;  ///< (is a group, name)
    std::map<Path, std::set<UnionPlace>> unions_;
    std::map<Path, std::vector<Sibling>> counters_;
};

const std::string* life_state(const StoredChange& change) {
    const OpenField* field = change.change.find(life_path());
    if (!field || !field->write.value) return nullptr;
    const auto* map = field->write.value->get_if<Value::Map>();
    if (!map) return nullptr;
    const auto state = map->find("state");
    return state == map->end() ? nullptr : state->second.get_if<std::string>();
}

}  // namespace

bool is_deleted(const std::vector<StoredChange>& live) {
    return std::any_of(live.begin(), live.end(), [&](const StoredChange& removal) {
        const std::string* state = life_state(removal);
        if (!state || *state != "deleted") return false;
        return std::none_of(live.begin(), live.end(), [&](const StoredChange& other) {
            const std::string* restored = life_state(other);
            return restored && *restored == "live" && other.change.context.covers(removal.dot);
        });
    });
}

Value deleted_value(const std::string& replaced_by) {
    Value::Map map{{"state", Value("deleted")}};
    if (!replaced_by.empty()) map.emplace("replaced_by", Value(replaced_by));
    return Value(std::move(map));
}

Value restored_value() { return Value(Value::Map{{"state", Value("live")}}); }

MergedRecord Merger::merge(const Manifest& manifest, const std::vector<StoredChange>& live) const {
    const auto schema = schema_of(manifest);
    return Merge(*schema, manifest.owner, live).run();
}

storage::Projection Merger::project(const Manifest& manifest, const RecordKey&,
                                    const std::vector<StoredChange>& live) const {
    const auto schema = schema_of(manifest);
    MergedRecord merged = Merge(*schema, manifest.owner, live).run();
    storage::Projection out{merged.is_deleted, std::move(merged.leaves), {}};
    for (const auto& [path, siblings] : merged.siblings) {
        if (siblings.size() < 2 || path.is_reserved() || schema->union_of(path)) continue;
        const bool is_one_value = std::all_of(
            siblings.begin(), siblings.end(),
            [&](const Sibling& sibling) { return sibling.value == siblings.front().value; });
        if (is_one_value) continue;
        for (const Sibling& sibling : siblings) out.siblings[path].push_back(sibling.value);
    }
    return out;
}

storage::FieldType Merger::type_of(const Manifest& manifest, const Path& path) const {
    return storage::field_type_of(schema_of(manifest)->type_of(path));
}

std::optional<std::string> Merger::broken_rule(const Manifest& manifest, const Change& change,
                                               const Lane& lane, bool by_owner) const {
    return sync::broken_rule(*schema_of(manifest), change, lane, by_owner);
}

std::shared_ptr<const MergeSchema> Merger::schema_of(const Manifest& manifest) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [schema, rules] : schemas_)
        if (schema == manifest.schema) return rules;
    if (schemas_.size() >= max_cached_schemas) schemas_.erase(schemas_.begin());
    schemas_.emplace_back(manifest.schema, std::make_shared<const MergeSchema>(manifest.schema));
    return schemas_.back().second;
}

}  // namespace sangam::sync
