// SPDX-License-Identifier: Apache-2.0
// The text index of a dataset as one FTS5 table (https://sqlite.org/fts5.html): a row for a record,
// rowid = record number, with the texts of its fields and where each begins. Where nothing is
// hidden FTS5 matches and counts; where fields are it only names candidates, and each is judged by
// its visible text (text_scoring.hpp).
#pragma once

#include "storage/sqlite/database.hpp"
#include "storage/text_index.hpp"

namespace sangam::storage::sqlite {

class Fts5Index final : public TextIndex {
public:
    Fts5Index(Database& db, DatasetId dataset);
    void add(RecordNumber, const std::vector<IndexedField>&) override;
    void remove(RecordNumber) override;
    std::optional<std::vector<IndexedField>> stored(RecordNumber) const override;
    std::uint64_t size() const override;
    std::optional<std::string> check() const override;

    /// Over all records.
    [[nodiscard]] TextStatistics statistics(const std::vector<TextQuery::Term>&) const;

    /// An FTS5 expression of the terms with " AND " or " OR " between them.
    [[nodiscard]] static std::string expression(const std::vector<TextQuery::Term>& terms,
                                                std::string_view joiner);
    /// A row's fields by its columns `words` and `layout`.
    [[nodiscard]] static std::vector<IndexedField> fields_of(const Query& row, int words,
                                                             int layout);
    /// Bytes of a row's texts, without what stands between two.
    [[nodiscard]] static std::uint64_t text_bytes(const Query& row, int words, int layout);

private:
    Database& db_;
    std::string name_;
    struct Statements {
        std::string insert, remove, read, size, count, sizes, all, vocabulary;
        std::string instances, lengths;
    } sql_;
    /// How many records have a text, and its bytes, as of the database's change counter.
    struct Totals {
        std::int64_t data_version = -1;
        std::int64_t changes = -1;
        std::uint64_t records = 0;
        std::uint64_t bytes = 0;
    };
    mutable Totals totals_;
};

}  // namespace sangam::storage::sqlite
