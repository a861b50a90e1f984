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
    for (const auto& [path, name] : group_by_field_)
        rules_.push_back({path, strategy_from_text(group_strategy(name)), name});
    for (const auto& [path, strategy] : strategies_)
        if (!group_by_field_.contains(path))
            rules_.push_back({path, strategy_from_text(strategy), {}});
    std::ranges::sort(rules_, {}, &FieldRule::path);
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
    if (counter_of(field)) return "sum";
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
    if (it != types_.end()) return it->second;
    // What is measured or added has to be a number where nothing else is said.
    const Strategy rule = rule_of(field);
    const bool is_measured =
        rule == Strategy::max || rule == Strategy::min || rule == Strategy::sum;
    return is_measured ? "number" : (rule == Strategy::precision ? "date" : "text");
}

Strategy MergeSchema::rule_of(const Path& field) const {
    const FieldRule* rule = governing(field);
    if (rule == nullptr) return Strategy::latest;
    if (rule->path.names.size() == field.names.size()) return rule->strategy;
    const bool has_parts = rule->group.empty() && (rule->strategy == Strategy::set_union ||
                                                   rule->strategy == Strategy::sum);
    return has_parts && rule->path.names.size() + 1 == field.names.size() ? rule->strategy
                                                                          : Strategy::latest;
}

const MergeSchema::FieldRule* MergeSchema::governing(const Path& path) const {
    auto it = std::ranges::upper_bound(rules_, path, {}, &FieldRule::path);
    // A path stands right before those below it; others may stand between, of the same first name.
    while (it != rules_.begin()) {
        --it;
        if (path.is_at_or_below(it->path)) return &*it;
        if (it->path.names.front() != path.names.front()) break;
    }
    return nullptr;
}

const Path* MergeSchema::part_of(Strategy strategy, const Path& leaf) const {
    const FieldRule* rule = governing(leaf);
    const bool is_part = rule != nullptr && rule->strategy == strategy && rule->group.empty() &&
                         rule->path.names.size() + 1 == leaf.names.size();
    return is_part ? &rule->path : nullptr;
}

const Path* MergeSchema::union_of(const Path& leaf) const {
    return part_of(Strategy::set_union, leaf);
}

const Path* MergeSchema::counter_of(const Path& leaf) const { return part_of(Strategy::sum, leaf); }

std::vector<Path> MergeSchema::unit_of(const Path& field) const {
    const std::string_view group = group_of(field);
    return group.empty() ? std::vector<Path>{field} : *members_of(group);
}

}  // namespace sangam::sync
