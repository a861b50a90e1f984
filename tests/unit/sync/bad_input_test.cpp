// SPDX-License-Identifier: Apache-2.0
// What a peer with a valid membership can send that it should not: one test a kind. Each time the
// peer is cut off with a logged reason, the store stays as it was, and another peer's session goes
// on. (Garbage in frames is the protocol's and the connection's business; see their tests.)
#include <doctest/doctest.h>

#include "sync/limits.hpp"
#include "tests/support/live_set.hpp"
#include "tests/support/scripted_peer.hpp"

using namespace sangam;
using namespace sangam::testing;
using messages::AbortCode;
using sync::ConnectionId;

namespace {

/// A stage on which `them` misbehaves and `third` watches.
struct BadInputScene {
    Stage stage;
    SignedControl manifest = Stage::manifest_of(stage.us, "rice", {stage.third.institution});
    DatasetUid rice;
    ConnectionId watching{};
    ConnectionId bad{};
    LiveSet before;

    BadInputScene() {
        rice = manifest.entry.dataset_uid();
        SANGAM_ASSERT(
            stage.store->put_control(rice, {manifest}, storage::Holding::own).has_value());
        stage.engine->control_changed(rice, stage.now);
        stage.put(rice, "a", {{Path::single("genus"), Value("Oryza")}});
        watching = stage.greet(stage.third);
        bad = stage.greet(stage.them);
        before = live_set(*stage.store->reader(), rice);
    }
    void check_cut_off(AbortCode code) {
        const auto closed = stage.closed(bad);
        REQUIRE(closed);
        CHECK(*closed == code);
        CHECK(stage.has_warned());
        CHECK(live_set(*stage.store->reader(), rice) == before);
        // The other one is served as before.
        CHECK_FALSE(stage.closed(watching));
        stage.say(watching, messages::Ping{5});
        CHECK(stage.sent<messages::Pong>(watching).size() == 1);
        // And the bad one is deaf and dumb.
        stage.say(bad, messages::Ping{6});
        CHECK(stage.actions.empty());
    }
};

/// A replica of a dataset that `them` owns, subscribed and running.
struct ReplicaScene {
    Stage stage;
    SignedControl manifest = Stage::manifest_of(stage.them, "wheat");
    DatasetUid wheat = manifest.entry.dataset_uid();
    VerifiedPart first =
        Stage::commit_of(stage.them, wheat, manifest, "a", "first", stage.now - Millis{5});
    ConnectionId source{};
    SubscriptionId subscription;
    LiveSet before;

    ReplicaScene() {
        source = stage.greet(stage.them);
        stage.say(source, messages::ControlUpdate{wheat, {manifest.encode()}});
        REQUIRE_FALSE(stage.closed(source));
        subscription = stage.engine->subscribe("cimmyt/wheat", {}, stage.now).value();
        messages::SubscribeReply reply;
        reply.subscription = subscription;
        reply.state = messages::SubscribeReply::State::accepted;
        reply.full_copy = true;
        reply.sender_epoch = Epoch{77};
        stage.say(source, reply);
        stage.say(source, delivery(1, {first.part().encode()}));
        REQUIRE_FALSE(stage.closed(source));
        before = live_set(*stage.store->reader(), wheat);
        REQUIRE(before.size() == 1);
    }
    messages::Delivery delivery(std::uint64_t number, std::vector<Bytes> parts) const {
        messages::Delivery out;
        out.subscription = subscription;
        out.number = number;
        out.to = Position{number * 10};
        out.parts = std::move(parts);
        return out;
    }
    void check_cut_off(AbortCode code) {
        const auto closed = stage.closed(source);
        REQUIRE(closed);
        CHECK(*closed == code);
        CHECK(stage.has_warned());
        CHECK(live_set(*stage.store->reader(), wheat) == before);
    }
};

}  // namespace

TEST_CASE("bad input: a message before hello") {
    BadInputScene scene;
    const ConnectionId id{900};
    scene.stage.engine->disconnected(scene.bad, "test", scene.stage.now);
    scene.stage.engine->connected(id, scene.stage.them.id, false, scene.stage.now);
    scene.stage.say(id, messages::Ping{1});
    scene.bad = id;
    scene.check_cut_off(AbortCode::unexpected_message);
}

TEST_CASE("bad input: a second hello") {
    BadInputScene scene;
    scene.stage.say(scene.bad, scene.stage.hello_of(scene.stage.them));
    scene.check_cut_off(AbortCode::unexpected_message);
}

TEST_CASE("bad input: a hello in another node's name") {
    BadInputScene scene;
    scene.stage.engine->disconnected(scene.bad, "test", scene.stage.now);
    scene.bad = ConnectionId{901};
    scene.stage.engine->connected(scene.bad, scene.stage.them.id, false, scene.stage.now);
    scene.stage.say(scene.bad, scene.stage.hello_of(scene.stage.third));
    scene.check_cut_off(AbortCode::not_member);
}

TEST_CASE("bad input: a hello of versions that this node does not speak") {
    BadInputScene scene;
    scene.stage.engine->disconnected(scene.bad, "test", scene.stage.now);
    scene.bad = ConnectionId{902};
    scene.stage.engine->connected(scene.bad, scene.stage.them.id, false, scene.stage.now);
    auto hello = scene.stage.hello_of(scene.stage.them);
    hello.min_version = 2;
    hello.max_version = 9;
    scene.stage.say(scene.bad, hello);
    scene.check_cut_off(AbortCode::no_common_version);
}

TEST_CASE("bad input: a node that no directory names") {
    BadInputScene scene;
    const Actor stranger = Actor::make("nobody", 9);
    scene.stage.engine->connected(ConnectionId{903}, stranger.id, false, scene.stage.now);
    scene.stage.take();
    CHECK(scene.stage.closed(ConnectionId{903}) == AbortCode::not_member);
    CHECK(scene.stage.has_warned());
}

TEST_CASE("bad input: a member that is revoked is cut off") {
    BadInputScene scene;
    scene.stage.directory.revoke(scene.stage.them.id);
    scene.stage.engine->directory_changed(scene.stage.now);
    scene.stage.take();
    scene.check_cut_off(AbortCode::not_member);
}

TEST_CASE("bad input: commits for a dataset that the sender may not write") {
    BadInputScene scene;
    const auto part = Stage::commit_of(scene.stage.them, scene.rice, scene.manifest, "evil", "x",
                                       scene.stage.now);
    scene.stage.say(scene.bad, messages::WriterCommits{scene.rice, {part.part().encode()}});
    scene.check_cut_off(AbortCode::not_allowed);
}

TEST_CASE("bad input: a writer passes on a commit by somebody who may not write") {
    BadInputScene scene;
    const auto part = Stage::commit_of(scene.stage.them, scene.rice, scene.manifest, "evil", "x",
                                       scene.stage.now);
    std::swap(scene.bad, scene.watching);
    scene.stage.say(scene.bad, messages::WriterCommits{scene.rice, {part.part().encode()}});
    scene.check_cut_off(AbortCode::not_allowed);
}

TEST_CASE("bad input: a commit with a false signature") {
    BadInputScene scene;
    std::swap(scene.bad, scene.watching);
    auto part =
        Stage::commit_of(scene.stage.third, scene.rice, scene.manifest, "b", "x", scene.stage.now)
            .part();
    part.signed_header.signature.bytes[3] ^= 1;
    scene.stage.say(scene.bad, messages::WriterCommits{scene.rice, {part.encode()}});
    scene.check_cut_off(AbortCode::invalid_data);
}

TEST_CASE("bad input: a commit signed by a key that is not the author's") {
    BadInputScene scene;
    std::swap(scene.bad, scene.watching);
    Actor impostor = scene.stage.third;
    impostor.key = SigningKey::from_seed(Bytes(SigningKey::seed_size, 99));
    const auto part =
        Stage::commit_of(impostor, scene.rice, scene.manifest, "b", "x", scene.stage.now);
    scene.stage.say(scene.bad, messages::WriterCommits{scene.rice, {part.part().encode()}});
    scene.check_cut_off(AbortCode::invalid_data);
}

TEST_CASE("bad input: bytes that are no commit") {
    BadInputScene scene;
    std::swap(scene.bad, scene.watching);
    scene.stage.say(scene.bad, messages::WriterCommits{scene.rice, {Bytes{1, 2, 3}}});
    scene.check_cut_off(AbortCode::bad_message);
}

TEST_CASE("bad input: a control entry with a false signature") {
    BadInputScene scene;
    SignedControl entry = Stage::manifest_of(scene.stage.them, "wheat");
    entry.signature.bytes[0] ^= 1;
    scene.stage.say(scene.bad,
                    messages::ControlUpdate{entry.entry.dataset_uid(), {entry.encode()}});
    scene.check_cut_off(AbortCode::invalid_data);
}

TEST_CASE("bad input: a manifest that makes somebody else the owner") {
    BadInputScene scene;
    Actor author = scene.stage.them;
    author.institution = scene.stage.us.institution;  // signs with its own key
    const SignedControl entry = Stage::manifest_of(author, "stolen");
    scene.stage.say(scene.bad,
                    messages::ControlUpdate{entry.entry.dataset_uid(), {entry.encode()}});
    scene.check_cut_off(AbortCode::not_allowed);
}

TEST_CASE("bad input: a control entry under another dataset's name") {
    BadInputScene scene;
    const SignedControl entry = Stage::manifest_of(scene.stage.them, "wheat");
    scene.stage.say(scene.bad, messages::ControlUpdate{scene.rice, {entry.encode()}});
    scene.check_cut_off(AbortCode::bad_message);
}

TEST_CASE("bad input: an acknowledgement of what was never sent") {
    BadInputScene scene;
    messages::DeliveryAck ack;
    ack.number = 1;
    scene.stage.say(scene.bad, ack);
    scene.check_cut_off(AbortCode::unexpected_message);
}

TEST_CASE("bad input: an acknowledgement of a delivery that has not left") {
    BadInputScene scene;
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate});
    messages::Subscribe subscribe;
    subscribe.subscription.bytes[0] = 1;
    subscribe.dataset = scene.rice;
    scene.stage.say(scene.bad, subscribe);
    REQUIRE(scene.stage.sent<messages::Delivery>(scene.bad).size() == 1);
    messages::DeliveryAck ack;
    ack.subscription = subscribe.subscription;
    ack.number = 2;
    scene.stage.say(scene.bad, ack);
    scene.check_cut_off(AbortCode::bad_message);
}

TEST_CASE("bad input: somebody else's subscription") {
    BadInputScene scene;
    scene.stage.grant(scene.rice, "members", {sangam::Action::replicate});
    messages::Subscribe subscribe;
    subscribe.subscription.bytes[0] = 1;
    subscribe.dataset = scene.rice;
    scene.stage.say(scene.watching, subscribe);
    REQUIRE(scene.stage.sent<messages::SubscribeReply>(scene.watching).size() == 1);
    scene.stage.say(scene.bad, subscribe);
    scene.check_cut_off(AbortCode::not_allowed);
}

TEST_CASE("bad input: a delivery for a subscription that was not asked for") {
    BadInputScene scene;
    messages::Delivery delivery;
    delivery.number = 1;
    scene.stage.say(scene.bad, delivery);
    scene.check_cut_off(AbortCode::unexpected_message);
}

TEST_CASE("bad input: the answer to a search that was not asked") {
    BadInputScene scene;
    messages::SearchPart part;
    part.query_id = 12345;
    scene.stage.say(scene.bad, part);
    scene.check_cut_off(AbortCode::unexpected_message);
}

TEST_CASE("bad input: heads that name a lane twice") {
    BadInputScene scene;
    std::swap(scene.bad, scene.watching);
    Head head;
    head.lane = {scene.stage.third.id, Epoch{5}};
    head.sequence = Sequence{1};
    scene.stage.say(scene.bad, messages::WriterHeads{scene.rice, {head, head}});
    scene.check_cut_off(AbortCode::bad_message);
}

TEST_CASE("bad input: a delivery is repeated") {
    ReplicaScene scene;
    scene.stage.say(scene.source, scene.delivery(1, {}));
    scene.check_cut_off(AbortCode::bad_message);
}

TEST_CASE("bad input: a delivery is left out") {
    ReplicaScene scene;
    scene.stage.say(scene.source, scene.delivery(3, {}));
    scene.check_cut_off(AbortCode::bad_message);
}

TEST_CASE("bad input: a delivery that moves the cursor back") {
    ReplicaScene scene;
    auto delivery = scene.delivery(2, {});
    delivery.to = Position{3};
    scene.stage.say(scene.source, delivery);
    scene.check_cut_off(AbortCode::bad_message);
}

TEST_CASE("bad input: a delivery with a change that was altered") {
    ReplicaScene scene;
    auto part =
        Stage::commit_of(scene.stage.them, scene.wheat, scene.manifest, "b", "x", scene.stage.now)
            .part();
    part.changes[0].fields[0].write.value = Value("y");
    scene.stage.say(scene.source, scene.delivery(2, {part.encode()}));
    scene.check_cut_off(AbortCode::invalid_data);
}

TEST_CASE("bad input: a delivery with a commit of another dataset") {
    ReplicaScene scene;
    const SignedControl other = Stage::manifest_of(scene.stage.them, "maize");
    const auto part = Stage::commit_of(scene.stage.them, other.entry.dataset_uid(), other, "b", "x",
                                       scene.stage.now);
    scene.stage.say(scene.source, scene.delivery(2, {part.part().encode()}));
    scene.check_cut_off(AbortCode::not_allowed);
}

TEST_CASE("bad input: a delivery with a commit by somebody who may not write") {
    ReplicaScene scene;
    const auto part =
        Stage::commit_of(scene.stage.third, scene.wheat, scene.manifest, "b", "x", scene.stage.now);
    scene.stage.say(scene.source, scene.delivery(2, {part.part().encode()}));
    scene.check_cut_off(AbortCode::not_allowed);
}

TEST_CASE("bad input: a peer that falls silent is given up") {
    BadInputScene scene;
    for (int i = 0; i < 3; ++i) {
        scene.stage.pass(Millis{9'000});
        scene.stage.say(scene.watching, messages::Ping{1});
    }
    CHECK_FALSE(scene.stage.closed(scene.bad));
    scene.stage.pass(Millis{9'000});
    scene.check_cut_off(AbortCode::too_slow);
}

TEST_CASE(
    "bad input: a commit from a clock far ahead is set aside, blocks nothing, and comes later") {
    ReplicaScene scene;
    const auto early = Stage::commit_of(scene.stage.them, scene.wheat, scene.manifest, "b", "x",
                                        scene.stage.now + std::chrono::minutes(20), &scene.first);
    Actor other = scene.stage.them;
    const auto fine = [&] {
        CommitHeader header = early.header();
        header.lane.epoch = Epoch{6};
        header.sequence = Sequence{1};
        header.previous = Hash{};
        header.hlc = Hlc::of(static_cast<std::uint64_t>(scene.stage.now.count()), 0);
        ChangeSecret secret;
        std::vector<Change> changes;
        changes.push_back(
            Change::make({"germplasm", "c"}, {}, {{Path::single("remarks"), Value("y")}}, secret)
                .value());
        return build_commit(header, std::move(changes), other.key).value();
    }();
    scene.stage.say(scene.source, scene.delivery(2, {early.part().encode(), fine.part().encode()}));
    CHECK_FALSE(scene.stage.closed(scene.source));
    CHECK(scene.stage.store->reader()->quarantine_count() == 1);
    auto held = live_set(*scene.stage.store->reader(), scene.wheat);
    CHECK_FALSE(held.contains({"germplasm", "b"}));
    CHECK(held.contains({"germplasm", "c"}));

    scene.stage.now += std::chrono::minutes(15);
    scene.stage.say(scene.source, messages::Ping{1});
    scene.stage.pass(Millis{20'000});
    CHECK(scene.stage.store->reader()->quarantine_count() == 0);
    held = live_set(*scene.stage.store->reader(), scene.wheat);
    CHECK(held.contains({"germplasm", "b"}));
}
