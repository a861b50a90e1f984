// SPDX-License-Identifier: Apache-2.0
#include "storage/fault_injection.hpp"

#include "backends.hpp"

namespace sangam::storage::testing {

TEST_CASE_TEMPLATE("faulty store: calls back around each write, and what it throws stops there",
                   Backend, SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    std::string log;
    std::uint64_t throws_at = 0;
    auto moment_to_throw = FaultyStore::Moment::before;
    FaultyStore store(
        std::move(node.store),
        [&](std::uint64_t operation, FaultyStore::Moment moment, std::string_view name) {
            log += std::to_string(operation) + (moment == FaultyStore::Moment::before ? "<" : ">") +
                   std::string(name) + " ";
            if (operation == throws_at && moment == moment_to_throw)
                throw StoreError("power is gone");
        });
    write(store, uid, "a", {put("f", "1")});
    store.put_document("k", "k", {});
    CHECK(store.reader()->dataset(uid)->live_records == 1);
    CHECK(log == "1<author 1>author 2<put_document 2>put_document ");
    throws_at = 3;
    CHECK_THROWS_AS(write(store, uid, "b", {put("f", "1")}), StoreError);
    CHECK(store.reader()->dataset(uid)->live_records == 1);
    throws_at = 4;
    moment_to_throw = FaultyStore::Moment::after;
    CHECK_THROWS_AS(write(store, uid, "b", {put("f", "1")}), StoreError);
    CHECK(store.reader()->dataset(uid)->live_records == 2);
    CHECK(store.operations() == 4);
    CHECK(raw(store.epoch()) != 0);
    store.remove_document("k", "k");
    store.ledger({});
    store.put_own_subscription({});
    store.remove_own_subscription({});
    store.put_served_subscription({});
    store.remove_served_subscription({});
    store.add_quarantine({});
    store.remove_quarantine(1);
    REQUIRE(store.put_control(uid, {}, {}));
    ApplyRequest request;
    request.dataset = uid;
    REQUIRE(store.apply(request));
    CHECK(store.operations() == 14);
    require_sound(store);
}

}  // namespace sangam::storage::testing
