// SPDX-License-Identifier: Apache-2.0
// SqliteTables: records and changes.
#include <algorithm>

#include "storage/sqlite/schema.hpp"
#include "storage/sqlite/sqlite_tables.hpp"

namespace sangam::storage::sqlite {

namespace {

RecordRow record_row(const Query& query) {
    return {RecordNumber{query.number(0)},
            DatasetId{query.number(1)},
            {query.text(2), query.text(3)},
            query.integer(4) != 0,
            static_cast<std::uint32_t>(query.number(5)),
            query.number(6)};
}

// What changes.live says.
constexpr std::int64_t live_mark = 1;
constexpr std::int64_t superseded_mark = 0;
constexpr std::int64_t refused_mark = -1;

ChangeRow change_row(const Query& query) {
    return {DatasetId{upper_of(query.number(0))},
            Position{lower_of(query.number(0))},
            RecordNumber{query.number(1)},
            CommitId{query.number(2)},
            static_cast<std::uint32_t>(query.number(3)),
            query.integer(4) == live_mark,
            query.fixed<Hash>(5),
            query.bytes(6),
            query.integer(4) == refused_mark};
}

std::uint64_t place_of(DatasetId dataset, Position position) {
    return place(raw(dataset), raw(position));
}

std::vector<ChangeRow> all_rows(Query& query) {
    std::vector<ChangeRow> out;
    while (query.next()) out.push_back(change_row(query));
    return out;
}

std::vector<ChangeRow> rows_by_position(Query& query) {
    auto out = all_rows(query);
    std::ranges::sort(out, {}, &ChangeRow::position);
    return out;
}

}  // namespace

std::optional<RecordRow> SqliteTables::find_record(DatasetId dataset, const RecordKey& key) const {
    Query query(db_,
                "SELECT number, dataset, collection, id, deleted, live_changes, copy FROM records "
                "WHERE dataset = ?1 AND collection = ?2 AND id = ?3",
                dataset, key.collection, key.id);
    if (!query.next()) return std::nullopt;
    return record_row(query);
}

std::optional<RecordRow> SqliteTables::record(RecordNumber number) const {
    Query query(db_,
                "SELECT number, dataset, collection, id, deleted, live_changes, copy FROM records "
                "WHERE number = ?1",
                number);
    if (!query.next()) return std::nullopt;
    return record_row(query);
}

RecordNumber SqliteTables::add_record(const RecordRow& row) {
    Query(db_,
          "INSERT INTO records(dataset, collection, id, deleted, live_changes, copy) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
          row.dataset, row.key.collection, row.key.id, row.is_deleted, row.live_changes, row.copy)
        .run();
    return RecordNumber{static_cast<std::uint64_t>(db_.last_insert_id())};
}

void SqliteTables::update_record(const RecordRow& row) {
    Query(db_, "UPDATE records SET deleted = ?2, live_changes = ?3, copy = ?4 WHERE number = ?1",
          row.number, row.is_deleted, row.live_changes, row.copy)
        .run();
}

void SqliteTables::remove_record(RecordNumber number) {
    Query(db_,
          "DELETE FROM import_states WHERE place IN (SELECT source << 40 | ?1 FROM import_sources)",
          number)
        .run();
    Query(db_, "DELETE FROM findings WHERE record = ?1", number).run();
    Query(db_, "DELETE FROM records WHERE number = ?1", number).run();
}

void SqliteTables::scan_records(DatasetId dataset, const std::string& collection,
                                const RecordKey* after,
                                const std::function<bool(const RecordRow&)>& visit) const {
    const RecordKey first{collection, {}};  // ids are not empty
    const RecordKey& start = after != nullptr && *after > first ? *after : first;
    Query query(db_,
                "SELECT number, dataset, collection, id, deleted, live_changes, copy FROM records "
                "WHERE dataset = ?1 AND (collection, id) > (?2, ?3) ORDER BY collection, id",
                dataset, start.collection, start.id);
    while (query.next()) {
        const auto row = record_row(query);
        if (!collection.empty() && row.key.collection != collection) break;
        if (!visit(row)) break;
    }
}

std::vector<ChangeRow> SqliteTables::changes_of_record(RecordNumber number, bool only_live) const {
    Query query(db_,
                "SELECT place, record, commit_id, leaf, live, hash, body FROM changes "
                "WHERE record = ?1 AND live >= ?2",
                number, only_live ? live_mark : superseded_mark);
    return rows_by_position(query);
}

std::vector<ChangeRow> SqliteTables::refused_changes(RecordNumber number) const {
    Query query(db_,
                "SELECT place, record, commit_id, leaf, live, hash, body FROM changes "
                "WHERE record = ?1 AND live = ?2",
                number, refused_mark);
    return rows_by_position(query);
}

std::vector<ChangeRow> SqliteTables::changes_of_commit(CommitId id) const {
    Query query(db_,
                "SELECT place, record, commit_id, leaf, live, hash, body FROM changes "
                "WHERE commit_id = ?1 ORDER BY leaf",
                id);
    return all_rows(query);
}

std::vector<CommitLeaf> SqliteTables::leaves_of_commit(CommitId id) const {
    std::vector<CommitLeaf> out;
    Query query(db_, "SELECT leaf, hash FROM changes WHERE commit_id = ?1 ORDER BY leaf", id);
    while (query.next())
        out.push_back({static_cast<std::uint32_t>(query.number(0)), query.fixed<Hash>(1)});
    return out;
}

std::optional<ChangeRow> SqliteTables::change(DatasetId dataset, Position position) const {
    Query query(db_,
                "SELECT place, record, commit_id, leaf, live, hash, body FROM changes "
                "WHERE place = ?1",
                place_of(dataset, position));
    if (!query.next()) return std::nullopt;
    return change_row(query);
}

std::vector<ArrivalRow> SqliteTables::arrivals(DatasetId dataset, Position after,
                                               std::size_t limit) const {
    std::vector<ArrivalRow> out;
    Query query(db_,
                "SELECT place, record, commit_id FROM changes "
                "WHERE place > ?1 AND place < ?2 AND live = 1 ORDER BY place LIMIT ?3",
                place_of(dataset, after), place(raw(dataset) + 1, 0),
                std::min<std::uint64_t>(limit, std::uint64_t{1} << 62));
    while (query.next())
        out.push_back({Position{lower_of(query.number(0))}, RecordNumber{query.number(1)},
                       CommitId{query.number(2)}});
    return out;
}

void SqliteTables::add_change(const ChangeRow& row) {
    Query(db_,
          "INSERT INTO changes(place, record, commit_id, leaf, live, hash, body) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
          place_of(row.dataset, row.position), row.record, row.commit, row.index,
          row.is_refused ? refused_mark : (row.is_live ? live_mark : superseded_mark), row.hash,
          row.body)
        .run();
}

void SqliteTables::set_superseded(DatasetId dataset, Position position) {
    Query(db_, "UPDATE changes SET live = 0 WHERE place = ?1", place_of(dataset, position)).run();
}

void SqliteTables::set_body(DatasetId dataset, Position position, const Bytes& body) {
    Query(db_, "UPDATE changes SET body = ?2 WHERE place = ?1", place_of(dataset, position), body)
        .run();
}

void SqliteTables::remove_change(DatasetId dataset, Position position) {
    Query(db_, "DELETE FROM changes WHERE place = ?1", place_of(dataset, position)).run();
}

}  // namespace sangam::storage::sqlite
