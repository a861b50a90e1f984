// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/brapi_entity.hpp"

#include <algorithm>
#include <iterator>

namespace sangam::node::ingest {
namespace {

constexpr BrapiEntity entities[] = {
    {"germplasm", "germplasmDbId"},
    {"studies", "studyDbId"},
    {"observationunits", "observationUnitDbId"},
    {"observations", "observationDbId"},
    {"variables", "observationVariableDbId"},
};
/// Which key decides where an object has several.
constexpr std::string_view by_particularity[] = {"observationDbId", "observationUnitDbId",
                                                 "observationVariableDbId", "studyDbId",
                                                 "germplasmDbId"};

constexpr std::string_view own_names[] = {
    "germplasmName",
    "defaultDisplayName",
    "instituteName",
    "collection",
    "breedingMethodDbId",
    "breedingMethodName",
    "seedSource",
    "seedSourceDescription",
    "documentationURL",
    "germplasmPreprocessing",
    "taxonIds",
    "externalReferences",
    "biologicalStatusOfAccessionDescription",
};

struct Code {
    std::string_view code;
    std::string_view description;
};
constexpr Code biological_statuses[] = {
    {"100", "Wild"},
    {"110", "Natural"},
    {"120", "Semi-natural/wild"},
    {"130", "Semi-natural/sown"},
    {"200", "Weedy"},
    {"300", "Traditional cultivar/landrace"},
    {"400", "Breeding/research material"},
    {"410", "Breeder's line"},
    {"411", "Synthetic population"},
    {"412", "Hybrid"},
    {"413", "Founder stock/base population"},
    {"414", "Inbred line (parent of hybrid cultivar)"},
    {"415", "Segregating population"},
    {"416", "Clonal selection"},
    {"420", "Genetic stock"},
    {"421", "Mutant"},
    {"422", "Cytogenetic stock"},
    {"423", "Other genetic stock"},
    {"500", "Advanced or improved cultivar"},
    {"600", "GMO"},
    {"999", "Other"},
};
constexpr Code storage_types[] = {
    {"10", "Seed collection"},
    {"11", "Short term seed collection"},
    {"12", "Medium term seed collection"},
    {"13", "Long term seed collection"},
    {"20", "Field collection"},
    {"30", "In vitro collection"},
    {"40", "Cryopreserved collection"},
    {"50", "DNA collection"},
    {"99", "Other"},
};

template <std::size_t N>
std::string_view describe(const Code (&codes)[N], std::string_view code) {
    const auto* const found = std::find_if(std::begin(codes), std::end(codes),
                                           [&](const Code& c) { return c.code == code; });
    return found == std::end(codes) ? std::string_view() : found->description;
}

}  // namespace

std::span<const BrapiEntity> brapi_entities() { return entities; }

const BrapiEntity* find_brapi_entity(std::string_view collection) {
    const auto* const found =
        std::find_if(std::begin(entities), std::end(entities),
                     [&](const BrapiEntity& e) { return e.collection == collection; });
    return found == std::end(entities) ? nullptr : found;
}

const BrapiEntity* brapi_entity_of(const Value::Map& object) {
    for (const std::string_view key : by_particularity) {
        const auto it = object.find(key);
        if (it == object.end() || it->second.is_null()) continue;
        return std::find_if(std::begin(entities), std::end(entities),
                            [&](const BrapiEntity& e) { return e.id_key == key; });
    }
    return nullptr;
}

std::span<const std::string_view> germplasm_names() { return own_names; }

std::string_view biological_status_description(std::string_view code) {
    return describe(biological_statuses, code);
}

std::string_view storage_type_description(std::string_view code) {
    return describe(storage_types, code);
}

}  // namespace sangam::node::ingest
