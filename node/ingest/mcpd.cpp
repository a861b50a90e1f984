// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/mcpd.hpp"

#include <algorithm>
#include <array>

namespace sangam::node::ingest {
namespace {

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
constexpr std::array<std::string_view, 9> mcpd_storage_types = {"10", "11", "12", "13", "20",
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

bool is_known_mcpd_code(std::string_view column, std::string_view code) {
    if (column == "SAMPSTAT") return holds(sampstat, code);
    if (column == "COLLSRC") return holds(collsrc, code);
    if (column == "STORAGE") return holds(mcpd_storage_types, code);
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
