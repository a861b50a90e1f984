// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/brapi_export.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "node/ingest/brapi_additional_info.hpp"
#include "node/ingest/brapi_germplasm.hpp"
#include "node/ingest/cell_shape.hpp"
#include "node/ingest/germplasm_id.hpp"
#include "node/ingest/json.hpp"

namespace sangam::node::ingest {
namespace {

/// What BrAPI wants in a place, where a record may hold text from a CSV file.
enum class Kind {
    text,         ///< numbers and flags as they print
    texts,        ///< an array of texts; one text is split at `;`
    comma_texts,  ///< the same, split at `,` and `;`: ontologies write their lists so
    integer,      ///< left out when it is none
    flag,         ///< true or false; left out when it is neither
    data_type,    ///< a scale's class in BrAPI's spelling
    treatments,   ///< [{"factor","modality"}] of "factor modality; factor modality"
    replicate,    ///< [{"levelName":"rep","levelCode"}]
    any,          ///< arrays and objects, as they are
};

struct Place {
    std::string_view field;  ///< the record's, as path text
    std::string_view path;   ///< in the entity, names joined by dots
    Kind kind = Kind::text;
};

// What is stored under BrAPI's own names, and the flat names that trials and Crop Ontology trait
// dictionaries have in CSV files. What is not listed goes to additionalInfo.
constexpr Place study_places[] = {
    {"studyDbId", "studyDbId"},
    {"studyName", "studyName"},
    {"studyCode", "studyCode"},
    {"studyPUI", "studyPUI"},
    {"studyType", "studyType"},
    {"studyDescription", "studyDescription"},
    {"active", "active", Kind::flag},
    {"commonCropName", "commonCropName"},
    {"culturalPractices", "culturalPractices"},
    {"documentationURL", "documentationURL"},
    {"startDate", "startDate"},
    {"endDate", "endDate"},
    {"license", "license"},
    {"locationDbId", "locationDbId"},
    {"locationName", "locationName"},
    {"observationUnitsDescription", "observationUnitsDescription"},
    {"observationVariableDbIds", "observationVariableDbIds", Kind::texts},
    {"seasons", "seasons", Kind::texts},
    {"trialDbId", "trialDbId"},
    {"trialName", "trialName"},
    {"contacts", "contacts", Kind::any},
    {"dataLinks", "dataLinks", Kind::any},
    {"environmentParameters", "environmentParameters", Kind::any},
    {"experimentalDesign", "experimentalDesign", Kind::any},
    {"growthFacility", "growthFacility", Kind::any},
    {"lastUpdate", "lastUpdate", Kind::any},
    {"observationLevels", "observationLevels", Kind::any},
    {"externalReferences", "externalReferences", Kind::any},
};
constexpr Place unit_places[] = {
    {"observationUnitDbId", "observationUnitDbId"},
    {"observationUnitName", "observationUnitName"},
    {"observationUnitPUI", "observationUnitPUI"},
    {"crossDbId", "crossDbId"},
    {"crossName", "crossName"},
    {"germplasmDbId", "germplasmDbId"},
    {"germplasmName", "germplasmName"},
    {"locationDbId", "locationDbId"},
    {"locationName", "locationName"},
    {"programDbId", "programDbId"},
    {"programName", "programName"},
    {"seedLotDbId", "seedLotDbId"},
    {"seedLotName", "seedLotName"},
    {"studyDbId", "studyDbId"},
    {"studyName", "studyName"},
    {"trialDbId", "trialDbId"},
    {"trialName", "trialName"},
    {"treatments", "treatments", Kind::treatments},
    {"observations", "observations", Kind::any},
    {"externalReferences", "externalReferences", Kind::any},
    {"observationUnitPosition.observationLevel.levelOrder",
     "observationUnitPosition.observationLevel.levelOrder", Kind::integer},
    {"observationUnitPosition.observationLevelRelationships",
     "observationUnitPosition.observationLevelRelationships", Kind::any},
    {"observationUnitPosition.geoCoordinates", "observationUnitPosition.geoCoordinates", Kind::any},
    {"observationUnitPosition", "observationUnitPosition", Kind::any},
    {"levelName", "observationUnitPosition.observationLevel.levelName"},
    {"levelCode", "observationUnitPosition.observationLevel.levelCode"},
    {"positionCoordinateX", "observationUnitPosition.positionCoordinateX"},
    {"positionCoordinateXType", "observationUnitPosition.positionCoordinateXType"},
    {"positionCoordinateY", "observationUnitPosition.positionCoordinateY"},
    {"positionCoordinateYType", "observationUnitPosition.positionCoordinateYType"},
    {"entryType", "observationUnitPosition.entryType"},
    {"replicate", "observationUnitPosition.observationLevelRelationships", Kind::replicate},
};
constexpr Place observation_places[] = {
    {"observationDbId", "observationDbId"},
    {"observationUnitDbId", "observationUnitDbId"},
    {"observationUnitName", "observationUnitName"},
    {"observationVariableDbId", "observationVariableDbId"},
    {"observationVariableName", "observationVariableName"},
    {"observationTimeStamp", "observationTimeStamp"},
    {"germplasmDbId", "germplasmDbId"},
    {"germplasmName", "germplasmName"},
    {"studyDbId", "studyDbId"},
    {"collector", "collector"},
    {"uploadedBy", "uploadedBy"},
    {"value", "value"},
    {"season.year", "season.year", Kind::integer},
    {"season", "season", Kind::any},
    {"geoCoordinates", "geoCoordinates", Kind::any},
    {"externalReferences", "externalReferences", Kind::any},
};
constexpr Place variable_places[] = {
    {"observationVariableDbId", "observationVariableDbId"},
    {"observationVariableName", "observationVariableName"},
    {"observationVariablePUI", "observationVariablePUI"},
    {"commonCropName", "commonCropName"},
    {"contextOfUse", "contextOfUse", Kind::texts},
    {"defaultValue", "defaultValue"},
    {"documentationURL", "documentationURL"},
    {"growthStage", "growthStage"},
    {"institution", "institution"},
    {"language", "language"},
    {"scientist", "scientist"},
    {"status", "status"},
    {"submissionTimestamp", "submissionTimestamp"},
    {"synonyms", "synonyms", Kind::texts},
    {"ontologyReference", "ontologyReference", Kind::any},
    {"externalReferences", "externalReferences", Kind::any},
    {"scale.decimalPlaces", "scale.decimalPlaces", Kind::integer},
    // Crop Ontology trait dictionary, as its columns are called.
    {"Variable ID", "observationVariableDbId"},
    {"Variable name", "observationVariableName"},
    {"Variable synonyms", "synonyms", Kind::comma_texts},
    {"Context of use", "contextOfUse", Kind::comma_texts},
    {"Growth stage", "growthStage"},
    {"Variable status", "status"},
    {"Institution", "institution"},
    {"Scientist", "scientist"},
    {"Language", "language"},
    {"Crop", "commonCropName"},
    {"Trait ID", "trait.traitDbId"},
    {"Trait name", "trait.traitName"},
    {"Trait class", "trait.traitClass"},
    {"Trait description", "trait.traitDescription"},
    {"Trait synonyms", "trait.synonyms", Kind::comma_texts},
    {"Main trait abbreviation", "trait.mainAbbreviation"},
    {"Alternative trait abbreviations", "trait.alternativeAbbreviations", Kind::comma_texts},
    {"Entity", "trait.entity"},
    {"Attribute", "trait.attribute"},
    {"Trait status", "trait.status"},
    {"Method ID", "method.methodDbId"},
    {"Method name", "method.methodName"},
    {"Method class", "method.methodClass"},
    {"Method description", "method.description"},
    {"Formula", "method.formula"},
    {"Method reference", "method.bibliographicalReference"},
    {"Scale ID", "scale.scaleDbId"},
    {"Scale name", "scale.scaleName"},
    {"Scale class", "scale.dataType", Kind::data_type},
    {"Decimal places", "scale.decimalPlaces", Kind::integer},
    {"Lower limit", "scale.validValues.minimumValue"},
    {"Upper limit", "scale.validValues.maximumValue"},
};

/// Objects below which BrAPI's own paths stand as they are.
constexpr std::string_view open_parents[] = {"observationUnitPosition",
                                             "season",
                                             "trait",
                                             "method",
                                             "scale",
                                             "experimentalDesign",
                                             "growthFacility",
                                             "lastUpdate",
                                             "ontologyReference",
                                             "geoCoordinates"};

std::span<const Place> places_of(const BrapiEntity& entity) {
    if (entity.collection == "studies") return study_places;
    if (entity.collection == "observationunits") return unit_places;
    if (entity.collection == "observations") return observation_places;
    return variable_places;
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

Value::Array split(std::string_view text, std::string_view separators) {
    Value::Array out;
    while (!text.empty()) {
        const auto end = text.find_first_of(separators);
        if (const auto part = trimmed(text.substr(0, end)); !part.empty()) out.emplace_back(part);
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return out;
}

std::optional<std::int64_t> integer_of(const Value& value) {
    if (const auto* integer = value.get_if<std::int64_t>()) return *integer;
    const auto text = cell_text(value);
    std::int64_t out = 0;
    const auto* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, out);
    if (text.empty() || error != std::errc{} || end != last) return std::nullopt;
    return out;
}

std::optional<bool> flag_of(const Value& value) {
    if (const auto* flag = value.get_if<bool>()) return *flag;
    const auto text = cell_text(value);
    if (text == "true" || text == "TRUE") return true;
    if (text == "false" || text == "FALSE") return false;
    return std::nullopt;
}

/// Empty for a class that BrAPI does not have.
std::string_view data_type_of(std::string_view text) {
    constexpr std::string_view known[] = {"Code",      "Date",    "Duration", "Nominal",
                                          "Numerical", "Ordinal", "Text"};
    for (const std::string_view name : known) {
        const bool is_equal = name.size() == text.size() &&
                              std::equal(name.begin(), name.end(), text.begin(),
                                         [](char a, char b) { return (a | 0x20) == (b | 0x20); });
        if (is_equal) return name;
    }
    return {};
}

Value::Array treatments_of(std::string_view text) {
    Value::Array out;
    for (const Value& part : split(text, ";")) {
        const auto space = part.text().find(' ');
        Value::Map one;
        one["factor"] = part.text().substr(0, space);
        one["modality"] = space == std::string_view::npos ? std::string_view()
                                                          : trimmed(part.text().substr(space));
        out.emplace_back(std::move(one));
    }
    return out;
}

/// Nothing: the value does not fit the kind.
std::optional<Value> shaped(Kind kind, const Value& value) {
    switch (kind) {
        case Kind::any:
            return value;
        case Kind::texts:
        case Kind::comma_texts:
            if (!value.is_text()) return value;
            return split(value.text(), kind == Kind::texts ? ";" : ",;");
        case Kind::integer:
            if (const auto integer = integer_of(value)) return *integer;
            return std::nullopt;
        case Kind::flag:
            if (const auto flag = flag_of(value)) return *flag;
            return std::nullopt;
        case Kind::data_type: {
            const auto name = data_type_of(cell_text(value));
            return name.empty() ? std::nullopt : std::optional<Value>(name);
        }
        case Kind::treatments:
            return value.is_text() ? Value(treatments_of(value.text())) : value;
        case Kind::replicate: {
            Value::Map level;
            level["levelName"] = "rep";
            level["levelCode"] = cell_text(value);
            return Value::Array{Value(std::move(level))};
        }
        case Kind::text:
            break;
    }
    return Value(cell_text(value));
}

/// Puts a value where the path says, into objects that are made on the way. False when something
/// stands there, or in the way, already.
bool put(Value::Map& object, std::string_view path, Value value) {
    const auto dot = path.find('.');
    const std::string name(path.substr(0, dot));
    if (dot == std::string_view::npos) return object.emplace(name, std::move(value)).second;
    Value::Map inner;
    if (const auto it = object.find(name); it != object.end()) {
        const auto* map = it->second.get_if<Value::Map>();
        if (!map) return false;
        inner = *map;
    }
    if (!put(inner, path.substr(dot + 1), std::move(value))) return false;
    object.insert_or_assign(name, Value(std::move(inner)));
    return true;
}

/// "1= absent" -> {"value":"1","label":"absent"}.
Value category_of(std::string_view text) {
    const auto equals = text.find('=');
    Value::Map out;
    out["value"] = trimmed(text.substr(0, equals));
    out["label"] = trimmed(equals == std::string_view::npos ? text : text.substr(equals + 1));
    return out;
}

/// "Category 2" before "Category 10".
struct ByNumber {
    bool operator()(std::string_view a, std::string_view b) const {
        return a.size() != b.size() ? a.size() < b.size() : a < b;
    }
};

/// What additionalInfo says already: an object that is one value of the record, and single fields.
AdditionalInfo stored_additional_info(const RecordView& record) {
    AdditionalInfo info;
    for (const auto& [field, value] : record.fields) {
        if (field.names.front() != "additionalInfo" || value.is_null()) continue;
        const auto* members = value.get_if<Value::Map>();
        if (field.names.size() > 1)
            info.put_below(field, 1, value);
        else if (members)
            for (const auto& [key, member] : *members) info.put(key, member);
        else
            info.put("additionalInfo", value);
    }
    return info;
}

Value other_object(const BrapiEntity& entity, const RecordView& record,
                   std::string_view dataset_text) {
    Value::Map out;
    AdditionalInfo info = stored_additional_info(record);
    std::map<std::string_view, Value, ByNumber> categories;
    const auto places = places_of(entity);
    // Its own names first: a CSV file's name for the same thing gives way.
    std::vector<std::pair<const Place*, const Value*>> placed;
    for (const auto& [field, value] : record.fields) {
        const auto& first = field.names.front();
        if (field.is_reserved() || value.is_null() || first == "additionalInfo") continue;
        if (entity.collection == "variables" && field.names.size() == 1 &&
            first.starts_with("Category ")) {
            categories.emplace(first, category_of(cell_text(value)));
            continue;
        }
        // A CSV header is one name, whatever is in it; its path text would be quoted.
        const auto name = field.names.size() == 1 ? first : field.text();
        const auto place =
            std::ranges::find_if(places, [&](const Place& p) { return p.field == name; });
        const bool is_open =
            field.names.size() > 1 && name.find('"') == std::string::npos &&
            static_cast<int>(field.names.size()) + nesting_of(value) < max_value_depth &&
            std::ranges::find(open_parents, first) != std::end(open_parents);
        if (place != places.end())
            placed.emplace_back(&*place, &value);
        else if (!is_open || !put(out, name, value))
            info.put(name, value);
    }
    for (const bool takes_own_names : {true, false})
        for (const auto& [place, value] : placed) {
            if ((place->field == place->path) != takes_own_names) continue;
            auto fitted = shaped(place->kind, *value);
            if (!fitted || !put(out, place->path, std::move(*fitted)))
                info.put(std::string(place->field), *value);
        }
    if (!categories.empty()) {
        Value::Array in_order;
        for (auto& [header, category] : categories) in_order.push_back(std::move(category));
        if (!put(out, "scale.validValues.categories", Value(in_order)))
            info.put("categories", Value(std::move(in_order)));
    }
    const std::string id_key(entity.id_key);
    if (const auto it = out.find(id_key); it != out.end() && it->second != Value(record.key.id))
        info.put(id_key, it->second);
    out.insert_or_assign(id_key, record.key.id);
    if (entity.collection == "variables") {
        // What BrAPI requires, empty where the record does not say.
        put(out, "observationVariableName", record.key.id);
        put(out, "trait.traitName", "");
        put(out, "method.methodName", "");
        put(out, "scale.scaleName", "");
    }
    if (entity.collection == "studies") put(out, "studyName", record.key.id);
    export_germplasm_references(out, dataset_text);
    if (!info.object().empty()) out.insert_or_assign("additionalInfo", info.object());
    return out;
}

}  // namespace

Value brapi_object(const BrapiEntity& entity, const RecordView& record,
                   std::string_view dataset_text, const FieldModel& model) {
    if (entity.collection == "germplasm") return germplasm_object(record, dataset_text, model);
    return other_object(entity, record, dataset_text);
}

}  // namespace sangam::node::ingest
