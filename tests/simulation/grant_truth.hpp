// SPDX-License-Identifier: Apache-2.0
// What the grants on an owner's disk allow, worked out by a second, plainer reading than the policy
// under test: for the checkers. The conditions that simulated grants and subscriptions may have are
// written down here, each beside what it says of a record.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/condition.hpp"
#include "storage/store.hpp"

namespace sangam::testing {

/// Field -> the values of its writes that no other live write of it has seen; nothing for a
/// removal.
using Standing = std::map<Path, std::vector<std::optional<Value>>>;

inline bool is_superseded(const std::vector<storage::StoredChange>& live,
                          const storage::StoredChange& change, const Path& field) {
    return std::any_of(live.begin(), live.end(), [&](const storage::StoredChange& later) {
        return later.change.context.covers(change.dot) && later.change.find(field) != nullptr;
    });
}

inline Standing standing_values(const std::vector<storage::StoredChange>& live) {
    Standing out;
    for (const storage::StoredChange& change : live)
        for (const OpenField& field : change.change.fields)
            if (!is_superseded(live, change, field.write.path))
                out[field.write.path].push_back(field.write.value);
    return out;
}

// ---- conditions
// ----------------------------------------------------------------------------------

using Truth = std::optional<bool>;  ///< nothing: unknown

/// A test of one field; unknown where there is no value and where values that stand disagree.
template <class Test>
Truth each_value(const Standing& record, const char* field, Test test) {
    const auto it = record.find(Path::single(field));
    if (it == record.end()) return std::nullopt;
    std::vector<Truth> all;
    for (const auto& value : it->second) all.push_back(value ? Truth(test(*value)) : Truth());
    const bool agree = std::all_of(all.begin(), all.end(), [&](Truth t) { return t == all[0]; });
    return agree ? all.front() : Truth();
}
inline Truth crop_is(const Standing& record, const char* crop) {
    return each_value(record, "crop", [&](const Value& value) { return value == Value(crop); });
}
inline Truth score_from(const Standing& record, std::int64_t least) {
    return each_value(record, "score",
                      [&](const Value& value) { return *value.get_if<std::int64_t>() >= least; });
}
inline Truth both(Truth a, Truth b) {
    if (a == false || b == false) return false;
    return a && b ? Truth(true) : Truth();
}
inline Truth negated(Truth a) { return a ? Truth(!*a) : Truth(); }
inline Truth either(Truth a, Truth b) { return negated(both(negated(a), negated(b))); }

struct PlainCondition {
    const char* text;
    std::vector<const char*> fields;
    Truth (*holds)(const Standing&);
};

inline const std::vector<PlainCondition>& plain_conditions() {
    using S = Standing;
    static const std::vector<PlainCondition> all{
        {"crop = 'rice'", {"crop"}, [](const S& r) { return crop_is(r, "rice"); }},
        {"crop IN ('rice', 'wheat')",
         {"crop"},
         [](const S& r) {
             return each_value(r, "crop", [](const Value& value) {
                 return value == Value("rice") || value == Value("wheat");
             });
         }},
        {"NOT crop = 'millet'", {"crop"}, [](const S& r) { return negated(crop_is(r, "millet")); }},
        {"score >= 50", {"score"}, [](const S& r) { return score_from(r, 50); }},
        {"crop = 'wheat' AND score < 70",
         {"crop", "score"},
         [](const S& r) { return both(crop_is(r, "wheat"), negated(score_from(r, 70))); }},
        {"crop = 'rice' OR score >= 80",
         {"crop", "score"},
         [](const S& r) { return either(crop_is(r, "rice"), score_from(r, 80)); }},
    };
    return all;
}

/// Nothing for the empty text, which is no condition. `text` may be canonical.
inline const PlainCondition* plain_condition(const std::string& text) {
    static const auto by_text = [] {
        std::map<std::string, const PlainCondition*> out;
        for (const PlainCondition& one : plain_conditions())
            out.emplace(Condition::parse(one.text).value().text(), &one);
        return out;
    }();
    if (text.empty()) return nullptr;
    return by_text.at(Condition::parse(text).value().text());
}

// ---- grants
// --------------------------------------------------------------------------------------

/// A grant to replicate that stands.
struct PlainRule {
    std::vector<Path> hidden;
    const PlainCondition* where = nullptr;

    [[nodiscard]] bool hides(const Path& field) const {
        return std::any_of(hidden.begin(), hidden.end(),
                           [&](const Path& path) { return field.is_at_or_below(path); });
    }
};

/// Those that stand for an institution.
inline std::vector<PlainRule> replicate_rules(const storage::Reader& owner,
                                              const DatasetUid& dataset,
                                              const InstitutionId& institution) {
    std::vector<PlainRule> out;
    for (const auto& [chain, number] : owner.control_numbers(dataset)) {
        const auto entries = owner.control(dataset, chain, 0);
        for (const SignedControl& entry : entries) {
            const auto* grant = std::get_if<Grant>(&entry.entry.body);
            if (!grant || !grant->actions.contains(sangam::Action::replicate)) continue;
            const bool is_for_it = grant->audience.kind == Audience::Kind::members ||
                                   grant->audience.kind == Audience::Kind::everyone ||
                                   (grant->audience.kind == Audience::Kind::institution &&
                                    grant->audience.institution == institution);
            bool has_ended = false;
            for (const SignedControl& later : entries)
                if (const auto* end = std::get_if<Revocation>(&later.entry.body))
                    has_ended = has_ended || end->grant == grant->id;
            if (is_for_it && !has_ended)
                out.push_back({grant->hide, plain_condition(grant->where)});
        }
    }
    return out;
}

/// What shows of one record.
class PlainView {
public:
    /// `filter`: the subscriber's own condition, which reads only what shows to it.
    PlainView(const std::vector<PlainRule>& rules, const PlainCondition* filter,
              const std::vector<storage::StoredChange>& live) {
        Standing record = standing_values(live);
        for (const PlainRule& rule : rules)
            if (!rule.where || rule.where->holds(record) == true) matching_.push_back(&rule);
        const bool hides_some = hides_something();
        std::erase_if(record, [&](const auto& entry) { return !shows(entry.first); });
        // Without a value that shows the record is not there.
        if (hides_some && std::none_of(record.begin(), record.end(), [](const auto& entry) {
                return is_data(entry.first) &&
                       std::any_of(entry.second.begin(), entry.second.end(),
                                   [](const auto& value) { return value.has_value(); });
            }))
            matching_.clear();
        if (!filter) return;
        if (filter->holds(record) != true) matching_.clear();
    }
    [[nodiscard]] bool is_in_scope() const { return !matching_.empty(); }

    /// A field shows when one of the grants does not hide it. A proposal shows like its field, a
    /// curator's reason only where nothing is hidden, and `_life` always.
    [[nodiscard]] bool shows(const Path& field) const {
        const std::string& first = field.names.front();
        if (first == "_resolution") return is_in_scope() && !hides_something();
        Path subject = field;
        if (first == "_proposal") {
            subject.names.erase(subject.names.begin());
            subject.names.pop_back();
        }
        return std::any_of(matching_.begin(), matching_.end(),
                           [&](const PlainRule* rule) { return !rule->hides(subject); });
    }

private:
    /// A proposal stands for the field while its owner has not written that.
    [[nodiscard]] static bool is_data(const Path& path) {
        return !path.is_reserved() || path.names.front() == "_proposal";
    }
    [[nodiscard]] bool hides_something() const {
        return std::any_of(matching_.begin(), matching_.end(), [&](const PlainRule* rule) {
            return std::any_of(rule->hidden.begin(), rule->hidden.end(),
                               [&](const Path& path) { return !shows(path); });
        });
    }

    std::vector<const PlainRule*> matching_;
};

}  // namespace sangam::testing
