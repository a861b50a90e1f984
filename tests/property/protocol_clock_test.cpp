// SPDX-License-Identifier: Apache-2.0
// Version vectors form a lattice under merge; the hybrid clock never runs back.
#include <doctest/doctest.h>

#include "protocol/hlc.hpp"
#include "protocol_generators.hpp"

using namespace sangam;

namespace {

VersionVector merged(VersionVector a, const VersionVector& b) {
    a.merge(b);
    return a;
}

}  // namespace

TEST_CASE(
    "version vector: merging is associative, commutative, idempotent, and the least above both") {
    CHECK(rc::check([] {
        const auto a = *generators::version_vector();
        const auto b = *generators::version_vector();
        const auto c = *generators::version_vector();
        RC_ASSERT(merged(a, b) == merged(b, a));
        RC_ASSERT(merged(merged(a, b), c) == merged(a, merged(b, c)));
        RC_ASSERT(merged(a, a) == a);
        RC_ASSERT(merged(a, b).covers(a));
        RC_ASSERT(merged(a, b).covers(b));
        if (c.covers(a) && c.covers(b)) RC_ASSERT(c.covers(merged(a, b)));
        if (a.covers(b)) RC_ASSERT(merged(a, b) == a);
        if (a.covers(b) && b.covers(a)) RC_ASSERT(a == b);
    }));
}

TEST_CASE("hybrid clock: each reading is later than all before, and no later than it has to be") {
    CHECK(rc::check([](const std::vector<std::uint32_t>& wall) {
        Hlc last;
        for (const auto ms : wall) {
            const auto now = Millis(ms);
            const Hlc reading = tick(last, now);
            RC_ASSERT(reading > last);
            RC_ASSERT(reading >= Hlc::of(ms, 0));
            RC_ASSERT(reading.value == last.value + 1 || reading == Hlc::of(ms, 0));
            last = reading;
        }
    }));
}
