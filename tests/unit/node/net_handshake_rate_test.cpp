// SPDX-License-Identifier: Apache-2.0
#include "node/net/handshake_rate.hpp"

#include <doctest/doctest.h>

using namespace sangam;
using sangam::node::net::HandshakeRate;

TEST_CASE("handshake rate: a burst, then as many as time gives, each address for itself") {
    HandshakeRate rate(3, 2, 10);
    const Millis start{1'000'000};
    for (int i = 0; i < 3; ++i) CHECK(rate.allows("a", start));
    CHECK_FALSE(rate.allows("a", start));
    CHECK(rate.allows("b", start));
    CHECK_FALSE(rate.allows("a", start + Millis(400)));
    CHECK(rate.allows("a", start + Millis(600)));
    CHECK_FALSE(rate.allows("a", start + Millis(600)));
    // Never more than the burst, however long nobody came.
    const Millis later = start + std::chrono::hours(1);
    for (int i = 0; i < 3; ++i) CHECK(rate.allows("a", later));
    CHECK_FALSE(rate.allows("a", later));
}

TEST_CASE("handshake rate: a clock that is set back neither gives nor takes") {
    HandshakeRate rate(1, 1, 10);
    CHECK(rate.allows("a", Millis(10'000)));
    CHECK_FALSE(rate.allows("a", Millis(5'000)));
    CHECK(rate.allows("a", Millis(6'000)));
}

TEST_CASE("handshake rate: remembers a bounded number of addresses, the least recent goes") {
    HandshakeRate rate(1, 0.001, 2);
    CHECK(rate.allows("a", Millis(1)));
    CHECK(rate.allows("b", Millis(2)));
    CHECK(rate.allows("c", Millis(3)));        // forgets a
    CHECK_FALSE(rate.allows("b", Millis(4)));  // still known
    CHECK(rate.allows("a", Millis(5)));        // as if new; forgets c
    CHECK(rate.allows("c", Millis(6)));
}
