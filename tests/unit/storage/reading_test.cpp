// SPDX-License-Identifier: Apache-2.0
// Readers: scans, arrival order, parts, and views that stand still while others write.
#include <atomic>
#include <thread>

#include "backends.hpp"

namespace sangam::storage::testing {

namespace {

std::string scanned(Store& store, const DatasetUid& uid, const std::string& collection,
                    const RecordKey* after = nullptr, std::size_t limit = 100) {
    std::string out;
    std::size_t count = 0;
    store.reader()->scan_records(uid, collection, after, [&](const RecordState& state) {
        CHECK_FALSE(state.changes.empty());
        CHECK_FALSE(state.version.empty());
        out += state.key.collection.substr(0, 1) + state.key.id + " ";
        return ++count < limit;
    });
    return out;
}

}  // namespace

TEST_CASE_TEMPLATE("reading: a scan goes by collection and id, bytewise, from any key", Backend,
                   SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    std::vector<Edit> edits;
    for (const auto* id : {"b", "B", "a", "ä", "10", "9"})
        edits.push_back({germplasm(id), {}, {put("f", "1")}, {}, {}});
    for (const auto* id : {"z", "a"}) edits.push_back({{"study", id}, {}, {put("f", "1")}, {}, {}});
    edits.push_back({{"germplasm2", "x"}, {}, {put("f", "1")}, {}, {}});
    write(*node.store, uid, edits);
    write(*node.store, uid, "b", {life("deleted")});
    CHECK(scanned(*node.store, uid, "") == "g10 g9 gB ga gb gä gx sa sz ");
    CHECK(scanned(*node.store, uid, "germplasm") == "g10 g9 gB ga gb gä ");
    CHECK(scanned(*node.store, uid, "study") == "sa sz ");
    CHECK(scanned(*node.store, uid, "trial").empty());
    const auto after = germplasm("a");
    CHECK(scanned(*node.store, uid, "", &after) == "gb gä gx sa sz ");
    CHECK(scanned(*node.store, uid, "germplasm", &after, 1) == "gb ");
    CHECK(scanned(*node.store, uid, "study", &after) == "sa sz ");
    const RecordKey absent{"germplasm", "c"};
    CHECK(scanned(*node.store, uid, "germplasm", &absent) == "gä ");
    CHECK(scanned(*node.store, DatasetUid{}, "").empty());
    // The visitor may read on the same view.
    const auto reader = node.store->reader();
    std::size_t live = 0;
    reader->scan_records(uid, "", nullptr, [&](const RecordState& state) {
        live += reader->record(uid, state.key)->changes.size();
        return true;
    });
    CHECK(live == 10);
}

TEST_CASE_TEMPLATE(
    "reading: arrivals are the live changes in order, and parts come by first arrival", Backend,
    SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    write(
        *node.store, uid,
        {edit(*node.store, uid, "a", {put("f", "1")}), edit(*node.store, uid, "b", {put("f", "1")}),
         edit(*node.store, uid, "c", {put("f", "1")})});
    write(*node.store, uid, "a", {put("f", "2")});
    write(*node.store, uid, "d", {put("f", "1")});
    const auto reader = node.store->reader();
    const auto all = reader->arrivals(uid, {}, 100);
    REQUIRE(all.size() == 4);
    for (std::size_t i = 1; i < all.size(); ++i) CHECK(all[i - 1].position < all[i].position);
    CHECK(all[3].position == reader->dataset(uid)->last_position);
    CHECK(reader->record(all[3].record)->key == germplasm("d"));
    CHECK(all[3].dot == Dot{node.lane(), Sequence{3}});
    CHECK(reader->arrivals(uid, all[1].position, 100).size() == 2);
    CHECK(reader->arrivals(uid, {}, 3).size() == 3);
    CHECK(reader->arrivals(uid, all[3].position, 3).empty());

    const auto parts =
        reader->parts(uid, {all[3].position, all[0].position, all[2].position, all[0].position});
    REQUIRE(parts.size() == 3);
    CHECK(parts[0].signed_header.header.sequence == Sequence{1});
    CHECK(parts[0].changes.size() == 1);
    CHECK(parts[1].signed_header.header.sequence == Sequence{2});
    CHECK(parts[2].signed_header.header.sequence == Sequence{3});
    verified(parts);
    // Superseded and unknown positions give nothing.
    std::vector<Position> others;
    for (std::uint64_t i = 1; i <= 9; ++i)
        if (std::ranges::find(all, Position{i}, &Reader::Arrival::position) == all.end())
            others.push_back(Position{i});
    CHECK(others.size() == 5);
    CHECK(reader->parts(uid, others).empty());
}

TEST_CASE_TEMPLATE("reading: a view does not see what is written after it", Backend,
                   SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    write(*node.store, uid, "a", {put("f", "drought")});
    const auto before = node.store->reader();
    write(*node.store, uid, "a", {put("f", "flood")});
    write(*node.store, uid, "b", {put("f", "flood")});
    node.store->put_document("kind", "key", as_bytes("new"));
    const auto after = node.store->reader();
    CHECK(before->dataset(uid)->live_records == 1);
    CHECK(before->arrivals(uid, {}, 9).size() == 1);
    CHECK(search_words(*before, uid, "drought", {}, 9).total == 1);
    CHECK(search_words(*before, uid, "flood", {}, 9).total == 0);
    CHECK_FALSE(before->document("kind", "key"));
    CHECK(before->verify({}).failed == 0);
    CHECK(after->dataset(uid)->live_records == 2);
    CHECK(search_words(*after, uid, "flood", {}, 9).total == 2);
}

TEST_CASE_TEMPLATE("reading: many threads write and read at once, and each sees whole writes",
                   Backend, SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    constexpr int writers = 4;
    constexpr int rounds = 15;
    std::atomic<int> running = writers;
    std::atomic<int> torn = 0;
    std::atomic<int> failed = 0;
    std::vector<std::thread> threads;
    for (int w = 0; w < writers; ++w)
        threads.emplace_back([&, w] {
            for (int i = 0; i < rounds; ++i) {
                // Two records in one request: both or neither.
                const auto name = std::to_string(w) + "." + std::to_string(i);
                AuthorRequest request{uid,
                                      {{germplasm(name + "a"), {}, {put("f", "pair")}, {}, {}},
                                       {germplasm(name + "b"), {}, {put("f", "pair")}, {}, {}}},
                                      {},
                                      Millis(1000)};
                if (i % 5 == 4) request.edits.push_back(request.edits[0]);  // refused
                if (node.store->author(request).has_value() == (i % 5 == 4)) ++failed;
            }
            --running;
        });
    for (int r = 0; r < 2; ++r)
        threads.emplace_back([&] {
            while (running > 0) {
                const auto reader = node.store->reader();
                const auto records = reader->dataset(uid)->live_records;
                const auto hits = search_words(*reader, uid, "pair", {}, 0).total;
                if (records % 2 != 0 || hits != records ||
                    reader->arrivals(uid, {}, 1000).size() != records)
                    ++torn;
            }
        });
    for (auto& thread : threads) thread.join();
    CHECK(torn == 0);
    CHECK(failed == 0);
    CHECK(node.store->reader()->dataset(uid)->live_records == 2 * writers * (rounds - rounds / 5));
    CHECK(raw(node.store->reader()->heads(uid)[0].sequence) == writers * (rounds - rounds / 5));
    require_sound(*node.store);
}

}  // namespace sangam::storage::testing
