// SPDX-License-Identifier: Apache-2.0
// Own and writer datasets: complete lanes, in order, with all that they name.
#include "backends.hpp"

namespace sangam::storage::testing {

namespace {

/// An owner and a writer of one dataset.
template <class Backend>
struct Pair {
    Node<Backend> owner{1};
    Node<Backend> writer{2};
    SignedControl manifest = first_manifest(owner);
    DatasetUid uid = own_dataset(owner, manifest);
    Pair() { REQUIRE(writer.store->put_control(uid, {manifest}, Holding::writer)); }

    /// Gives the writer all that the owner's lane holds beyond `after`.
    ApplyResult to_writer(Sequence after = {}) {
        return apply(*writer.store, uid, lane_parts(*owner.store, uid, owner.lane(), after));
    }
    /// The header of the owner's next commit, valid but for what the test does to it.
    CommitHeader next_header() {
        CommitHeader header;
        header.dataset = uid;
        header.lane = owner.lane();
        const auto heads = owner.store->reader()->heads(uid);
        header.sequence = Sequence{1};
        for (const auto& head : heads)
            if (head.lane == header.lane) {
                header.sequence = next(head.sequence);
                header.previous = head.header_hash;
            }
        header.manifest_number = 1;
        header.manifest_hash = manifest.entry.hash();
        header.hlc = Hlc::of(5'000'000, 0);
        return header;
    }
    VerifiedPart built(CommitHeader header, VersionVector context = {}) {
        std::vector<Change> changes{
            Change::make(germplasm("built"), std::move(context), {put("f", "v")}, {}).value()};
        return build_commit(std::move(header), std::move(changes), owner.key()).value();
    }
};

}  // namespace

TEST_CASE_TEMPLATE("applying: a lane's commits arrive, and once more change nothing", Backend,
                   SANGAM_BACKENDS) {
    Pair<Backend> pair;
    write(*pair.owner.store, pair.uid, "a", {put("f", "one"), put("g", "kept")});
    write(*pair.owner.store, pair.uid, "a", {put("f", "two")});
    write(*pair.owner.store, pair.uid, "b", {put("f", "drought")});
    auto result = pair.to_writer();
    CHECK(result.changes_added == 3);
    CHECK(result.last_position == Position{3});
    CHECK(text_of(*pair.writer.store, pair.uid, "a", "f") == "two");
    CHECK(found(*pair.writer.store, pair.uid, "drought") == "b");
    CHECK(pair.writer.store->reader()->heads(pair.uid) ==
          pair.owner.store->reader()->heads(pair.uid));
    CHECK(lane_parts(*pair.writer.store, pair.uid, pair.owner.lane()).size() == 3);

    result = pair.to_writer();
    CHECK(result.changes_added == 0);
    CHECK(result.changes_known == 3);
    CHECK(result.last_position == Position{3});
    CHECK(pair.writer.store->reader()->arrivals(pair.uid, {}, 10).size() == 3);
    require_sound(*pair.writer.store);
}

TEST_CASE_TEMPLATE("applying: commits pass on bit for bit", Backend, SANGAM_BACKENDS) {
    Pair<Backend> pair;
    write(*pair.owner.store, pair.uid, "a", {put("f", "one")});
    write(*pair.owner.store, pair.uid, "a", {put("f", "two")});
    pair.to_writer();
    const auto lane = pair.owner.lane();
    CHECK(pair.writer.store->reader()->commits(pair.uid, lane, {}, 9) ==
          pair.owner.store->reader()->commits(pair.uid, lane, {}, 9));
    CHECK(pair.owner.store->reader()->commits(pair.uid, lane, Sequence{1}, 9).size() == 1);
    CHECK(pair.owner.store->reader()->commits(pair.uid, lane, {}, 1).size() == 1);
}

TEST_CASE_TEMPLATE("applying: a change that comes after what superseded it is history at once",
                   Backend, SANGAM_BACKENDS) {
    Pair<Backend> pair;
    Node<Backend> third(3);
    REQUIRE(third.store->put_control(pair.uid, {pair.manifest}, Holding::writer));
    write(*pair.owner.store, pair.uid, "a", {put("f", "old")});
    pair.to_writer();
    write(*pair.writer.store, pair.uid, "a", {put("f", "new")});
    // The second lane cannot come before the first, whose head it names.
    auto second = lane_parts(*pair.writer.store, pair.uid, pair.writer.lane());
    CHECK(apply_error(*third.store, pair.uid, second) == "missing_head");
    CHECK_FALSE(third.store->reader()->record(pair.uid, germplasm("a")));
    // In one delivery the order of records does not matter.
    auto both = lane_parts(*pair.owner.store, pair.uid, pair.owner.lane());
    both.push_back(second[0]);
    const auto result = apply(*third.store, pair.uid, both);
    CHECK(result.changes_added == 1);
    CHECK(result.changes_known == 1);
    CHECK(third.store->reader()->record(pair.uid, germplasm("a"))->changes.size() == 1);
    const auto history = third.store->reader()->history(pair.uid, germplasm("a"));
    REQUIRE(history.size() == 2);
    CHECK_FALSE(history[0].is_live);
    CHECK(history[1].is_live);
    require_sound(*third.store);
}

TEST_CASE_TEMPLATE("applying: a gap in a lane is refused and nothing of the request stays", Backend,
                   SANGAM_BACKENDS) {
    Pair<Backend> pair;
    write(*pair.owner.store, pair.uid, "a", {put("f", "1")});
    write(*pair.owner.store, pair.uid, "b", {put("f", "2")});
    write(*pair.owner.store, pair.uid, "c", {put("f", "3")});
    auto parts = lane_parts(*pair.owner.store, pair.uid, pair.owner.lane());
    CHECK(apply_error(*pair.writer.store, pair.uid, {parts[0], parts[2]}) == "gap");
    CHECK(pair.writer.store->reader()->heads(pair.uid).empty());
    CHECK_FALSE(pair.writer.store->reader()->record(pair.uid, germplasm("a")));
    require_sound(*pair.writer.store);
}

TEST_CASE_TEMPLATE("applying: a part of a commit is refused where commits are whole", Backend,
                   SANGAM_BACKENDS) {
    Pair<Backend> pair;
    write(*pair.owner.store, pair.uid,
          {edit(*pair.owner.store, pair.uid, "a", {put("f", "1")}),
           edit(*pair.owner.store, pair.uid, "b", {put("f", "2")})});
    const auto one = verified(pair.owner.store->reader()->parts(pair.uid, {Position{1}}));
    CHECK(apply_error(*pair.writer.store, pair.uid, one) == "incomplete_commit");
}

TEST_CASE_TEMPLATE("applying: of a fork the first branch stays and the other is kept as evidence",
                   Backend, SANGAM_BACKENDS) {
    Pair<Backend> pair;
    const auto good = pair.built(pair.next_header());
    auto other_header = pair.next_header();
    other_header.hlc = Hlc::of(6'000'000, 0);
    const auto other = pair.built(other_header);
    apply(*pair.writer.store, pair.uid, {good});
    CHECK(apply_error(*pair.writer.store, pair.uid, {other}) == "fork");
    CHECK(apply_error(*pair.writer.store, pair.uid, {other}) == "fork");
    const auto reader = pair.writer.store->reader();
    CHECK(reader->heads(pair.uid)[0].header_hash == good.header_hash());
    REQUIRE(reader->quarantine_count() == 1);
    const auto item = reader->quarantine(10)[0];
    CHECK(item.dataset == pair.uid);
    CHECK(item.source == pair.owner.id());
    CHECK(item.at == Millis(6'000'000));
    CHECK(CommitPart::decode(item.data).value() == other.part());
    pair.writer.store->remove_quarantine(item.id);
    CHECK(pair.writer.store->reader()->quarantine_count() == 0);

    // What builds on the other branch is a fork too.
    auto after_other = pair.next_header();
    after_other.sequence = Sequence{2};
    after_other.previous = other.header_hash();
    after_other.hlc = Hlc::of(7'000'000, 0);
    CHECK(apply_error(*pair.writer.store, pair.uid, {pair.built(after_other)}) == "fork");
    require_sound(*pair.writer.store);
}

TEST_CASE_TEMPLATE("applying: what a commit claims to have seen must be held and be true", Backend,
                   SANGAM_BACKENDS) {
    Pair<Backend> pair;
    const auto theirs = write(*pair.writer.store, pair.uid, "x", {put("f", "1")}, 2'000'000);
    const auto lane = pair.writer.lane();
    const auto error = [&](CommitHeader header, VersionVector context = {}) {
        return apply_error(*pair.owner.store, pair.uid, {pair.built(header, context)});
    };
    VersionVector context;
    context.add({lane, Sequence{1}});

    auto header = pair.next_header();
    header.heads = {{lane, Sequence{1}, theirs.commits[0].header.hash()}};
    CHECK(error(header) == "missing_head");
    apply(*pair.owner.store, pair.uid, lane_parts(*pair.writer.store, pair.uid, lane));
    header.heads[0].header_hash = Hash{};
    CHECK(error(header) == "bad_head");
    header.heads[0].header_hash = theirs.commits[0].header.hash();
    header.hlc = theirs.commits[0].header.hlc;
    CHECK(error(header) == "bad_clock");
    header = pair.next_header();
    CHECK(error(header, context) == "bad_context");
    header.manifest_number = 2;
    CHECK(error(header) == "missing_manifest");
    header.manifest_number = 1;
    header.manifest_hash = Hash{};
    CHECK(error(header) == "bad_manifest");

    header = pair.next_header();
    header.heads = {{lane, Sequence{1}, theirs.commits[0].header.hash()}};
    const auto first = pair.built(header, context);
    // It carries on a lane of the owner's own, which the owner does not remember.
    apply(*pair.owner.store, pair.uid, {first});
    // A head named once counts for the commits after it.
    Node<Backend> third(3);
    REQUIRE(third.store->put_control(pair.uid, {pair.manifest}, Holding::writer));
    apply(*third.store, pair.uid, lane_parts(*pair.writer.store, pair.uid, lane));
    apply(*third.store, pair.uid, {first});
    auto second = first.header();
    second.sequence = Sequence{2};
    second.previous = first.header_hash();
    second.heads.clear();
    CHECK(apply_error(*third.store, pair.uid, {pair.built(second, context)}) == "bad_clock");
    second.hlc = Hlc::of(6'000'000, 0);
    apply(*third.store, pair.uid, {pair.built(second, context)});
    require_sound(*third.store);
    require_sound(*pair.owner.store);
}

TEST_CASE_TEMPLATE("applying: nothing beyond an owner's cut is taken", Backend, SANGAM_BACKENDS) {
    Pair<Backend> pair;
    write(*pair.owner.store, pair.uid, "a", {put("f", "1")});
    write(*pair.owner.store, pair.uid, "b", {put("f", "2")});
    auto manifest = plain_manifest();
    const auto parts = lane_parts(*pair.owner.store, pair.uid, pair.owner.lane());
    manifest.cuts = {{pair.owner.lane(), Sequence{1}, parts[0].header_hash()}};
    REQUIRE(pair.writer.store->put_control(pair.uid,
                                           {following(pair.owner, pair.manifest, manifest)}, {}));
    apply(*pair.writer.store, pair.uid, {parts[0]});
    CHECK(apply_error(*pair.writer.store, pair.uid, {parts[1]}) == "cut");
}

TEST_CASE_TEMPLATE(
    "applying: a store whose lane went further than it remembers writes on a new one", Backend,
    SANGAM_BACKENDS) {
    Pair<Backend> pair;
    const auto before = pair.owner.store->epoch();
    const auto lost = pair.built(pair.next_header());
    apply(*pair.writer.store, pair.uid, {lost});
    CHECK(apply(*pair.owner.store, pair.uid, {lost}).changes_added == 1);
    CHECK(pair.owner.store->epoch() != before);
    const auto header =
        write(*pair.owner.store, pair.uid, "built", {put("f", "new")}).commits[0].header;
    CHECK(header.sequence == Sequence{1});
    CHECK(header.lane.epoch == pair.owner.store->epoch());
    CHECK(header.heads.size() == 1);
    CHECK(pair.owner.store->reader()->record(pair.uid, germplasm("built"))->changes.size() == 1);
    apply(*pair.writer.store, pair.uid, lane_parts(*pair.owner.store, pair.uid, pair.owner.lane()));
    CHECK(text_of(*pair.writer.store, pair.uid, "built", "f") == "new");
    require_sound(*pair.owner.store);
    require_sound(*pair.writer.store);
}

TEST_CASE_TEMPLATE("applying: nothing is taken for datasets that are not held", Backend,
                   SANGAM_BACKENDS) {
    Pair<Backend> pair;
    write(*pair.owner.store, pair.uid, "a", {put("f", "1")});
    const auto parts = lane_parts(*pair.owner.store, pair.uid, pair.owner.lane());
    Node<Backend> other(4);
    CHECK(apply_error(*other.store, pair.uid, parts) == "unknown_dataset");
    REQUIRE(other.store->put_control(pair.uid, {pair.manifest}, {}));
    CHECK(other.store->reader()->dataset(pair.uid)->holding == Holding::known);
    CHECK(apply_error(*other.store, pair.uid, parts) == "not_held");
    const auto uid2 = own_dataset(other, first_manifest(other, plain_manifest("wheat")));
    CHECK(apply_error(*other.store, uid2, parts) == "bad_commit");
    ApplyRequest request;
    request.dataset = uid2;
    request.withdrawals = {{germplasm("a"), "grant ended"}};
    CHECK(other.store->apply(request).error().code == "not_replica");
}

TEST_CASE_TEMPLATE(
    "applying: a replica that becomes a writer takes the lanes whole, what it holds too", Backend,
    SANGAM_BACKENDS) {
    Pair<Backend> pair;
    Node<Backend> third(3);
    REQUIRE(third.store->put_control(pair.uid, {pair.manifest}, Holding::replica));
    write(*pair.owner.store, pair.uid,
          {edit(*pair.owner.store, pair.uid, "a", {put("f", "1")}),
           edit(*pair.owner.store, pair.uid, "b", {put("f", "2")})});
    write(*pair.owner.store, pair.uid, "a", {put("f", "3")});
    apply(*third.store, pair.uid, live_parts(*pair.owner.store, pair.uid));
    CHECK(third.store->reader()->heads(pair.uid).empty());
    REQUIRE(third.store->put_control(pair.uid, {}, Holding::writer));
    const auto lane = pair.owner.lane();
    const auto result =
        apply(*third.store, pair.uid, lane_parts(*pair.owner.store, pair.uid, lane));
    CHECK(result.changes_added == 0);
    CHECK(result.changes_known == 3);
    CHECK(third.store->reader()->history(pair.uid, germplasm("a")).size() == 2);
    CHECK(third.store->reader()->commits(pair.uid, lane, {}, 9) ==
          pair.owner.store->reader()->commits(pair.uid, lane, {}, 9));
    const auto header = write(*third.store, pair.uid, "b", {put("f", "4")}).commits[0].header;
    require_sound(*third.store);

    // And back, and forth again: its own lane starts over too, under a new epoch.
    REQUIRE(third.store->put_control(pair.uid, {}, Holding::replica));
    ApplyRequest request;
    request.dataset = pair.uid;
    request.withdrawals = {{germplasm("a"), "out of scope"}};
    CHECK(third.store->apply(request)->records_dropped == 1);
    require_sound(*third.store);
    apply(*pair.owner.store, pair.uid,
          lane_parts(*third.store, pair.uid, {third.id(), header.lane.epoch}));
    REQUIRE(third.store->put_control(pair.uid, {}, Holding::writer));
    CHECK(third.store->epoch() != header.lane.epoch);
    CHECK(third.store->reader()->heads(pair.uid).empty());
    apply(*third.store, pair.uid, lane_parts(*pair.owner.store, pair.uid, lane));
    apply(*third.store, pair.uid, lane_parts(*pair.owner.store, pair.uid, header.lane));
    CHECK(third.store->reader()->heads(pair.uid) == pair.owner.store->reader()->heads(pair.uid));
    CHECK(text_of(*third.store, pair.uid, "b", "f") == "4");
    CHECK(text_of(*third.store, pair.uid, "a", "f") == "3");
    require_sound(*third.store);
}

TEST_CASE_TEMPLATE(
    "applying: who writes no more keeps nothing but its own commits that were not accepted",
    Backend, SANGAM_BACKENDS) {
    Pair<Backend> pair;
    write(*pair.owner.store, pair.uid, "a", {put("f", "drought")});
    write(*pair.owner.store, pair.uid, "a", {put("f", "flood")});
    apply(*pair.writer.store, pair.uid, lane_parts(*pair.owner.store, pair.uid, pair.owner.lane()));
    const auto lane = pair.writer.lane();
    write(*pair.writer.store, pair.uid, "b", {put("f", "drought")});
    const auto parts = lane_parts(*pair.writer.store, pair.uid, lane);
    REQUIRE(pair.writer.store->put_control(pair.uid, {}, Holding::known));
    const auto reader = pair.writer.store->reader();
    CHECK(reader->dataset(pair.uid)->live_records == 0);
    CHECK(reader->history(pair.uid, germplasm("a")).empty());
    CHECK(reader->commits(pair.uid, lane, {}, 9).empty());
    CHECK(reader->commits(pair.uid, pair.owner.lane(), {}, 9).empty());
    CHECK(found(*pair.writer.store, pair.uid, "").empty());
    const auto aside = reader->quarantine(9);
    REQUIRE(aside.size() == 1);
    CHECK(aside.front().reason.starts_with(unaccepted_reason));
    CHECK(aside.front().data == parts.front().part().encode());
    require_sound(*pair.writer.store);
}

TEST_CASE_TEMPLATE("applying: a change against the rules counts for nothing, the commit stands",
                   Backend, SANGAM_BACKENDS) {
    Pair<Backend> pair;
    // A node that takes itself for the owner, and so writes what it may not.
    Node<Backend> bad(3);
    REQUIRE(bad.store->put_control(pair.uid, {pair.manifest}, Holding::own));
    write(*pair.owner.store, pair.uid, "a", {put("forbidden", "the owner's")});
    pair.to_writer();
    apply(*bad.store, pair.uid, lane_parts(*pair.owner.store, pair.uid, pair.owner.lane()));
    write(*bad.store, pair.uid,
          {edit(*bad.store, pair.uid, "a", {put("forbidden", "taken")}),
           edit(*bad.store, pair.uid, "b", {put("f", "drought")}),
           edit(*bad.store, pair.uid, "new", {put("forbidden", "made up")})});
    const auto parts = lane_parts(*bad.store, pair.uid, bad.lane());
    auto& store = *pair.writer.store;
    CHECK(apply(store, pair.uid, parts).changes_added == 3);
    CHECK(text_of(store, pair.uid, "a", "forbidden") == "the owner's");
    CHECK(text_of(store, pair.uid, "b", "f") == "drought");
    CHECK_FALSE(store.reader()->record(pair.uid, germplasm("new")));
    CHECK(store.reader()->history(pair.uid, germplasm("a")).size() == 1);
    CHECK(store.reader()->dataset(pair.uid)->live_records == 2);
    const auto set_aside = store.reader()->quarantine(9);
    REQUIRE(set_aside.size() == 2);
    CHECK(set_aside[0].reason.starts_with("against the rules: forbidden is the owner's"));
    // What is kept of it is one change and its proof.
    const auto kept = CommitPart::decode(set_aside[0].data);
    REQUIRE(kept);
    CHECK(kept->changes.size() == 1);
    CHECK(VerifiedPart::verify(*kept, [](const NodeId&, const PublicKey&) { return true; }));
    // The commit is held and passed on whole, and comes once.
    CHECK(store.reader()->commits(pair.uid, bad.lane(), {}, 9) ==
          bad.store->reader()->commits(pair.uid, bad.lane(), {}, 9));
    CHECK(apply(store, pair.uid, parts).changes_added == 0);
    CHECK(store.reader()->quarantine_count() == 2);
    require_sound(store);
    // A sound write to a record that only had a refused one makes it.
    write(*bad.store, pair.uid, "new", {put("f", "rust")});
    apply(store, pair.uid, lane_parts(*bad.store, pair.uid, bad.lane(), Sequence{1}));
    CHECK(text_of(store, pair.uid, "new", "f") == "rust");
    require_sound(store);
}

TEST_CASE_TEMPLATE("applying: a replica takes no change against the rules", Backend,
                   SANGAM_BACKENDS) {
    Pair<Backend> pair;
    Node<Backend> bad(3);
    Node<Backend> replica(4);
    REQUIRE(bad.store->put_control(pair.uid, {pair.manifest}, Holding::own));
    REQUIRE(replica.store->put_control(pair.uid, {pair.manifest}, Holding::replica));
    write(*bad.store, pair.uid,
          {edit(*bad.store, pair.uid, "a", {put("forbidden", "taken")}),
           edit(*bad.store, pair.uid, "b", {put("f", "drought")})});
    apply(*replica.store, pair.uid, live_parts(*bad.store, pair.uid));
    CHECK_FALSE(replica.store->reader()->record(pair.uid, germplasm("a")));
    CHECK(text_of(*replica.store, pair.uid, "b", "f") == "drought");
    CHECK(replica.store->reader()->quarantine_count() == 1);
    require_sound(*replica.store);
}

}  // namespace sangam::storage::testing
