// SPDX-License-Identifier: Apache-2.0
// SqliteTables: what imports leave behind, quarantine, documents.
#include "protocol/crypto.hpp"
#include "storage/sqlite/schema.hpp"
#include "storage/sqlite/sqlite_tables.hpp"

namespace sangam::storage::sqlite {

std::optional<SourceId> SqliteTables::find_source(DatasetId dataset,
                                                  const ImportSource& source) const {
    Query query(db_,
                "SELECT source FROM import_sources "
                "WHERE dataset = ?1 AND collection = ?2 AND name = ?3",
                dataset, source.collection, source.name);
    if (!query.next()) return std::nullopt;
    return SourceId{query.number(0)};
}

SourceId SqliteTables::add_source(DatasetId dataset, const ImportSource& source) {
    Query(db_, "INSERT INTO import_sources(dataset, collection, name) VALUES (?1, ?2, ?3)", dataset,
          source.collection, source.name)
        .run();
    return SourceId{static_cast<std::uint64_t>(db_.last_insert_id())};
}

std::optional<ImportState> SqliteTables::import_state(SourceId source, RecordNumber number) const {
    Query query(db_, "SELECT version, cells FROM import_states WHERE place = ?1",
                place(raw(source), raw(number)));
    if (!query.next()) return std::nullopt;
    return ImportState{query.bytes(1), version_vector(query, 0), false};
}

void SqliteTables::put_import_state(SourceId source, RecordNumber number,
                                    const ImportState& state) {
    Query(db_, "INSERT OR REPLACE INTO import_states(place, version, cells) VALUES (?1, ?2, ?3)",
          place(raw(source), raw(number)), encode(state.version), state.cells)
        .run();
}

void SqliteTables::scan_import_keys(DatasetId dataset, const ImportSource& source,
                                    const std::function<bool(const RecordKey&)>& visit) const {
    const auto id = find_source(dataset, source);
    if (!id) return;
    Query query(db_,
                "SELECT collection, id FROM records CROSS JOIN import_states "
                "ON place = (?3 << 40 | number) WHERE dataset = ?1 AND collection = ?2 ORDER BY id",
                dataset, source.collection, *id);
    while (query.next())
        if (!visit({query.text(0), query.text(1)})) break;
}

void SqliteTables::replace_findings(std::optional<SourceId> source, RecordNumber number,
                                    const std::vector<Edit::Finding>& findings) {
    const auto from = source.value_or(SourceId{0});
    Query(db_, "DELETE FROM findings WHERE record = ?1 AND source = ?2", number, from).run();
    std::uint64_t item = 0;
    for (const auto& finding : findings)
        Query(db_,
              "INSERT INTO findings(record, source, item, field, code, message) "
              "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
              number, from, item++, finding.field, finding.code, finding.message)
            .run();
}

std::uint64_t SqliteTables::findings_count() const {
    Query query(db_, "SELECT count(*) FROM findings");
    query.next();
    return query.number(0);
}

std::vector<QuarantineItem> SqliteTables::quarantine(std::size_t limit, std::uint64_t after) const {
    std::vector<QuarantineItem> out;
    Query query(db_,
                "SELECT id, dataset, source, reason, data, at FROM quarantine WHERE id > ?1 "
                "ORDER BY id LIMIT ?2",
                after,
                static_cast<std::int64_t>(std::min<std::size_t>(limit, std::size_t{1} << 62)));
    while (query.next())
        out.push_back({query.number(0), query.fixed<DatasetUid>(1), query.fixed<NodeId>(2),
                       query.text(3), query.bytes(4), Millis(query.integer(5))});
    return out;
}

std::uint64_t SqliteTables::quarantine_count() const {
    Query query(db_, "SELECT count(*) FROM quarantine");
    query.next();
    return query.number(0);
}

void SqliteTables::add_quarantine(const QuarantineItem& item) {
    const auto digest = sha256(
        {item.dataset.view(), item.source.view(), sha256(as_bytes(item.reason)).view(), item.data});
    Query(db_,
          "INSERT OR IGNORE INTO quarantine(dataset, source, reason, data, digest, at) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
          item.dataset, item.source, item.reason, item.data, digest, item.at.count())
        .run();
}

void SqliteTables::remove_quarantine(std::uint64_t id) {
    Query(db_, "DELETE FROM quarantine WHERE id = ?1", id).run();
}

std::optional<Bytes> SqliteTables::document(const std::string& kind, const std::string& key) const {
    Query query(db_, "SELECT body FROM documents WHERE kind = ?1 AND key = ?2", kind, key);
    if (!query.next()) return std::nullopt;
    return query.bytes(0);
}

std::vector<std::pair<std::string, Bytes>> SqliteTables::documents(const std::string& kind) const {
    std::vector<std::pair<std::string, Bytes>> out;
    Query query(db_, "SELECT key, body FROM documents WHERE kind = ?1 ORDER BY key", kind);
    while (query.next()) out.emplace_back(query.text(0), query.bytes(1));
    return out;
}

void SqliteTables::put_document(const std::string& kind, const std::string& key, ByteView body) {
    Query(db_, "INSERT OR REPLACE INTO documents(kind, key, body) VALUES (?1, ?2, ?3)", kind, key,
          body)
        .run();
}

void SqliteTables::remove_document(const std::string& kind, const std::string& key) {
    Query(db_, "DELETE FROM documents WHERE kind = ?1 AND key = ?2", kind, key).run();
}

}  // namespace sangam::storage::sqlite
