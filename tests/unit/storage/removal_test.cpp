// SPDX-License-Identifier: Apache-2.0
// Hidden values never enter the files of a replica, and withdrawn ones leave them: the bytes are
// looked for in everything that lies in the store's directory.
#include <fstream>

#include "backends.hpp"

namespace sangam::storage::testing {

namespace {

constexpr const char* secret = "Zanzibarquelle";
constexpr const char* folded = "zanzibarquelle";  // as the text index has it

std::vector<std::string> files_with(const std::string& directory, const std::string& bytes) {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        if (!entry.is_regular_file()) continue;
        std::ifstream in(entry.path(), std::ios::binary);
        const std::string all((std::istreambuf_iterator<char>(in)), {});
        if (all.find(bytes) != std::string::npos) out.push_back(entry.path().filename().string());
    }
    return out;
}

struct Replica {
    Node<SqliteBackend> owner{1};
    Node<SqliteBackend> holder{2};
    SignedControl manifest = first_manifest(owner);
    DatasetUid uid = own_dataset(owner, manifest);
    Replica() {
        REQUIRE(holder.store->put_control(uid, {manifest}, Holding::replica));
        std::vector<Edit> edits;
        for (int i = 0; i < 300; ++i)
            edits.push_back({germplasm(std::to_string(i)),
                             {},
                             {put("name", "rice " + std::to_string(i)),
                              put("site", std::string(secret) + " " + std::to_string(i))},
                             {},
                             {}});
        write(*owner.store, uid, edits);
    }
    [[nodiscard]] std::string directory() const { return holder.backend.directory->path(); }
    [[nodiscard]] bool holds(const std::string& bytes) const {
        return !files_with(directory(), bytes).empty();
    }
};

}  // namespace

TEST_CASE("removal: a hidden value is in no file of who holds the rest of the record") {
    Replica r;
    apply(*r.holder.store, r.uid, without(live_parts(*r.owner.store, r.uid), {"site"}));
    CHECK(r.holder.store->reader()->dataset(r.uid)->live_records == 300);
    CHECK(r.holds("rice 299"));
    CHECK_FALSE(r.holds(secret));
    CHECK_FALSE(r.holds(folded));
}

TEST_CASE("removal: after a withdrawal the values are in no file: log, free pages, text index") {
    Replica r;
    const auto parts = live_parts(*r.owner.store, r.uid);
    apply(*r.holder.store, r.uid, parts);
    REQUIRE(r.holds(secret));
    REQUIRE(r.holds(folded));
    SUBCASE("all records go") {
        ApplyRequest request;
        request.dataset = r.uid;
        for (int i = 0; i < 300; ++i)
            request.withdrawals.push_back({germplasm(std::to_string(i)), "grant ended"});
        REQUIRE(r.holder.store->apply(request));
    }
    SUBCASE("they come again in the same delivery with the field hidden") {
        ApplyRequest request;
        request.dataset = r.uid;
        for (int i = 0; i < 300; ++i)
            request.withdrawals.push_back({germplasm(std::to_string(i)), "left the scope"});
        request.parts = without(parts, {"site"});
        REQUIRE(r.holder.store->apply(request));
        CHECK(r.holder.store->reader()->dataset(r.uid)->live_records == 300);
    }
    SUBCASE("the subscription ends") {
        OwnSubscription subscription;
        subscription.id.bytes[0] = 1;
        subscription.dataset_name = "x/rice";
        subscription.dataset = r.uid;
        r.holder.store->put_own_subscription(subscription);
        r.holder.store->remove_own_subscription(subscription.id);
    }
    CHECK(r.holder.store->clear_remains());
    CHECK(files_with(r.directory(), secret) == std::vector<std::string>{});
    CHECK(files_with(r.directory(), folded) == std::vector<std::string>{});
    require_sound(*r.holder.store);
}

TEST_CASE("removal: while a reader needs the old pages it says so, and works once it is gone") {
    Replica r;
    apply(*r.holder.store, r.uid, live_parts(*r.owner.store, r.uid));
    auto reader = r.holder.store->reader();
    REQUIRE(reader->dataset(r.uid));
    ApplyRequest request;
    request.dataset = r.uid;
    for (int i = 0; i < 300; ++i)
        request.withdrawals.push_back({germplasm(std::to_string(i)), "grant ended"});
    REQUIRE(r.holder.store->apply(request));
    CHECK_FALSE(r.holder.store->clear_remains());
    reader.reset();
    CHECK(r.holder.store->clear_remains());
    CHECK_FALSE(r.holds(secret));
}

}  // namespace sangam::storage::testing
