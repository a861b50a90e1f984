// SPDX-License-Identifier: Apache-2.0
// Replicas: parts of commits in any order, views with hidden fields, withdrawals, full copies.
#include "backends.hpp"

namespace sangam::storage::testing {

namespace {

template <class Backend>
struct Served {
    Node<Backend> owner{1};
    Node<Backend> holder{2};
    SignedControl manifest = first_manifest(owner);
    DatasetUid uid = own_dataset(owner, manifest);
    Served() { REQUIRE(holder.store->put_control(uid, {manifest}, Holding::replica)); }

    void write_records(int count) {
        std::vector<Edit> edits;
        for (int i = 0; i < count; ++i)
            edits.push_back({germplasm(std::to_string(i)),
                             {},
                             {put("name", "rice " + std::to_string(i)), put("site", "valley"),
                              put("secret", "gold")},
                             {},
                             {}});
        write(*owner.store, uid, edits);
    }
    std::vector<VerifiedPart> parts(const std::vector<Position>& positions) {
        return verified(owner.store->reader()->parts(uid, positions));
    }
    ApplyResult withdraw(const std::string& id, std::vector<VerifiedPart> again = {}) {
        ApplyRequest request;
        request.dataset = uid;
        request.withdrawals = {{germplasm(id), "grant ended"}};
        request.parts = std::move(again);
        return holder.store->apply(request).value();
    }
    /// A step of a full copy.
    ApplyResult copy(std::vector<VerifiedPart> parts, bool begins, bool completes) {
        ApplyRequest request;
        request.dataset = uid;
        request.parts = std::move(parts);
        request.begins_copy = begins;
        request.completes_copy = completes;
        return holder.store->apply(request).value();
    }
};

std::vector<Position> positions(std::initializer_list<std::uint64_t> numbers) {
    std::vector<Position> out;
    for (const auto n : numbers) out.push_back(Position{n});
    return out;
}

}  // namespace

TEST_CASE_TEMPLATE("replica: a commit that comes in several deliveries is proven throughout",
                   Backend, SANGAM_BACKENDS) {
    Served<Backend> s;
    s.write_records(20);
    CHECK(apply(*s.holder.store, s.uid, s.parts(positions({3, 17}))).changes_added == 2);
    require_sound(*s.holder.store);
    CHECK(apply(*s.holder.store, s.uid, s.parts(positions({17, 1, 4}))).changes_added == 2);
    CHECK(apply(*s.holder.store, s.uid, s.parts(positions({20}))).changes_added == 1);
    require_sound(*s.holder.store);
    CHECK(s.holder.store->reader()->dataset(s.uid)->live_records == 5);
    // Held parts can be passed on, in any subset.
    const auto reader = s.holder.store->reader();
    const auto arrivals = reader->arrivals(s.uid, {}, 100);
    REQUIRE(arrivals.size() == 5);
    const auto some = verified(reader->parts(s.uid, {arrivals[0].position, arrivals[4].position}));
    REQUIRE(some.size() == 1);
    CHECK(some[0].part().changes.size() == 2);
    const auto all = live_parts(*s.holder.store, s.uid);
    CHECK(all[0].part().changes.size() == 5);
    Node<Backend> third(3);
    REQUIRE(third.store->put_control(s.uid, {s.manifest}, Holding::replica));
    apply(*third.store, s.uid, all);
    require_sound(*third.store);
    apply(*s.holder.store, s.uid, live_parts(*s.owner.store, s.uid));
    CHECK(s.holder.store->reader()->dataset(s.uid)->live_records == 20);
    CHECK(live_parts(*s.holder.store, s.uid)[0].part().is_complete());
    require_sound(*s.holder.store);
}

TEST_CASE_TEMPLATE("replica: the same delivery twice changes nothing", Backend, SANGAM_BACKENDS) {
    Served<Backend> s;
    s.write_records(5);
    const auto parts = without(live_parts(*s.owner.store, s.uid), {"secret"});
    const auto first = apply(*s.holder.store, s.uid, parts);
    const auto again = apply(*s.holder.store, s.uid, parts);
    CHECK(again.changes_added == 0);
    CHECK(again.changes_known == 5);
    CHECK(again.last_position == first.last_position);
    CHECK(s.holder.store->reader()->arrivals(s.uid, {}, 100).size() == 5);
    require_sound(*s.holder.store);
}

TEST_CASE_TEMPLATE("replica: a superseded change goes, with its place in the proof", Backend,
                   SANGAM_BACKENDS) {
    Served<Backend> s;
    s.write_records(3);
    apply(*s.holder.store, s.uid, live_parts(*s.owner.store, s.uid));
    write(*s.owner.store, s.uid, "1",
          {put("name", "other"), put("site", "hill"), put("secret", "none")});
    const auto result =
        apply(*s.holder.store, s.uid, live_parts(*s.owner.store, s.uid, Position{3}));
    CHECK(result.changes_added == 1);
    CHECK(s.holder.store->reader()->history(s.uid, germplasm("1")).size() == 1);
    CHECK(live_parts(*s.holder.store, s.uid)[0].part().changes.size() == 2);
    require_sound(*s.holder.store);
    // The old one comes late, by another path: known, and not kept.
    const auto old = lane_parts(*s.owner.store, s.uid, s.owner.lane())[0];
    const auto late = apply(*s.holder.store, s.uid, {old});
    CHECK(late.changes_added == 0);
    CHECK(late.changes_known == 3);
    CHECK(s.holder.store->reader()->history(s.uid, germplasm("1")).size() == 1);
    require_sound(*s.holder.store);
}

TEST_CASE_TEMPLATE("replica: a superseded field of a live change rests as its leaf only", Backend,
                   SANGAM_BACKENDS) {
    Served<Backend> s;
    s.write_records(1);
    const auto exact = live_parts(*s.owner.store, s.uid);
    apply(*s.holder.store, s.uid, exact);
    write(*s.owner.store, s.uid, "0", {put("site", "somewhere")});
    apply(*s.holder.store, s.uid, live_parts(*s.owner.store, s.uid, Position{1}));
    const auto check = [&] {
        const auto state = s.holder.store->reader()->record(s.uid, germplasm("0"));
        REQUIRE(state->changes.size() == 2);
        const auto& old = state->changes[0].change;
        CHECK_FALSE(old.is_whole());
        CHECK(old.fields.size() == 2);
        CHECK(old.find(Path::single("site")) == nullptr);
        CHECK(old.hidden_leaves.size() == 1);
    };
    check();
    const auto last = s.holder.store->reader()->dataset(s.uid)->last_position;
    apply(*s.holder.store, s.uid, exact);
    check();
    CHECK(s.holder.store->reader()->dataset(s.uid)->last_position == last);
    require_sound(*s.holder.store);
    // The other way round: the blurred one first.
    Node<Backend> third(3);
    REQUIRE(third.store->put_control(s.uid, {s.manifest}, Holding::replica));
    apply(*third.store, s.uid, live_parts(*s.owner.store, s.uid, Position{1}));
    apply(*third.store, s.uid, exact);
    const auto state = third.store->reader()->record(s.uid, germplasm("0"));
    CHECK(state->changes[0].change.find(Path::single("site")) == nullptr);
    CHECK(found(*third.store, s.uid, "valley").empty());
    require_sound(*third.store);
}

TEST_CASE_TEMPLATE("replica: a change whose visible fields are all superseded is dropped", Backend,
                   SANGAM_BACKENDS) {
    Served<Backend> s;
    s.write_records(1);
    write(*s.owner.store, s.uid, "0", {put("name", "other"), put("site", "hill")});
    CHECK(s.owner.store->reader()->record(s.uid, germplasm("0"))->changes.size() == 2);
    apply(*s.holder.store, s.uid, without(live_parts(*s.owner.store, s.uid), {"secret"}));
    CHECK(s.holder.store->reader()->record(s.uid, germplasm("0"))->changes.size() == 1);
    require_sound(*s.holder.store);
}

TEST_CASE_TEMPLATE("replica: a wider view opens more of what is held, and arrives again", Backend,
                   SANGAM_BACKENDS) {
    Served<Backend> s;
    s.write_records(2);
    const auto whole = live_parts(*s.owner.store, s.uid);
    apply(*s.holder.store, s.uid, without(whole, {"secret", "site"}));
    CHECK(found(*s.holder.store, s.uid, "gold").empty());
    const auto before = s.holder.store->reader()->dataset(s.uid)->last_position;
    auto result = apply(*s.holder.store, s.uid, without(whole, {"site"}));
    CHECK(result.changes_added == 0);
    CHECK(found(*s.holder.store, s.uid, "gold") == "0 1");
    CHECK(s.holder.store->reader()->arrivals(s.uid, before, 9).size() == 2);
    require_sound(*s.holder.store);
    // Two views that overlap add up.
    apply(*s.holder.store, s.uid, without(whole, {"secret"}));
    auto state = s.holder.store->reader()->record(s.uid, germplasm("0"));
    CHECK(state->changes[0].change.fields.size() == 3);
    CHECK(state->changes[0].change.hidden_leaves.empty());
    apply(*s.holder.store, s.uid, whole);
    state = s.holder.store->reader()->record(s.uid, germplasm("0"));
    CHECK(state->changes[0].change.is_whole());
    // Less in a later delivery takes nothing away.
    apply(*s.holder.store, s.uid, without(whole, {"secret"}));
    CHECK(found(*s.holder.store, s.uid, "gold") == "0 1");
    require_sound(*s.holder.store);
}

TEST_CASE_TEMPLATE("replica: a withdrawn record is gone and can come again", Backend,
                   SANGAM_BACKENDS) {
    Served<Backend> s;
    s.write_records(3);
    write(*s.owner.store, s.uid, "1", {put("site", "hill")});
    const auto parts = live_parts(*s.owner.store, s.uid);
    apply(*s.holder.store, s.uid, parts);
    CHECK(s.withdraw("1").records_dropped == 1);
    CHECK_FALSE(s.holder.store->reader()->record(s.uid, germplasm("1")));
    CHECK(s.holder.store->reader()->history(s.uid, germplasm("1")).empty());
    CHECK(found(*s.holder.store, s.uid, "hill").empty());
    CHECK(s.holder.store->reader()->dataset(s.uid)->live_records == 2);
    require_sound(*s.holder.store);
    CHECK(s.withdraw("1").records_dropped == 0);
    CHECK(s.withdraw("never there").records_dropped == 0);
    CHECK(apply(*s.holder.store, s.uid, parts).changes_added == 2);
    CHECK(found(*s.holder.store, s.uid, "hill") == "1");
    require_sound(*s.holder.store);
    // Taken back and sent again with less shown, in one delivery.
    CHECK(s.withdraw("1", without(parts, {"site"})).changes_added == 1);
    CHECK(found(*s.holder.store, s.uid, "hill").empty());
    CHECK(found(*s.holder.store, s.uid, "name rice 1").empty());
    CHECK(found(*s.holder.store, s.uid, "rice 1") == "1");
    require_sound(*s.holder.store);
    for (const auto* id : {"0", "1", "2"}) s.withdraw(id);
    CHECK(s.holder.store->reader()->arrivals(s.uid, {}, 9).empty());
    require_sound(*s.holder.store);
}

TEST_CASE_TEMPLATE("replica: a full copy that completes drops what it did not name", Backend,
                   SANGAM_BACKENDS) {
    Served<Backend> s;
    s.write_records(6);
    apply(*s.holder.store, s.uid, live_parts(*s.owner.store, s.uid));
    const auto copy = [&](std::initializer_list<std::uint64_t> which, bool begins, bool completes) {
        return s.copy(s.parts(positions(which)), begins, completes).records_dropped;
    };
    CHECK(copy({1, 2}, true, false) == 0);
    CHECK(s.holder.store->reader()->dataset(s.uid)->live_records == 6);
    // A copy that begins anew forgets what the broken one named.
    CHECK(copy({3}, true, false) == 0);
    CHECK(copy({2}, false, false) == 0);
    CHECK(copy({}, false, true) == 4);
    CHECK(s.holder.store->reader()->dataset(s.uid)->live_records == 2);
    require_sound(*s.holder.store);
    CHECK(copy({4, 5}, true, true) == 2);
    CHECK(s.holder.store->reader()->dataset(s.uid)->live_records == 2);
    CHECK(copy({}, true, true) == 2);
    require_sound(*s.holder.store);
}

TEST_CASE_TEMPLATE("replica: a full copy that shows less takes away what was held", Backend,
                   SANGAM_BACKENDS) {
    // A holder that was restored from a backup of the time when it saw more gets a full copy, and
    // the owner's ledger knows of nothing to withdraw. It kept the field that is hidden by now.
    Served<Backend> s;
    s.write_records(3);
    write(*s.owner.store, s.uid, "1", {put("site", "hill")});
    const auto whole = live_parts(*s.owner.store, s.uid);
    apply(*s.holder.store, s.uid, whole);
    CHECK(s.copy(without(whole, {"secret"}), true, false).records_dropped == 0);
    CHECK(found(*s.holder.store, s.uid, "gold").empty());
    CHECK(found(*s.holder.store, s.uid, "rice") == "1 0 2");  // the shortest text first
    CHECK_FALSE(
        s.holder.store->reader()->record(s.uid, germplasm("0"))->changes[0].change.is_whole());
    require_sound(*s.holder.store);
    // What the same copy brings later adds up again.
    write(*s.owner.store, s.uid, "0", {put("site", "lake")});
    const auto last = s.owner.store->reader()->dataset(s.uid)->last_position;
    CHECK(s.copy(without(s.parts({last}), {"secret"}), false, true).records_dropped == 0);
    CHECK(found(*s.holder.store, s.uid, "rice") == "0 1 2");
    CHECK(found(*s.holder.store, s.uid, "lake") == "0");
    require_sound(*s.holder.store);
    // A copy that shows the same or more leaves all in its place.
    const auto before = s.holder.store->reader()->dataset(s.uid)->last_position;
    s.copy(without(live_parts(*s.owner.store, s.uid), {"secret"}), true, true);
    CHECK(s.holder.store->reader()->dataset(s.uid)->last_position == before);
    require_sound(*s.holder.store);
}

TEST_CASE_TEMPLATE("replica: the cursor moves with what was applied, or not at all", Backend,
                   SANGAM_BACKENDS) {
    Served<Backend> s;
    s.write_records(2);
    ApplyRequest request;
    request.dataset = s.uid;
    request.parts = live_parts(*s.owner.store, s.uid);
    OwnSubscription subscription;
    subscription.id.bytes[0] = 7;
    subscription.dataset_name = "irri/rice";
    subscription.dataset = s.uid;
    subscription.cursor = {Epoch{~0ULL}, s.holder.store->epoch(), Position{2}};
    request.subscription = subscription;
    REQUIRE(s.holder.store->apply(request));
    CHECK(s.holder.store->reader()->own_subscriptions()[0].cursor == subscription.cursor);

    // A fork inside the next delivery: the cursor stays where it was.
    auto header = request.parts[0].header();
    header.hlc = Hlc{header.hlc.value + 1};
    const auto fork = build_commit(
        header, {Change::make(germplasm("z"), {}, {put("f", "v")}, {}).value()}, s.owner.key());
    request.parts = {*fork};
    request.subscription->cursor->position = Position{3};
    CHECK(s.holder.store->apply(request).error().code == "fork");
    CHECK(s.holder.store->reader()->own_subscriptions()[0].cursor == subscription.cursor);
    CHECK(s.holder.store->reader()->quarantine_count() == 1);
}

TEST_CASE_TEMPLATE("replica: the last subscription takes the replica with it", Backend,
                   SANGAM_BACKENDS) {
    Served<Backend> s;
    s.write_records(3);
    OwnSubscription first;
    first.id.bytes[0] = 1;
    first.dataset = s.uid;
    auto second = first;
    second.id.bytes[0] = 2;
    s.holder.store->put_own_subscription(first);
    s.holder.store->put_own_subscription(second);
    apply(*s.holder.store, s.uid, live_parts(*s.owner.store, s.uid));
    s.holder.store->remove_own_subscription(first.id);
    CHECK(s.holder.store->reader()->dataset(s.uid)->live_records == 3);
    s.holder.store->remove_own_subscription(second.id);
    CHECK(s.holder.store->reader()->own_subscriptions().empty());
    const auto info = s.holder.store->reader()->dataset(s.uid);
    CHECK(info->live_records == 0);
    CHECK(info->holding == Holding::known);
    CHECK_FALSE(s.holder.store->reader()->record(s.uid, germplasm("0")));
    CHECK(found(*s.holder.store, s.uid, "rice").empty());
    require_sound(*s.holder.store);
}

TEST_CASE_TEMPLATE("replica: a deletion is seen in every view and outlives a concurrent edit",
                   Backend, SANGAM_BACKENDS) {
    Served<Backend> s;
    s.write_records(1);
    const auto seen = version(*s.owner.store, s.uid, germplasm("0"));
    write(*s.owner.store, s.uid, "0", {life("deleted")});
    const auto before = s.owner.store->reader()->dataset(s.uid)->last_position;
    apply(*s.holder.store, s.uid, without(live_parts(*s.owner.store, s.uid), {"name", "secret"}));
    CHECK(merged(*s.holder.store, s.uid, "0").is_deleted);
    CHECK(s.holder.store->reader()->dataset(s.uid)->live_records == 0);
    CHECK(found(*s.holder.store, s.uid, "valley").empty());
    require_sound(*s.holder.store);
    write(*s.owner.store, s.uid, "0", {life("live")});
    apply(*s.holder.store, s.uid, live_parts(*s.owner.store, s.uid, before));
    CHECK(found(*s.holder.store, s.uid, "valley") == "0");
    CHECK(s.holder.store->reader()->dataset(s.uid)->live_records == 1);
    require_sound(*s.holder.store);
}

}  // namespace sangam::storage::testing
