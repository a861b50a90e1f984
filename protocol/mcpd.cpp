// SPDX-License-Identifier: Apache-2.0
#include "protocol/mcpd.hpp"

#include <array>
#include <map>
#include <string>
#include <vector>

#include "protocol/error.hpp"

namespace sangam {
namespace {

struct Row {
    std::string_view name;
    std::string_view field;
    bool is_list;
};

constexpr std::array<Row, 41> rows = {{
    {"PUID", "germplasmPUI", false},
    {"INSTCODE", "instituteCode", false},
    {"ACCENUMB", "accessionNumber", false},
    {"COLLNUMB", "collectingInfo.collectingNumber", false},
    {"COLLCODE", "collectingInfo.collectingInstitutes.instituteCode", true},
    {"COLLNAME", "collectingInfo.collectingInstitutes.instituteName", true},
    {"COLLINSTADDRESS", "collectingInfo.collectingInstitutes.instituteAddress", true},
    {"COLLMISSID", "collectingInfo.collectingMissionIdentifier", false},
    {"GENUS", "genus", false},
    {"SPECIES", "species", false},
    {"SPAUTHOR", "speciesAuthority", false},
    {"SUBTAXA", "subtaxa", false},
    {"SUBTAUTHOR", "subtaxaAuthority", false},
    {"CROPNAME", "commonCropName", false},
    {"ACCENAME", "accessionNames", true},
    {"ACQDATE", "acquisitionDate", false},
    {"ORIGCTY", "countryOfOriginCode", false},
    {"COLLSITE", "collectingInfo.collectingSite.locationDescription", false},
    {"DECLATITUDE", "collectingInfo.collectingSite.latitudeDecimal", false},
    {"LATITUDE", "collectingInfo.collectingSite.latitudeDegrees", false},
    {"DECLONGITUDE", "collectingInfo.collectingSite.longitudeDecimal", false},
    {"LONGITUDE", "collectingInfo.collectingSite.longitudeDegrees", false},
    {"COORDUNCERT", "collectingInfo.collectingSite.coordinateUncertainty", false},
    {"COORDDATUM", "collectingInfo.collectingSite.spatialReferenceSystem", false},
    {"GEOREFMETH", "collectingInfo.collectingSite.georeferencingMethod", false},
    {"ELEVATION", "collectingInfo.collectingSite.elevation", false},
    {"COLLDATE", "collectingInfo.collectingDate", false},
    {"BREDCODE", "breedingInstitutes.instituteCode", true},
    {"BREDNAME", "breedingInstitutes.instituteName", true},
    {"SAMPSTAT", "biologicalStatusOfAccessionCode", false},
    {"ANCEST", "pedigree", false},
    {"COLLSRC", "acquisitionSourceCode", false},
    {"DONORCODE", "donorInfo.donorInstitute.instituteCode", false},
    {"DONORNAME", "donorInfo.donorInstitute.instituteName", false},
    {"DONORNUMB", "donorInfo.donorAccessionNumber", false},
    {"OTHERNUMB", "alternateIDs", true},
    {"DUPLSITE", "safetyDuplicateInstitutes.instituteCode", true},
    {"DUPLINSTNAME", "safetyDuplicateInstitutes.instituteName", true},
    {"STORAGE", "storageTypeCodes", true},
    {"MLSSTAT", "mlsStatus", false},
    {"REMARKS", "remarks", false},
}};

struct Table {
    std::vector<McpdColumn> columns;
    std::map<std::string_view, const McpdColumn*> by_name;
    std::map<Path, const McpdColumn*> by_path;

    Table() {
        columns.reserve(rows.size());
        for (const Row& row : rows) {
            auto path = Path::parse(row.field);
            SANGAM_ASSERT(path.has_value());
            columns.push_back({row.name, row.field, row.is_list, std::move(*path)});
        }
        for (const McpdColumn& column : columns) {
            by_name.emplace(column.name, &column);
            by_path.emplace(column.path, &column);
        }
    }
};

const Table& table() {
    static const Table instance;
    return instance;
}

}  // namespace

std::span<const McpdColumn> mcpd_columns() { return table().columns; }

const McpdColumn* find_mcpd_column(std::string_view name) {
    const auto& names = table().by_name;
    const auto it = names.find(name);
    return it == names.end() ? nullptr : it->second;
}

const McpdColumn* find_mcpd_field(const Path& path) {
    const auto& paths = table().by_path;
    const auto it = paths.find(path);
    return it == paths.end() ? nullptr : it->second;
}

}  // namespace sangam
