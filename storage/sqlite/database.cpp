// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite/database.hpp"

#include <sqlite3.h>

#include <algorithm>

#include "storage/sqlite/functions.hpp"

namespace sangam::storage::sqlite {

namespace {

/// How long a connection waits for another one's lock. In WAL mode only checkpoints and recovery
/// after a crash take one that others need.
constexpr int busy_timeout_ms = 10'000;

/// What an operator can do about a code.
std::string advice(int code) {
    switch (code & 0xff) {
        case SQLITE_FULL:
            return "the disk is full; free some space and try again";
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_CANTOPEN:
        case SQLITE_AUTH:
            return "may this user read and write the file and its directory?";
        case SQLITE_IOERR:
            return "the disk failed to read or write; check it before going on";
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return "another program holds the file; stop it";
        case SQLITE_NOTADB:
            return "this is no database of ours; name another directory or restore a backup";
        case SQLITE_CORRUPT:
            return "the file is damaged; run `sangam verify`, then restore a backup";
        default:
            return "please report it with this message";
    }
}

}  // namespace

Database::Database(const std::string& path, Mode mode) : path_(path) {
    // SQLite's count of its memory is a lock around each allocation, and nobody asks for it. Too
    // late, and without harm, when something in the process has used SQLite before.
    static const int without_count = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(without_count);
    const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      (mode == Mode::read_write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                : SQLITE_OPEN_READONLY);
    const int code = sqlite3_open_v2(path.c_str(), &db_, flags, nullptr);
    if (code != SQLITE_OK) {
        const std::string message =
            "cannot open " + path + ": " + sqlite3_errstr(code) + "; " + advice(code);
        sqlite3_close(db_);
        throw StoreError(message);
    }
    sqlite3_busy_timeout(db_, busy_timeout_ms);
    if (const int added = add_functions(db_); added != SQLITE_OK) {
        const std::string message = "SQLite cannot take the functions of searches for " + path +
                                    ": " + sqlite3_errstr(added) +
                                    "; it needs FTS5, install Debian's libsqlite3-0";
        sqlite3_close(db_);
        throw StoreError(message);
    }
}

Database::~Database() {
    for (const auto& [sql, idle] : statements_)
        for (auto* statement : idle) sqlite3_finalize(statement);
    sqlite3_close(db_);
}

void Database::fail(int code, std::string_view doing) const {
    const std::string message = path_ + ": " + sqlite3_errmsg(db_) + " while running \"" +
                                std::string(doing.substr(0, 120)) + "\"; " + advice(code);
    if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB)
        throw CorruptError(message);
    throw StoreError(message);
}

void Database::execute(const std::string& sql) {
    const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) fail(code, sql);
}

std::int64_t Database::last_insert_id() const { return sqlite3_last_insert_rowid(db_); }

bool Database::is_in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

sqlite3_stmt* Database::take(std::string_view sql, Idle*& idle) {
    auto it = statements_.find(sql);
    if (it == statements_.end()) it = statements_.emplace(sql, Idle{}).first;
    idle = &it->second;
    if (!idle->empty()) {
        auto* statement = idle->back();
        idle->pop_back();
        return statement;
    }
    return prepare(sql, SQLITE_PREPARE_PERSISTENT);
}

sqlite3_stmt* Database::prepare(std::string_view sql, unsigned flags) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), flags,
                                        &statement, nullptr);
    if (code != SQLITE_OK) fail(code, sql);
    return statement;
}

Query::Query(Database& db, std::string_view sql, const std::vector<Parameter>& parameters)
    : db_(db), sql_(sql), statement_(db.prepare(sql, 0)) {
    // Those at the end that the SQL does not name (a date's second end, say) have no place in it.
    const auto named = static_cast<std::size_t>(sqlite3_bind_parameter_count(statement_));
    for (std::size_t i = 0; i < std::min(named, parameters.size()); ++i)
        std::visit([&](const auto& value) { bind(static_cast<int>(i) + 1, value); }, parameters[i]);
}

Query::~Query() {
    if (idle_ == nullptr) {
        sqlite3_finalize(statement_);
        return;
    }
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
    idle_->push_back(statement_);
}

bool Query::next() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    db_.fail(code, sql_);
}

void Query::run() {
    while (next()) {
    }
}

std::int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }

double Query::real(int column) const { return sqlite3_column_double(statement_, column); }

ByteView Query::blob(int column) const {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string Query::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return {data == nullptr ? "" : data,
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

bool Query::is_null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

void Query::damaged(int column, const std::string& how) const {
    throw CorruptError(db_.path() + ": column " + sqlite3_column_name(statement_, column) +
                       " of \"" + std::string(sql_.substr(0, 120)) + "\" cannot be read (" + how +
                       "); run `sangam verify`, then restore a backup");
}

void Query::bind(int at, std::int64_t value) {
    const int code = sqlite3_bind_int64(statement_, at, value);
    if (code != SQLITE_OK) db_.fail(code, sql_);
}

void Query::bind(int at, double value) {
    const int code = sqlite3_bind_double(statement_, at, value);
    if (code != SQLITE_OK) db_.fail(code, sql_);
}

void Query::bind(int at, ByteView value) {
    // A null pointer would bind NULL; an empty blob is not NULL. Copied: callers hand in
    // temporaries.
    const int code = value.empty() ? sqlite3_bind_zeroblob(statement_, at, 0)
                                   : sqlite3_bind_blob64(statement_, at, value.data(), value.size(),
                                                         SQLITE_TRANSIENT);
    if (code != SQLITE_OK) db_.fail(code, sql_);
}

void Query::bind(int at, std::string_view value) {
    const int code =
        sqlite3_bind_text64(statement_, at, value.data() == nullptr ? "" : value.data(),
                            value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    if (code != SQLITE_OK) db_.fail(code, sql_);
}

void Query::bind_null(int at) {
    const int code = sqlite3_bind_null(statement_, at);
    if (code != SQLITE_OK) db_.fail(code, sql_);
}

}  // namespace sangam::storage::sqlite
