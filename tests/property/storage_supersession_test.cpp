// SPDX-License-Identifier: Apache-2.0
// Merging by union and drop against a naive model: whatever the order in which the changes of a
// history arrive, a record ends with the same live changes, and those are the ones that the
// definition gives for the whole history (SEMANTICS section 4).
#include <doctest/doctest.h>

#include <rapidcheck.h>
#include <algorithm>
#include <set>

#include "storage/supersession.hpp"

namespace sangam::storage {

namespace {

struct Event {
    Dot dot;
    Change change;
};

Lane lane(int n) {
    Lane out;
    out.node.bytes[0] = static_cast<std::uint8_t>(n + 1);
    out.epoch = Epoch{1};
    return out;
}

constexpr const char* names[] = {"a", "b", "c"};

/// Writers hold lanes without a gap and with all that their commits name: whoever has a dot has the
/// lane's earlier ones, and what their contexts cover.
void hold_what_it_stands_on(VersionVector& held, const std::vector<Event>& all) {
    for (bool grows = true; grows;) {
        const auto before = held;
        for (const auto& event : all)
            if (held.covers(event.dot)) held.merge(event.change.context);
        grows = held != before;
    }
}

/// A history of one record by three authors. Each holds some of the others' changes when it writes,
/// and bases its edit on a version that it has seen: contexts are closed, as authors make them.
std::vector<Event> random_lane_history() {
    std::vector<Event> all;
    std::vector<VersionVector> held(3);  // what each author has received
    std::vector<std::uint64_t> last(3, 0);
    const int count = *rc::gen::inRange(1, 14);
    for (int i = 0; i < count; ++i) {
        const int author = *rc::gen::inRange(0, 3);
        // It may receive another's change first.
        if (!all.empty() && *rc::gen::inRange(0, 3) > 0) {
            const auto& got = all[*rc::gen::inRange<std::size_t>(0, all.size())];
            held[author].add(got.dot);
            hold_what_it_stands_on(held[author], all);
        }
        Event event;
        event.dot = {lane(author), Sequence{++last[author]}};
        // Blind imports are based on nothing, people's edits on what they hold.
        if (*rc::gen::inRange(0, 4) > 0) event.change.context = held[author];
        for (const auto* name : names)
            if (*rc::gen::inRange(0, 2) == 1)
                event.change.fields.push_back({{Path::single(name), Value(i)}, {}});
        if (event.change.fields.empty())
            event.change.fields.push_back({{Path::single("a"), Value(i)}, {}});
        // Also of an edit that was based on nothing: its author has seen it the next time.
        held[author].add(event.dot);
        held[author].merge(event.change.context);
        all.push_back(std::move(event));
    }
    return all;
}

/// The definition, word for word: a field is superseded when a *live* change that writes it has the
/// change in its context; live is who has a field left. The greatest set that satisfies it: later
/// ones are decided first, which closed contexts order.
std::set<Dot> live_by_definition(std::vector<Event> all) {
    std::set<Dot> live;
    std::vector<Event> decided;
    while (!all.empty()) {
        const auto next = std::ranges::find_if(all, [&](const Event& x) {
            return std::ranges::none_of(all, [&](const Event& z) {
                return z.dot != x.dot && z.change.context.covers(x.dot);
            });
        });
        RC_ASSERT(next != all.end());
        const auto is_superseded = [&](const OpenField& field) {
            return std::ranges::any_of(decided, [&](const Event& z) {
                return live.contains(z.dot) && z.change.context.covers(next->dot) &&
                       z.change.find(field.write.path) != nullptr;
            });
        };
        if (!std::ranges::all_of(next->change.fields, is_superseded)) live.insert(next->dot);
        decided.push_back(*next);
        all.erase(next);
    }
    return live;
}

/// What a replica does: keeps the live ones, adds one, drops what fell.
void receive(std::vector<Event>& held, const Event& event) {
    if (std::ranges::any_of(held, [&](const Event& h) { return h.dot == event.dot; })) return;
    held.push_back(event);
    std::vector<Candidate> candidates;
    for (const auto& h : held) candidates.push_back({&h.dot, &h.change});
    const auto standings = weigh(candidates);
    std::vector<Event> kept;
    for (std::size_t i = 0; i < held.size(); ++i)
        if (standings[i].is_live) kept.push_back(held[i]);
    held = std::move(kept);
}

std::set<Dot> dots(const std::vector<Event>& events) {
    std::set<Dot> out;
    for (const auto& event : events) out.insert(event.dot);
    return out;
}

}  // namespace

TEST_CASE("supersession: any order of arrival, with repeats, leaves what the definition says") {
    CHECK(rc::check([] {
        const auto history = random_lane_history();
        const auto expected = live_by_definition(history);
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < history.size(); ++i) order.push_back(i);
        for (std::size_t i = order.size(); i > 1; --i)
            std::swap(order[i - 1], order[*rc::gen::inRange<std::size_t>(0, i)]);
        for (int repeats = *rc::gen::inRange(0, 4); repeats > 0; --repeats)
            order.push_back(*rc::gen::inRange<std::size_t>(0, history.size()));
        std::vector<Event> held;
        for (const auto i : order) receive(held, history[i]);
        RC_ASSERT(dots(held) == expected);
    }));
}

TEST_CASE("supersession: two replicas that merge their live sets agree, either way round") {
    CHECK(rc::check([] {
        const auto history = random_lane_history();
        std::vector<Event> a;
        std::vector<Event> b;
        for (const auto& event : history) {
            const int where = *rc::gen::inRange(0, 3);
            if (where != 0) receive(a, event);
            if (where != 1) receive(b, event);
        }
        auto a_then_b = a;
        for (const auto& event : b) receive(a_then_b, event);
        auto b_then_a = b;
        for (const auto& event : a) receive(b_then_a, event);
        RC_ASSERT(dots(a_then_b) == dots(b_then_a));
        auto again = a_then_b;
        for (const auto& event : a_then_b) receive(again, event);
        RC_ASSERT(dots(again) == dots(a_then_b));
    }));
}

TEST_CASE("supersession: reducing superseded fields to leaves changes no standing") {
    CHECK(rc::check([] {
        const auto history = random_lane_history();
        std::vector<Event> held;
        for (const auto& event : history) {
            receive(held, event);
            std::vector<Candidate> candidates;
            for (const auto& h : held) candidates.push_back({&h.dot, &h.change});
            const auto standings = weigh(candidates);
            for (std::size_t i = 0; i < held.size(); ++i)
                held[i].change = without_superseded(held[i].change, standings[i]);
        }
        RC_ASSERT(dots(held) == live_by_definition(history));
    }));
}

}  // namespace sangam::storage
