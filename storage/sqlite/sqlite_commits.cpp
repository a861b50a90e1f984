// SPDX-License-Identifier: Apache-2.0
// SqliteTables: lanes and commits.
#include <algorithm>

#include "storage/sqlite/sqlite_tables.hpp"

namespace sangam::storage::sqlite {

namespace {

LaneRow lane_row(const Query& query) {
    LaneRow out;
    out.id = LaneId{query.number(0)};
    out.dataset = DatasetId{query.number(1)};
    out.lane = {query.fixed<NodeId>(2), Epoch{query.number(3)}};
    out.head = Sequence{query.number(4)};
    out.head_hash = query.fixed<Hash>(5);
    out.head_hlc = Hlc{query.number(6)};
    out.seen = version_vector(query, 7);
    if (!query.is_null(8)) out.institution = query.fixed<InstitutionId>(8);
    return out;
}

CommitName commit_name_of(const Query& query) {
    return {CommitId{query.number(0)}, LaneId{query.number(1)}, Sequence{query.number(2)},
            Hlc{query.number(3)}, query.fixed<Hash>(4)};
}

std::uint64_t bounded(std::size_t limit) {
    return std::min<std::uint64_t>(limit, std::uint64_t{1} << 62);
}

}  // namespace

std::vector<LaneRow> SqliteTables::lanes(DatasetId dataset) const {
    std::vector<LaneRow> out;
    Query query(db_,
                "SELECT lane, dataset, node, epoch, head, head_hash, head_hlc, seen, institution "
                "FROM lanes WHERE dataset = ?1",
                dataset);
    while (query.next()) out.push_back(lane_row(query));
    // Here, since epochs above 2^63 are negative to SQLite.
    std::ranges::sort(out, {}, &LaneRow::lane);
    return out;
}

LaneRow SqliteTables::lane(LaneId id) const {
    Query query(db_,
                "SELECT lane, dataset, node, epoch, head, head_hash, head_hlc, seen, institution "
                "FROM lanes WHERE lane = ?1",
                id);
    if (!query.next())
        throw CorruptError(db_.path() + ": lane number " + std::to_string(raw(id)) +
                           " is missing; run `sangam verify`");
    return lane_row(query);
}

LaneId SqliteTables::add_lane(const LaneRow& row) {
    Query(db_,
          "INSERT INTO lanes(dataset, node, epoch, head, head_hash, head_hlc, seen, institution) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
          row.dataset, row.lane.node, row.lane.epoch, row.head, row.head_hash, row.head_hlc.value,
          encode(row.seen), row.institution)
        .run();
    return LaneId{static_cast<std::uint64_t>(db_.last_insert_id())};
}

void SqliteTables::update_lane(const LaneRow& row) {
    Query(db_,
          "UPDATE lanes SET head = ?2, head_hash = ?3, head_hlc = ?4, seen = ?5, institution = ?6 "
          "WHERE lane = ?1",
          row.id, row.head, row.head_hash, row.head_hlc.value, encode(row.seen), row.institution)
        .run();
}

std::optional<CommitName> SqliteTables::find_commit(LaneId lane, Sequence sequence) const {
    Query query(db_,
                "SELECT id, lane, sequence, hlc, header_hash FROM commits "
                "WHERE lane = ?1 AND sequence = ?2",
                lane, sequence);
    if (!query.next()) return std::nullopt;
    return commit_name_of(query);
}

CommitName SqliteTables::commit_name(CommitId id) const {
    Query query(db_, "SELECT id, lane, sequence, hlc, header_hash FROM commits WHERE id = ?1", id);
    if (!query.next())
        throw CorruptError(db_.path() + ": commit number " + std::to_string(raw(id)) +
                           " is missing; run `sangam verify`");
    return commit_name_of(query);
}

CommitRow SqliteTables::commit(CommitId id) const {
    Query query(
        db_,
        "SELECT id, lane, sequence, hlc, header_hash, header, proof FROM commits WHERE id = ?1",
        id);
    if (!query.next())
        throw CorruptError(db_.path() + ": commit number " + std::to_string(raw(id)) +
                           " is missing; run `sangam verify`");
    return {commit_name_of(query), query.bytes(5), query.bytes(6)};
}

std::vector<CommitId> SqliteTables::commits_after(LaneId lane, Sequence after,
                                                  std::size_t limit) const {
    std::vector<CommitId> out;
    Query query(db_,
                "SELECT id FROM commits WHERE lane = ?1 AND sequence > ?2 ORDER BY sequence "
                "LIMIT ?3",
                lane, after, bounded(limit));
    while (query.next()) out.push_back(CommitId{query.number(0)});
    return out;
}

CommitId SqliteTables::add_commit(const CommitRow& row) {
    Query(db_,
          "INSERT INTO commits(lane, sequence, hlc, header_hash, header, proof) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
          row.name.lane, row.name.sequence, row.name.hlc.value, row.name.header_hash,
          row.signed_header, row.proof)
        .run();
    return CommitId{static_cast<std::uint64_t>(db_.last_insert_id())};
}

void SqliteTables::set_proof(CommitId id, const Bytes& proof) {
    Query(db_, "UPDATE commits SET proof = ?2 WHERE id = ?1", id, proof).run();
}

void SqliteTables::remove_commit(CommitId id) {
    Query(db_, "DELETE FROM commits WHERE id = ?1", id).run();
}

}  // namespace sangam::storage::sqlite
