// SPDX-License-Identifier: Apache-2.0
// The text index of a dataset as one FTS5 table (https://sqlite.org/fts5.html): a row for a record,
// rowid = record number, with the texts of its fields and where each begins. Without hidden fields
// FTS5 matches, counts and ranks; with hidden fields it only names candidates, and each is judged
// by its visible text (text_scoring.hpp).
#pragma once

#include "storage/sqlite/database.hpp"
#include "storage/text_index.hpp"

namespace sangam::storage::sqlite {

class Fts5Index final : public TextIndex {
public:
    Fts5Index(Database& db, DatasetId dataset);
    void add(RecordNumber, const std::vector<IndexedField>&) override;
    void remove(RecordNumber) override;
    TextResult search(const std::vector<TextQuery::Term>&, const std::vector<Path>& hidden,
                      std::size_t limit) const override;
    std::optional<std::vector<IndexedField>> stored(RecordNumber) const override;
    std::uint64_t size() const override;
    std::optional<std::string> check() const override;

private:
    [[nodiscard]] TextResult search_visible(const std::vector<TextQuery::Term>&,
                                            const std::vector<Path>& hidden,
                                            std::size_t limit) const;

    Database& db_;
    std::string name_;
    struct Statements {
        std::string insert, remove, read, size, count, best, candidates, all, vocabulary;
        std::string instances, lengths;
    } sql_;
};

}  // namespace sangam::storage::sqlite
