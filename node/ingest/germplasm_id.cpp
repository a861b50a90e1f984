// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/germplasm_id.hpp"

#include "node/http/target.hpp"
#include "node/ingest/cell_shape.hpp"

namespace sangam::node::ingest {
namespace {

/// Replaces a reference of `object` and those of the observations that stand within it.
template <class Rename>
void rename_references(Value::Map& object, const Rename& rename) {
    if (const auto it = object.find(std::string(germplasm_id_key));
        it != object.end() && !it->second.is_null())
        if (const auto text = cell_text(it->second); !text.empty())
            if (auto renamed = rename(text); renamed != text) it->second = std::move(renamed);
    const auto within = object.find("observations");
    const auto* array = within == object.end() ? nullptr : within->second.get_if<Value::Array>();
    if (!array) return;
    Value::Array out = *array;
    for (Value& each : out) {
        const auto* map = each.get_if<Value::Map>();
        if (!map || !map->contains(std::string(germplasm_id_key))) continue;
        Value::Map inner = *map;
        rename_references(inner, rename);
        each = Value(std::move(inner));
    }
    within->second = Value(std::move(out));
}

}  // namespace

std::optional<GermplasmId> parse_germplasm_id(std::string_view text) {
    if (text.find('%') == text.npos) return std::nullopt;
    const auto decoded = http::percent_decode(text);
    if (!decoded || http::percent_encode(*decoded) != text) return std::nullopt;
    const auto first = decoded->find('/');
    if (first == std::string::npos || first == 0) return std::nullopt;
    const auto second = decoded->find('/', first + 1);
    if (second == std::string::npos || second == first + 1 || second + 1 == decoded->size())
        return std::nullopt;
    return GermplasmId{decoded->substr(0, second), decoded->substr(second + 1)};
}

std::string exported_germplasm_id(std::string_view id, std::string_view dataset_text) {
    if (const auto named = parse_germplasm_id(id); named && named->dataset != dataset_text)
        return std::string(id);
    return http::percent_encode(std::string(dataset_text) + "/" + std::string(id));
}

void export_germplasm_references(Value::Map& entity, std::string_view dataset_text) {
    rename_references(
        entity, [&](const std::string& id) { return exported_germplasm_id(id, dataset_text); });
}

void import_germplasm_references(Value::Map& entity, std::string_view dataset_text,
                                 const HasGermplasm& has_germplasm) {
    rename_references(entity, [&](const std::string& text) {
        auto named = parse_germplasm_id(text);
        if (!named) return text;
        const bool is_here =
            named->dataset == dataset_text || (has_germplasm && has_germplasm(named->id));
        return is_here ? std::move(named->id) : text;
    });
}

}  // namespace sangam::node::ingest
