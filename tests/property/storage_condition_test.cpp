// SPDX-License-Identifier: Apache-2.0
// The two evaluators of conditions against each other: the plain one over a flat record, and the
// SQL that SQLite runs over the same record's bytes. All three truth values must agree, on records
// with missing fields, lists, partial dates, odd numbers and siblings, with fields hidden or not.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "storage/condition_evaluation.hpp"
#include "storage/sqlite/condition_sql.hpp"
#include "storage/text_scoring.hpp"
#include "tests/support/field_types.hpp"

using namespace sangam;
using namespace sangam::storage;
using sangam::testing::type_by_letter;

namespace {

const std::vector<std::string> drawn_field_names{"t", "u", "n", "n2", "d", "c"};

const std::vector<std::string> texts{
    "",         "a",        "b",        "ab",       "aab",     "Zea",        "äb",     "a%b",
    "a_b",      "a*b",      "[ab]",     "it's",     "\"q\"",   "back\\",     "tab\tx", "10",
    "9",        "1.0",      "1",        "-2e1",     "-20",     "1e400",      " 1",     "0300",
    "300",      "2001----", "20010513", "200105--", "2001-05", "2001-05-13", "2001",   "20010000",
    "20010229", "2000",     "19991231", "--------", "nan",     "inf",        "\x01",   "稻米"};
const std::vector<std::string> patterns{"%",    "",    "a%",   "%b",  "_",   "__",
                                        "%a%b", "a_b", "[ab]", "a*b", "%\\", "200%",
                                        "_b",   "%1%", "稻_",  "%%a", "?",   "a%%b"};
const std::vector<std::string> numbers{"1",    "1.0", "-20",      "10",  "300",   "0300",
                                       "2001", "0.5", "20010513", "9e2", "200105"};

template <class T>
const T& one_of(const std::vector<T>& all) {
    return all[*rc::gen::inRange<std::size_t>(0, all.size())];
}

int below(int bound) { return *rc::gen::inRange(0, bound); }

std::string literal() {
    if (below(3) == 0) return one_of(numbers);
    std::string out = "'";
    for (const char c : one_of(texts)) out += c == '\'' ? std::string("''") : std::string(1, c);
    return out + "'";
}

std::string predicate() {
    const std::string name = one_of(drawn_field_names);
    switch (below(6)) {
        case 0:
            return name + (below(2) == 0 ? " IS NULL" : " IS NOT NULL");
        case 1: {
            std::string out = name + (below(2) == 0 ? " IN (" : " NOT IN (") + literal();
            for (int i = below(3); i > 0; --i) out += ", " + literal();
            return out + ")";
        }
        case 2:
            return name + (below(2) == 0 ? " LIKE '" : " NOT LIKE '") + one_of(patterns) + "'";
        case 3:
            return name + (below(2) == 0 ? " BETWEEN " : " NOT BETWEEN ") + literal() + " AND " +
                   literal();
        default: {
            static const std::vector<std::string> signs{"=", "<>", "<", "<=", ">", ">="};
            return name + " " + one_of(signs) + " " + literal();
        }
    }
}

std::string condition(int depth) {
    const int kind = depth == 0 ? 0 : below(4);
    if (kind == 0) return predicate();
    if (kind == 1) return "NOT (" + condition(depth - 1) + ")";
    return "(" + condition(depth - 1) + (kind == 2 ? " AND " : " OR ") + condition(depth - 1) + ")";
}

std::vector<std::string> some_texts(int most) {
    std::vector<std::string> out;
    for (int i = below(most + 1); i > 0; --i) out.push_back(one_of(texts));
    return out;
}

FlatRecord record() {
    FlatRecord out;
    for (const auto& name : drawn_field_names) {
        FlatField field;
        field.type = type_by_letter(Path::single(name));
        switch (below(4)) {
            case 0:
                continue;
            case 1:
                field.shown = some_texts(3);
                break;
            case 2:
                for (int i = 2 + below(2); i > 0; --i) field.siblings.push_back(some_texts(2));
                if (below(2) == 0) field.shown = field.siblings.back();
                break;
            default:
                field.shown = {one_of(texts)};
        }
        const bool has_text =
            !field.shown.empty() ||
            std::ranges::any_of(field.siblings, [](const auto& s) { return !s.empty(); });
        if (has_text) out.fields.emplace(Path::single(name), std::move(field));
    }
    return out;
}

/// Asks SQLite.
Truth by_sql(const Condition& asked, const FlatRecord& flat, const std::vector<Path>& hidden) {
    sqlite::Database db(":memory:", sqlite::Database::Mode::read_write);
    db.execute("CREATE TABLE t (fields BLOB)");
    std::vector<std::pair<sqlite::FieldNumber, const FlatField*>> fields;
    const auto number_of = [](const Path& path) -> std::optional<sqlite::FieldNumber> {
        const auto it = std::ranges::find(drawn_field_names, path.names.front());
        return static_cast<sqlite::FieldNumber>(it - drawn_field_names.begin()) * 200 + 1;
    };
    for (const auto& [path, field] : flat.fields) fields.emplace_back(*number_of(path), &field);
    std::ranges::sort(fields, {}, [](const auto& entry) { return entry.first; });
    sqlite::Query(db, "INSERT INTO t VALUES (?1)", sqlite::encode_flat(fields)).run();
    std::vector<sqlite::Parameter> parameters;
    const FieldTypes types = type_by_letter;
    const sqlite::SqlSetting setting{"fields", number_of, types, [&](const Path& path) {
                                         return std::string(is_hidden(path, hidden) ? "0" : "");
                                     }};
    const std::string sql =
        "SELECT " + sqlite::condition_sql(asked, setting, parameters) + " FROM t";
    sqlite::Query query(db, sql, parameters);
    RC_ASSERT(query.next());
    if (query.is_null(0)) return Truth::unknown;
    return query.integer(0) != 0 ? Truth::yes : Truth::no;
}

}  // namespace

TEST_CASE("conditions: SQL and the plain evaluator give the same truth value") {
    CHECK(rc::check([] {
        const std::string text = condition(3);
        RC_LOG() << text << '\n';
        const auto asked = Condition::parse(text);
        RC_ASSERT(asked.has_value());
        std::vector<Path> hidden;
        if (below(2) == 0) hidden.push_back(Path::single(one_of(drawn_field_names)));
        for (int i = 0; i < 5; ++i) {
            const auto flat = record();
            const auto truth = evaluate(*asked, flat, hidden);
            RC_CLASSIFY(truth == Truth::yes, "yes");
            RC_CLASSIFY(truth == Truth::unknown, "unknown");
            RC_CLASSIFY(truth == Truth::no, "no");
            RC_ASSERT(by_sql(*asked, flat, hidden) == truth);
        }
        const auto again = Condition::parse(asked->text());
        RC_ASSERT(again.has_value());
        RC_ASSERT(*again == *asked);
    }));
}

TEST_CASE("flat records: what was encoded is decoded, and cut or bent bytes are refused or read") {
    CHECK(rc::check([] {
        const auto flat = record();
        std::vector<std::pair<sqlite::FieldNumber, const FlatField*>> fields;
        sqlite::FieldNumber number = 1;
        for (const auto& [path, field] : flat.fields) fields.emplace_back(number += 150, &field);
        auto bytes = sqlite::encode_flat(fields);
        const auto decoded = sqlite::decode_flat(bytes);
        RC_ASSERT(decoded.has_value());
        RC_ASSERT(decoded->size() == fields.size());
        for (std::size_t i = 0; i < fields.size(); ++i) {
            auto expected = *fields[i].second;
            expected.type = FieldType::text;
            RC_ASSERT((*decoded)[i].first == fields[i].first);
            RC_ASSERT((*decoded)[i].second == expected);
            const auto found = sqlite::decode_flat_value(sqlite::find_flat(bytes, fields[i].first));
            RC_ASSERT(found == expected);
        }
        RC_ASSERT(sqlite::find_flat(bytes, 7).kind == sqlite::FlatKind::missing);
        for (std::size_t size = 0; size < bytes.size(); ++size)
            static_cast<void>(sqlite::decode_flat(ByteView(bytes).first(size)));
        if (!bytes.empty()) {
            bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] ^= 0xff;
            static_cast<void>(sqlite::decode_flat(bytes));
        }
    }));
}
