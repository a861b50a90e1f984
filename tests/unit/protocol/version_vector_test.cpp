// SPDX-License-Identifier: Apache-2.0
#include "protocol/version_vector.hpp"

#include <doctest/doctest.h>

using namespace sangam;

namespace {

Lane lane_of(std::uint8_t node, std::uint64_t epoch = 1) {
    Lane out;
    out.node.bytes[0] = node;
    out.epoch = Epoch{epoch};
    return out;
}

}  // namespace

TEST_CASE("version vector: covers a dot up to the number it holds, in that lane only") {
    VersionVector v;
    v.add({lane_of(1), Sequence{5}});
    CHECK(v.covers(Dot{lane_of(1), Sequence{5}}));
    CHECK(v.covers(Dot{lane_of(1), Sequence{1}}));
    CHECK_FALSE(v.covers(Dot{lane_of(1), Sequence{6}}));
    CHECK_FALSE(v.covers(Dot{lane_of(1, 2), Sequence{1}}));
    CHECK_FALSE(v.covers(Dot{lane_of(2), Sequence{1}}));
}

TEST_CASE("version vector: adding never lowers, and zero adds nothing") {
    VersionVector v;
    v.add({lane_of(1), Sequence{5}});
    v.add({lane_of(1), Sequence{3}});
    v.add({lane_of(2), Sequence{0}});
    CHECK(v.at(lane_of(1)) == Sequence{5});
    CHECK(v.entries().size() == 1);
}

TEST_CASE("version vector: a merge is the least that covers both") {
    VersionVector a;
    a.add({lane_of(1), Sequence{5}});
    a.add({lane_of(2), Sequence{1}});
    VersionVector b;
    b.add({lane_of(1), Sequence{2}});
    b.add({lane_of(3), Sequence{9}});
    VersionVector both = a;
    both.merge(b);
    CHECK(both.covers(a));
    CHECK(both.covers(b));
    CHECK_FALSE(a.covers(b));
    CHECK(both.at(lane_of(1)) == Sequence{5});
    CHECK(both.at(lane_of(2)) == Sequence{1});
    CHECK(both.at(lane_of(3)) == Sequence{9});
    VersionVector other_way = b;
    other_way.merge(a);
    CHECK(both == other_way);
}

TEST_CASE("version vector: every vector covers the empty one") {
    VersionVector v;
    CHECK(v.empty());
    CHECK(v.covers(VersionVector{}));
    v.add({lane_of(1), Sequence{1}});
    CHECK(v.covers(VersionVector{}));
    CHECK_FALSE(VersionVector{}.covers(v));
}
