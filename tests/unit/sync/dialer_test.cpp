// SPDX-License-Identifier: Apache-2.0
#include "sync/dialer.hpp"

#include <doctest/doctest.h>

using namespace sangam;
using namespace sangam::sync;

namespace {

NodeId dialed_node(std::uint8_t n) {
    NodeId id;
    id.bytes[0] = n;
    return id;
}
constexpr Millis start{1'000'000};

}  // namespace

TEST_CASE("dialer: a new peer is dialed at once and once") {
    SeededRandom random(1);
    Dialer dialer(random);
    dialer.set_targets({{dialed_node(1), {"a:1"}}, {dialed_node(2), {}}}, start);
    const auto first = dialer.due(start);
    REQUIRE(first.size() == 1);
    CHECK(first.front().endpoint == "a:1");
    CHECK(dialer.is_dialing(dialed_node(1)));
    CHECK(dialer.due(start + Millis{100'000}).empty());
}

TEST_CASE("dialer: waits longer after each failure, up to a minute, and never less than half") {
    SeededRandom random(1);
    Dialer dialer(random);
    dialer.set_targets({{dialed_node(1), {"a:1"}}}, start);
    Millis now = start;
    Millis full = Dialer::first_delay;
    for (int i = 0; i < 12; ++i) {
        REQUIRE(dialer.due(now).size() == 1);
        dialer.failed(dialed_node(1), now);
        const Millis wait = dialer.next_due().value() - now;
        CHECK(wait >= full / 2);
        CHECK(wait <= full);
        CHECK(dialer.due(now + wait - Millis{1}).empty());
        now += wait;
        full = std::min(full * 2, Dialer::longest_delay);
    }
    CHECK(full == Dialer::longest_delay);
}

TEST_CASE("dialer: two nodes that lost the same peer do not return at the same moment") {
    SeededRandom one(1);
    SeededRandom two(2);
    Dialer a(one);
    Dialer b(two);
    for (Dialer* dialer : {&a, &b}) {
        dialer->set_targets({{dialed_node(9), {"x:1"}}}, start);
        static_cast<void>(dialer->due(start));
        dialer->failed(dialed_node(9), start);
    }
    CHECK(a.next_due() != b.next_due());
}

TEST_CASE("dialer: all endpoints of a node are tried before it waits") {
    SeededRandom random(1);
    Dialer dialer(random);
    dialer.set_targets({{dialed_node(1), {"a:1", "b:2"}}}, start);
    CHECK(dialer.due(start).front().endpoint == "a:1");
    dialer.failed(dialed_node(1), start);
    CHECK(dialer.due(start).front().endpoint == "b:2");
    dialer.failed(dialed_node(1), start);
    CHECK(dialer.due(start).empty());
}

TEST_CASE("dialer: a stable connection resets the backoff, a short one does not") {
    SeededRandom random(1);
    Dialer dialer(random);
    dialer.set_targets({{dialed_node(1), {"a:1"}}}, start);
    static_cast<void>(dialer.due(start));
    dialer.connected(dialed_node(1), start);
    CHECK_FALSE(dialer.next_due());
    dialer.disconnected(dialed_node(1), start + Dialer::stable_after);
    CHECK(dialer.due(start + Dialer::stable_after).size() == 1);
    dialer.connected(dialed_node(1), start);
    dialer.disconnected(dialed_node(1), start + Millis{5});
    CHECK(dialer.due(start + Millis{5}).empty());
}

TEST_CASE("dialer: changed endpoints are dialed at once, a peer that left is forgotten") {
    SeededRandom random(1);
    Dialer dialer(random);
    dialer.set_targets({{dialed_node(1), {"a:1"}}}, start);
    for (int i = 0; i < 5; ++i) {
        static_cast<void>(dialer.due(dialer.next_due().value()));
        dialer.failed(dialed_node(1), start + Millis{i});
    }
    dialer.set_targets({{dialed_node(1), {"b:1"}}}, start);
    CHECK(dialer.due(start).front().endpoint == "b:1");
    dialer.set_targets({}, start);
    dialer.failed(dialed_node(1), start);
    CHECK_FALSE(dialer.next_due());
}

TEST_CASE("dialer: a peer that connected by itself is not dialed") {
    SeededRandom random(1);
    Dialer dialer(random);
    dialer.set_targets({{dialed_node(1), {"a:1"}}}, start);
    dialer.connected(dialed_node(1), start);
    CHECK(dialer.due(start).empty());
}

TEST_CASE("dialer: up to 64 institutions all members are dialed, beyond that who is related") {
    const auto id = [](std::uint8_t n) {
        InstitutionId out;
        out.bytes[0] = n;
        return out;
    };
    const InstitutionId home = id(200);
    std::vector<DialCandidate> candidates;
    for (std::uint8_t n = 1; n < 64; ++n) {
        NodeId dialed_node;
        dialed_node.bytes[0] = n;
        candidates.push_back({dialed_node, id(n), {"h:1"}});
    }
    NodeId sibling;
    sibling.bytes[0] = 201;
    candidates.push_back({sibling, home, {"h:1"}});
    CHECK(whom_to_dial(candidates, home, {}).size() == 64);
    NodeId one_more;
    one_more.bytes[0] = 99;
    candidates.push_back({one_more, id(99), {"h:2"}});
    const auto few = whom_to_dial(candidates, home, {id(7), id(99)});
    REQUIRE(few.size() == 3);
    CHECK(few[0].node.bytes[0] == 7);
    CHECK(few[1].node == sibling);
    CHECK(few[2].node == one_more);
}
