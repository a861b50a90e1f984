// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/cell_shape.hpp"

#include <algorithm>
#include <set>

#include "node/ingest/json.hpp"

namespace sangam::node::ingest {
namespace {

// Element -> its indexes, in order of first appearance.
using Places = std::vector<std::pair<std::string_view, Value::Array>>;

Places places_of(const std::vector<std::string_view>& elements) {
    Places out;
    std::map<std::string_view, std::size_t> known;
    for (std::size_t i = 0; i < elements.size(); ++i) {
        const auto [it, is_new] = known.emplace(elements[i], out.size());
        if (is_new) out.emplace_back(elements[i], Value::Array{});
        out[it->second].second.emplace_back(static_cast<std::int64_t>(i));
    }
    return out;
}

void append_set(std::vector<FieldWrite>& out, const Path& field,
                const std::vector<std::string_view>& elements,
                const std::vector<std::string_view>& previous) {
    std::set<std::string_view> written;
    for (auto& [element, indexes] : places_of(elements)) {
        written.insert(element);
        Value value = indexes.size() == 1 ? indexes.front() : Value(std::move(indexes));
        out.push_back({field.child(element), std::move(value)});
    }
    for (const std::string_view element : previous)
        if (written.insert(element).second) out.push_back({field.child(element), std::nullopt});
}

}  // namespace

std::vector<std::string_view> split_list(std::string_view text) {
    std::vector<std::string_view> out;
    if (text.empty()) return out;
    for (;;) {
        const std::size_t end = text.find(';');
        out.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return out;
        text.remove_prefix(end + 1);
    }
}

bool has_repeats(const std::vector<std::string_view>& elements) {
    std::set<std::string_view> seen;
    return std::any_of(elements.begin(), elements.end(),
                       [&](std::string_view element) { return !seen.insert(element).second; });
}

void append_writes(std::vector<FieldWrite>& out, const Path& field, Shape shape,
                   std::string_view text, std::string_view previous_text) {
    if (shape == Shape::set) {
        append_set(out, field, split_list(text), split_list(previous_text));
    } else if (text.empty()) {
        out.push_back({field, std::nullopt});
    } else if (shape == Shape::list) {
        Value::Array elements;
        for (const std::string_view element : split_list(text)) elements.emplace_back(element);
        out.push_back({field, Value(std::move(elements))});
    } else if (shape == Shape::value && text.front() == value_mark) {
        auto value = from_json(text.substr(1));
        SANGAM_ASSERT(value.has_value());  // the cell was made from a value (brapi_cell)
        out.push_back({field, std::move(*value)});
    } else {
        out.push_back({field, Value(text)});
    }
}

Result<void> append_value_writes(std::vector<FieldWrite>& out, const Path& field, Shape shape,
                                 const std::optional<Value>& value,
                                 const std::vector<std::string>& present) {
    if (shape != Shape::set) {
        out.push_back({field, value});
        return {};
    }
    std::vector<std::string_view> elements;
    if (value && value->is_text()) {
        elements.push_back(value->text());
    } else if (const auto* array = value ? value->get_if<Value::Array>() : nullptr) {
        for (const Value& element : *array) {
            if (!element.is_text())
                return fail("bad_set", "a set holds texts only", field.text(),
                            "give an array of quoted texts", ErrorKind::usage);
            elements.push_back(element.text());
        }
    } else if (value) {
        return fail("bad_set", "the field is a set of texts", field.text(),
                    "give a text, or an array of texts with :=", ErrorKind::usage);
    }
    append_set(out, field, elements, std::vector<std::string_view>(present.begin(), present.end()));
    return {};
}

std::string cell_text(const Value& value) {
    if (value.is_text()) return std::string(value.text());
    if (value.is_null()) return {};
    const auto* array = value.get_if<Value::Array>();
    if (!array) return to_json(value);
    std::string out;
    for (std::size_t i = 0; i < array->size(); ++i) {
        if (i > 0) out += ';';
        out += cell_text((*array)[i]);
    }
    return out;
}

bool holds_nul(const Value& value) {
    if (value.is_text()) return value.text().find('\0') != std::string_view::npos;
    if (const auto* array = value.get_if<Value::Array>())
        return std::ranges::any_of(*array, holds_nul);
    if (const auto* map = value.get_if<Value::Map>())
        return std::ranges::any_of(*map, [](const auto& member) {
            return member.first.find('\0') != std::string::npos || holds_nul(member.second);
        });
    return false;
}

}  // namespace sangam::node::ingest
