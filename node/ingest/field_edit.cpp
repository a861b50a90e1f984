// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/field_edit.hpp"

#include <algorithm>
#include <set>

#include "node/ingest/cell_shape.hpp"
#include "node/ingest/json.hpp"
#include "node/ingest/mcpd.hpp"
#include "sync/change_rules.hpp"
#include "sync/reserved_paths.hpp"
#include "sync/typed_value.hpp"

namespace sangam::node::ingest {
namespace {

Result<Path> parse_field(std::string_view text) {
    if (const McpdColumn* column = find_mcpd_column(text)) return column->path;
    auto path = Path::parse(text);
    if (!path)
        return fail("bad_field", path.error().message, std::string(text),
                    "give names joined by dots, odd ones in double quotes", ErrorKind::usage);
    if (path->is_reserved())
        return fail("reserved_field", "fields that begin with _ are reserved", std::string(text),
                    "choose another name", ErrorKind::usage);
    return path;
}

// Where FIELD ends: the first `=` outside double quotes.
std::size_t find_equals(std::string_view text) {
    bool is_quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') is_quoted = !is_quoted;
        if (text[i] == '=' && !is_quoted) return i;
    }
    return std::string_view::npos;
}

Result<FieldEdit> parse_addition(const Path& counter, char sign, std::string_view text) {
    const std::string signed_text = (sign == '-' ? "-" : "") + std::string(text);
    const auto number = sync::Number::of(Value(signed_text));
    if (!number || text.starts_with('-'))
        return fail("bad_addition", "what is added to a counter is a number", std::string(text),
                    "give " + counter.text() + "+=5 or " + counter.text() + "-=5",
                    ErrorKind::usage);
    return FieldEdit{counter, number->value(), true};
}

/// The lane's new total.
Result<FieldWrite> plan_addition(const FieldEdit& edit, const CounterBase* counters) {
    if (!edit.adds || !counters)
        return fail(
            "counter", "the field is a counter: it takes additions, not values", edit.field.text(),
            "give " + edit.field.text() + "+=5 or " + edit.field.text() + "-=5", ErrorKind::usage);
    const Path path = sync::counter_path(edit.field, counters->lane);
    std::optional<sync::Number> total = sync::Number::of(*edit.value);
    if (const auto it = counters->siblings.find(path); it != counters->siblings.end())
        if (const auto& before = it->second.back().value; before && total)
            if (const auto number = sync::Number::of(*before)) total = number->plus(*total);
    if (!total)
        return fail("bad_addition", "the sum is beyond what a number can hold", edit.field.text(),
                    {}, ErrorKind::usage);
    return FieldWrite{path, total->value()};
}

std::vector<std::string> elements_of(const std::map<Path, Value>& fields, const Path& set) {
    std::vector<std::string> out;
    const auto it = fields.find(set);
    if (it == fields.end()) return out;
    if (const auto* array = it->second.get_if<Value::Array>())
        for (const Value& element : *array)
            if (element.is_text()) out.emplace_back(element.text());
    return out;
}

Result<void> check_no_overlap(const FieldModel& model, const std::map<Path, Value>& fields,
                              const Path& field) {
    const auto refuse = [&](const Path& other) {
        return fail("overlapping_field",
                    "a field cannot hold both a value and further fields: " + other.text(),
                    field.text(), "give the whole path of a field without others below it",
                    ErrorKind::usage);
    };
    for (const auto& [other, value] : fields) {
        const Path* set = model.set_of(field);
        if (other == field || (set && *set == other)) continue;
        if (other.is_at_or_below(field) || field.is_at_or_below(other)) return refuse(other);
    }
    for (const McpdColumn& column : mcpd_columns())
        if (column.path != field && column.path.is_at_or_below(field)) return refuse(column.path);
    return {};
}

/// An object is written as the fields in it, so that each can be hidden, merged and asked for by
/// itself, as those of an imported entity are.
void spread(const FieldModel& model, const FieldEdit& edit, std::vector<FieldEdit>& out) {
    const auto* object = edit.value ? edit.value->get_if<Value::Map>() : nullptr;
    const bool is_plain = model.shape(edit.field) == Shape::text &&
                          model.group_of(edit.field).empty() && !model.set_of(edit.field) &&
                          !model.counter_of(edit.field);
    if (object == nullptr || object->empty() || !is_plain) return out.push_back(edit);
    for (const auto& [name, value] : *object) spread(model, {edit.field.child(name), value}, out);
}

}  // namespace

Result<FieldEdit> parse_assignment(const FieldModel& model, std::string_view text) {
    const std::size_t equals = find_equals(text);
    if (equals == std::string_view::npos || equals == 0)
        return fail("bad_assignment", "not of the form FIELD=VALUE or FIELD:=JSON",
                    std::string(text), "to remove a field give --unset FIELD", ErrorKind::usage);
    const char sign = text[equals - 1];
    if (sign == '+' || sign == '-')
        if (auto counter = parse_field(text.substr(0, equals - 1));
            counter && model.shape(*counter) == Shape::counter)
            return parse_addition(*counter, sign, text.substr(equals + 1));
    const bool is_json = sign == ':';
    auto field = parse_field(text.substr(0, is_json ? equals - 1 : equals));
    if (!field) return std::unexpected(field.error());
    const std::string_view right = text.substr(equals + 1);
    if (is_json) {
        auto value = from_json(right);
        if (!value) {
            Error error = value.error();
            error.subject = field->text() + (error.subject.empty() ? "" : ", " + error.subject);
            return std::unexpected(std::move(error));
        }
        return FieldEdit{std::move(*field), std::move(*value)};
    }
    if (!is_utf8(right))
        return fail("bad_text", "the value is not UTF-8", field->text(),
                    "check the terminal's encoding", ErrorKind::usage);
    if (model.shape(*field) == Shape::text) return FieldEdit{std::move(*field), Value(right)};
    Value::Array elements;
    for (const std::string_view element : split_list(right)) elements.emplace_back(element);
    return FieldEdit{std::move(*field), Value(std::move(elements))};
}

Result<FieldEdit> parse_unset(std::string_view text) {
    auto field = parse_field(text);
    if (!field) return std::unexpected(field.error());
    return FieldEdit{std::move(*field), std::nullopt};
}

Result<std::vector<FieldWrite>> plan_edit(const FieldModel& model,
                                          const std::map<Path, Value>& fields,
                                          const std::vector<FieldEdit>& edits_given,
                                          const std::optional<NodeId>& proposes_as,
                                          const CounterBase* counters) {
    std::vector<FieldEdit> edits;
    for (const FieldEdit& edit : edits_given) spread(model, edit, edits);
    std::vector<FieldWrite> writes;
    std::map<Path, std::optional<Value>> given;
    for (const FieldEdit& edit : edits) {
        const bool has_nul_in_name = std::ranges::any_of(
            edit.field.names,
            [](const std::string& name) { return name.find('\0') != std::string::npos; });
        if (edit.value && (has_nul_in_name || holds_nul(*edit.value)))
            return fail("bad_text", "a text or a name may not hold a NUL, which no file holds",
                        edit.field.text(), "leave the NUL out", ErrorKind::usage);
        if (model.counter_of(edit.field))
            return fail("counter", "the totals of a counter are written by additions only",
                        edit.field.text(), "add to the counter itself: FIELD+=5", ErrorKind::usage);
        if (auto ok = check_no_overlap(model, fields, edit.field); !ok)
            return std::unexpected(ok.error());
        if (!given.emplace(edit.field, edit.value).second)
            return fail("field_twice", "a field is given twice", edit.field.text(),
                        "leave one of them out", ErrorKind::usage);
    }
    for (const FieldEdit& edit : edits) {
        if (model.shape(edit.field) != Shape::counter) continue;
        auto write = plan_addition(edit, counters);
        if (!write) return std::unexpected(write.error());
        writes.push_back(std::move(*write));
        given.erase(edit.field);
    }
    std::set<std::string_view> groups;
    for (const auto& [field, value] : given) {
        const std::string_view group = model.group_of(field);
        if (group.empty()) {
            if (const Path* set = model.set_of(field)) {  // one element: it goes to the end, or out
                const auto end = static_cast<std::int64_t>(elements_of(fields, *set).size());
                writes.push_back({field, value ? std::optional<Value>(end) : std::nullopt});
                continue;
            }
            const Shape shape = model.shape(field);
            const auto present =
                shape == Shape::set ? elements_of(fields, field) : std::vector<std::string>();
            if (auto ok = append_value_writes(writes, field, shape, value, present); !ok)
                return std::unexpected(ok.error());
            continue;
        }
        if (!groups.insert(group).second) continue;
        for (const Path& member : model.members_of(group)) {
            const auto chosen = given.find(member);
            const auto shown = fields.find(member);
            if (chosen != given.end())
                writes.push_back({member, chosen->second});
            else if (shown != fields.end())
                writes.push_back({member, shown->second});
            else
                writes.push_back({member, std::nullopt});
        }
    }
    if (proposes_as)
        for (FieldWrite& write : writes)
            if (model.is_reserved_to_owner(write.path))
                write.path = sync::proposal_path(write.path, *proposes_as);
    if (writes.empty())
        return fail("nothing_to_do", "nothing would change", {},
                    "give FIELD=VALUE or --unset FIELD", ErrorKind::usage);
    return writes;
}

}  // namespace sangam::node::ingest
