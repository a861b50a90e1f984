// SPDX-License-Identifier: Apache-2.0
// Goal: no byte of a store's signed contents can change unnoticed. Method: a store of some hundred
// records, own ones with history and a partial replica; one byte flipped at a time, by SQL in every
// blob that verify() recomputes and in the file itself; each flip must be reported under the name
// of the record, commit, lane or control entry that it hit. Afterwards the byte is put back.
#include <fstream>
#include <random>

#include "backends.hpp"
#include "storage/sqlite/reader_pool.hpp"
#include "storage/stored_changes.hpp"
#include "storage/verify.hpp"

namespace sangam::storage::testing {

namespace {

constexpr int flips_by_sql = 900;
constexpr int flips_in_file = 100;
constexpr int flips_anywhere = 150;

/// Owner of "rice", holder of a part of "wheat" with hidden fields.
struct Damaged {
    Node<SqliteBackend> node{1};
    std::string path = node.backend.directory->path() + "/store.sqlite";
    std::mt19937_64 random{20261124};  // NOLINT: a fixed seed, so that a failure comes again

    Damaged() {
        fill();
        node.store.reset();
        // One file with everything: what is flipped in it is what is read.
        sqlite::Database db(path, sqlite::Database::Mode::read_write);
        db.execute("PRAGMA journal_mode = DELETE");
    }

    void fill() {
        const auto rice = own_dataset(node);
        const auto records = [](int from, int count) {
            std::vector<Edit> edits;
            for (int i = from; i < from + count; ++i)
                edits.push_back({germplasm("IRGC " + std::to_string(i)),
                                 {},
                                 {put("accessionName", "name of " + std::to_string(i)),
                                  put("site", "valley " + std::to_string(i % 7)),
                                  put("elevation", std::to_string(i * 13))},
                                 {},
                                 {}});
            return edits;
        };
        for (int i = 0; i < 200; i += 40) write(*node.store, rice, records(i, 40));
        for (int i = 0; i < 30; ++i)
            write(*node.store, rice, "IRGC " + std::to_string(i),
                  i % 2 == 0 ? std::vector{put("site", "hill")} : std::vector{life("deleted")});
        Node<MemoryBackend> other(2);
        const auto manifest = first_manifest(other, plain_manifest("wheat"));
        const auto wheat = own_dataset(other, manifest);
        write(*other.store, wheat, records(0, 60));
        write(*other.store, wheat, records(60, 60));
        REQUIRE(node.store->put_control(wheat, {manifest}, Holding::replica));
        std::vector<Position> some;
        for (std::uint64_t p = 1; p <= 120; p += 3) some.push_back(Position{p});
        apply(*node.store, wheat,
              without(verified(other.store->reader()->parts(wheat, some)), {"site"}));
    }

    [[nodiscard]] VerifyReport verify() const {
        sqlite::ReadConnection connection(path);
        return verify_tables(connection.tables, projector(), {});
    }

    std::uint64_t draw(std::uint64_t below) { return random() % below; }
    /// Flips one to eight bits of one byte.
    void flip(Bytes& bytes) {
        bytes[draw(bytes.size())] ^= static_cast<std::uint8_t>(1 + draw(255));
    }
};

bool names(const VerifyReport& report, const std::string& what) {
    return std::ranges::any_of(report.failures,
                               [&](const VerifyFailure& f) { return f.record == what; });
}

/// A blob of the store and the name under which damage to it must be reported.
struct Target {
    std::string table;
    std::string column;
    std::int64_t rowid = 0;     ///< for tables that have one
    std::string control_chain;  ///< for control entries
    std::int64_t control_number = 0;
    std::int64_t dataset = 0;
    std::string name;
    Bytes bytes;
};

void put_back(sqlite::Database& db, const Target& target, const Bytes& bytes) {
    if (target.table == "control_entries") {
        const auto sql = "UPDATE control_entries SET " + target.column +
                         " = ?1 WHERE dataset = ?2 AND chain = ?3 AND number = ?4";
        sqlite::Query(db, sql, bytes, target.dataset, target.control_chain, target.control_number)
            .run();
        return;
    }
    const auto sql = "UPDATE " + target.table + " SET " + target.column + " = ?1 WHERE rowid = ?2";
    sqlite::Query(db, sql, bytes, target.rowid).run();
}

/// Everything that can be flipped, by table.
std::vector<std::vector<Target>> all_targets(const std::string& path) {
    sqlite::ReadConnection connection(path);
    auto& db = connection.db;
    std::map<std::int64_t, std::string> datasets;
    for (const auto& row : connection.tables.datasets())
        datasets[static_cast<std::int64_t>(raw(row.id))] = manifest_of(connection.tables, row).name;
    std::vector<std::vector<Target>> out;
    for (const auto* column : {"body", "hash"}) {
        std::vector<Target> targets;
        const auto sql = std::string("SELECT place, dataset, collection, id, ") + column +
                         " FROM changes JOIN records ON record = number";
        sqlite::Query query(db, sql);
        while (query.next())
            targets.push_back(
                {"changes",
                 column,
                 query.integer(0),
                 {},
                 0,
                 query.integer(1),
                 datasets.at(query.integer(1)) + "/" + record_text({query.text(2), query.text(3)}),
                 query.bytes(4)});
        out.push_back(std::move(targets));
    }
    for (const auto* column : {"header", "header_hash", "proof"}) {
        std::vector<Target> targets;
        const auto sql = std::string("SELECT commits.id, node, epoch, sequence, ") + column +
                         " FROM commits JOIN lanes USING (lane) WHERE length(" + column + ") > 0";
        sqlite::Query query(db, sql);
        while (query.next()) {
            const Lane lane{query.fixed<NodeId>(1), Epoch{query.number(2)}};
            targets.push_back({"commits",
                               column,
                               query.integer(0),
                               {},
                               0,
                               0,
                               "commit " + lane.text() + "/" + std::to_string(query.integer(3)),
                               query.bytes(4)});
        }
        REQUIRE_FALSE(targets.empty());
        out.push_back(std::move(targets));
    }
    for (const auto* column : {"entry", "hash"}) {
        std::vector<Target> targets;
        const auto sql =
            std::string("SELECT dataset, chain, number, ") + column + " FROM control_entries";
        sqlite::Query query(db, sql);
        while (query.next())
            targets.push_back({"control_entries", column, 0, query.text(1), query.integer(2),
                               query.integer(0),
                               "control " + query.text(1) + "/" + std::to_string(query.integer(2)),
                               query.bytes(3)});
        out.push_back(std::move(targets));
    }
    std::vector<Target> lanes;
    sqlite::Query query(db, "SELECT lane, node, epoch, head_hash FROM lanes WHERE head > 0");
    while (query.next()) {
        const Lane lane{query.fixed<NodeId>(1), Epoch{query.number(2)}};
        lanes.push_back({"lanes",
                         "head_hash",
                         query.integer(0),
                         {},
                         0,
                         0,
                         "lane " + lane.text(),
                         query.bytes(3)});
    }
    out.push_back(std::move(lanes));
    return out;
}

}  // namespace

TEST_CASE("damage: each of 1,000 flipped bytes is named by the record or commit that it hit") {
    Damaged damaged;
    const auto clean = damaged.verify();
    for (const auto& failure : clean.failures) MESSAGE(failure.record << ": " << failure.reason);
    REQUIRE(clean.failed == 0);
    CHECK(clean.records == 240);
    const auto kinds = all_targets(damaged.path);
    {
        sqlite::Database db(damaged.path, sqlite::Database::Mode::read_write);
        for (int i = 0; i < flips_by_sql; ++i) {
            // Bodies hold the values, secrets and salts: every other flip goes there.
            const auto& targets = kinds[i % 2 == 0 ? 0 : damaged.draw(kinds.size())];
            const auto& target = targets[damaged.draw(targets.size())];
            auto bytes = target.bytes;
            damaged.flip(bytes);
            put_back(db, target, bytes);
            const auto report = damaged.verify();
            CHECK_MESSAGE(names(report, target.name),
                          (target.table + "." + target.column + " of " + target.name + ": " +
                           std::to_string(report.failed) + " failures"));
            put_back(db, target, target.bytes);
        }
    }
    std::fstream file(damaged.path, std::ios::binary | std::ios::in | std::ios::out);
    std::string all((std::istreambuf_iterator<char>(file)), {});
    int flipped = 0;
    while (flipped < flips_in_file) {
        const auto& targets = kinds[damaged.draw(kinds.size() - 1)];
        const auto& target = targets[damaged.draw(targets.size())];
        // Some bytes of the blob that stand together and only once in the file: a blob goes over
        // several pages, and texts are in the index too.
        constexpr std::size_t window = 16;
        if (target.bytes.size() < window) continue;
        const auto from = damaged.draw(target.bytes.size() - window + 1);
        const std::string piece(as_text(ByteView(target.bytes).subspan(from, window)));
        const auto at = all.find(piece);
        if (at == std::string::npos || all.find(piece, at + 1) != std::string::npos) continue;
        const auto place = static_cast<std::streamoff>(at + damaged.draw(window));
        const char before = all[static_cast<std::size_t>(place)];
        const auto change = static_cast<char>(1 + damaged.draw(255));
        file.seekp(place).put(static_cast<char>(before ^ change)).flush();
        CHECK_MESSAGE(names(damaged.verify(), target.name), target.name);
        file.seekp(place).put(before).flush();
        ++flipped;
    }
    CHECK(damaged.verify().failed == 0);
}

TEST_CASE("damage: a byte flipped anywhere in the file never ends the check") {
    Damaged damaged;
    std::fstream file(damaged.path, std::ios::binary | std::ios::in | std::ios::out);
    const std::string all((std::istreambuf_iterator<char>(file)), {});
    int found = 0;
    for (int i = 0; i < flips_anywhere; ++i) {
        const auto at = damaged.draw(all.size());
        file.seekp(static_cast<std::streamoff>(at))
            .put(static_cast<char>(all[at] ^ static_cast<char>(1 + damaged.draw(255))))
            .flush();
        try {
            found += damaged.verify().failed > 0 ? 1 : 0;
        } catch (const StoreError&) {
            ++found;  // the file's first page: it cannot be opened at all
        }
        file.seekp(static_cast<std::streamoff>(at)).put(all[at]).flush();
    }
    // Free space and what no check can recompute (a source's cells, a counter) go unnoticed.
    CHECK(found > flips_anywhere / 4);
    CHECK(damaged.verify().failed == 0);
}

TEST_CASE("damage: a record is named with its institution where somebody knows it") {
    Damaged damaged;
    sqlite::Database db(damaged.path, sqlite::Database::Mode::read_write);
    db.execute("UPDATE changes SET hash = zeroblob(32)");
    sqlite::ReadConnection connection(damaged.path);
    const auto report =
        verify_tables(connection.tables, projector(), {},
                      [](const Manifest& manifest) { return "irri/" + manifest.name; });
    REQUIRE(report.failed > 0);
    CHECK(std::ranges::any_of(report.failures, [](const VerifyFailure& failure) {
        return failure.record.starts_with("irri/rice/germplasm/");
    }));
}

TEST_CASE("damage: derived columns that differ from the bytes are named") {
    Damaged damaged;
    sqlite::Database db(damaged.path, sqlite::Database::Mode::read_write);
    const auto failure = [&](const std::string& damage, const std::string& repair) {
        db.execute(damage);
        const auto report = damaged.verify();
        db.execute(repair);
        return report.failures.empty()
                   ? std::string("(none)")
                   : report.failures[0].record + ": " + report.failures[0].reason;
    };
    const auto says = [&](const std::string& damage, const std::string& repair,
                          const std::string& what) {
        const auto text = failure(damage, repair);
        CHECK_MESSAGE(text.find(what) != std::string::npos, text);
    };
    const std::string hundred =
        "(SELECT number FROM records WHERE dataset = 1 AND id = 'IRGC 100')";
    const std::string name = "rice/germplasm/IRGC 100: ";
    says("UPDATE changes SET live = 0 WHERE record = " + hundred,
         "UPDATE changes SET live = 1 WHERE record = " + hundred,
         name + "a change is marked superseded and is live");
    says("UPDATE changes SET live = -1 WHERE record = " + hundred,
         "UPDATE changes SET live = 1 WHERE record = " + hundred,
         name + "a change is marked refused and breaks no rule");
    says("UPDATE records SET live_changes = 3 WHERE number = " + hundred,
         "UPDATE records SET live_changes = 1 WHERE number = " + hundred,
         name + "its count of live changes differs");
    says("UPDATE records SET deleted = 1 WHERE number = " + hundred,
         "UPDATE records SET deleted = 0 WHERE number = " + hundred, name + "is marked deleted");
    says("UPDATE records SET id = 'IRGC 100 ' WHERE number = " + hundred,
         "UPDATE records SET id = 'IRGC 100' WHERE id = 'IRGC 100 '",
         "a change is to another record");
    says("UPDATE datasets SET live_records = live_records + 1 WHERE dataset = 1",
         "UPDATE datasets SET live_records = live_records - 1 WHERE dataset = 1",
         "says 186 live records and has 185");
    says("UPDATE datasets SET last_position = last_position - 1 WHERE dataset = 1",
         "UPDATE datasets SET last_position = last_position + 1 WHERE dataset = 1",
         "has a change after its last position");
    says("UPDATE commits SET hlc = hlc + 1 WHERE id = 3",
         "UPDATE commits SET hlc = hlc - 1 WHERE id = 3", "its clock differs");
    db.execute("CREATE TABLE kept AS SELECT rowid AS number, words, layout FROM text_1");
    says("UPDATE text_1 SET words = 'X' || substr(words, 2) WHERE rowid = " + hundred,
         "UPDATE text_1 SET words = (SELECT words FROM kept WHERE number = rowid) WHERE rowid = " +
             hundred,
         name + "the text index holds something else");
    says("DELETE FROM text_1 WHERE rowid = " + hundred,
         "INSERT INTO text_1(rowid, words, layout) SELECT number, words, layout FROM kept "
         "WHERE number = " +
             hundred,
         name + "the text index holds something else");
    CHECK(damaged.verify().failed == 0);
}

}  // namespace sangam::storage::testing
