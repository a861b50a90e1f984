// SPDX-License-Identifier: Apache-2.0
#include "protocol/hlc.hpp"

#include <doctest/doctest.h>

using namespace sangam;
using namespace std::chrono_literals;

TEST_CASE("hybrid clock: follows the wall clock while that is ahead") {
    CHECK(tick(Hlc{}, 1000ms) == Hlc::of(1000, 0));
    CHECK(tick(Hlc::of(999, 65535), 1000ms) == Hlc::of(1000, 0));
}

TEST_CASE("hybrid clock: counts on when the wall clock stands or runs behind") {
    CHECK(tick(Hlc::of(1000, 0), 1000ms) == Hlc::of(1000, 1));
    CHECK(tick(Hlc::of(2000, 7), 1000ms) == Hlc::of(2000, 8));
    CHECK(tick(Hlc::of(2000, 65535), 1000ms) == Hlc::of(2001, 0));
}

TEST_CASE("hybrid clock: a wall clock before 1970 counts as zero") {
    CHECK(tick(Hlc{}, -5ms) == Hlc{1});
}

TEST_CASE("hybrid clock: exactly ten minutes ahead is still taken") {
    CHECK_FALSE(is_far_ahead(Hlc::of(600'000, 65535), 0ms));
    CHECK(is_far_ahead(Hlc::of(600'001, 0), 0ms));
    CHECK_FALSE(is_far_ahead(Hlc::of(5, 0), 1'000'000ms));
    CHECK(is_far_ahead(Hlc{0xffffffffffffffff}, 1'700'000'000'000ms));
}
