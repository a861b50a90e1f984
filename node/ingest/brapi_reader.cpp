// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/brapi_reader.hpp"

#include "node/ingest/json.hpp"
#include "protocol/change.hpp"

namespace sangam::node::ingest {
namespace {

std::string known_keys() {
    std::string out;
    for (const auto& entity : brapi_entities())
        out += (out.empty() ? "" : ", ") + std::string(entity.id_key);
    return out;
}

/// Where one entity has a value and another one an object, the object is one value too.
void settle_whole_paths(std::set<Path>& leaves, WholePaths& whole) {
    for (auto it = leaves.begin(); it != leaves.end();) {
        auto below = std::next(it);  // a path sorts right before those below it
        if (below != leaves.end() && below->is_at_or_below(*it)) {
            whole.insert(*it);
            while (below != leaves.end() && below->is_at_or_below(*it)) below = leaves.erase(below);
        }
        it = below;
    }
}

}  // namespace

Result<BrapiSurvey> survey_brapi(std::string_view body, const std::string& name,
                                 const std::string& collection, std::string_view dataset_text,
                                 const FieldModel& model) {
    BrapiSurvey out;
    if (!collection.empty()) {
        out.entity = find_brapi_entity(collection);
        if (!out.entity)
            return fail("unknown_entity", "there is no BrAPI entity of that name that is imported",
                        "--collection " + collection,
                        "the collections are germplasm, studies, observationunits, observations "
                        "and variables",
                        ErrorKind::usage);
    }
    BrapiElements elements(body, name);
    std::set<Path> leaves;
    for (;;) {
        const auto element = elements.next();
        if (!element) return std::unexpected(element.error());
        if (!*element) break;
        const auto value = from_json((*element)->text, LongNumbers::as_text);
        if (!value)
            return fail("bad_json", value.error().message,
                        name + ", entity in line " + std::to_string((*element)->line) + ", " +
                            value.error().subject,
                        "mend the file; nothing was written");
        const auto* object = value->get_if<Value::Map>();
        if (!out.entity && object) out.entity = brapi_entity_of(*object);
        if (!out.entity)
            return fail("unknown_entity", "the first entity has none of the ids that are known",
                        name + ", line " + std::to_string((*element)->line),
                        "one of these is looked for: " + known_keys());
        const auto record = read_brapi_entity(*out.entity, *value, dataset_text, model, {});
        if (!record) continue;  // rejected when its turn comes
        for (const auto& [field, ignored] : record->cells) leaves.insert(field);
        if (leaves.size() > max_change_fields)
            return fail("too_many_fields", "the entities have more different fields than a record",
                        name, "keys that differ from entity to entity belong into an array");
    }
    if (!out.entity)
        return fail("empty_file", "the file has no entities", name,
                    "check that it is the one meant");
    settle_whole_paths(leaves, out.whole);
    out.fields.assign(leaves.begin(), leaves.end());
    return out;
}

BrapiReader::BrapiReader(std::string_view body, std::string name, BrapiSurvey survey,
                         std::string dataset_text, const FieldModel& model,
                         HasGermplasm has_germplasm)
    : elements_(body, std::move(name)),
      survey_(std::move(survey)),
      dataset_text_(std::move(dataset_text)),
      model_(&model),
      has_germplasm_(std::move(has_germplasm)) {}

bool BrapiReader::next(BrapiRow& row) {
    const auto element = elements_.next();
    SANGAM_ASSERT(element.has_value());  // survey_brapi() has read it all
    if (!*element) return false;
    const auto value = from_json((*element)->text, LongNumbers::as_text);
    SANGAM_ASSERT(value.has_value());
    row.line = (*element)->line;
    row.text = (*element)->text;
    row.cells.clear();
    row.problem.reset();
    auto record = read_brapi_entity(*survey_.entity, *value, dataset_text_, *model_, survey_.whole,
                                    has_germplasm_);
    if (!record) {
        row.problem = std::move(record.error());
        return true;
    }
    row.id = std::move(record->id);
    cells_ = std::move(record->cells);
    for (const Path& field : survey_.fields) {
        const auto it = cells_.find(field);
        row.cells.push_back(it == cells_.end() ? std::string_view() : it->second);
    }
    return true;
}

}  // namespace sangam::node::ingest
