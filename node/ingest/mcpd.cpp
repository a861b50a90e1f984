// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/mcpd.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "protocol/error.hpp"

namespace sangam::node::ingest {
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

template <std::size_t N>
bool holds(const std::array<std::string_view, N>& sorted, std::string_view code) {
    return std::binary_search(sorted.begin(), sorted.end(), code);
}

constexpr std::array<std::string_view, 21> sampstat = {
    "100", "110", "120", "130", "200", "300", "400", "410", "411", "412", "413",
    "414", "415", "416", "420", "421", "422", "423", "500", "600", "999"};
constexpr std::array<std::string_view, 22> collsrc = {
    "10", "11", "12", "13", "14", "15", "20", "21", "22", "23", "24",
    "25", "26", "27", "28", "30", "40", "50", "60", "61", "62", "99"};
constexpr std::array<std::string_view, 9> storage_types = {"10", "11", "12", "13", "20",
                                                           "30", "40", "50", "99"};
constexpr std::array<std::string_view, 3> mlsstat = {"0", "1", "99"};

// Three letters each. The withdrawn ones are in the second text.
constexpr std::string_view countries =
    "ABWAFGAGOAIAALAALBANDAREARGARMASMATAATFATGAUSAUTAZEBDIBELBENBESBFABGDBGRBHRBHSBIHBLMBLRBLZBMU"
    "BOLBRABRBBRNBTNBVTBWACAFCANCCKCHECHLCHNCIVCMRCODCOGCOKCOLCOMCPVCRICUBCUWCXRCYMCYPCZEDEUDJIDMA"
    "DNKDOMDZAECUEGYERIESHESPESTETHFINFJIFLKFRAFROFSMGABGBRGEOGGYGHAGIBGINGLPGMBGNBGNQGRCGRDGRLGTM"
    "GUFGUMGUYHKGHMDHNDHRVHTIHUNIDNIMNINDIOTIRLIRNIRQISLISRITAJAMJEYJORJPNKAZKENKGZKHMKIRKNAKORKWT"
    "LAOLBNLBRLBYLCALIELKALSOLTULUXLVAMACMAFMARMCOMDAMDGMDVMEXMHLMKDMLIMLTMMRMNEMNGMNPMOZMRTMSRMTQ"
    "MUSMWIMYSMYTNAMNCLNERNFKNGANICNIUNLDNORNPLNRUNZLOMNPAKPANPCNPERPHLPLWPNGPOLPRIPRKPRTPRYPSEPYF"
    "QATREUROURUSRWASAUSDNSENSGPSGSSHNSJMSLBSLESLVSMRSOMSPMSRBSSDSTPSURSVKSVNSWESWZSXMSYCSYRTCATCD"
    "TGOTHATJKTKLTKMTLSTONTTOTUNTURTUVTWNTZAUGAUKRUMIURYUSAUZBVATVCTVENVGBVIRVNMVUTWLFWSMYEMZAFZMB"
    "ZWE";
constexpr std::string_view withdrawn_countries =
    "AFIANTATBATNBURBYSCSKCTEDDRDHYFXXGELHVOJTNMIDNHBNTZPCIPCZPUSRHOROMSCGSKMSUNTMPVDRWAKYMDYUGZAR";

bool holds_triple(std::string_view triples, std::string_view code) {
    for (std::size_t i = 0; i < triples.size(); i += 3)
        if (triples.substr(i, 3) == code) return true;
    return false;
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

bool is_known_mcpd_code(std::string_view column, std::string_view code) {
    if (column == "SAMPSTAT") return holds(sampstat, code);
    if (column == "COLLSRC") return holds(collsrc, code);
    if (column == "STORAGE") return holds(storage_types, code);
    if (column == "MLSSTAT") return holds(mlsstat, code);
    return true;
}

bool is_country_code(std::string_view code) {
    return code.size() == 3 &&
           (holds_triple(countries, code) || holds_triple(withdrawn_countries, code));
}

bool has_institute_code_shape(std::string_view code) {
    if (code.size() < 6 || code.size() > 7) return false;
    for (std::size_t i = 0; i < code.size(); ++i) {
        const bool fits =
            i < 3 ? code[i] >= 'A' && code[i] <= 'Z' : code[i] >= '0' && code[i] <= '9';
        if (!fits) return false;
    }
    return true;
}

}  // namespace sangam::node::ingest
