// SPDX-License-Identifier: Apache-2.0
// SqliteTables: datasets, control chains, the store's own row, structure.
#include "protocol/cbor.hpp"
#include "storage/sqlite/schema.hpp"
#include "storage/sqlite/sqlite_tables.hpp"

namespace sangam::storage::sqlite {

namespace {

constexpr std::string_view dataset_columns =
    "SELECT dataset, uid, holding, manifest_number, manifest_hash, last_position, live_records, "
    "copy FROM datasets";

DatasetRow dataset_row(const Query& query) {
    const auto holding = query.integer(2);
    if (holding < 1 || holding > 4) query.damaged(2, "no holding has that number");
    return {DatasetId{query.number(0)},
            query.fixed<DatasetUid>(1),
            static_cast<Holding>(holding),
            query.number(3),
            query.fixed<Hash>(4),
            Position{query.number(5)},
            query.number(6),
            query.number(7)};
}

ControlRow control_row(const Query& query) {
    return {query.number(0), query.fixed<Hash>(1), query.bytes(2)};
}

}  // namespace

Bytes encode(const VersionVector& vector) {
    cbor::Writer writer;
    writer.version_vector(vector);
    return writer.take();
}

VersionVector version_vector(const Query& query, int column) {
    cbor::Reader reader(query.blob(column));
    auto out = reader.version_vector();
    if (auto done = reader.finish(); !done) query.damaged(column, done.error().message);
    return out;
}

Epoch SqliteTables::epoch() const {
    Query query(db_, "SELECT epoch FROM store");
    if (!query.next() || query.integer(0) == 0)
        throw CorruptError(db_.path() + " has no epoch; restore a backup");
    return Epoch{query.number(0)};
}

void SqliteTables::set_epoch(Epoch epoch) {
    Query(db_,
          "INSERT INTO store(one, epoch) VALUES (1, ?1) "
          "ON CONFLICT DO UPDATE SET epoch = excluded.epoch",
          epoch)
        .run();
}

std::vector<DatasetRow> SqliteTables::datasets() const {
    static const std::string sql = std::string(dataset_columns) + " ORDER BY uid";
    std::vector<DatasetRow> out;
    Query query(db_, sql);
    while (query.next()) out.push_back(dataset_row(query));
    return out;
}

std::optional<DatasetRow> SqliteTables::find_dataset(const DatasetUid& uid) const {
    static const std::string sql = std::string(dataset_columns) + " WHERE uid = ?1";
    Query query(db_, sql, uid);
    if (!query.next()) return std::nullopt;
    return dataset_row(query);
}

DatasetId SqliteTables::add_dataset(const DatasetRow& row) {
    Query(db_,
          "INSERT INTO datasets(uid, holding, manifest_number, manifest_hash, last_position, "
          "live_records, copy) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
          row.uid, row.holding, row.manifest_number, row.manifest_hash, row.last_position,
          row.live_records, row.copy)
        .run();
    const DatasetId id{static_cast<std::uint64_t>(db_.last_insert_id())};
    create_text_table(db_, id);
    return id;
}

void SqliteTables::update_dataset(const DatasetRow& row) {
    Query(db_,
          "UPDATE datasets SET holding = ?2, manifest_number = ?3, manifest_hash = ?4, "
          "last_position = ?5, live_records = ?6, copy = ?7 WHERE dataset = ?1",
          row.id, row.holding, row.manifest_number, row.manifest_hash, row.last_position,
          row.live_records, row.copy)
        .run();
}

std::vector<ControlRow> SqliteTables::control(DatasetId dataset, const std::string& chain,
                                              std::uint64_t after) const {
    std::vector<ControlRow> out;
    Query query(db_,
                "SELECT number, hash, entry FROM control_entries "
                "WHERE dataset = ?1 AND chain = ?2 AND number > ?3 ORDER BY number",
                dataset, chain, after);
    while (query.next()) out.push_back(control_row(query));
    return out;
}

std::optional<ControlRow> SqliteTables::control_entry(DatasetId dataset, const std::string& chain,
                                                      std::uint64_t number) const {
    Query query(db_,
                "SELECT number, hash, entry FROM control_entries "
                "WHERE dataset = ?1 AND chain = ?2 AND number = ?3",
                dataset, chain, number);
    if (!query.next()) return std::nullopt;
    return control_row(query);
}

std::vector<std::pair<std::string, std::uint64_t>> SqliteTables::control_numbers(
    DatasetId dataset) const {
    std::vector<std::pair<std::string, std::uint64_t>> out;
    Query query(db_,
                "SELECT chain, max(number) FROM control_entries WHERE dataset = ?1 "
                "GROUP BY chain ORDER BY chain",
                dataset);
    while (query.next()) out.emplace_back(query.text(0), query.number(1));
    return out;
}

void SqliteTables::add_control(DatasetId dataset, const std::string& chain, const ControlRow& row) {
    Query(db_,
          "INSERT INTO control_entries(dataset, chain, number, hash, entry) "
          "VALUES (?1, ?2, ?3, ?4, ?5)",
          dataset, chain, row.number, row.hash, row.encoded)
        .run();
}

Fts5Index& SqliteTables::index(DatasetId dataset) const {
    auto& index = indexes_[dataset];
    if (!index) index = std::make_unique<Fts5Index>(db_, dataset);
    return *index;
}

const TextIndex& SqliteTables::text(DatasetId dataset) const { return index(dataset); }
TextIndex& SqliteTables::text(DatasetId dataset) { return index(dataset); }

std::vector<std::string> SqliteTables::check_structure() const {
    std::vector<std::string> out;
    Query integrity(db_, "PRAGMA integrity_check");
    while (integrity.next())
        if (const auto line = integrity.text(0); line != "ok") out.push_back(line);
    Query foreign(db_, "PRAGMA foreign_key_check");
    while (foreign.next())
        out.push_back("row " + std::to_string(foreign.integer(1)) + " of " + foreign.text(0) +
                      " names a row of " + foreign.text(2) + " that is not there");
    return out;
}

}  // namespace sangam::storage::sqlite
