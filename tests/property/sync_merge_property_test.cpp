// SPDX-License-Identifier: Apache-2.0
// The laws of merging, on random histories of one record by three lanes: the order in which changes
// come does not matter, dropping superseded ones changes nothing, and a view with hidden fields
// merges to the visible part of the whole. And: the default rules are those of the MCPD columns.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "protocol/mcpd.hpp"
#include "storage/supersession.hpp"
#include "sync/merger.hpp"
#include "sync/record_view.hpp"

using namespace sangam;
using namespace sangam::sync;
using storage::StoredChange;

namespace {

Path path(const std::string& text) { return Path::parse(text).value(); }

/// Fields of every kind of rule: latest, typed number, group, union, a strategy not built yet.
const std::vector<std::string>& field_names() {
    static const std::vector<std::string> names{
        "remarks",          "collectingInfo.collectingSite.elevation", "accessionNames.A",
        "accessionNames.B", "collectingInfo.collectingDate",           "local"};
    return names;
}

/// A history: each change is based on what its author had seen, and contexts are closed.
std::vector<StoredChange> random_history() {
    std::vector<StoredChange> all;
    std::array<std::vector<std::size_t>, 3> held;  // what each author has
    std::array<std::uint64_t, 3> sequence{};
    const int steps = *rc::gen::inRange(1, 14);
    for (int step = 0; step < steps; ++step) {
        const auto author = *rc::gen::inRange<std::size_t>(0, 3);
        if (*rc::gen::inRange(0, 3) == 0) {  // learns what another has
            const auto from = *rc::gen::inRange<std::size_t>(0, 3);
            for (const std::size_t i : held[from])
                if (std::find(held[author].begin(), held[author].end(), i) == held[author].end())
                    held[author].push_back(i);
            continue;
        }
        StoredChange change;
        change.position = Position{static_cast<std::uint64_t>(all.size()) + 1};
        change.dot.lane.node.bytes[0] = static_cast<std::uint8_t>(author + 1);
        change.dot.lane.epoch = Epoch{1};
        change.dot.sequence = Sequence{++sequence[author]};
        change.hlc = Hlc::of(static_cast<std::uint64_t>(*rc::gen::inRange(1, 6)) * 10, 0);
        for (const std::size_t i : held[author]) {
            change.change.context.merge(all[i].change.context);
            change.change.context.add(all[i].dot);
            change.hlc = std::max(change.hlc, Hlc{all[i].hlc.value + 1});
        }
        change.change.key = {"germplasm", "x"};
        std::map<Path, FieldWrite> writes;
        const int count = *rc::gen::inRange(1, 4);
        for (int i = 0; i < count; ++i) {
            const Path field =
                path(field_names()[*rc::gen::inRange<std::size_t>(0, field_names().size())]);
            std::optional<Value> value(Value("v" + std::to_string(*rc::gen::inRange(0, 4))));
            if (field.names.front() == "accessionNames") value = Value(*rc::gen::inRange(0, 3));
            if (*rc::gen::inRange(0, 5) == 0) value.reset();
            writes[field] = {field, value};
        }
        const int kind = *rc::gen::inRange(0, 10);
        if (kind == 0) writes = {{life_path(), {life_path(), deleted_value()}}};
        if (kind == 1) writes = {{life_path(), {life_path(), restored_value()}}};
        if (kind > 1 && kind < 4)
            for (const char* member :
                 {"species", "speciesAuthority", "subtaxa", "subtaxaAuthority"})
                writes[path(member)] = {path(member), Value("g" + std::to_string(kind))};
        for (auto& [field, write] : writes) change.change.fields.push_back({std::move(write), {}});
        held[author].push_back(all.size());
        all.push_back(std::move(change));
    }
    return all;
}

std::vector<StoredChange> live_of(const std::vector<StoredChange>& all) {
    const auto standings = storage::weigh(all);
    std::vector<StoredChange> out;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (standings[i].is_live) out.push_back(all[i]);
    return out;
}

/// Everything that two nodes must agree on, as one comparable value.
auto gist(const MergedRecord& merged) {
    std::vector<std::tuple<std::string, std::string, bool, std::size_t>> conflicts;
    for (const MergeConflict& conflict : merged.conflicts)
        conflicts.emplace_back(conflict.field, conflict.strategy, conflict.is_open,
                               conflict.values.size());
    return std::tuple(merged.is_deleted, merged.fields, conflicts);
}

const Manifest manifest;
const Merger merger;

}  // namespace

TEST_CASE("merger: the order of changes does not matter") {
    CHECK(rc::check([] {
        const auto live = live_of(random_history());
        auto shuffled = live;
        for (std::size_t i = shuffled.size(); i > 1; --i)
            std::swap(shuffled[i - 1], shuffled[*rc::gen::inRange<std::size_t>(0, i)]);
        RC_ASSERT(gist(merger.merge(manifest, shuffled)) == gist(merger.merge(manifest, live)));
    }));
}

TEST_CASE("merger: dropping superseded changes changes nothing") {
    CHECK(rc::check([] {
        const auto all = random_history();
        RC_ASSERT(gist(merger.merge(manifest, all)) == gist(merger.merge(manifest, live_of(all))));
    }));
}

TEST_CASE("merger: two halves that meet merge like one") {
    CHECK(rc::check([] {
        const auto all = random_history();
        std::vector<StoredChange> left;
        std::vector<StoredChange> right;
        for (const StoredChange& change : all) {
            if (*rc::gen::inRange(0, 2) == 0) left.push_back(change);
            if (*rc::gen::inRange(0, 2) == 0) right.push_back(change);
        }
        auto both = left;
        for (const StoredChange& change : right)
            if (std::none_of(both.begin(), both.end(),
                             [&](const StoredChange& c) { return c.dot == change.dot; }))
                both.push_back(change);
        // Each half drops by itself first, as two replicas do before they meet.
        auto dropped = live_of(left);
        for (const StoredChange& change : live_of(right))
            if (std::none_of(dropped.begin(), dropped.end(),
                             [&](const StoredChange& c) { return c.dot == change.dot; }))
                dropped.push_back(change);
        RC_ASSERT(gist(merger.merge(manifest, live_of(dropped))) ==
                  gist(merger.merge(manifest, live_of(both))));
    }));
}

TEST_CASE("record view: what crosses merges to the visible part of the whole") {
    CHECK(rc::check([] {
        storage::RecordState record;
        record.key = {"germplasm", "x"};
        record.changes = live_of(random_history());
        Scope scope = Scope::everything();
        for (const char* name : {"remarks", "collectingInfo", "accessionNames", "local"})
            if (*rc::gen::inRange(0, 3) == 0) scope.rules.front().hidden.push_back(path(name));
        const RowScope row = RowJudge(scope, manifest, merger).of(record);
        const sync::RecordView view = view_of(record, row);
        std::vector<StoredChange> crossed;
        for (const StoredChange& change : record.changes) {
            const auto it = view.changes.find(change.position);
            if (it == view.changes.end()) continue;
            StoredChange copy = change;
            copy.change = as_it_crosses(change.change, it->second, row);
            for (const OpenField& field : copy.change.fields)
                RC_ASSERT(field.write.path == life_path() || row.shows(field.write.path));
            RC_ASSERT(copy.change.leaf_count() == change.change.leaf_count());
            crossed.push_back(std::move(copy));
        }
        auto expected = merger.merge(manifest, record.changes).fields;
        std::erase_if(expected, [&](const auto& entry) { return !row.shows(entry.first); });
        const auto merged = merger.merge(manifest, crossed);
        RC_ASSERT(merged.fields == expected);
        // Of a record that does not show nothing crosses, its deletion either.
        RC_ASSERT(crossed.empty() || merged.is_deleted == view.is_deleted);
        RC_ASSERT(row.is_visible() || crossed.empty());
    }));
}

TEST_CASE("merge schema: has a rule for each MCPD column and for no other field") {
    std::set<std::string> columns;
    for (const auto& column : mcpd_columns()) columns.insert(column.path.text());
    std::set<std::string> rules;
    for (const MergeDefault& row : merge_defaults())
        rules.insert(path(std::string(row.field)).text());
    CHECK(columns == rules);
}
