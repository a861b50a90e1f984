// SPDX-License-Identifier: Apache-2.0
// text_tokens() by SQLite's own unicode61 tokenizer, reached through the fts5_api pointer
// (https://sqlite.org/fts5.html, "Extending FTS5").
#include <sqlite3.h>

#include <algorithm>

#include "protocol/error.hpp"
#include "storage/store.hpp"
#include "storage/text_tokens.hpp"

namespace sangam::storage {

namespace {

/// FTS5 cuts longer words when it indexes them and when it looks for them.
constexpr int max_word_bytes = 32768;

/// FTS5's unicode61 with the options of our tables. One for each thread: FTS5 does not say that an
/// instance may be shared.
class Unicode61 {
public:
    Unicode61() {
        if (sqlite3_open_v2(":memory:", &db_,
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                            nullptr) != SQLITE_OK)
            throw StoreError("SQLite cannot open a database in memory; is there memory left?");
        fts5_api* api = nullptr;
        sqlite3_stmt* statement = nullptr;
        sqlite3_prepare_v2(db_, "SELECT fts5(?1)", -1, &statement, nullptr);
        sqlite3_bind_pointer(statement, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
        sqlite3_step(statement);
        sqlite3_finalize(statement);
        void* context = nullptr;
        const char* options[] = {"remove_diacritics", "2"};
        if (api == nullptr ||
            api->xFindTokenizer(api, "unicode61", &context, &tokenizer_) != SQLITE_OK ||
            tokenizer_.xCreate(context, options, 2, &instance_) != SQLITE_OK) {
            sqlite3_close(db_);
            throw StoreError("this SQLite was built without FTS5; install Debian's libsqlite3-0");
        }
    }
    ~Unicode61() {
        tokenizer_.xDelete(instance_);
        sqlite3_close(db_);
    }
    Unicode61(const Unicode61&) = delete;
    Unicode61& operator=(const Unicode61&) = delete;

    std::vector<std::string> tokens(std::string_view text) {
        std::vector<std::string> out;
        const auto collect = [](void* context, int, const char* token, int size, int, int) {
            static_cast<std::vector<std::string>*>(context)->emplace_back(
                token, static_cast<std::size_t>(std::min(size, max_word_bytes)));
            return SQLITE_OK;
        };
        // A field holds at most 1 MiB (max_value_bytes), far below the int that FTS5 takes.
        SANGAM_ASSERT(text.size() <= 0x7fffffff);
        if (tokenizer_.xTokenize(instance_, &out, FTS5_TOKENIZE_DOCUMENT, text.data(),
                                 static_cast<int>(text.size()), collect) != SQLITE_OK)
            throw StoreError("SQLite cannot split a text into words; is there memory left?");
        return out;
    }

private:
    sqlite3* db_ = nullptr;
    fts5_tokenizer tokenizer_{};
    Fts5Tokenizer* instance_ = nullptr;
};

}  // namespace

std::vector<std::string> indexed_words(std::string_view text) {
    thread_local Unicode61 tokenizer;
    return tokenizer.tokens(text);
}

std::vector<std::string> text_tokens(std::string_view text) {
    if (text.contains(field_separator)) return indexed_words(without_separators(text));
    return indexed_words(text);
}

}  // namespace sangam::storage
