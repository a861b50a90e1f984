// SPDX-License-Identifier: Apache-2.0
// Writer sync with a scripted partner, and between restored stores.
#include "sync/writer_sync.hpp"

#include <doctest/doctest.h>

#include "sync/former_writers.hpp"
#include "tests/support/live_set.hpp"
#include "tests/support/scripted_peer.hpp"
#include "tests/support/sim_world.hpp"

using namespace sangam;
using namespace sangam::sync;
using namespace sangam::testing;

namespace {

/// We own rice, `them` and `third` write it; `them` is connected.
struct WriterScene {
    Stage stage;
    SignedControl manifest = Stage::manifest_of(stage.us, "rice", [&] {
        std::vector<InstitutionId> writers{stage.them.institution, stage.third.institution};
        std::sort(writers.begin(), writers.end());
        return writers;
    }());
    DatasetUid rice = manifest.entry.dataset_uid();
    ConnectionId them{};

    WriterScene() {
        REQUIRE(stage.store->put_control(rice, {manifest}, storage::Holding::own));
        stage.engine->control_changed(rice, stage.now);
        them = stage.greet(stage.them);
    }
    void send(std::vector<VerifiedPart> parts) {
        messages::WriterCommits commits{rice, {}};
        for (const VerifiedPart& part : parts) commits.parts.push_back(part.part().encode());
        stage.say(them, std::move(commits));
    }
    [[nodiscard]] Sequence held(const Lane& lane) const {
        for (const Head& head : stage.store->reader()->heads(rice))
            if (head.lane == lane) return head.sequence;
        return Sequence{0};
    }
    VerifiedPart commit(const Actor& author, const std::string& id,
                        const VerifiedPart* previous = nullptr, std::vector<Head> heads = {}) {
        return Stage::commit_of(author, rice, manifest, id, "x", stage.now += Millis{1}, previous,
                                std::move(heads));
    }
    /// From now on ipk writes beside us, `them` do not.
    void take_them_out() {
        const auto next = change_dataset(*stage.store->reader(), stage.directory,
                                         {stage.us.id, &stage.us.key, &stage.random}, rice,
                                         {{}, {}, std::vector<std::string>{"ipk"}, {}}, stage.now);
        REQUIRE(next);
        REQUIRE(stage.store->put_control(rice, {*next}, std::nullopt));
        stage.engine->control_changed(rice, stage.now);
    }
    static Head head_of(const VerifiedPart& part) {
        return {part.header().lane, part.header().sequence, part.header_hash()};
    }
};

/// `dataset set --writers` at the owner's node.
void set_writers(SimWorld& world, std::size_t owner, const DatasetUid& dataset,
                 std::vector<std::string> writers) {
    auto& node = world[owner];
    const auto entry =
        change_dataset(*node.reader(), world.directory, {node.id, &*node.key, node.random.get()},
                       dataset, {{}, {}, std::move(writers), {}}, world.now());
    REQUIRE(entry);
    world.act(owner, [&](Engine& engine, Millis now) {
        REQUIRE(node.store->put_control(dataset, {*entry}, std::nullopt));
        engine.control_changed(dataset, now);
    });
}

}  // namespace

TEST_CASE("writer sync: commits are answered with heads once they are durable") {
    WriterScene scene;
    const auto first = scene.commit(scene.stage.them, "a");
    scene.send({first});
    const auto heads = scene.stage.sent<messages::WriterHeads>(scene.them);
    REQUIRE(heads.size() == 1);
    CHECK(heads.front().heads == std::vector<Head>{WriterScene::head_of(first)});
    CHECK(scene.stage.store->reader()->dataset(scene.rice)->live_records == 1);
}

TEST_CASE("writer sync: a commit that came before its predecessor waits for it") {
    WriterScene scene;
    const auto first = scene.commit(scene.stage.them, "a");
    const auto second = scene.commit(scene.stage.them, "b", &first);
    scene.send({second});
    CHECK(scene.held(first.header().lane) == Sequence{0});
    scene.send({first});
    CHECK(scene.held(first.header().lane) == Sequence{2});
}

TEST_CASE("writer sync: a commit waits for the heads that it names and is not passed on before") {
    WriterScene scene;
    const auto other = scene.commit(scene.stage.third, "o");
    const auto naming = scene.commit(scene.stage.them, "a", nullptr, {WriterScene::head_of(other)});
    scene.send({naming});
    CHECK(scene.held(naming.header().lane) == Sequence{0});
    const ConnectionId third = scene.stage.greet(scene.stage.third);
    scene.stage.say(third, messages::WriterHeads{scene.rice, {}});
    CHECK(scene.stage.sent<messages::WriterCommits>(third).empty());
    scene.send({other});
    CHECK(scene.held(naming.header().lane) == Sequence{1});
    CHECK(scene.stage.sent<messages::WriterCommits>(third).size() >= 1);
}

TEST_CASE("writer sync: a commit that names a head with another hash is refused and kept apart") {
    WriterScene scene;
    const auto other = scene.commit(scene.stage.third, "o");
    scene.send({other});
    Head wrong = WriterScene::head_of(other);
    wrong.header_hash.bytes[0] ^= 1;
    const auto naming = scene.commit(scene.stage.them, "a", nullptr, {wrong});
    scene.send({naming});
    CHECK(scene.held(naming.header().lane) == Sequence{0});
    CHECK(scene.stage.store->reader()->quarantine_count() == 1);
    CHECK_FALSE(scene.stage.closed(scene.them));
    // Sent again, it is kept once.
    scene.send({naming});
    CHECK(scene.stage.store->reader()->quarantine_count() == 1);
}

TEST_CASE("writer sync: of two commits under one dot the first stays and the other is evidence") {
    WriterScene scene;
    const auto one = scene.commit(scene.stage.them, "a");
    const auto two = scene.commit(scene.stage.them, "b");
    scene.send({one});
    scene.send({two});
    const auto live = live_set(*scene.stage.store->reader(), scene.rice);
    CHECK(live.contains({"germplasm", "a"}));
    CHECK_FALSE(live.contains({"germplasm", "b"}));
    REQUIRE(scene.stage.store->reader()->quarantine_count() == 1);
    CHECK(scene.stage.store->reader()->quarantine(1).front().reason.find("fork") !=
          std::string::npos);
    CHECK(scene.stage.has_warned());
}

TEST_CASE("writer sync: heads that show a fork are raised once and the evidence is sent") {
    WriterScene scene;
    const auto one = scene.commit(scene.stage.them, "a");
    const auto two = scene.commit(scene.stage.them, "b");
    scene.send({one});
    scene.stage.say(scene.them, messages::WriterHeads{scene.rice, {WriterScene::head_of(two)}});
    CHECK(scene.stage.has_warned());
    const auto evidence = scene.stage.sent<messages::WriterCommits>(scene.them);
    REQUIRE(evidence.size() == 1);
    CHECK(evidence.front().parts.at(0) == one.part().encode());
    scene.stage.say(scene.them, messages::WriterHeads{scene.rice, {WriterScene::head_of(two)}});
    CHECK(scene.stage.sent<messages::WriterCommits>(scene.them).empty());
}

TEST_CASE("writer sync: what is under way is bounded, and goes on as heads come back") {
    WriterScene scene;
    const std::string large(200'000, 'x');
    for (int i = 0; i < 60; ++i)
        scene.stage.put(scene.rice, "r" + std::to_string(i),
                        {{Path::single("remarks"), Value(large)}});
    scene.stage.say(scene.them, messages::WriterHeads{scene.rice, {}});
    auto sent = scene.stage.sent<messages::WriterCommits>(scene.them);
    CHECK(sent.size() == 8);
    std::size_t parts = 0;
    for (int round = 0; round < 100 && !sent.empty(); ++round) {
        const CommitPart last = CommitPart::decode(sent.back().parts.back()).value();
        for (const auto& message : sent) parts += message.parts.size();
        scene.stage.say(scene.them, messages::WriterHeads{scene.rice,
                                                          {{last.signed_header.header.lane,
                                                            last.signed_header.header.sequence,
                                                            last.signed_header.header.hash()}}});
        sent = scene.stage.sent<messages::WriterCommits>(scene.them);
    }
    CHECK(parts == 60);
}

TEST_CASE("writer sync: who is no writer any more gets nothing, and its lane ends at the cut") {
    WriterScene scene;
    const auto first = scene.commit(scene.stage.them, "a");
    scene.send({first});
    scene.take_them_out();
    scene.stage.take();
    scene.stage.put(scene.rice, "ours", {{Path::single("remarks"), Value("y")}});
    CHECK(scene.stage.sent<messages::WriterCommits>(scene.them).empty());
    const auto second = scene.commit(scene.stage.them, "b", &first);
    // The other writer still has it, and may bring what counts, but not what lies beyond.
    const ConnectionId third = scene.stage.greet(scene.stage.third);
    scene.stage.say(third, messages::WriterCommits{scene.rice, {first.part().encode()}});
    CHECK_FALSE(scene.stage.closed(third));
    scene.stage.say(third, messages::WriterCommits{scene.rice, {second.part().encode()}});
    CHECK(scene.stage.closed(third) == messages::AbortCode::not_allowed);
    CHECK(scene.held(first.header().lane) == Sequence{1});
}

TEST_CASE(
    "writer sync: a disk that was rolled back gets its lane home and goes on in a new epoch") {
    SimWorld world({});
    const auto irri = world.add_node("irri");
    const auto ipk = world.add_node("ipk");
    const DatasetUid rice = world.create_dataset(irri, "rice", {"ipk"});
    world.run_for(Millis{1000});
    world.put(ipk, rice, "a", "x", "1");
    world.run_for(Millis{1000});
    world.back_up(ipk);
    world.put(ipk, rice, "b", "x", "2");
    world.run_for(Millis{1000});
    const Epoch before = world[ipk].disk->epoch();
    world.kill(ipk);
    world.restore_backup(ipk, true);
    world.start(ipk);
    world.run_for(Millis{3000});
    CHECK(world[ipk].disk->epoch() != before);
    CHECK_FALSE(world[ipk].errors.empty());
    CHECK(world.put(ipk, rice, "c", "x", "3"));
    world.run_for(Millis{1000});
    CHECK(world[irri].reader()->heads(rice) == world[ipk].reader()->heads(rice));
    CHECK(world[irri].reader()->dataset(rice)->live_records == 3);
    CHECK(world[irri].reader()->quarantine_count() == 0);
}

TEST_CASE("writer sync: who is taken out hears of it, and of nothing that comes after") {
    WriterScene scene;
    const auto change = [&](const DatasetChange& what) {
        const auto next =
            change_dataset(*scene.stage.store->reader(), scene.stage.directory,
                           {scene.stage.us.id, &scene.stage.us.key, &scene.stage.random},
                           scene.rice, what, scene.stage.now);
        REQUIRE(next);
        REQUIRE(scene.stage.store->put_control(scene.rice, {*next}, std::nullopt));
        scene.stage.engine->control_changed(scene.rice, scene.stage.now);
        scene.stage.take();
        return *next;
    };
    const auto end = change({{}, {}, std::vector<std::string>{"ipk"}, {}});
    const auto sent = scene.stage.sent<messages::ControlUpdate>(scene.them);
    REQUIRE(sent.size() == 1);
    CHECK(sent.front().entries == std::vector<Bytes>{end.encode()});
    change({"A secret title", {}, {}, {}});
    CHECK(scene.stage.sent<messages::ControlUpdate>(scene.them).empty());
    // Nor when it comes back with what it had.
    const ConnectionId again{++scene.stage.last_connection};
    scene.stage.engine->connected(again, scene.stage.them.id, false, scene.stage.now);
    auto hello = scene.stage.hello_of(scene.stage.them);
    hello.control = {{scene.rice, std::string(chain_for_all), 1}};
    scene.stage.say(again, hello);
    const auto repeated = scene.stage.sent<messages::ControlUpdate>(again);
    REQUIRE(repeated.size() == 1);
    CHECK(repeated.front().entries == std::vector<Bytes>{end.encode()});
}

TEST_CASE("writer sync: commits that crossed the end of writing are not taken, nobody is cut off") {
    WriterScene scene;
    scene.take_them_out();
    const auto late = scene.commit(scene.stage.them, "late");
    scene.send({late});
    CHECK_FALSE(scene.stage.closed(scene.them));
    CHECK(scene.held(late.header().lane) == Sequence{0});
}

TEST_CASE("writer sync: who is taken out keeps nothing, and its owner lists it until that shows") {
    SimWorld world({});
    const auto irri = world.add_node("irri");
    const auto ipk = world.add_node("ipk");
    const auto cimmyt = world.add_node("cimmyt");
    const DatasetUid rice = world.create_dataset(irri, "rice", {"ipk", "cimmyt"});
    world.run_for(Millis{1000});
    world.put(irri, rice, "a", "x", "one");
    world.put(irri, rice, "a", "x", "two");
    world.put(ipk, rice, "b", "x", "1");
    world.run_for(Millis{1000});
    REQUIRE(world[ipk].reader()->dataset(rice)->live_records == 2);
    const auto unconfirmed = [&] {
        return unconfirmed_former_writers(*world[irri].reader(), world.directory, rice).size();
    };
    world.set_reachable(irri, ipk, false);
    world.set_reachable(cimmyt, ipk, false);
    set_writers(world, irri, rice, {"cimmyt"});
    world.run_for(Millis{1000});
    CHECK(unconfirmed() == 1);
    CHECK(world.put(ipk, rice, "b", "x", "2"));  // it cannot know
    world.heal();
    world.run_for(Millis{2000});
    const auto reader = world[ipk].reader();
    const auto info = reader->dataset(rice);
    CHECK(info->holding == storage::Holding::known);
    CHECK(info->live_records == 0);
    CHECK(live_set(*reader, rice).empty());
    CHECK(reader->history(rice, {"germplasm", "a"}).empty());
    for (const Head& head : reader->heads(rice))
        CHECK(reader->commits(rice, head.lane, Sequence{0}, 10).empty());
    CHECK_FALSE(world.put(ipk, rice, "c", "x", "3"));
    CHECK(unconfirmed() == 0);

    // The edit that the owner never had is kept, and told of.
    REQUIRE(reader->quarantine_count() == 1);
    CHECK(reader->quarantine(1).front().reason.starts_with(storage::unaccepted_reason));
    CHECK_FALSE(world[ipk].errors.empty());
    CHECK(world[irri].reader()->history(rice, {"germplasm", "b"}).size() == 1);

    // It counts again once the owner wants it, and no lane forks over it.
    set_writers(world, irri, rice, {"cimmyt", "ipk"});
    world.run_for(Millis{120'000});
    CHECK(world[ipk].reader()->quarantine_count() == 0);
    CHECK(world.put(ipk, rice, "c", "x", "3"));
    world.run_for(Millis{2000});
    for (const auto node : {irri, cimmyt}) {
        CHECK(world[node].reader()->history(rice, {"germplasm", "b"}).size() == 2);
        CHECK(world[node].reader()->heads(rice) == world[ipk].reader()->heads(rice));
        CHECK(world[node].reader()->quarantine_count() == 0);
    }
}

TEST_CASE("writer sync: a lane that only another writer has ends there, too") {
    SimWorld world({});
    const auto irri = world.add_node("irri");
    const auto ipk = world.add_node("ipk");
    const auto cimmyt = world.add_node("cimmyt");
    const DatasetUid rice = world.create_dataset(irri, "rice", {"ipk", "cimmyt"});
    world.run_for(Millis{1000});
    world.set_reachable(irri, ipk, false);
    world.set_reachable(irri, cimmyt, false);
    world.put(ipk, rice, "b", "x", "1");
    world.run_for(Millis{1000});
    REQUIRE(world[cimmyt].reader()->dataset(rice)->live_records == 1);
    set_writers(world, irri, rice, {"cimmyt"});
    world.heal();
    world.run_for(Millis{5000});
    CHECK(world[cimmyt].reader()->dataset(rice)->live_records == 0);
    CHECK(world.put(cimmyt, rice, "c", "x", "1"));
    world.run_for(Millis{2000});
    CHECK(world[irri].reader()->dataset(rice)->live_records == 1);
    CHECK(world[ipk].reader()->quarantine_count() == 1);
}

TEST_CASE("writer sync: an end of writing that comes once more, after a new begin, ends nothing") {
    Stage stage;
    const SignedControl first =
        Stage::manifest_of(stage.them, "rice", {stage.us.institution, stage.third.institution});
    const DatasetUid rice = first.entry.dataset_uid();
    REQUIRE(stage.store->put_control(rice, {first}, storage::Holding::writer));
    const auto follow = [&](const SignedControl& before, bool with_us) {
        ControlEntry entry = before.entry;
        entry.dataset = rice;
        entry.number = before.entry.number + 1;
        entry.previous = before.entry.hash();
        entry.hlc = Hlc::of(entry.hlc.unix_ms() + 1, 0);
        auto& manifest = std::get<Manifest>(entry.body);
        manifest.writers = {stage.third.institution};
        if (with_us) manifest.writers.push_back(stage.us.institution);
        std::sort(manifest.writers.begin(), manifest.writers.end());
        return SignedControl::sign(entry, stage.them.key);
    };
    const auto out = follow(first, false);
    const auto in_again = follow(out, true);
    const ConnectionId them = stage.greet(stage.them);
    stage.say(them, messages::ControlUpdate{rice, {out.encode(), in_again.encode()}});
    stage.put(rice, "a", {{Path::single("remarks"), Value("x")}});
    const ConnectionId third = stage.greet(stage.third);
    stage.say(third, messages::ControlUpdate{rice, {out.encode()}});
    const auto info = stage.store->reader()->dataset(rice);
    CHECK(info->holding == storage::Holding::writer);
    CHECK(info->live_records == 1);
    CHECK(stage.store->reader()->quarantine_count() == 0);
}
