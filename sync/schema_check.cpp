// SPDX-License-Identifier: Apache-2.0
#include "sync/schema_check.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "sync/merge_schema.hpp"

namespace sangam::sync {
namespace {

constexpr std::array types{std::string_view("text"), std::string_view("number"),
                           std::string_view("date"), std::string_view("code")};

std::unexpected<Error> bad(std::string code, std::string message, std::string subject,
                           std::string fix) {
    return fail(std::move(code), std::move(message), std::move(subject), std::move(fix),
                ErrorKind::usage);
}

Result<std::string> field_text(const std::string& text) {
    const auto path = Path::parse(text);
    if (!path)
        return bad("bad_field", path.error().message, text,
                   "give names joined by dots, odd ones in double quotes");
    if (path->is_reserved())
        return bad("reserved_field", "fields that begin with _ are reserved", text,
                   "name the field itself");
    return path->text();
}

bool fits_group(Strategy strategy) {
    return strategy == Strategy::latest || strategy == Strategy::keep_all ||
           is_reserved_to_owner(strategy);
}

Result<void> check_type_fits(const std::string& field, Strategy strategy, std::string_view type) {
    const bool is_number = type == "number";
    const bool is_date = type == "date";
    if (strategy == Strategy::precision && !is_date)
        return bad("bad_merge", "precision compares dates, and the field's type is another",
                   field + " (" + std::string(type) + ")", "give --type " + field + "=date");
    if ((strategy == Strategy::max || strategy == Strategy::min) && !is_number && !is_date)
        return bad("bad_merge", "max and min compare numbers or dates",
                   field + " (" + std::string(type) + ")",
                   "give --type " + field + "=number or =date");
    if (strategy == Strategy::sum && !is_number)
        return bad("bad_merge", "a counter is of numbers", field + " (" + std::string(type) + ")",
                   "give --type " + field + "=number");
    return {};
}

Result<void> check_strategies(const Schema& schema, const MergeSchema& rules) {
    for (const auto& [target, text] : schema.strategies) {
        const Strategy strategy = strategy_from_text(text);
        if (strategy == Strategy::unknown)
            return bad("unknown_strategy", "there is no such merge strategy", target + "=" + text,
                       "use latest, owner_wins, keep_all, union, precision, max, min, sum or "
                       "identity");
        if (rules.members_of(target)) {
            if (!fits_group(strategy))
                return bad("bad_merge",
                           "a group is chosen whole: latest, owner_wins, keep_all or identity",
                           target + "=" + text, "name one of these for the group");
            continue;
        }
        const Path path = Path::parse(target).value();
        if (const auto group = rules.group_of(path); !group.empty())
            return bad("field_in_group",
                       "the field stands in the group " + std::string(group) +
                           ", which has one strategy for all",
                       target + "=" + text, "give --merge " + std::string(group) + "=STRATEGY");
        if (auto fits = check_type_fits(target, strategy, rules.type_of(path)); !fits) return fits;
    }
    return {};
}

}  // namespace

Result<Schema> checked_schema(const Schema& schema) {
    Schema out;
    out.defaults = schema.defaults;
    for (const auto& [field, type] : schema.types) {
        const auto text = field_text(field);
        if (!text) return std::unexpected(text.error());
        if (std::ranges::find(types, type) == types.end())
            return bad("unknown_type", "there is no such type", field + "=" + type,
                       "use text, number, date or code");
        out.types[*text] = type;
    }
    std::map<std::string, std::string> group_of;
    for (const auto& [name, fields] : schema.groups) {
        if (name.empty() || fields.empty())
            return bad("bad_group", "a group has a name and at least one field", name,
                       "give --group NAME=f1,f2");
        auto& members = out.groups[name];
        for (const std::string& field : fields) {
            const auto text = field_text(field);
            if (!text) return std::unexpected(text.error());
            if (const auto [other, is_new] = group_of.emplace(*text, name); !is_new)
                return bad("field_in_two_groups",
                           "a field stands in one group only, and this one is in " + other->second,
                           name + "=" + field, "leave it out of one of them");
            members.push_back(*text);
        }
    }
    for (const auto& [target, strategy] : schema.strategies) {
        if (out.groups.contains(target) || MergeSchema(schema).members_of(target)) {
            out.strategies[target] = strategy;
            continue;
        }
        const auto text = field_text(target);
        if (!text) return std::unexpected(text.error());
        out.strategies[*text] = strategy;
    }
    for (const auto& [name, members] : out.groups)
        if (out.types.contains(name) || group_of.contains(name))
            return bad("bad_group", "a group's name is also a field's", name,
                       "give the group another name");
    if (auto ok = check_strategies(out, MergeSchema(out)); !ok) return std::unexpected(ok.error());
    return out;
}

Result<void> check_schema_change(const Schema& before, const Schema& after,
                                 const std::function<bool(const Path&)>& has_data) {
    const MergeSchema old_rules(before);
    const MergeSchema new_rules(after);
    std::set<Path> fields;
    for (const MergeSchema* rules : {&old_rules, &new_rules}) {
        for (const auto& [field, strategy] : rules->strategies()) fields.insert(field);
        for (const auto& [field, group] : rules->groups_by_field()) fields.insert(field);
    }
    const auto refuse = [](const Path& field, std::string what) {
        return fail("shape_change", std::move(what), field.text(),
                    "records hold values of the field as it was; use another field name, or make a "
                    "new dataset with the rules that you want and import into it",
                    ErrorKind::refused);
    };
    for (const Path& field : fields) {
        const auto shape_of = [&](const MergeSchema& rules) {
            const Strategy rule =
                rules.group_of(field).empty() ? rules.rule_of(field) : Strategy::latest;
            return rule == Strategy::set_union || rule == Strategy::sum ? rule : Strategy::latest;
        };
        if (shape_of(old_rules) != shape_of(new_rules) && has_data(field))
            return refuse(field, "the field would change between one value, a set and a counter");
        if (old_rules.unit_of(field) != new_rules.unit_of(field) && has_data(field))
            return refuse(field, "the field would come to stand in another group");
    }
    return {};
}

}  // namespace sangam::sync
