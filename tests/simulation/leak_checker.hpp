// SPDX-License-Identifier: Apache-2.0
// Invariant: no delivery leaves an owner that no grant allowed when it was marked sent, and whole
// commits go to owner and writers only. Looks at every message as it leaves, at the real receiver,
// and at the control log and the records on the sender's disk.
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/grant_truth.hpp"
#include "tests/support/sim_world.hpp"

namespace sangam::testing {

class LeakChecker {
public:
    explicit LeakChecker(SimWorld& world) : world_(world) {}

    void on_send(std::size_t from, std::size_t to, const messages::Message& message) {
        if (const auto* commits = std::get_if<messages::WriterCommits>(&message))
            check_writer(from, to, commits->dataset);
        const auto* delivery = std::get_if<messages::Delivery>(&message);
        if (!delivery || delivery->parts.empty()) return;
        const auto reader = world_[from].reader();
        const PlainCondition* filter = nullptr;
        for (const auto& row : reader->served_subscriptions())
            if (row.id == delivery->subscription) filter = plain_condition(row.where);
        std::optional<std::vector<PlainRule>> rules;
        std::map<RecordKey, std::optional<PlainView>> views;
        for (const Bytes& encoded : delivery->parts) {
            const CommitPart part = CommitPart::decode(encoded).value();
            const DatasetUid& dataset = part.signed_header.header.dataset;
            if (!rules) rules = replicate_rules(*reader, dataset, world_[to].institution);
            for (const Change& change : part.changes) {
                ++seen_;
                const auto [it, is_first] = views.try_emplace(change.key);
                if (is_first)
                    if (const auto record = reader->record(dataset, change.key))
                        it->second.emplace(*rules, filter, record->changes);
                const auto& view = it->second;
                const std::string what = " of " + change.key.id + " went to " + world_[to].handle;
                if (rules->empty())
                    leaks_.push_back("a change" + what + " without a grant");
                else if (!view || !view->is_in_scope())
                    leaks_.push_back("a change" + what + ", for which no condition is true");
                else
                    for (const OpenField& field : change.fields)
                        if (field.write.path != life_path() && !view->shows(field.write.path))
                            leaks_.push_back("field " + field.write.path.text() + what +
                                             ", which it is hidden from");
            }
        }
    }

    [[nodiscard]] const std::vector<std::string>& leaks() const { return leaks_; }
    [[nodiscard]] std::size_t seen() const { return seen_; }

private:
    /// Whole commits go to nodes of the owner and of writers only.
    void check_writer(std::size_t from, std::size_t to, const DatasetUid& dataset) {
        const auto info = world_[from].reader()->dataset(dataset);
        const InstitutionId& institution = world_[to].institution;
        if (info && (info->manifest.owner == institution ||
                     std::find(info->manifest.writers.begin(), info->manifest.writers.end(),
                               institution) != info->manifest.writers.end()))
            return;
        leaks_.push_back("whole commits went to " + world_[to].handle + ", which is no writer");
    }

    SimWorld& world_;
    std::vector<std::string> leaks_;
    std::size_t seen_ = 0;
};

}  // namespace sangam::testing
