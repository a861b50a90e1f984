// SPDX-License-Identifier: Apache-2.0
// Flat records and searches in SQLite: rules and conditions become SQL (condition_sql.hpp), FTS5
// names the records whose text may match, and what fields hide is judged by the visible text.
#include <algorithm>
#include <map>
#include <set>

#include "storage/sqlite/condition_sql.hpp"
#include "storage/sqlite/fts5_index.hpp"
#include "storage/sqlite/schema.hpp"
#include "storage/sqlite/sqlite_tables.hpp"
#include "storage/text_scoring.hpp"

namespace sangam::storage::sqlite {
namespace {

/// One pass over the records that rules and condition let through.
class SelectStatement {
public:
    SelectStatement(const SqliteTables& tables, DatasetId dataset, const Selection& selection)
        : dataset_(dataset),
          selection_(selection),
          setting_{
              "f.fields",
              [&tables, dataset](const Path& path) { return tables.field_number(dataset, path); },
              selection.types, [](const Path&) { return std::string(); }} {
        reads_text_ = selection.terms != nullptr || selection.needs_length;
        compile();
    }

    [[nodiscard]] const std::string& sql() const { return sql_; }
    [[nodiscard]] const std::vector<Parameter>& parameters() const { return parameters_; }
    [[nodiscard]] bool reads_text() const { return reads_text_; }

    // Columns.
    static constexpr int number = 0;
    static constexpr int collection = 1;
    static constexpr int id = 2;
    static constexpr int fields = 3;
    static constexpr int words = 4;   // with text only
    static constexpr int layout = 5;  // with text only
    static constexpr int counts = 6;  // with text only
    [[nodiscard]] int first_rule() const { return reads_text_ ? 7 : 4; }

private:
    void compile() {
        const std::string table = text_table(dataset_);
        std::string columns =
            "r.number AS number, r.collection AS collection, r.id AS id, f.fields AS fields";
        std::string from;
        std::string condition;
        const auto add = [&](Parameter value) {
            parameters_.push_back(std::move(value));
            return "?" + std::to_string(parameters_.size());
        };
        const std::string base = add(static_cast<std::int64_t>(place(raw(dataset_), 0)));
        if (selection_.terms != nullptr) {
            const std::string match = add(Fts5Index::expression(
                *selection_.terms, selection_.is_any_term_enough ? " OR " : " AND "));
            columns += ", " + table + ".words AS words, " + table + ".layout AS layout, " +
                       "text_counts(" + table + ") AS counts";
            from = table + " CROSS JOIN flat_records AS f ON f.place = (" + base + " | " + table +
                   ".rowid) CROSS JOIN records AS r ON r.number = " + table + ".rowid";
            condition = table + " MATCH " + match;
        } else {
            const std::string end = add(static_cast<std::int64_t>(place(raw(dataset_) + 1, 0)));
            from = "flat_records AS f CROSS JOIN records AS r ON r.number = f.place - " + base;
            if (reads_text_) {
                columns += ", t.words AS words, t.layout AS layout, NULL AS counts";
                from += " LEFT JOIN " + table + " AS t ON t.rowid = r.number";
            }
            condition = "f.place > " + base + " AND f.place < " + end;
        }
        std::string is_visible;
        const auto& rules = selection_.visibility.rules();
        for (std::size_t i = 0; i < rules.size(); ++i) {
            const std::string name = "rule_" + std::to_string(i);
            columns += ", (" +
                       (rules[i].where ? condition_sql(*rules[i].where, setting_, parameters_)
                                       : std::string("1")) +
                       ") IS 1 AS " + name;
            is_visible += (i > 0 ? " OR " : "") + name;
        }
        sql_ = "SELECT * FROM (SELECT " + columns + " FROM " + from + " WHERE " + condition +
               ") WHERE (" + is_visible + ")";
        if (selection_.where != nullptr) {
            SqlSetting seen = setting_;
            seen.fields = "fields";
            seen.visible_where = [this](const Path& path) { return rules_showing(path); };
            sql_ += " AND " + condition_sql(*selection_.where, seen, parameters_);
        }
    }

    /// SQL that is true where one of the rules that show the field lets the record through.
    [[nodiscard]] std::string rules_showing(const Path& path) const {
        const auto showing = selection_.visibility.showing(path);
        if (std::ranges::find(showing, false) == showing.end()) return {};
        std::string out;
        for (std::size_t i = 0; i < showing.size(); ++i)
            if (showing[i]) out += (out.empty() ? "(rule_" : " OR rule_") + std::to_string(i);
        return out.empty() ? "0" : out + ")";
    }

    DatasetId dataset_;
    const Selection& selection_;
    SqlSetting setting_;
    bool reads_text_ = false;
    std::string sql_;
    std::vector<Parameter> parameters_;
};

/// What FTS5 counted, for records of which nothing is hidden.
std::vector<std::uint32_t> counts_in(ByteView blob) {
    std::vector<std::uint32_t> out;
    for (std::size_t i = 0; i + 4 <= blob.size(); i += 4)
        out.push_back(std::uint32_t{blob[i]} | std::uint32_t{blob[i + 1]} << 8 |
                      std::uint32_t{blob[i + 2]} << 16 | std::uint32_t{blob[i + 3]} << 24);
    return out;
}

/// Which records still have a field where some are hidden (is_anything_left(), without reading the
/// values). For one pass.
class LeftFields {
public:
    explicit LeftFields(std::map<FieldNumber, Path> paths) : paths_(std::move(paths)) {}

    /// `hidden` must be the same list for the same address.
    bool has_any(ByteView record, const std::vector<Path>& hidden) {
        if (hidden.empty()) return true;
        const auto [it, is_new] = closed_.try_emplace(&hidden);
        if (is_new)
            for (const auto& [number, path] : paths_)
                if (is_hidden(path, hidden)) it->second.insert(number);
        return has_another_field(record, it->second);
    }

private:
    const std::map<FieldNumber, Path> paths_;
    std::map<const std::vector<Path>*, std::set<FieldNumber>> closed_;
};

TermCounts count(const Query& row, const Selection& selection, const std::vector<Path>& hidden) {
    TermCounts out;
    if (row.is_null(SelectStatement::layout)) return out;  // a record without text
    if (hidden.empty() && selection.terms != nullptr) {
        out.occurrences = counts_in(row.blob(SelectStatement::counts));
        out.length = Fts5Index::text_bytes(row, SelectStatement::words, SelectStatement::layout);
        return out;
    }
    static const std::vector<TextQuery::Term> none;
    return count_terms(selection.terms != nullptr ? *selection.terms : none,
                       Fts5Index::fields_of(row, SelectStatement::words, SelectStatement::layout),
                       hidden);
}

}  // namespace

// ---- flat records
// -------------------------------------------------------------------------------

std::optional<FieldNumber> SqliteTables::field_number(DatasetId dataset, const Path& path) const {
    auto& known = field_numbers_[dataset];
    if (const auto it = known.find(path); it != known.end()) return it->second;
    Query query(db_, "SELECT field FROM flat_fields WHERE dataset = ?1 AND path = ?2", dataset,
                path.text());
    if (!query.next()) return std::nullopt;
    // A reader keeps none: another connection's transaction may end without them.
    if (is_writer_) known.emplace(path, query.number(0));
    return query.number(0);
}

std::map<FieldNumber, Path> SqliteTables::field_paths(DatasetId dataset) const {
    std::map<FieldNumber, Path> out;
    Query query(db_, "SELECT field, path FROM flat_fields WHERE dataset = ?1", dataset);
    while (query.next()) {
        auto path = Path::parse(query.text(1));
        if (!path) query.damaged(1, path.error().message);
        out.emplace(query.number(0), std::move(*path));
    }
    return out;
}

void SqliteTables::put_flat(DatasetId dataset, RecordNumber number, const FlatRecord& record) {
    std::vector<std::pair<FieldNumber, const FlatField*>> fields;
    fields.reserve(record.fields.size());
    for (const auto& [path, field] : record.fields) {
        auto known = field_number(dataset, path);
        if (!known) {
            Query(db_, "INSERT INTO flat_fields(dataset, path) VALUES (?1, ?2)", dataset,
                  path.text())
                .run();
            known = static_cast<FieldNumber>(db_.last_insert_id());
        }
        fields.emplace_back(*known, &field);
    }
    std::ranges::sort(fields, {}, [](const auto& entry) { return entry.first; });
    Query(db_,
          "INSERT INTO flat_records(place, fields) VALUES (?1, ?2) "
          "ON CONFLICT(place) DO UPDATE SET fields = excluded.fields",
          place(raw(dataset), raw(number)), encode_flat(fields))
        .run();
}

void SqliteTables::remove_flat(DatasetId dataset, RecordNumber number) {
    Query(db_, "DELETE FROM flat_records WHERE place = ?1", place(raw(dataset), raw(number))).run();
}

std::optional<FlatRecord> SqliteTables::flat(DatasetId dataset, RecordNumber number) const {
    Query query(db_, "SELECT fields FROM flat_records WHERE place = ?1",
                place(raw(dataset), raw(number)));
    if (!query.next()) return std::nullopt;
    auto fields = decode_flat(query.blob(0));
    if (!fields) query.damaged(0, "its fields do not follow each other");
    FlatRecord out;
    for (auto& [field, texts] : *fields) {
        Query path(db_, "SELECT path FROM flat_fields WHERE field = ?1 AND dataset = ?2", field,
                   dataset);
        if (!path.next()) query.damaged(0, "it names a field that is not known");
        auto read = Path::parse(path.text(0));
        if (!read) path.damaged(0, read.error().message);
        out.fields.emplace(std::move(*read), std::move(texts));
    }
    return out;
}

std::uint64_t SqliteTables::flat_count(DatasetId dataset) const {
    Query query(db_, "SELECT count(*) FROM flat_records WHERE place > ?1 AND place < ?2",
                place(raw(dataset), 0), place(raw(dataset) + 1, 0));
    query.next();
    return query.number(0);
}

bool SqliteTables::has_field(DatasetId dataset, const Path& path) const {
    return field_number(dataset, path).has_value();
}

// ---- searching
// ----------------------------------------------------------------------------------

void SqliteTables::select(DatasetId dataset, const Selection& selection,
                          const std::function<bool(Selected&&)>& visit) const {
    const SelectStatement statement(*this, dataset, selection);
    std::vector<std::optional<FieldNumber>> wanted;
    if (selection.fields != nullptr)
        for (const Path& path : *selection.fields) wanted.push_back(field_number(dataset, path));
    std::vector<bool> is_true(selection.visibility.rules().size());
    LeftFields left(selection.visibility.shows_all() ? std::map<FieldNumber, Path>{}
                                                     : field_paths(dataset));
    Query row(db_, statement.sql(), statement.parameters());
    while (row.next()) {
        for (std::size_t i = 0; i < is_true.size(); ++i)
            is_true[i] = row.integer(statement.first_rule() + static_cast<int>(i)) == 1;
        Selected out;
        out.hidden = &selection.visibility.hidden_where(is_true);
        if (!left.has_any(row.blob(SelectStatement::fields), *out.hidden)) continue;
        if (statement.reads_text()) {
            out.counts = count(row, selection, *out.hidden);
            if (selection.terms != nullptr && !selection.is_any_term_enough &&
                !out.counts.has_all())
                continue;
        }
        out.number = RecordNumber{row.number(SelectStatement::number)};
        out.key = {row.text(SelectStatement::collection), row.text(SelectStatement::id)};
        out.shown.resize(wanted.size());
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (!wanted[i] || is_hidden((*selection.fields)[i], *out.hidden)) continue;
            const auto value = find_flat(row.blob(SelectStatement::fields), *wanted[i]);
            if (auto field = decode_flat_value(value)) out.shown[i] = std::move(field->shown);
        }
        if (!visit(std::move(out))) return;
    }
}

TextStatistics SqliteTables::whole_statistics(DatasetId dataset,
                                              const std::vector<TextQuery::Term>& terms) const {
    return index(dataset).statistics(terms);
}

}  // namespace sangam::storage::sqlite
