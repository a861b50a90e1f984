// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite/fts5_index.hpp"

#include <unordered_map>

#include "protocol/cbor.hpp"
#include "storage/sqlite/schema.hpp"
#include "storage/text_tokens.hpp"

namespace sangam::storage::sqlite {

namespace {

std::string joined(const std::vector<IndexedField>& fields) {
    std::string out;
    for (const auto& field : fields) {
        if (&field != fields.data()) out.append(" ").append(field_separator).append(" ");
        out += field.text;
    }
    return out;
}

constexpr std::size_t gap_bytes = field_separator.size() + 2;

Bytes layout_of(const std::vector<IndexedField>& fields) {
    cbor::Writer writer;
    writer.array(fields.size());
    for (const auto& field : fields) {
        writer.array(2);
        writer.path(field.path);
        writer.unsigned_int(field.text.size());
    }
    return writer.take();
}

/// FNV-1a over one word's place in a record; sums of it tell two sets of places apart by accident
/// only, which is what damage is.
std::uint64_t place_hash(std::string_view word, std::uint64_t offset) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    const auto mix = [&](std::uint8_t byte) { hash = (hash ^ byte) * 0x100000001b3ULL; };
    for (const char c : word) mix(static_cast<std::uint8_t>(c));
    for (int i = 0; i < 8; ++i) mix(static_cast<std::uint8_t>(offset >> (8 * i)));
    return hash ^ (hash >> 29);
}

/// The first of the varints in a row of FTS5's table of lengths: how many words the record has.
std::uint64_t first_varint(ByteView bytes) {
    std::uint64_t out = 0;
    for (const auto byte : bytes) {
        out = (out << 7) | (byte & 0x7f);
        if ((byte & 0x80) == 0) break;
    }
    return out;
}

}  // namespace

Fts5Index::Fts5Index(Database& db, DatasetId dataset) : db_(db), name_(text_table(dataset)) {
    sql_.insert = "INSERT INTO " + name_ + "(rowid, words, layout) VALUES (?1, ?2, ?3)";
    sql_.remove = "DELETE FROM " + name_ + " WHERE rowid = ?1";
    sql_.read = "SELECT words, layout FROM " + name_ + " WHERE rowid = ?1";
    sql_.size = "SELECT count(*) FROM " + name_;
    sql_.count = "SELECT count(*) FROM " + name_ + " WHERE " + name_ + " MATCH ?1";
    sql_.sizes = "SELECT words, layout FROM " + name_;
    sql_.all = "SELECT rowid, words FROM " + name_;
    sql_.vocabulary = "CREATE VIRTUAL TABLE IF NOT EXISTS temp.words_of_" + name_ +
                      " USING fts5vocab(main, " + name_ + ", instance)";
    sql_.instances = "SELECT term, doc, offset FROM temp.words_of_" + name_;
    sql_.lengths = "SELECT id, sz FROM " + name_ + "_docsize";
}

void Fts5Index::add(RecordNumber number, const std::vector<IndexedField>& fields) {
    Query(db_, sql_.insert, number, joined(fields), layout_of(fields)).run();
}

void Fts5Index::remove(RecordNumber number) { Query(db_, sql_.remove, number).run(); }

std::vector<IndexedField> Fts5Index::fields_of(const Query& query, int words_column,
                                               int layout_column) {
    const auto words = query.text(words_column);
    const auto layout = query.bytes(layout_column);
    cbor::Reader reader(layout);
    std::vector<IndexedField> out(reader.array());
    std::size_t at = 0;
    for (auto& field : out) {
        if (&field != out.data()) at += gap_bytes;
        if (reader.array() != 2) reader.set_failed("a field has two parts");
        field.path = reader.path();
        const auto size = reader.unsigned_int();
        if (reader.failed()) break;
        if (at > words.size() || size > words.size() - at) {
            reader.set_failed("a field ends after the text");
            break;
        }
        field.text = words.substr(at, size);
        at += size;
    }
    if (auto done = reader.finish(); !done) query.damaged(layout_column, done.error().message);
    if (at != words.size()) query.damaged(words_column, "its length differs from its layout");
    return out;
}

// Words are folded already and hold no quote.
std::string Fts5Index::expression(const std::vector<TextQuery::Term>& terms,
                                  std::string_view joiner) {
    std::string out;
    for (const auto& term : terms) {
        if (!out.empty()) out += joiner;
        out += '"';
        for (std::size_t i = 0; i < term.words.size(); ++i) {
            if (i > 0) out += ' ';
            out += term.words[i];
        }
        out += '"';
        if (term.is_prefix) out += " *";
    }
    return out;
}

std::uint64_t Fts5Index::text_bytes(const Query& row, int words, int layout) {
    const auto encoded = row.blob(layout);
    cbor::Reader reader(encoded);
    const std::uint64_t gaps = reader.array();
    const std::uint64_t bytes = row.blob(words).size();
    if (reader.failed() || gaps == 0 || bytes < (gaps - 1) * gap_bytes)
        row.damaged(layout, "it does not fit the text");
    return bytes - (gaps - 1) * gap_bytes;
}

TextStatistics Fts5Index::statistics(const std::vector<TextQuery::Term>& terms) const {
    // Both counters: another connection's commits, and this one's own writes.
    const auto pragma = [&](std::string_view sql) {
        Query query(db_, sql);
        query.next();
        return query.integer(0);
    };
    const auto data_version = pragma("PRAGMA data_version");
    const auto changes = pragma("SELECT total_changes()");
    if (totals_.data_version != data_version || totals_.changes != changes) {
        totals_ = {data_version, changes, 0, 0};
        Query sizes(db_, sql_.sizes);
        while (sizes.next()) {
            ++totals_.records;
            totals_.bytes += text_bytes(sizes, 0, 1);
        }
    }
    TextStatistics out;
    out.records = totals_.records;
    out.bytes = totals_.bytes;
    for (const auto& term : terms) {
        Query count(db_, sql_.count, expression({term}, " AND "));
        count.next();
        out.records_with_term.push_back(count.number(0));
    }
    return out;
}

std::optional<std::vector<IndexedField>> Fts5Index::stored(RecordNumber number) const {
    Query query(db_, sql_.read, number);
    if (!query.next()) return std::nullopt;
    return fields_of(query, 0, 1);
}

std::uint64_t Fts5Index::size() const {
    Query query(db_, sql_.size);
    query.next();
    return query.number(0);
}

std::optional<std::string> Fts5Index::check() const {
    // FTS5's own integrity-check is a write, which a reader must not do; this compares the same
    // things: every word of every text with every place in the index.
    struct Sums {
        std::uint64_t places = 0;
        std::uint64_t words = 0;
    };
    std::unordered_map<std::uint64_t, Sums> expected;
    Query all(db_, sql_.all);
    while (all.next()) {
        auto& sums = expected[all.number(0)];
        for (const auto& word : indexed_words(all.text(1)))
            sums.places += place_hash(word, sums.words++);
    }
    Query(db_, sql_.vocabulary).run();
    {
        Query instances(db_, sql_.instances);
        while (instances.next()) {
            const auto it = expected.find(instances.number(1));
            if (it == expected.end())
                return "holds words of record number " + std::to_string(instances.number(1)) +
                       ", which has no text";
            it->second.places -= place_hash(instances.text(0), instances.number(2));
        }
    }
    for (const auto& [number, sums] : expected)
        if (sums.places != 0)
            return "the words of record number " + std::to_string(number) + " differ from its text";
    Query lengths(db_, sql_.lengths);
    std::size_t rows = 0;
    while (lengths.next()) {
        const auto it = expected.find(lengths.number(0));
        ++rows;
        if (it == expected.end() || first_varint(lengths.blob(1)) != it->second.words)
            return "the length of record number " + std::to_string(lengths.number(0)) +
                   " differs from its text";
    }
    if (rows != expected.size()) return "some records have no length";
    return std::nullopt;
}

}  // namespace sangam::storage::sqlite
