// SPDX-License-Identifier: Apache-2.0
// The delivered ledger and the rows of subscriptions.
#include "backends.hpp"

namespace sangam::storage::testing {

namespace {

SubscriptionId subscription(std::uint8_t n) {
    SubscriptionId out;
    out.bytes[0] = n;
    return out;
}
std::vector<RecordNumber> numbers(std::initializer_list<std::uint64_t> list) {
    std::vector<RecordNumber> out;
    for (const auto n : list) out.push_back(RecordNumber{n});
    return out;
}
LedgerStep sent(std::vector<RecordNumber> which) {
    LedgerStep step;
    step.subscription = subscription(1);
    step.sent = std::move(which);
    return step;
}
LedgerStep acknowledged(std::vector<RecordNumber> which) {
    LedgerStep step;
    step.subscription = subscription(1);
    step.acknowledged = std::move(which);
    return step;
}
LedgerStep withdrawn(std::vector<RecordNumber> which) {
    LedgerStep step;
    step.subscription = subscription(1);
    step.withdrawn = std::move(which);
    return step;
}

}  // namespace

TEST_CASE_TEMPLATE("ledger: a record is sent, acknowledged, withdrawn, and in one state at a time",
                   Backend, SANGAM_BACKENDS) {
    Node<Backend> node(1);
    auto& store = *node.store;
    const auto counts = [&] {
        const auto c = store.reader()->ledger_counts(subscription(1));
        return std::pair(c.sent, c.acknowledged);
    };
    const auto state = [&](std::uint64_t n) {
        return store.reader()->delivered(subscription(1), RecordNumber{n});
    };
    CHECK(counts() == std::pair<std::uint64_t, std::uint64_t>(0, 0));
    store.ledger(sent(numbers({1, 2, 70'000, 5'000'000'000})));
    CHECK(counts() == std::pair<std::uint64_t, std::uint64_t>(4, 0));
    CHECK(state(70'000) == Delivered::sent);
    CHECK(state(70'001) == Delivered::no);
    store.ledger(acknowledged(numbers({2, 70'000})));
    CHECK(counts() == std::pair<std::uint64_t, std::uint64_t>(2, 2));
    CHECK(state(2) == Delivered::acknowledged);
    // An update of an acknowledged record is on its way: it is still acknowledged.
    store.ledger(sent(numbers({2, 3})));
    CHECK(counts() == std::pair<std::uint64_t, std::uint64_t>(3, 2));
    CHECK(store.reader()->delivered_records(subscription(1), {}, 100) ==
          numbers({1, 2, 3, 70'000, 5'000'000'000}));
    CHECK(store.reader()->delivered_records(subscription(1), RecordNumber{2}, 2) ==
          numbers({3, 70'000}));
    CHECK(store.reader()->delivered_records(subscription(1), RecordNumber{70'000}, 9) ==
          numbers({5'000'000'000}));
    CHECK(store.reader()->delivered_records(subscription(2), {}, 9).empty());
    // A withdrawal leaves: until that is acknowledged nobody can tell what is held.
    LedgerStep leaving;
    leaving.subscription = subscription(1);
    leaving.withdrawing = numbers({1, 2, 4});
    store.ledger(leaving);
    CHECK(counts() == std::pair<std::uint64_t, std::uint64_t>(4, 1));
    CHECK(state(2) == Delivered::sent);
    CHECK(state(4) == Delivered::no);
    store.ledger(withdrawn(numbers({1, 2, 4})));
    CHECK(counts() == std::pair<std::uint64_t, std::uint64_t>(2, 1));
    CHECK(state(2) == Delivered::no);
    LedgerStep clear;
    clear.subscription = subscription(1);
    clear.clears_all = true;
    clear.sent = numbers({9});
    store.ledger(clear);
    CHECK(store.reader()->delivered_records(subscription(1), {}, 9) == numbers({9}));
    store.ledger(withdrawn(numbers({9})));
    CHECK(store.reader()->delivered_records(subscription(1), {}, 9).empty());
}

TEST_CASE_TEMPLATE("ledger: a step and the subscription's row are one write", Backend,
                   SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    ServedSubscription row;
    row.id = subscription(1);
    row.dataset = uid;
    row.subscriber.bytes[1] = 5;
    row.institution.bytes[2] = 6;
    row.where = "crop = 'rice'";
    row.receiver_epoch = Epoch{~0ULL};
    row.scanned = Position{12};
    row.acknowledged = Position{10};
    row.created = Millis(77);
    row.last_ack = Millis(88);
    auto step = sent(numbers({1, 2}));
    step.state = row;
    node.store->ledger(step);
    const auto check = [&](const ServedSubscription& expected) {
        const auto rows = node.store->reader()->served_subscriptions();
        REQUIRE(rows.size() == 1);
        CHECK(rows[0].id == expected.id);
        CHECK(rows[0].dataset == expected.dataset);
        CHECK(rows[0].subscriber == expected.subscriber);
        CHECK(rows[0].institution == expected.institution);
        CHECK(rows[0].where == expected.where);
        CHECK(rows[0].receiver_epoch == expected.receiver_epoch);
        CHECK(rows[0].scanned == expected.scanned);
        CHECK(rows[0].acknowledged == expected.acknowledged);
        CHECK(rows[0].has_ended == expected.has_ended);
        CHECK(rows[0].created == expected.created);
        CHECK(rows[0].last_ack == expected.last_ack);
    };
    check(row);
    row.has_ended = true;
    row.scanned = Position{13};
    node.store->put_served_subscription(row);
    check(row);
    if constexpr (Backend::outlives_closing) {
        node.reopen();
        check(row);
        CHECK(node.store->reader()->ledger_counts(subscription(1)).sent == 2);
    }
    node.store->remove_served_subscription(row.id);
    CHECK(node.store->reader()->served_subscriptions().empty());
    CHECK(node.store->reader()->delivered_records(row.id, {}, 9).empty());
}

TEST_CASE_TEMPLATE("ledger: a relay knows the key of a record that is gone while a holder has it",
                   Backend, SANGAM_BACKENDS) {
    Node<Backend> owner(1);
    Node<Backend> relay(2);
    const auto manifest = first_manifest(owner);
    const auto uid = own_dataset(owner, manifest);
    REQUIRE(relay.store->put_control(uid, {manifest}, Holding::replica));
    write(*owner.store, uid,
          {edit(*owner.store, uid, "a", {put("f", "1")}),
           edit(*owner.store, uid, "b", {put("f", "2")})});
    apply(*relay.store, uid, live_parts(*owner.store, uid));
    const auto a = relay.store->reader()->record(uid, germplasm("a"))->number;
    const auto b = relay.store->reader()->record(uid, germplasm("b"))->number;
    ServedSubscription row;
    row.id = subscription(1);
    row.dataset = uid;
    auto step = sent({a});
    step.state = row;
    relay.store->ledger(step);
    ApplyRequest request;
    request.dataset = uid;
    request.withdrawals = {{germplasm("a"), "x"}, {germplasm("b"), "x"}};
    REQUIRE(relay.store->apply(request));
    CHECK_FALSE(relay.store->reader()->record(uid, germplasm("a")));
    const auto gone = relay.store->reader()->record(a);
    REQUIRE(gone);
    CHECK(gone->key == germplasm("a"));
    CHECK(gone->changes.empty());
    CHECK_FALSE(relay.store->reader()->record(b));
    require_sound(*relay.store);
    // It comes again under the number that the ledger counts; another one gets a new number.
    apply(*relay.store, uid, live_parts(*owner.store, uid));
    CHECK(relay.store->reader()->record(uid, germplasm("a"))->number == a);
    CHECK(relay.store->reader()->record(uid, germplasm("b"))->number > b);
    REQUIRE(relay.store->apply(request));
    relay.store->ledger(withdrawn({a}));
    CHECK_FALSE(relay.store->reader()->record(a));
    require_sound(*relay.store);
}

TEST_CASE_TEMPLATE("subscriptions: our own come back as they were put", Backend, SANGAM_BACKENDS) {
    Node<Backend> node(1);
    OwnSubscription row;
    row.id = subscription(3);
    row.dataset_name = "irri/rice";
    row.where = "a = 'ü'";
    row.created = Millis(5);
    row.state_reason = "not visible yet";
    node.store->put_own_subscription(row);
    auto other = row;
    other.id = subscription(2);
    other.dataset = DatasetUid{};
    other.cursor = {Epoch{~0ULL}, Epoch{1}, Position{1ULL << 40}};
    other.is_copying = true;
    other.expected = 12;
    other.last_heard = Millis(1'700'000'000'000);
    node.store->put_own_subscription(other);
    node.store->put_own_subscription(other);
    if constexpr (Backend::outlives_closing) node.reopen();
    const auto rows = node.store->reader()->own_subscriptions();
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].id == other.id);
    CHECK(rows[0].dataset == other.dataset);
    CHECK(rows[0].cursor == other.cursor);
    CHECK(rows[0].is_copying);
    CHECK(rows[0].expected == 12);
    CHECK(rows[0].last_heard == other.last_heard);
    CHECK(rows[1].dataset_name == "irri/rice");
    CHECK_FALSE(rows[1].dataset);
    CHECK_FALSE(rows[1].cursor);
    CHECK(rows[1].where == row.where);
    CHECK(rows[1].created == row.created);
    CHECK(rows[1].state_reason == row.state_reason);
}

TEST_CASE_TEMPLATE("documents and quarantine: put, listed in order, removed", Backend,
                   SANGAM_BACKENDS) {
    Node<Backend> node(1);
    auto& store = *node.store;
    const auto text = [&](const std::string& kind, const std::string& key) {
        const auto body = store.reader()->document(kind, key);
        return body ? std::string(as_text(*body)) : "(none)";
    };
    store.put_document("token", "b", as_bytes("1"));
    store.put_document("token", "a", as_bytes(""));
    store.put_document("token", "b", as_bytes("2"));
    store.put_document("setting", "x", as_bytes("3"));
    CHECK(text("token", "b") == "2");
    CHECK(text("token", "a").empty());
    CHECK(text("token", "c") == "(none)");
    const auto all = store.reader()->documents("token");
    REQUIRE(all.size() == 2);
    CHECK(all[0].first == "a");
    CHECK(all[1].first == "b");
    store.remove_document("token", "b");
    store.remove_document("token", "never there");
    CHECK(text("token", "b") == "(none)");

    QuarantineItem item;
    item.reason = "clock far ahead";
    item.data = {1, 2, 3};
    item.at = Millis(9);
    store.add_quarantine(item);
    item.at = Millis(10);
    store.add_quarantine(item);
    item.reason = "other";
    store.add_quarantine(item);
    CHECK(store.reader()->quarantine_count() == 2);
    const auto items = store.reader()->quarantine(1);
    REQUIRE(items.size() == 1);
    CHECK(items[0].reason == "clock far ahead");
    CHECK(items[0].data == item.data);
    CHECK(items[0].at == Millis(9));
    const auto rest = store.reader()->quarantine(9, items[0].id);
    REQUIRE(rest.size() == 1);
    CHECK(rest[0].reason == "other");
    CHECK(store.reader()->quarantine(9, rest[0].id).empty());
    store.remove_quarantine(items[0].id);
    CHECK(store.reader()->quarantine(9).size() == 1);
}

}  // namespace sangam::storage::testing
