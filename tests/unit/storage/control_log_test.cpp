// SPDX-License-Identifier: Apache-2.0
#include "storage/control_log.hpp"

#include <fstream>

#include "backends.hpp"

namespace sangam::storage::testing {

namespace {

Bytes file_bytes(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
void put_file(const std::string& path, ByteView bytes) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

TEST_CASE("control log: entries come back in order, whatever a crash left at the end") {
    const TemporaryDirectory directory;
    const auto path = directory.path() + "/control.log";
    Node<MemoryBackend> node(1);
    const auto first = first_manifest(node);
    const auto second = following(node, first, plain_manifest("renamed"));
    {
        ControlLog log(path);
        CHECK(log.entries().empty());
        log.append({first});
        log.append({second});
        log.sync();
    }
    const auto whole = file_bytes(path);
    std::size_t with_first = 0;
    {
        ControlLog log(path);
        CHECK(log.entries() == std::vector{first, second});
        const auto size = log.size();
        log.append({first});
        log.truncate(size);
        with_first = size - (size - 21) / 2;  // both entries are about as long
    }
    CHECK(file_bytes(path) == whole);
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        put_file(path, ByteView(whole).first(cut));
        ControlLog log(path);
        CHECK(log.entries().size() <= 2);
        if (cut == whole.size()) CHECK(log.entries().size() == 2);
        if (cut > with_first + 40 && cut < whole.size()) CHECK(log.entries().size() == 1);
        // What follows is found again.
        const auto held = log.entries().size();
        log.append({second});
        ControlLog again(path);
        CHECK(again.entries().size() == held + 1);
    }
}

TEST_CASE("control log: damage before the end is refused with the place") {
    const TemporaryDirectory directory;
    const auto path = directory.path() + "/control.log";
    Node<MemoryBackend> node(1);
    const auto first = first_manifest(node);
    {
        ControlLog log(path);
        log.append({first, first});
    }
    auto bytes = file_bytes(path);
    bytes[60] ^= 1;
    put_file(path, bytes);
    CHECK_THROWS_WITH_AS(ControlLog{path}, doctest::Contains("is damaged at byte 21"), StoreError);
    put_file(path, as_bytes("something else entirely, and longer"));
    CHECK_THROWS_WITH_AS(ControlLog{path}, doctest::Contains("is no control log"), StoreError);
    CHECK_THROWS_WITH_AS(ControlLog{directory.path() + "/no/such"},
                         doctest::Contains("cannot open"), StoreError);
}

TEST_CASE("control log: own entries only, and an entry whose transaction was lost comes back") {
    Node<SqliteBackend> owner(1);
    Node<SqliteBackend> holder(2);
    const auto manifest = first_manifest(owner);
    const auto second = following(owner, manifest, plain_manifest("renamed"));
    const auto uid = own_dataset(owner, manifest);
    REQUIRE(holder.store->put_control(uid, {manifest}, Holding::replica));
    owner.store.reset();
    holder.store.reset();
    const auto path = owner.backend.directory->path() + "/control.log";
    CHECK(ControlLog(path).entries() == std::vector{manifest});
    CHECK(ControlLog(holder.backend.directory->path() + "/control.log").entries().empty());

    // A crash after the log was written and before the database was.
    {
        ControlLog log(path);
        log.append({second});
        const auto other = first_manifest(owner, plain_manifest("wheat"));
        log.append({other});
    }
    for (int again = 0; again < 2; ++again) {
        owner.open();
        CHECK(owner.store->reader()->control(uid, "all", 0) == std::vector{manifest, second});
        CHECK(owner.store->reader()->datasets().size() == 2);
        for (const auto& info : owner.store->reader()->datasets())
            CHECK(info.holding == Holding::own);
        require_sound(*owner.store);
        owner.store.reset();
    }
    CHECK(ControlLog(path).entries().size() == 3);
    // The log is lost: it is written again from the database.
    std::filesystem::remove(path);
    owner.open();
    owner.store.reset();
    CHECK(ControlLog(path).entries().size() == 3);
}

TEST_CASE("control log: an entry that the store refuses leaves no trace in it") {
    Node<SqliteBackend> owner(1);
    const auto manifest = first_manifest(owner);
    const auto uid = own_dataset(owner, manifest);
    const auto path = owner.backend.directory->path() + "/control.log";
    const auto before = file_bytes(path);
    auto gap = following(owner, manifest, plain_manifest("x"));
    const auto far = following(owner, gap, plain_manifest("y"));
    CHECK_FALSE(owner.store->put_control(uid, {far}, {}));
    CHECK(file_bytes(path) == before);
}

TEST_CASE("control log: one that contradicts the database is not opened over") {
    Node<SqliteBackend> owner(1);
    const auto manifest = first_manifest(owner);
    const auto uid = own_dataset(owner, manifest);
    REQUIRE(owner.store->put_control(uid, {following(owner, manifest, plain_manifest("a"))}, {}));
    owner.store.reset();
    const auto path = owner.backend.directory->path() + "/control.log";
    std::filesystem::remove(path);
    {
        ControlLog log(path);
        log.append({manifest, following(owner, manifest, plain_manifest("b"))});
    }
    CHECK_THROWS_WITH_AS(owner.open(), doctest::Contains("disagree"), StoreError);
}

}  // namespace sangam::storage::testing
