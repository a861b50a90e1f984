// SPDX-License-Identifier: Apache-2.0
#include "sync/merge_schema.hpp"

#include <algorithm>
#include <array>

namespace sangam::sync {
namespace {

// One line a row of COMMANDS' table, in its order.
constexpr std::array defaults{
    MergeDefault{"germplasmPUI", "identity", "", "text"},
    MergeDefault{"instituteCode", "identity", "", "code"},
    MergeDefault{"accessionNumber", "identity", "", "text"},
    MergeDefault{"collectingInfo.collectingNumber", "latest", "", "text"},
    MergeDefault{"collectingInfo.collectingInstitutes.instituteCode", "", "collector", "code"},
    MergeDefault{"collectingInfo.collectingInstitutes.instituteName", "", "collector", "text"},
    MergeDefault{"collectingInfo.collectingInstitutes.instituteAddress", "", "collector", "text"},
    MergeDefault{"collectingInfo.collectingMissionIdentifier", "latest", "", "text"},
    MergeDefault{"genus", "identity", "", "text"},
    MergeDefault{"species", "", "taxon", "text"},
    MergeDefault{"speciesAuthority", "", "taxon", "text"},
    MergeDefault{"subtaxa", "", "taxon", "text"},
    MergeDefault{"subtaxaAuthority", "", "taxon", "text"},
    MergeDefault{"commonCropName", "latest", "", "text"},
    MergeDefault{"accessionNames", "union", "", "text"},
    MergeDefault{"acquisitionDate", "precision", "", "date"},
    MergeDefault{"countryOfOriginCode", "latest", "", "code"},
    MergeDefault{"collectingInfo.collectingSite.locationDescription", "latest", "", "text"},
    MergeDefault{"collectingInfo.collectingSite.latitudeDecimal", "", "coordinates", "number"},
    MergeDefault{"collectingInfo.collectingSite.latitudeDegrees", "", "coordinates", "text"},
    MergeDefault{"collectingInfo.collectingSite.longitudeDecimal", "", "coordinates", "number"},
    MergeDefault{"collectingInfo.collectingSite.longitudeDegrees", "", "coordinates", "text"},
    MergeDefault{"collectingInfo.collectingSite.coordinateUncertainty", "", "coordinates",
                 "number"},
    MergeDefault{"collectingInfo.collectingSite.spatialReferenceSystem", "", "coordinates", "text"},
    MergeDefault{"collectingInfo.collectingSite.georeferencingMethod", "", "coordinates", "text"},
    MergeDefault{"collectingInfo.collectingSite.elevation", "latest", "", "number"},
    MergeDefault{"collectingInfo.collectingDate", "precision", "", "date"},
    MergeDefault{"breedingInstitutes.instituteCode", "", "breeder", "code"},
    MergeDefault{"breedingInstitutes.instituteName", "", "breeder", "text"},
    MergeDefault{"biologicalStatusOfAccessionCode", "latest", "", "code"},
    MergeDefault{"pedigree", "latest", "", "text"},
    MergeDefault{"acquisitionSourceCode", "latest", "", "code"},
    MergeDefault{"donorInfo.donorInstitute.instituteCode", "", "donor", "code"},
    MergeDefault{"donorInfo.donorInstitute.instituteName", "", "donor", "text"},
    MergeDefault{"donorInfo.donorAccessionNumber", "", "donor", "text"},
    MergeDefault{"alternateIDs", "union", "", "text"},
    MergeDefault{"safetyDuplicateInstitutes.instituteCode", "", "duplicates", "code"},
    MergeDefault{"safetyDuplicateInstitutes.instituteName", "", "duplicates", "text"},
    MergeDefault{"storageTypeCodes", "union", "", "code"},
    MergeDefault{"mlsStatus", "owner_wins", "", "code"},
    MergeDefault{"remarks", "latest", "", "text"},
};

constexpr std::string_view latest = "latest";

}  // namespace

std::span<const MergeDefault> merge_defaults() { return defaults; }

MergeSchema::MergeSchema(const Schema& schema) {
    if (schema.defaults == 1) {
        for (const MergeDefault& row : defaults) {
            const Path path = Path::parse(row.field).value();
            types_[path] = row.type;
            if (row.group.empty())
                strategies_[path] = row.strategy;
            else
                group_by_field_[path] = row.group;
        }
    }
    for (const auto& [name, fields] : schema.groups) {
        // The schema's list of a group replaces the default one, and takes fields out of others.
        std::erase_if(group_by_field_, [&](const auto& entry) { return entry.second == name; });
        for (const std::string& field : fields)
            if (const auto path = Path::parse(field)) group_by_field_[*path] = name;
    }
    for (const auto& [path, name] : group_by_field_) groups_[name].push_back(path);
    for (const auto& [target, strategy] : schema.strategies) {
        if (groups_.contains(target))
            group_strategies_[target] = strategy;
        else if (const auto path = Path::parse(target))
            strategies_[*path] = strategy;
    }
    for (const auto& [field, type] : schema.types)
        if (const auto path = Path::parse(field)) types_[*path] = type;
}

std::string_view MergeSchema::group_of(const Path& field) const {
    const auto it = group_by_field_.find(field);
    return it == group_by_field_.end() ? std::string_view() : it->second;
}

const std::vector<Path>* MergeSchema::members_of(std::string_view group) const {
    const auto it = groups_.find(group);
    return it == groups_.end() ? nullptr : &it->second;
}

std::string_view MergeSchema::strategy_of(const Path& field) const {
    if (union_of(field)) return "union";
    const auto it = strategies_.find(field);
    return it == strategies_.end() ? latest : it->second;
}

std::string_view MergeSchema::group_strategy(std::string_view group) const {
    const auto it = group_strategies_.find(group);
    return it == group_strategies_.end() ? latest : it->second;
}

std::string_view MergeSchema::type_of(const Path& field) const {
    const Path* set = union_of(field);
    const auto it = types_.find(set ? *set : field);
    return it == types_.end() ? std::string_view("text") : it->second;
}

const Path* MergeSchema::union_of(const Path& leaf) const {
    if (leaf.names.size() < 2) return nullptr;
    Path parent = leaf;
    parent.names.pop_back();
    const auto it = strategies_.find(parent);
    if (it == strategies_.end() || it->second != "union") return nullptr;
    return group_by_field_.contains(parent) ? nullptr : &it->first;
}

}  // namespace sangam::sync
