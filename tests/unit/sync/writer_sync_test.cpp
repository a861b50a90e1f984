// SPDX-License-Identifier: Apache-2.0
// Writer sync with a scripted partner, and between restored stores.
#include "sync/writer_sync.hpp"

#include <doctest/doctest.h>

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
    static Head head_of(const VerifiedPart& part) {
        return {part.header().lane, part.header().sequence, part.header_hash()};
    }
};

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
    const auto next =
        change_dataset(*scene.stage.store->reader(), scene.stage.directory,
                       {scene.stage.us.id, &scene.stage.us.key, &scene.stage.random}, scene.rice,
                       {{}, {}, std::vector<std::string>{"ipk"}, {}}, scene.stage.now);
    REQUIRE(next);
    REQUIRE(scene.stage.store->put_control(scene.rice, {*next}, std::nullopt));
    scene.stage.engine->control_changed(scene.rice, scene.stage.now);
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
