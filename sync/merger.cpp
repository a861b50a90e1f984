// SPDX-License-Identifier: Apache-2.0
#include "sync/merger.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace sangam::sync {
namespace {

using storage::StoredChange;

constexpr std::size_t max_cached_schemas = 64;  // a node sees few; a bound keeps a scan short

/// The order that every strategy goes by.
bool earlier(const Sibling& a, const Sibling& b) {
    return std::tie(a.hlc, a.dot) < std::tie(b.hlc, b.dot);
}

/// The writes to each path that no other live write has in its context.
std::map<Path, std::vector<Sibling>> siblings_of(const std::vector<StoredChange>& live) {
    std::map<Path, std::vector<std::pair<const StoredChange*, const OpenField*>>> writes;
    for (const StoredChange& change : live)
        for (const OpenField& field : change.change.fields)
            writes[field.write.path].push_back({&change, &field});
    std::map<Path, std::vector<Sibling>> out;
    for (const auto& [path, list] : writes) {
        auto& siblings = out[path];
        for (const auto& [change, field] : list) {
            const bool is_superseded = std::any_of(list.begin(), list.end(), [&](const auto& z) {
                return z.first != change && z.first->change.context.covers(change->dot);
            });
            if (!is_superseded) siblings.push_back({field->write.value, change->dot, change->hlc});
        }
        std::sort(siblings.begin(), siblings.end(), earlier);
    }
    return out;
}

std::optional<double> number_of(const Value& value) {
    if (const auto* i = value.get_if<std::int64_t>()) return static_cast<double>(*i);
    if (const auto* d = value.get_if<double>()) return *d;
    if (!value.is_text()) return std::nullopt;
    const std::string_view text = value.text();
    double out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return out;
}

/// Equality in the schema's typed view.
bool means_the_same(const std::optional<Value>& a, const std::optional<Value>& b,
                    std::string_view type) {
    if (!a || !b) return !a && !b;
    if (*a == *b) return true;
    if (type != "number") return false;
    const auto x = number_of(*a);
    const auto y = number_of(*b);
    return x && y && *x == *y;
}

bool all_mean_the_same(const std::vector<Sibling>& siblings, std::string_view type) {
    return std::all_of(siblings.begin(), siblings.end(), [&](const Sibling& s) {
        return means_the_same(s.value, siblings.front().value, type);
    });
}

bool settles(std::string_view strategy) { return strategy == "latest"; }

/// One candidate of a group: what one change says of all its members.
struct GroupWrite {
    Sibling sibling;  ///< its value is the object by member path
    std::map<Path, std::optional<Value>> members;
};

/// Lists what each change with a standing write to the group says of it, by (HLC, lane).
std::vector<GroupWrite> group_writes(const std::vector<Path>& members,
                                     const std::vector<StoredChange>& live,
                                     const std::map<Path, std::vector<Sibling>>& siblings) {
    std::set<Dot> standing;
    for (const Path& member : members)
        if (const auto it = siblings.find(member); it != siblings.end())
            for (const Sibling& sibling : it->second) standing.insert(sibling.dot);
    std::vector<GroupWrite> out;
    for (const StoredChange& change : live) {
        if (!standing.contains(change.dot)) continue;
        GroupWrite write{{Value(), change.dot, change.hlc}, {}};
        Value::Map object;
        for (const Path& member : members) {
            const OpenField* field = change.change.find(member);
            if (!field) continue;
            write.members.emplace(member, field->write.value);
            if (field->write.value) object.emplace(member.text(), *field->write.value);
        }
        if (object.empty())
            write.sibling.value = std::nullopt;
        else
            write.sibling.value = Value(std::move(object));
        out.push_back(std::move(write));
    }
    std::sort(out.begin(), out.end(),
              [](const auto& a, const auto& b) { return earlier(a.sibling, b.sibling); });
    return out;
}

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
    Merge(const MergeSchema& schema, const std::vector<StoredChange>& live)
        : schema_(schema), live_(live) {}

    MergedRecord run() {
        out_.is_deleted = is_deleted(live_);
        out_.siblings = siblings_of(live_);
        for (const auto& [path, siblings] : out_.siblings) {
            if (path.is_reserved()) continue;
            if (const auto group = schema_.group_of(path); !group.empty())
                merge_group(group);
            else if (const Path* set = schema_.union_of(path))
                merge_element(*set, path, siblings);
            else
                merge_field(path, siblings);
        }
        assemble_unions();
        std::sort(out_.leaves.begin(), out_.leaves.end(),
                  [](const auto& a, const auto& b) { return a.path < b.path; });
        std::sort(out_.conflicts.begin(), out_.conflicts.end(),
                  [](const auto& a, const auto& b) { return a.field < b.field; });
        return std::move(out_);
    }

private:
    void show(const Path& path, const Value& value, bool has_conflict) {
        out_.leaves.push_back({path, value, has_conflict});
        out_.fields[path] = value;
    }

    void record_conflict(std::string field, std::string_view strategy, bool is_group,
                         std::vector<Sibling> values, std::size_t winner, bool is_open) {
        MergeConflict conflict;
        conflict.field = std::move(field);
        conflict.strategy = std::string(strategy);
        conflict.is_group = is_group;
        conflict.is_open = is_open;
        conflict.values = std::move(values);
        if (!is_open) conflict.chosen = winner;
        out_.conflicts.push_back(std::move(conflict));
    }

    void merge_field(const Path& path, const std::vector<Sibling>& siblings) {
        const bool is_conflict = !all_mean_the_same(siblings, schema_.type_of(path));
        if (is_conflict) {
            const auto strategy = schema_.strategy_of(path);
            record_conflict(path.text(), strategy, false, siblings, siblings.size() - 1,
                            !settles(strategy));
        }
        if (siblings.back().value) show(path, *siblings.back().value, is_conflict);
    }

    void merge_element(const Path& set, const Path& path, const std::vector<Sibling>& siblings) {
        const auto add = std::find_if(siblings.begin(), siblings.end(),
                                      [](const Sibling& s) { return s.value.has_value(); });
        const bool stands = add != siblings.end();
        const bool is_conflict =
            stands && std::any_of(siblings.begin(), siblings.end(),
                                  [](const Sibling& s) { return !s.value.has_value(); });
        if (is_conflict)
            record_conflict(path.text(), "union", false, siblings,
                            static_cast<std::size_t>(add - siblings.begin()), false);
        if (!stands) return;
        out_.leaves.push_back({path, *add->value, is_conflict, true});
        for (const std::int64_t index : indexes_of(*add->value))
            unions_[set].insert({add->hlc, add->dot, index, path.names.back()});
    }

    void merge_group(std::string_view group) {
        if (!groups_done_.insert(std::string(group)).second) return;
        const std::vector<Path>& members = *schema_.members_of(group);
        const auto writes = group_writes(members, live_, out_.siblings);
        const GroupWrite& winner = writes.back();
        const bool is_conflict =
            std::any_of(writes.begin(), writes.end(), [&](const GroupWrite& write) {
                return std::any_of(members.begin(), members.end(), [&](const Path& member) {
                    return !means_the_same(value_in(write, member), value_in(winner, member),
                                           schema_.type_of(member));
                });
            });
        if (is_conflict) {
            const auto strategy = schema_.group_strategy(group);
            std::vector<Sibling> values;
            for (const GroupWrite& write : writes) values.push_back(write.sibling);
            record_conflict(std::string(group), strategy, true, std::move(values),
                            writes.size() - 1, !settles(strategy));
        }
        for (const auto& [member, value] : winner.members)
            if (value) show(member, *value, is_conflict);
    }

    static std::optional<Value> value_in(const GroupWrite& write, const Path& member) {
        const auto it = write.members.find(member);
        return it == write.members.end() ? std::nullopt : it->second;
    }

    void assemble_unions() {
        for (const auto& [set, places] : unions_) {
            Value::Array list;
            for (const UnionPlace& place : places) list.emplace_back(place.element);
            out_.fields[set] = Value(std::move(list));
        }
    }

    const MergeSchema& schema_;
    const std::vector<StoredChange>& live_;
    MergedRecord out_;
    std::set<std::string> groups_done_;
    std::map<Path, std::set<UnionPlace>> unions_;
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
    return Merge(*schema, live).run();
}

storage::Projection Merger::project(const Manifest& manifest, const RecordKey&,
                                    const std::vector<StoredChange>& live) const {
    const auto schema = schema_of(manifest);
    MergedRecord merged = Merge(*schema, live).run();
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

std::shared_ptr<const MergeSchema> Merger::schema_of(const Manifest& manifest) const {
    const std::lock_guard lock(mutex_);
    for (const auto& [schema, rules] : schemas_)
        if (schema == manifest.schema) return rules;
    if (schemas_.size() >= max_cached_schemas) schemas_.erase(schemas_.begin());
    schemas_.emplace_back(manifest.schema, std::make_shared<const MergeSchema>(manifest.schema));
    return schemas_.back().second;
}

}  // namespace sangam::sync
