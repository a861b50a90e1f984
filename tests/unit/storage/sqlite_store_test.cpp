// SPDX-License-Identifier: Apache-2.0
// What only the store on disk can do: last, share a disk sync, refuse foreign files.
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <latch>
#include <thread>

#include "backends.hpp"
#include "storage/sqlite/database.hpp"
#include "storage/sqlite/group_writer.hpp"
#include "storage/sqlite/schema.hpp"
#include "tests/support/unprivileged_user.hpp"

namespace sangam::storage::testing {

namespace {

std::string file_of(const Node<SqliteBackend>& node) {
    return node.backend.directory->path() + "/store.sqlite";
}

/// What opening the directory says.
std::string open_error(Node<SqliteBackend>& node) {
    try {
        node.open();
    } catch (const StoreError& e) {
        return e.what();
    }
    return "(opened)";
}

}  // namespace

TEST_CASE("sqlite store: all is there after closing and opening") {
    Node<SqliteBackend> node(1);
    const auto uid = own_dataset(node);
    const auto epoch = node.store->epoch();
    CHECK(raw(epoch) != 0);
    const ImportSource source{"germplasm", "s"};
    Edit imported = edit(*node.store, uid, "a", {put("f", "drought")});
    imported.import_cells = Bytes{1, 2};
    imported.findings = {{"f", "odd", "is odd"}};
    REQUIRE(node.store->author({uid, {imported}, source, Millis(5)}));
    write(*node.store, uid, "a", {put("f", "flood"), put("g", "x")});
    const auto state = node.store->reader()->record(uid, germplasm("a"));
    const auto heads = node.store->reader()->heads(uid);
    node.reopen();
    CHECK(node.store->epoch() == epoch);
    const auto reader = node.store->reader();
    const auto again = reader->record(uid, germplasm("a"));
    REQUIRE(again);
    CHECK(again->number == state->number);
    CHECK(again->version == state->version);
    REQUIRE(again->changes.size() == 1);
    CHECK(again->changes[0].change == state->changes[0].change);
    CHECK(again->changes[0].position == state->changes[0].position);
    CHECK(reader->heads(uid) == heads);
    CHECK(reader->history(uid, germplasm("a")).size() == 2);
    CHECK(reader->findings_count() == 1);
    CHECK(as_text(reader->import_states(uid, source, {germplasm("a")})[0]->cells) ==
          as_text(Bytes{1, 2}));
    CHECK(found(*node.store, uid, "flood") == "a");
    CHECK(write(*node.store, uid, "b", {put("f", "1")}).commits[0].header.sequence == Sequence{3});
    require_sound(*node.store);
}

TEST_CASE("sqlite store: record numbers are never given twice") {
    Node<SqliteBackend> owner(1);
    Node<SqliteBackend> holder(2);
    const auto manifest = first_manifest(owner);
    const auto uid = own_dataset(owner, manifest);
    REQUIRE(holder.store->put_control(uid, {manifest}, Holding::replica));
    write(*owner.store, uid, "a", {put("f", "1")});
    apply(*holder.store, uid, live_parts(*owner.store, uid));
    const auto number = holder.store->reader()->record(uid, germplasm("a"))->number;
    ApplyRequest request;
    request.dataset = uid;
    request.withdrawals = {{germplasm("a"), "x"}};
    REQUIRE(holder.store->apply(request));
    holder.reopen();
    apply(*holder.store, uid, live_parts(*owner.store, uid));
    CHECK(holder.store->reader()->record(uid, germplasm("a"))->number > number);
}

TEST_CASE(
    "sqlite store: requests that wait together share a commit, and a failing one only itself") {
    const TemporaryDirectory directory;
    sqlite::Database db(directory.path() + "/x.sqlite", sqlite::Database::Mode::read_write);
    db.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)");
    int commits = 0;
    sqlite::GroupWriter writer(db, {.begins = [] {},
                                    .before_commit = [] {},
                                    .after_commit = [&] { ++commits; },
                                    .after_failure = [] {}});
    const auto insert = [&](int n) { sqlite::Query(db, "INSERT INTO t(n) VALUES (?1)", n).run(); };
    std::latch is_blocked(1);
    std::latch may_go_on(1);
    std::vector<std::thread> threads;
    threads.emplace_back([&] {
        writer.run(
            [&] {
                is_blocked.count_down();
                may_go_on.wait();
                insert(0);
                return true;
            },
            {});
    });
    is_blocked.wait();
    std::atomic<int> waiting = 0;
    std::atomic<int> thrown = 0;
    for (int i = 1; i <= 9; ++i)
        threads.emplace_back([&, i] {
            ++waiting;
            try {
                writer.run(
                    [&] {
                        insert(i);
                        if (i == 3) insert(i);  // a duplicate: throws
                        return i % 2 != 0;
                    },
                    [&] { insert(100 + i); });
            } catch (const StoreError&) {
                ++thrown;
            }
        });
    while (waiting < 9) std::this_thread::yield();
    may_go_on.count_down();
    for (auto& thread : threads) thread.join();
    CHECK(thrown == 1);
    CHECK(commits >= 2);
    CHECK(commits <= 10);
    writer.run(
        [&] {
            insert(50);
            return true;
        },
        {});
    std::string rows;
    writer.run(
        [&] {
            sqlite::Query query(db, "SELECT n FROM t ORDER BY n");
            while (query.next()) rows += std::to_string(query.integer(0)) + " ";
            return true;
        },
        {});
    CHECK(rows == "0 1 5 7 9 50 102 104 106 108 ");
}

TEST_CASE("sqlite store: a group whose commit fails tells every caller and leaves nothing") {
    const TemporaryDirectory directory;
    sqlite::Database db(directory.path() + "/x.sqlite", sqlite::Database::Mode::read_write);
    db.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)");
    bool fails = true;
    int undone = 0;
    sqlite::GroupWriter writer(db, {.begins = [] {},
                                    .before_commit =
                                        [&] {
                                            if (fails) throw StoreError("the disk is gone");
                                        },
                                    .after_commit = [] {},
                                    .after_failure = [&] { ++undone; }});
    const auto insert = [&] {
        sqlite::Query(db, "INSERT INTO t(n) VALUES (1)").run();
        return true;
    };
    CHECK_THROWS_WITH_AS(writer.run(insert, {}), "the disk is gone", StoreError);
    CHECK(undone == 1);
    fails = false;
    writer.run(insert, {});
    CHECK_THROWS_AS(writer.run(insert, {}), StoreError);
}

TEST_CASE("sqlite store: a file of a newer version is refused with what to do") {
    Node<SqliteBackend> node(1);
    own_dataset(node);
    node.store.reset();
    {
        sqlite::Database db(file_of(node), sqlite::Database::Mode::read_write);
        db.execute("PRAGMA user_version = 99");
    }
    const auto error = open_error(node);
    CHECK(error.find(file_of(node)) != std::string::npos);
    CHECK(error.find("written by a newer Sangam (schema 99") != std::string::npos);
}

TEST_CASE("sqlite store: what is no store of ours is refused by name and left as it is") {
    Node<SqliteBackend> node(1);
    node.store.reset();
    for (const auto* end : {"", "-wal", "-shm"}) std::filesystem::remove(file_of(node) + end);
    {
        sqlite::Database db(file_of(node), sqlite::Database::Mode::read_write);
        db.execute("CREATE TABLE theirs (n INTEGER)");
    }
    CHECK(open_error(node).find("a database of another program") != std::string::npos);
    std::ofstream(file_of(node), std::ios::trunc) << std::string(5000, 'x');
    const auto garbage = open_error(node);
    CHECK(garbage.find(file_of(node)) != std::string::npos);
    CHECK(garbage.find("no database of ours") != std::string::npos);
    CHECK(std::filesystem::file_size(file_of(node)) == 5000);
    const Author author = node.author();
    CHECK_THROWS_WITH_AS(std::ignore = open_sqlite_store("/no/such/directory", author, projector()),
                         doctest::Contains("/no/such/directory/store.sqlite"), StoreError);
}

TEST_CASE("sqlite store: its files are for their owner alone") {
    const mode_t before = ::umask(022);
    Node<SqliteBackend> node(1);
    const auto uid = own_dataset(node);
    write(*node.store, uid, "a", {put("f", "drought")});
    ::umask(before);
    for (const auto* name :
         {"store.sqlite", "store.sqlite-wal", "store.sqlite-shm", "control.log"}) {
        CAPTURE(name);
        struct stat status{};
        REQUIRE(::stat((node.backend.directory->path() + "/" + name).c_str(), &status) == 0);
        CHECK((status.st_mode & 0777) == 0600);
    }
}

TEST_CASE("sqlite store: a file that cannot be written keeps it from opening, with the chmod") {
    Node<SqliteBackend> node(1);
    const auto directory = node.backend.directory->path();
    write(*node.store, own_dataset(node), "a", {put("f", "drought")});
    node.store.reset();
    test::UnprivilegedUser::give(directory);
    for (const auto* name : {"store.sqlite", "control.log"})
        test::UnprivilegedUser::give(directory + "/" + name);
    const test::UnprivilegedUser user;
    if (!test::UnprivilegedUser::is_one()) {
        MESSAGE("skipped: permission bits do not bind root, who cannot become another user here");
        return;
    }
    // What a start with a file that was read-only leaves beside it is as read-only.
    for (const auto* name : {"/store.sqlite-wal", "/store.sqlite-shm"})
        std::ofstream(directory + name, std::ios::app).flush();
    for (const auto* name :
         {"store.sqlite", "store.sqlite-wal", "store.sqlite-shm", "control.log"}) {
        const auto path = directory + "/" + name;
        REQUIRE(::chmod(path.c_str(), 0400) == 0);
        const auto message = open_error(node);
        CHECK_MESSAGE(message.find(path + " cannot be written") != std::string::npos, message);
        CHECK_MESSAGE(message.find("run: chmod 600 " + path) != std::string::npos, message);
        REQUIRE(::chmod(path.c_str(), 0600) == 0);
    }
    REQUIRE(::chmod(directory.c_str(), 0500) == 0);
    const auto message = open_error(node);
    CHECK_MESSAGE(message.find("run: chmod 700 " + directory) != std::string::npos, message);
    REQUIRE(::chmod(directory.c_str(), 0700) == 0);
    CHECK(open_error(node) == "(opened)");
    node.store.reset();
}

TEST_CASE(
    "sqlite store: a reader without a store sees what a killed process left, and writes nothing") {
    Node<SqliteBackend> node(1);
    const auto uid = own_dataset(node);
    write(*node.store, uid, "a", {put("f", "drought")});
    // What a kill leaves: the file and its log, copied while the store is open.
    const TemporaryDirectory killed;
    for (const auto* end : {"", "-wal"})
        std::filesystem::copy_file(file_of(node) + end, killed.path() + "/store.sqlite" + end);
    {
        const auto reader = open_sqlite_reader(killed.path(), projector());
        CHECK(reader->dataset(uid)->live_records == 1);
        const auto report = reader->verify({});
        CHECK(report.records == 1);
        CHECK(report.failed == 0);
    }
    // Beside an open store too, and it stands still.
    const auto beside = open_sqlite_reader(node.backend.directory->path(), projector());
    CHECK(beside->dataset(uid)->live_records == 1);
    write(*node.store, uid, "b", {put("f", "flood")});
    CHECK(beside->dataset(uid)->live_records == 1);
    CHECK_THROWS_WITH_AS(std::ignore = open_sqlite_reader(killed.path() + "/none", projector()),
                         doctest::Contains("cannot open"), StoreError);
    CHECK_FALSE(std::filesystem::exists(killed.path() + "/control.log"));
}

TEST_CASE("sqlite store: a damaged control entry stops the store, and verify still names it") {
    Node<SqliteBackend> node(1);
    const auto uid = own_dataset(node);
    write(*node.store, uid, "a", {put("f", "drought")});
    node.store.reset();
    {
        sqlite::Database db(file_of(node), sqlite::Database::Mode::read_write);
        db.execute("UPDATE control_entries SET entry = CAST(x'00' || substr(entry, 2) AS BLOB)");
    }
    CHECK(open_error(node).find("run `sangam verify`") != std::string::npos);
    const auto report = open_sqlite_reader(node.backend.directory->path(), projector())->verify({});
    REQUIRE(report.failed > 0);
    CHECK(report.failures[0].record == "control all/1");
}

TEST_CASE("sqlite store: a file of schema 1 gets its flat records when it is opened") {
    Node<SqliteBackend> node(1);
    auto manifest = plain_manifest();
    manifest.schema.types["altitude"] = "number";
    const auto uid = own_dataset(node, first_manifest(node, manifest));
    for (int i = 0; i < 300; ++i)
        write(*node.store, uid, "r" + std::to_string(i),
              {put("country", i % 3 == 0 ? "IND" : "PHL"), put("altitude", std::to_string(i)),
               put("names", Value(Value::Array{"a" + std::to_string(i), "b"}))});
    write(*node.store, uid, "r1", {put("country", "MEX")});
    write(*node.store, uid, "r2", {life("deleted")});
    // Two values that stand beside each other.
    Edit first = edit(*node.store, uid, "r4", {put("country", "FRA")});
    Edit second = first;
    second.writes = {put("country", "ITA")};
    write(*node.store, uid, {first});
    write(*node.store, uid, {second});
    // A dataset that is only known has no records to project.
    Node<SqliteBackend> other(2);
    const auto known = first_manifest(other, plain_manifest("wheat"));
    REQUIRE(node.store->put_control(known.entry.dataset_uid(), {known}, Holding::known));

    const auto ask = [&](Store& store, std::string_view where) {
        SearchQuestion question;
        question.where = Condition::parse(where).value();
        question.facets = {Path::single("country")};
        question.sort = Path::single("altitude");
        question.limit = 1000;
        return store.reader()->search({uid, {{}}}, question);
    };
    const auto before = ask(*node.store, "altitude > 20 AND names = 'b'");
    const auto before_country = ask(*node.store, "country IN ('MEX', 'FRA', 'ITA')");
    REQUIRE(before.total == 279);
    REQUIRE(before_country.total == 2);
    node.store.reset();

    // The same rows in tables that the SQL of schema 1 makes, as the older version left them.
    const TemporaryDirectory old;
    {
        sqlite::Database db(old.path() + "/store.sqlite", sqlite::Database::Mode::read_write);
        sqlite::migrate(db, {}, 1);
        db.execute("ATTACH '" + file_of(node) + "' AS newer");
        std::vector<std::string> tables;
        {
            sqlite::Query names(db,
                                "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND "
                                "name NOT LIKE 'sqlite_%'");
            while (names.next()) tables.emplace_back(names.text(0));
        }
        for (const auto& table : tables) {
            std::string columns;  // the older version's
            sqlite::Query names(db, "SELECT name FROM pragma_table_info(?1, 'main')", table);
            while (names.next()) columns += (columns.empty() ? "" : ", ") + names.text(0);
            db.execute("INSERT INTO main." + table + "(" + columns + ") SELECT " + columns +
                       " FROM newer." + table);
        }
        db.execute("DELETE FROM main.sqlite_sequence");
        db.execute(
            "INSERT INTO main.sqlite_sequence SELECT * FROM newer.sqlite_sequence "
            "WHERE name <> 'flat_fields'");
        std::vector<DatasetId> datasets;
        {
            sqlite::Query ids(db, "SELECT dataset FROM datasets");
            while (ids.next()) datasets.push_back(DatasetId{ids.number(0)});
        }
        for (const DatasetId dataset : datasets) {
            const auto text = sqlite::text_table(dataset);
            sqlite::create_text_table(db, dataset);
            db.execute("INSERT INTO main." + text + "(rowid, words, layout) " +
                       "SELECT rowid, words, layout FROM newer." + text);
        }
    }
    std::filesystem::copy_file(node.backend.directory->path() + "/control.log",
                               old.path() + "/control.log");
    CHECK_THROWS_WITH_AS(std::ignore = open_sqlite_reader(old.path(), projector()),
                         doctest::Contains("was written by an older Sangam (schema 1"), StoreError);

    SUBCASE("all at once") {
        const auto store = open_sqlite_store(old.path(), node.author(), projector());
        require_sound(*store);
        const auto after = ask(*store, "altitude > 20 AND names = 'b'");
        CHECK(after.total == before.total);
        CHECK(after.facets == before.facets);
        REQUIRE(after.best.size() == before.best.size());
        for (std::size_t i = 0; i < after.best.size(); ++i)
            CHECK(after.best[i].key == before.best[i].key);
        CHECK(ask(*store, "country IN ('MEX', 'FRA', 'ITA')").total == before_country.total);
        // And it goes on from there.
        write(*store, uid, "r5", {put("country", "MEX")});
        CHECK(ask(*store, "country = 'MEX'").total == 2);
        require_sound(*store);
    }
    SUBCASE("or not at all") {
        class Failing final : public LatestProjector {
            Projection project(const Manifest& of, const RecordKey& key,
                               const std::vector<StoredChange>& live) const override {
                if (key.id == "r200") throw StoreError("the disk is full");
                return LatestProjector::project(of, key, live);
            }
        };
        const Failing failing;
        CHECK_THROWS_WITH_AS(std::ignore = open_sqlite_store(old.path(), node.author(), failing),
                             "the disk is full", StoreError);
        {
            sqlite::Database db(old.path() + "/store.sqlite", sqlite::Database::Mode::read_only);
            sqlite::Query version(db, "PRAGMA user_version");
            version.next();
            CHECK(version.integer(0) == 1);
        }
        const auto store = open_sqlite_store(old.path(), node.author(), projector());
        require_sound(*store);
        CHECK(ask(*store, "altitude > 20 AND names = 'b'").total == before.total);
    }
}

TEST_CASE("sqlite store: every table is strict, and the file says which schema it has") {
    Node<SqliteBackend> node(1);
    node.store.reset();
    sqlite::Database db(file_of(node), sqlite::Database::Mode::read_only);
    sqlite::Query version(db, "PRAGMA user_version");
    version.next();
    CHECK(version.integer(0) == sqlite::schema_version);
    sqlite::Query strict(db,
                         "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL "
                         "AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE '%STRICT%'");
    std::string not_strict;
    while (strict.next()) not_strict += strict.text(0) + " ";
    CHECK(not_strict.empty());
}

}  // namespace sangam::storage::testing
