// SPDX-License-Identifier: Apache-2.0
#include "storage/flat_record.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

namespace sangam::storage {
namespace {

using Texts = std::map<Path, std::vector<std::string>>;

/// Adds the plain texts of a value: arrays at the same path, members of maps below it.
void flatten(const Path& path, const Value& value, Texts& out) {
    if (const auto* array = value.get_if<Value::Array>()) {
        for (const Value& item : *array) flatten(path, item, out);
    } else if (const auto* map = value.get_if<Value::Map>()) {
        for (const auto& [name, item] : *map) flatten(path.child(name), item, out);
    } else if (auto text = plain_text_of(value)) {
        out[path].push_back(std::move(*text));
    }
}

std::string without_nul(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\0')
            out += "\xEF\xBF\xBD";
        else
            out += c;
    }
    return out;
}

}  // namespace

bool is_anything_left(const FlatRecord& record, const std::vector<Path>& hidden) {
    return hidden.empty() || std::ranges::any_of(record.fields, [&](const auto& field) {
               return std::ranges::none_of(
                   hidden, [&](const Path& path) { return field.first.is_at_or_below(path); });
           });
}

std::optional<std::string> plain_text_of(const Value& value) {
    if (value.is_text()) return without_nul(value.text());
    if (const auto* flag = value.get_if<bool>()) return *flag ? "true" : "false";
    char digits[32];
    const auto written = [&](const auto& number) {
        const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
        return std::string(digits, end);
    };
    if (const auto* integer = value.get_if<std::int64_t>()) return written(*integer);
    if (const auto* real = value.get_if<double>()) return written(*real);
    return std::nullopt;
}

std::optional<double> number_view(std::string_view text) {
    double out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(out))
        return std::nullopt;
    return out;
}

FlatRecord flat_record(const Projection& projection, const FieldTypes& type_of) {
    FlatRecord out;
    if (projection.is_deleted) return out;
    for (const auto& field : projection.fields) {
        if (field.path.is_reserved()) continue;
        if (field.is_element) {
            Path set = field.path;
            set.names.pop_back();
            out.fields[set].shown.push_back(without_nul(field.path.names.back()));
            continue;
        }
        Texts texts;
        flatten(field.path, field.value, texts);
        for (auto& [path, all] : texts) {
            auto& shown = out.fields[path].shown;
            std::ranges::move(all, std::back_inserter(shown));
        }
    }
    for (const auto& [path, values] : projection.siblings) {
        if (path.is_reserved()) continue;
        for (std::size_t i = 0; i < values.size(); ++i) {
            Texts texts;
            if (values[i]) flatten(path, *values[i], texts);
            for (auto& [below, all] : texts) {
                auto& siblings = out.fields[below].siblings;
                siblings.resize(values.size());
                siblings[i] = std::move(all);
            }
        }
    }
    for (auto& [path, field] : out.fields) field.type = type_of(path);
    return out;
}

FlatRecord flat_record(const Projector& projector, const Manifest& manifest, const RecordKey& key,
                       const std::vector<StoredChange>& live) {
    return flat_record(projector.project(manifest, key, live),
                       [&](const Path& path) { return projector.type_of(manifest, path); });
}

}  // namespace sangam::storage
