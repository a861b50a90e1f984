// SPDX-License-Identifier: Apache-2.0
// Which names somebody may have meant.
#include "protocol/similar_names.hpp"

#include <doctest/doctest.h>

using namespace sangam;

TEST_CASE("similar names: slips, other case and last parts are found, the nearest first") {
    const std::set<std::string> names = {"yield", "yield2", "remarks", "DECLATITUDE",
                                         "site.elevation"};
    using Names = std::vector<std::string>;
    CHECK(similar_names("yeild", names) == Names{"yield", "yield2"});
    CHECK(similar_names("REMARK", names) == Names{"remarks"});
    CHECK(similar_names("declatitud", names) == Names{"DECLATITUDE"});
    CHECK(similar_names("elevation", names) == Names{"site.elevation"});
    CHECK(similar_names("colour", names).empty());
    CHECK(similar_names("", names).empty());
    CHECK(edit_distance("", "abc") == 3);
    CHECK(edit_distance("abcd", "acbd") == 1);
}
