// SPDX-License-Identifier: Apache-2.0
// One connection to an SQLite file and its statements. Beside tokenizer.cpp and functions.cpp the
// only file that knows the C API. A connection belongs to one thread at a time
// (SQLITE_OPEN_NOMUTEX).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "protocol/ids.hpp"
#include "storage/tables.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace sangam::storage::sqlite {

/// A connection. Failures are StoreError, damage CorruptError; both name the file.
class Database {
public:
    enum class Mode { read_write, read_only };
    /// Opens the file; makes it when it is missing and the mode is read_write.
    Database(const std::string& path, Mode mode);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Runs statements that give no rows and have no parameters.
    void execute(const std::string& sql);
    [[nodiscard]] std::int64_t last_insert_id() const;
    /// True while a transaction is open; an I/O error may have ended it.
    [[nodiscard]] bool is_in_transaction() const;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    friend class Query;
    /// The statements of one text that nobody runs at the moment.
    using Idle = std::vector<sqlite3_stmt*>;
    sqlite3_stmt* prepare(std::string_view sql, unsigned flags);
    sqlite3_stmt* take(std::string_view sql, Idle*& idle);
    [[noreturn]] void fail(int code, std::string_view doing) const;

    std::string path_;
    sqlite3* db_ = nullptr;
    struct TextHash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    std::unordered_map<std::string, Idle, TextHash, std::equal_to<>> statements_;
};

/// A value for a statement that is put together while running.
using Parameter = std::variant<std::int64_t, double, std::string>;

/// One run of a statement: parameters are copied in at construction, then rows come. `sql` must
/// outlive the run. The statement goes back to the connection's cache at the end. Views into a row
/// are valid until the next one.
class Query {
public:
    template <class... Parameters>
    Query(Database& db, std::string_view sql, const Parameters&... parameters)
        : db_(db), sql_(sql), statement_(db.take(sql, idle_)) {
        int at = 0;
        (bind(++at, parameters), ...);
    }
    /// For statements that are put together for one run: it is not kept for the next.
    Query(Database& db, std::string_view sql, const std::vector<Parameter>& parameters);
    ~Query();
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    /// Steps to the next row; false at the end.
    bool next();
    /// For statements without rows.
    void run();

    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::uint64_t number(int column) const {
        return static_cast<std::uint64_t>(integer(column));
    }
    [[nodiscard]] double real(int column) const;
    [[nodiscard]] ByteView blob(int column) const;
    [[nodiscard]] Bytes bytes(int column) const {
        const auto view = blob(column);
        return {view.begin(), view.end()};
    }
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] bool is_null(int column) const;
    /// A blob of exactly that length; anything else is damage.
    template <class Fixed>
    [[nodiscard]] Fixed fixed(int column) const {
        auto value = Fixed::from_bytes(blob(column));
        if (!value) damaged(column, value.error().message);
        return *value;
    }
    [[noreturn]] void damaged(int column, const std::string& how) const;

private:
    void bind(int at, std::int64_t value);
    void bind(int at, double value);
    void bind(int at, std::uint64_t value) { bind(at, static_cast<std::int64_t>(value)); }
    void bind(int at, int value) { bind(at, static_cast<std::int64_t>(value)); }
    void bind(int at, std::uint32_t value) { bind(at, static_cast<std::int64_t>(value)); }
    void bind(int at, bool value) { bind(at, static_cast<std::int64_t>(value)); }
    void bind(int at, ByteView value);
    void bind(int at, const Bytes& value) { bind(at, ByteView(value)); }
    void bind(int at, std::string_view value);
    void bind(int at, const std::string& value) { bind(at, std::string_view(value)); }
    void bind_null(int at);
    template <class Tag, std::size_t N>
    void bind(int at, const FixedBytes<Tag, N>& value) {
        bind(at, value.view());
    }
    template <class T>
    void bind(int at, const std::optional<T>& value) {
        if (value)
            bind(at, *value);
        else
            bind_null(at);
    }
    template <class Enum>
        requires std::is_enum_v<Enum>
    void bind(int at, Enum value) {
        bind(at, static_cast<std::int64_t>(value));
    }

    Database& db_;
    std::string_view sql_;
    Database::Idle* idle_ = nullptr;  // where the statement goes back to; none: it ends here
    sqlite3_stmt* statement_;
};

}  // namespace sangam::storage::sqlite
