// SPDX-License-Identifier: Apache-2.0
// Invariant at rest: each subscriber holds what its grants and its own condition let it see of the
// owner's records, to the same bytes and merged to the same values, and nothing else; without a
// grant, nothing. So all who have the same view hold the same.
#pragma once

#include <string>
#include <vector>

#include "sync/merger.hpp"
#include "tests/simulation/grant_truth.hpp"
#include "tests/support/sim_world.hpp"

namespace sangam::testing {

/// What is held, or should be, of one record.
struct RecordContent {
    std::map<Path, Value> fields;  ///< merged
    /// Change hash -> its open fields.
    std::map<Hash, std::map<Path, std::optional<Value>>> changes;
};
using Contents = std::map<RecordKey, RecordContent>;

/// The owner's records as a subscriber with these rights has to hold them.
inline Contents contents_in_view(const storage::Reader& owner, const sync::Merger& merger,
                                 const DatasetUid& dataset, const std::vector<PlainRule>& rules,
                                 const PlainCondition* filter) {
    Contents out;
    const auto info = owner.dataset(dataset);
    if (!info) return out;
    owner.scan_records(dataset, {}, nullptr, [&](const storage::RecordState& record) {
        const PlainView view(rules, filter, record.changes);
        const auto merged = merger.merge(info->manifest, record.changes);
        if (!view.is_in_scope() || merged.is_deleted) return true;
        RecordContent content;
        for (const auto& [path, value] : merged.fields)
            if (view.shows(path)) content.fields.emplace(path, value);
        for (const auto& change : record.changes) {
            std::map<Path, std::optional<Value>> open;
            for (const OpenField& field : change.change.fields)
                if ((field.write.path == life_path() || view.shows(field.write.path)) &&
                    !is_superseded(record.changes, change, field.write.path))
                    open.emplace(field.write.path, field.write.value);
            if (!open.empty()) content.changes.emplace(change.change_hash, std::move(open));
        }
        if (!content.changes.empty()) out.emplace(record.key, std::move(content));
        return true;
    });
    return out;
}

inline Contents contents_held(const storage::Reader& reader, const sync::Merger& merger,
                              const DatasetUid& dataset) {
    Contents out;
    const auto info = reader.dataset(dataset);
    if (!info) return out;
    reader.scan_records(dataset, {}, nullptr, [&](const storage::RecordState& record) {
        RecordContent& content = out[record.key];
        content.fields = merger.merge(info->manifest, record.changes).fields;
        for (const auto& change : record.changes)
            for (const OpenField& field : change.change.fields)
                content.changes[change.change_hash].emplace(field.write.path, field.write.value);
        return true;
    });
    return out;
}

inline std::string first_difference(const RecordContent& expected, const RecordContent& held) {
    for (const auto& [path, value] : expected.fields) {
        const auto it = held.fields.find(path);
        if (it == held.fields.end()) return path.text() + " is missing";
        if (it->second != value) return path.text() + " is another";
    }
    for (const auto& [path, value] : held.fields)
        if (!expected.fields.contains(path)) return path.text() + " should not show";
    for (const auto& [hash, open] : expected.changes)
        if (!held.changes.contains(hash)) return "change " + hash.hex() + " is missing";
    for (const auto& [hash, open] : held.changes) {
        const auto it = expected.changes.find(hash);
        if (it == expected.changes.end()) return "change " + hash.hex() + " should not be there";
        for (const auto& [path, value] : open)
            if (!it->second.contains(path))
                return path.text() + " is open in change " + hash.hex() + " and should not be";
        if (open != it->second) return "change " + hash.hex() + " shows too little";
    }
    return {};
}

/// `subscription`: what the subscriber's own disk says that it wants; nothing when it has none.
inline std::vector<std::string> check_arrival(
    SimWorld& world, std::size_t owner, std::size_t subscriber, const DatasetUid& dataset,
    const std::optional<storage::OwnSubscription>& subscription) {
    std::vector<std::string> out;
    Contents expected;
    const auto reader = world[owner].reader();
    if (subscription) {
        const auto rules = replicate_rules(*reader, dataset, world[subscriber].institution);
        const PlainCondition* filter = plain_condition(subscription->where);
        // A condition on a field that is hidden everywhere is as good as none of its records.
        const bool is_usable =
            !filter || std::all_of(filter->fields.begin(), filter->fields.end(), [&](auto field) {
                return std::any_of(rules.begin(), rules.end(), [&](const PlainRule& rule) {
                    return !rule.hides(Path::single(field));
                });
            });
        if (is_usable)
            expected = contents_in_view(*reader, world[owner].merger, dataset, rules, filter);
    }
    const Contents held =
        contents_held(*world[subscriber].reader(), world[subscriber].merger, dataset);
    const std::string where = world[subscriber].handle + "/" + std::to_string(subscriber) + " of " +
                              world[owner].handle + "'s " + dataset.hex().substr(0, 4) + ": ";
    for (const auto& [key, content] : expected) {
        const auto it = held.find(key);
        if (it == held.end())
            out.push_back(where + key.id + " has not arrived");
        else if (const auto difference = first_difference(content, it->second); !difference.empty())
            out.push_back(where + key.id + " differs: " + difference);
    }
    for (const auto& [key, content] : held)
        if (!expected.contains(key)) out.push_back(where + key.id + " should not be there");
    return out;
}

}  // namespace sangam::testing
