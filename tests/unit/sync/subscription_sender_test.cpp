// SPDX-License-Identifier: Apache-2.0
// The sender of a subscription, with a scripted subscriber: what goes, what is marked when,
// windows, resuming, ends.
#include "sync/subscription_sender.hpp"

#include <doctest/doctest.h>

#include "sync/limits.hpp"
#include "tests/support/scripted_peer.hpp"

using namespace sangam;
using namespace sangam::sync;
using namespace sangam::testing;
using messages::Delivery;
using messages::SubscribeReply;

namespace {

Path path(const char* text) { return Path::parse(text).value(); }
FieldWrite put_field(const char* field, Value value) { return {path(field), std::move(value)}; }

/// We own rice and serve a scripted subscriber.
struct Serving {
    Stage stage;
    DatasetUid rice = stage.own_dataset("rice");
    ConnectionId them{};
    messages::Subscribe subscribe;

    Serving() {
        subscribe.subscription.bytes[0] = 7;
        subscribe.dataset = rice;
    }
    void connect() { them = stage.greet(stage.them); }
    SubscribeReply ask() {
        stage.say(them, subscribe);
        const auto replies = stage.sent<SubscribeReply>(them);
        REQUIRE(replies.size() == 1);
        return replies.front();
    }
    std::vector<Delivery> deliveries() { return stage.sent<Delivery>(them); }
    void acknowledge(const Delivery& delivery) {
        messages::DeliveryAck ack;
        ack.subscription = subscribe.subscription;
        ack.number = delivery.number;
        ack.position = delivery.to;
        stage.say(them, ack);
    }
    void has_cursor(Position position) {
        subscribe.has_cursor = true;
        subscribe.sender_epoch = stage.store->epoch();
        subscribe.receiver_epoch = Epoch{77};
        subscribe.position = position;
    }
    [[nodiscard]] storage::LedgerCounts counts() {
        return stage.store->reader()->ledger_counts(subscribe.subscription);
    }
    static std::vector<Change> changes_in(const std::vector<Delivery>& list) {
        std::vector<Change> out;
        for (const Delivery& delivery : list)
            for (const Bytes& part : delivery.parts)
                for (Change& change : CommitPart::decode(part).value().changes)
                    out.push_back(std::move(change));
        return out;
    }
};

}  // namespace

TEST_CASE("subscription: an unknown dataset and one without a grant wait in the same words") {
    Serving scene;
    scene.connect();
    const auto hidden = scene.ask();
    CHECK(hidden.state == SubscribeReply::State::waiting);
    scene.subscribe.dataset.bytes[0] ^= 1;
    scene.subscribe.subscription.bytes[0] = 8;
    const auto unknown = scene.ask();
    CHECK(unknown.state == SubscribeReply::State::waiting);
    CHECK(unknown.reason == hidden.reason);
}

TEST_CASE("subscription: a condition on a hidden field is refused like one on no field at all") {
    Serving scene;
    scene.stage.put(scene.rice, "a", {put_field("genus", "Oryza"), put_field("remarks", "secret")});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate}, {path("remarks")});
    scene.connect();
    scene.subscribe.where = "remarks = 'secret'";
    const auto hidden = scene.ask();
    CHECK(hidden.state == SubscribeReply::State::refused);
    CHECK(hidden.reason == no_such_field(path("remarks")));
    scene.subscribe.where = "nothing = 'secret'";
    const auto missing = scene.ask();
    CHECK(missing.state == SubscribeReply::State::refused);
    CHECK(missing.reason == no_such_field(path("nothing")));
    scene.subscribe.where = "genus = ";
    CHECK(scene.ask().state == SubscribeReply::State::refused);
    scene.subscribe.where = "genus = 'Oryza'";
    CHECK(scene.ask().state == SubscribeReply::State::accepted);
    CHECK(Serving::changes_in(scene.deliveries()).size() == 1);
}

TEST_CASE(
    "subscription: when the field of its condition is hidden, all goes, and more if it had more") {
    // It was told "waiting" with the reason while its records were withdrawn, and then not
    // "refused" for the same reason: what its store had from a backup stayed.
    Serving scene;
    scene.stage.put(scene.rice, "a", {put_field("genus", "Oryza"), put_field("crop", "rice")});
    const GrantId wide = scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate});
    scene.connect();
    scene.subscribe.where = "crop = 'rice'";
    CHECK(scene.ask().state == SubscribeReply::State::accepted);
    scene.acknowledge(scene.deliveries().back());
    scene.stage.grant(scene.rice, "members", {sangam::Action::replicate}, {path("crop")});
    scene.stage.revoke(scene.rice, wide);
    const auto waiting = scene.stage.sent<SubscribeReply>(scene.them);
    REQUIRE(waiting.size() == 1);
    CHECK(waiting.front().state == SubscribeReply::State::waiting);
    const auto sent = scene.deliveries();
    REQUIRE(sent.size() == 1);
    CHECK(sent.front().withdrawals.size() == 1);
    scene.acknowledge(sent.front());
    const auto refused = scene.stage.sent<SubscribeReply>(scene.them);
    REQUIRE(refused.size() == 1);
    CHECK(refused.front().state == SubscribeReply::State::refused);
    CHECK(refused.front().reason == waiting.front().reason);
}

TEST_CASE("subscription: what this node does not own is refused") {
    Serving scene;
    scene.connect();
    const SignedControl wheat = Stage::manifest_of(scene.stage.third, "wheat");
    REQUIRE(scene.stage.store->put_control(wheat.entry.dataset_uid(), {wheat},
                                           storage::Holding::known));
    scene.subscribe.dataset = wheat.entry.dataset_uid();
    CHECK(scene.ask().state == SubscribeReply::State::refused);
}

TEST_CASE("subscription: records are marked sent before they leave and acknowledged after") {
    Serving scene;
    scene.stage.put(scene.rice, "a", {put_field("genus", "Oryza")});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate});
    scene.connect();
    const auto reply = scene.ask();
    CHECK(reply.state == SubscribeReply::State::accepted);
    CHECK(reply.full_copy);
    CHECK(reply.expected == 1);
    const auto sent = scene.deliveries();
    REQUIRE(sent.size() == 1);
    CHECK(sent.front().number == 1);
    CHECK(sent.front().copy_complete);
    CHECK(scene.counts().sent == 1);
    CHECK(scene.counts().acknowledged == 0);
    scene.acknowledge(sent.front());
    CHECK(scene.counts().sent == 0);
    CHECK(scene.counts().acknowledged == 1);
}

TEST_CASE("subscription: a good cursor resumes, and either epoch's change voids it") {
    Serving scene;
    scene.stage.put(scene.rice, "a", {put_field("genus", "Oryza")});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate});
    scene.connect();
    static_cast<void>(scene.ask());
    const auto first = scene.deliveries();
    scene.acknowledge(first.front());
    scene.stage.engine->disconnected(scene.them, "test", scene.stage.now);
    scene.stage.put(scene.rice, "b", {put_field("genus", "Oryza")});
    scene.connect();
    scene.has_cursor(first.front().to);
    bool resumes = true;
    SUBCASE("all as it was") {}
    SUBCASE("the sender was restored") {
        scene.subscribe.sender_epoch = Epoch{5};
        resumes = false;
    }
    SUBCASE("the receiver was restored") {
        scene.subscribe.receiver_epoch = Epoch{5};
        resumes = false;
    }
    SUBCASE("a position that was never given") {
        scene.subscribe.position = Position{1000};
        resumes = false;
    }
    CHECK(scene.ask().full_copy == !resumes);
    CHECK(Serving::changes_in(scene.deliveries()).size() == (resumes ? 1 : 2));
}

TEST_CASE("subscription: what was sent and not acknowledged is sent again after a cut") {
    Serving scene;
    scene.stage.put(scene.rice, "a", {put_field("genus", "Oryza")});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate});
    scene.connect();
    static_cast<void>(scene.ask());
    scene.acknowledge(scene.deliveries().front());
    const Position before = scene.stage.store->reader()->dataset(scene.rice)->last_position;
    scene.stage.put(scene.rice, "b", {put_field("genus", "Oryza"), put_field("note", "sativa")});
    REQUIRE(Serving::changes_in(scene.deliveries()).size() == 1);
    scene.stage.engine->disconnected(scene.them, "test", scene.stage.now);
    scene.stage.open();  // and the process ends with it
    scene.connect();
    scene.has_cursor(before);
    CHECK_FALSE(scene.ask().full_copy);
    const auto again = scene.deliveries();
    CHECK(Serving::changes_in(again).size() == 1);
    scene.acknowledge(again.back());
    CHECK(scene.counts().acknowledged == 2);
    CHECK(scene.counts().sent == 0);
}

TEST_CASE("subscription: an acknowledgement that was lost is made up for") {
    Serving scene;
    scene.stage.put(scene.rice, "a", {put_field("genus", "Oryza")});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate});
    scene.connect();
    static_cast<void>(scene.ask());
    scene.acknowledge(scene.deliveries().front());
    scene.stage.put(scene.rice, "b", {put_field("genus", "Oryza")});
    const Position applied = scene.deliveries().front().to;
    scene.stage.engine->disconnected(scene.them, "test", scene.stage.now);
    CHECK(scene.counts().sent == 1);
    scene.connect();
    scene.has_cursor(applied);
    CHECK_FALSE(scene.ask().full_copy);
    scene.stage.pass(Millis{1});
    CHECK(scene.counts().sent == 0);
    CHECK(scene.counts().acknowledged == 2);
}

TEST_CASE("subscription: at most the window is under way") {
    Serving scene;
    const std::string large(300'000, 'x');
    for (int i = 0; i < 50; ++i)
        scene.stage.put(scene.rice, "r" + std::to_string(i), {put_field("remarks", Value(large))});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate});
    scene.connect();
    static_cast<void>(scene.ask());
    std::size_t changes = 0;
    auto sent = scene.deliveries();
    CHECK(sent.size() <= limits::window_deliveries);
    CHECK(sent.size() >= 4);
    for (int round = 0; round < 100 && !sent.empty(); ++round) {
        changes += Serving::changes_in(sent).size();
        for (const Delivery& delivery : sent) {
            std::size_t bytes = 0;
            for (const Bytes& part : delivery.parts) bytes += part.size();
            CHECK(bytes < 2 * limits::delivery_bytes);
        }
        scene.acknowledge(sent.back());
        sent = scene.deliveries();
    }
    CHECK(changes == 50);
    CHECK(scene.counts().acknowledged == 50);
}

TEST_CASE("subscription: what was built and had not left when the grants changed comes again") {
    // It counted as under way for ever: neither the rest of a record nor the end of the copy came.
    Serving scene;
    const GrantId narrow =
        scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate}, {path("hidden")});
    for (const char* id : {"a", "b", "c"})
        for (const char* field : {"x", "y", "z"})
            scene.stage.put(scene.rice, id, {put_field(field, std::string(600 * 1024, 'v'))});
    scene.connect();
    scene.ask();
    auto under_way = scene.deliveries();
    // Each change fills a delivery; the ninth waits for the window.
    REQUIRE(under_way.size() == limits::window_deliveries);
    REQUIRE(Serving::changes_in(under_way).size() == limits::window_deliveries);
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate});
    scene.stage.revoke(scene.rice, narrow);
    std::set<std::pair<std::string, Path>> arrived;
    int copies_completed = 0;
    while (!under_way.empty()) {
        const Delivery next = under_way.front();
        under_way.erase(under_way.begin());
        copies_completed += next.copy_complete ? 1 : 0;
        for (const Change& change : Serving::changes_in({next}))
            arrived.emplace(change.key.id, change.fields.front().write.path);
        scene.acknowledge(next);
        for (const Delivery& further : scene.deliveries()) under_way.push_back(further);
    }
    CHECK(arrived.size() == 9);
    CHECK(copies_completed == 1);
    CHECK(scene.counts().sent == 0);
    CHECK(scene.counts().acknowledged == 3);
}

TEST_CASE("subscription: a cursor from before a copy of which nothing was confirmed is void") {
    // The owner took it for one from the copy: what had come into view never went.
    Serving scene;
    scene.stage.put(scene.rice, "a", {put_field("remarks", "unseen")});
    const GrantId narrow =
        scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate}, {path("remarks")});
    scene.connect();
    scene.ask();
    const auto nothing = scene.deliveries();
    REQUIRE(nothing.size() == 1);
    REQUIRE(Serving::changes_in(nothing).empty());
    scene.acknowledge(nothing.front());
    scene.has_cursor(nothing.front().to);
    scene.stage.engine->disconnected(scene.them, "cut", scene.stage.now);
    scene.stage.revoke(scene.rice, narrow);
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate});
    scene.connect();
    CHECK(scene.ask().full_copy);
    CHECK(Serving::changes_in(scene.deliveries()).size() == 1);
    // Cut before it arrived.
    scene.stage.engine->disconnected(scene.them, "cut", scene.stage.now);
    scene.connect();
    CHECK(scene.ask().full_copy);
    const auto again = scene.deliveries();
    CHECK(Serving::changes_in(again).size() == 1);
    CHECK(scene.counts().acknowledged == 0);
    for (const Delivery& delivery : again) scene.acknowledge(delivery);
    CHECK(scene.counts().acknowledged == 1);
}

TEST_CASE("subscription: a record whose first delivery got lost shows no more than it may now") {
    // Sent, perhaps arrived, then edited so that another grant counts: what only the first one
    // shows stayed where it had arrived.
    Serving scene;
    scene.stage.put(scene.rice, "a",
                    {put_field("crop", "rice"), put_field("x", "1"), put_field("y", "2")});
    scene.stage.put(scene.rice, "b", {put_field("crop", "rice"), put_field("x", "1")});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate}, {path("x")},
                      "crop = 'wheat'");
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate}, {path("y")},
                      "crop = 'rice'");
    scene.connect();
    scene.ask();
    const auto first = scene.deliveries();
    REQUIRE(first.size() == 1);
    scene.acknowledge(first.front());
    scene.stage.put(scene.rice, "c",
                    {put_field("crop", "rice"), put_field("x", "1"), put_field("y", "2")});
    const auto lost = scene.deliveries();
    REQUIRE(Serving::changes_in(lost).size() == 1);
    // Applied there, and the acknowledgement was lost.
    scene.has_cursor(lost.front().to);
    scene.stage.engine->disconnected(scene.them, "cut", scene.stage.now);
    scene.stage.put(scene.rice, "c", {put_field("crop", "wheat")});
    scene.connect();
    CHECK_FALSE(scene.ask().full_copy);
    const auto then = scene.deliveries();
    REQUIRE(then.size() == 1);
    REQUIRE(then.front().withdrawals.size() == 1);
    CHECK(then.front().withdrawals.front().id == "c");
    CHECK(Serving::changes_in(then).size() == 2);
}

TEST_CASE("subscription: hidden and superseded fields cross as leaves only") {
    Serving scene;
    scene.stage.put(scene.rice, "a",
                    {put_field("genus", "Oryza"), put_field("remarks", "secret"),
                     put_field("pedigree", "old")});
    scene.stage.put(scene.rice, "a", {put_field("pedigree", "new")});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate}, {path("remarks")});
    scene.connect();
    static_cast<void>(scene.ask());
    const auto changes = Serving::changes_in(scene.deliveries());
    REQUIRE(changes.size() == 2);
    for (const Change& change : changes) {
        CHECK(change.find(path("remarks")) == nullptr);
        if (change.find(path("genus"))) {
            CHECK_FALSE(change.is_whole());
            CHECK(change.find(path("pedigree")) == nullptr);
            CHECK(change.hidden_leaves.size() == 2);
        } else {
            CHECK(change.find(path("pedigree"))->write.value == Value("new"));
        }
    }
}

TEST_CASE("subscription: a delivery says whether it is all that there is") {
    Serving scene;
    for (const char* id : {"a", "b", "c"})
        for (const char* field : {"x", "y", "z"})
            scene.stage.put(scene.rice, id, {put_field(field, std::string(600 * 1024, 'v'))});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate});
    scene.connect();
    static_cast<void>(scene.ask());
    auto sent = scene.deliveries();
    REQUIRE(sent.size() == limits::window_deliveries);
    for (std::size_t next = 0; next < sent.size(); ++next) {
        scene.acknowledge(sent[next]);
        for (Delivery& further : scene.deliveries()) sent.push_back(std::move(further));
    }
    REQUIRE(sent.size() > limits::window_deliveries);
    for (const Delivery& delivery : sent)
        CHECK(delivery.copy_complete == (delivery.number == sent.size()));
    // Also what comes later.
    scene.stage.put(scene.rice, "a", {put_field("x", "new")});
    sent = scene.deliveries();
    REQUIRE(sent.size() == 1);
    CHECK(sent.front().copy_complete);
}

TEST_CASE("subscription: a change of hidden fields alone moves the position and sends nothing") {
    Serving scene;
    scene.stage.put(scene.rice, "a", {put_field("genus", "Oryza")});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate}, {path("remarks")});
    scene.connect();
    static_cast<void>(scene.ask());
    const auto first = scene.deliveries();
    scene.acknowledge(first.back());
    scene.stage.put(scene.rice, "a", {put_field("remarks", "secret")});
    const auto sent = scene.deliveries();
    REQUIRE(sent.size() == 1);
    CHECK(sent.front().parts.empty());
    CHECK(sent.front().to > first.back().to);
}

TEST_CASE("subscription: a record that comes to show less is taken back and sent in one delivery") {
    Serving scene;
    scene.stage.put(scene.rice, "a", {put_field("genus", "Oryza"), put_field("remarks", "secret")});
    scene.stage.put(scene.rice, "b", {put_field("genus", "Oryza")});
    const GrantId wide = scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate});
    scene.connect();
    static_cast<void>(scene.ask());
    scene.acknowledge(scene.deliveries().back());
    scene.stage.grant(scene.rice, "members", {sangam::Action::replicate}, {path("remarks")});
    CHECK(scene.deliveries().empty());  // the wide one still shows all
    scene.stage.revoke(scene.rice, wide);
    const auto sent = scene.deliveries();
    REQUIRE(sent.size() == 2);
    // The second one says that this was all.
    CHECK_FALSE(sent.front().copy_complete);
    CHECK(sent.back().copy_complete);
    CHECK(sent.back().parts.empty());
    CHECK(sent.back().withdrawals.empty());
    // b has nothing that is hidden now, and stays as it is.
    REQUIRE(sent.front().withdrawals.size() == 1);
    CHECK(sent.front().withdrawals.front().id == "a");
    CHECK(sent.front().withdrawals.front().reason == messages::WithdrawReason::left_scope);
    const auto changes = Serving::changes_in(sent);
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().find(path("genus")) != nullptr);
    CHECK(changes.front().find(path("remarks")) == nullptr);
    CHECK(scene.counts().acknowledged == 2);
    scene.acknowledge(sent.front());
    CHECK(scene.counts().acknowledged == 2);
    CHECK(scene.counts().sent == 0);
}

TEST_CASE("subscription: widening sends what became visible and nothing else") {
    Serving scene;
    scene.stage.put(scene.rice, "a", {put_field("genus", "Oryza"), put_field("remarks", "secret")});
    scene.stage.put(scene.rice, "b", {put_field("genus", "Oryza")});
    scene.stage.put(scene.rice, "c", {put_field("genus", "Zea")});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate}, {path("remarks")},
                      "genus = 'Oryza'");
    scene.connect();
    static_cast<void>(scene.ask());
    CHECK(Serving::changes_in(scene.deliveries()).size() == 2);
    scene.acknowledge(scene.deliveries().back());
    scene.stage.grant(scene.rice, "members", {sangam::Action::replicate}, {},
                      "genus IN ('Oryza','Zea')");
    const auto sent = scene.deliveries();
    const auto changes = Serving::changes_in(sent);
    REQUIRE(changes.size() == 2);
    for (const Change& change : changes) CHECK(change.key.id != "b");
    for (const auto& delivery : sent) CHECK(delivery.withdrawals.empty());
}

TEST_CASE(
    "subscription: a grant that ended while the peer was away is carried out when it returns") {
    Serving scene;
    scene.stage.put(scene.rice, "a", {put_field("genus", "Oryza")});
    const GrantId grant = scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate});
    scene.connect();
    static_cast<void>(scene.ask());
    const Position applied = scene.deliveries().back().to;
    scene.acknowledge(scene.deliveries().back());
    scene.stage.engine->disconnected(scene.them, "test", scene.stage.now);
    scene.stage.revoke(scene.rice, grant);
    const auto away = scene.stage.engine->status(scene.stage.now).serving;
    REQUIRE(away.size() == 1);
    CHECK(away.front().has_ended);
    CHECK(away.front().withdrawals_pending == 1);
    scene.stage.open();
    scene.connect();
    scene.has_cursor(applied);
    CHECK(scene.ask().state == SubscribeReply::State::waiting);
    const auto sent = scene.deliveries();
    REQUIRE(sent.size() == 1);
    REQUIRE(sent.front().withdrawals.size() == 1);
    CHECK(sent.front().withdrawals.front().reason == messages::WithdrawReason::grant_ended);
    CHECK(scene.counts().acknowledged == 1);  // held until it says otherwise
    scene.acknowledge(sent.front());
    CHECK(scene.stage.engine->status(scene.stage.now).serving.empty());
}

TEST_CASE("subscription: a record that is deleted and restored while withdrawn arrives whole") {
    Serving scene;
    scene.stage.put(scene.rice, "a", {put_field("genus", "Oryza")});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate});
    scene.connect();
    static_cast<void>(scene.ask());
    scene.acknowledge(scene.deliveries().back());
    scene.stage.put(scene.rice, "a", {{life_path(), deleted_value()}});
    const auto withdrawal = scene.deliveries();
    REQUIRE(withdrawal.size() == 1);
    REQUIRE(withdrawal.front().withdrawals.size() == 1);
    CHECK(withdrawal.front().withdrawals.front().reason == messages::WithdrawReason::deleted);
    scene.stage.put(scene.rice, "a", {{life_path(), restored_value()}});
    CHECK(scene.deliveries().empty());  // waits until the withdrawal is acknowledged
    scene.acknowledge(withdrawal.front());
    const auto changes = Serving::changes_in(scene.deliveries());
    CHECK(changes.size() == 2);
    CHECK(scene.counts().sent == 1);
}

TEST_CASE("subscription: a record restored after its withdrawal's answer was lost arrives whole") {
    // It counted as acknowledged still, so only the restoration went.
    Serving scene;
    scene.stage.put(scene.rice, "a", {put_field("genus", "Oryza")});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate});
    scene.connect();
    static_cast<void>(scene.ask());
    const auto first = scene.deliveries().back();
    Position applied{};
    SUBCASE("the record was acknowledged before") {
        scene.acknowledge(first);
        scene.stage.put(scene.rice, "a", {{life_path(), deleted_value()}});
        applied = scene.deliveries().back().to;
    }
    SUBCASE("the record is acknowledged while its withdrawal is under way") {
        scene.stage.put(scene.rice, "a", {{life_path(), deleted_value()}});
        applied = scene.deliveries().back().to;
        scene.acknowledge(first);
    }
    CHECK(scene.counts().sent == 1);
    CHECK(scene.counts().acknowledged == 0);
    scene.stage.engine->disconnected(scene.them, "cut", scene.stage.now);
    scene.stage.put(scene.rice, "a", {{life_path(), restored_value()}});
    scene.connect();
    scene.has_cursor(applied);
    CHECK_FALSE(scene.ask().full_copy);
    const auto then = scene.deliveries();
    CHECK(Serving::changes_in(then).size() == 2);
    for (const Delivery& delivery : then) scene.acknowledge(delivery);
    CHECK(scene.counts().sent == 0);
    CHECK(scene.counts().acknowledged == 1);
}

TEST_CASE("subscription: what new rights brought is not settled by the rights of before") {
    // Sent under the new rights and acknowledged at once, it was then taken for out of scope, as it
    // had been under the old ones: nobody ever withdrew it.
    Serving scene;
    scene.stage.put(scene.rice, "a", {put_field("crop", "wheat")});
    scene.stage.put(scene.rice, "b", {put_field("crop", "rice")});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate}, {}, "crop = 'rice'");
    scene.connect();
    static_cast<void>(scene.ask());
    scene.acknowledge(scene.deliveries().back());
    scene.stage.put(scene.rice, "c", {put_field("crop", "rice")});
    const auto lost = scene.deliveries();
    REQUIRE(Serving::changes_in(lost).size() == 1);
    scene.stage.engine->disconnected(scene.them, "cut", scene.stage.now);
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::replicate}, {}, "crop = 'wheat'");
    scene.connect();
    scene.has_cursor(lost.back().to);
    CHECK_FALSE(scene.ask().full_copy);
    for (const Delivery& delivery : scene.deliveries()) scene.acknowledge(delivery);
    scene.stage.pass(Millis{1});
    CHECK(scene.counts().sent == 0);
    CHECK(scene.counts().acknowledged == 3);
    scene.stage.put(scene.rice, "a", {put_field("crop", "maize")});
    const auto then = scene.deliveries();
    REQUIRE(then.size() == 1);
    REQUIRE(then.front().withdrawals.size() == 1);
    CHECK(then.front().withdrawals.front().id == "a");
}

TEST_CASE("subscription: ending it clears the ledger, and a stranger cannot end it") {
    Serving scene;
    scene.stage.put(scene.rice, "a", {put_field("genus", "Oryza")});
    scene.stage.grant(scene.rice, "members", {sangam::Action::replicate});
    scene.connect();
    static_cast<void>(scene.ask());
    scene.acknowledge(scene.deliveries().back());
    const ConnectionId third = scene.stage.greet(scene.stage.third);
    scene.stage.say(third, messages::Unsubscribe{scene.subscribe.subscription});
    CHECK(scene.counts().acknowledged == 1);
    scene.stage.say(scene.them, messages::Unsubscribe{scene.subscribe.subscription});
    CHECK(scene.counts().acknowledged == 0);
    CHECK(scene.stage.engine->status(scene.stage.now).serving.empty());
}

// ---- the receiving side, over the network
// ----------------------------------------------------------
