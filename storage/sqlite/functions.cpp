// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite/functions.hpp"

#include <sqlite3.h>

#include <string_view>

#include "protocol/partial_date.hpp"
#include "storage/sqlite/flat_codec.hpp"

namespace sangam::storage::sqlite {
namespace {

ByteView blob_of(sqlite3_value* value) {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_value_blob(value));
    return {data, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

std::string_view text_of(sqlite3_value* value) {
    const auto* data = reinterpret_cast<const char*>(sqlite3_value_text(value));
    if (data == nullptr) return {};
    return {data, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

void result_text(sqlite3_context* context, std::string_view text) {
    sqlite3_result_text64(context, text.data() == nullptr ? "" : text.data(), text.size(),
                          SQLITE_TRANSIENT, SQLITE_UTF8);
}

FlatValue flat_argument(sqlite3_value** values) {
    return find_flat(blob_of(values[0]), static_cast<FieldNumber>(sqlite3_value_int64(values[1])));
}

void flat_kind(sqlite3_context* context, int, sqlite3_value** values) {
    sqlite3_result_int(context, static_cast<int>(flat_argument(values).kind));
}

void flat_text(sqlite3_context* context, int, sqlite3_value** values) {
    const auto value = flat_argument(values);
    if (value.kind == FlatKind::one_text) result_text(context, as_text(value.text));
}

void flat_json(sqlite3_context* context, int, sqlite3_value** values) {
    if (const auto json = alternatives_json(flat_argument(values))) result_text(context, *json);
}

void number_view_of(sqlite3_context* context, int, sqlite3_value** values) {
    if (sqlite3_value_type(values[0]) == SQLITE_NULL) return;
    if (const auto number = number_view(text_of(values[0])))
        sqlite3_result_double(context, *number);
}

void date_first(sqlite3_context* context, int, sqlite3_value** values) {
    if (const auto date = PartialDate::parse(text_of(values[0])))
        sqlite3_result_int(context, date->first);
}

void date_last(sqlite3_context* context, int, sqlite3_value** values) {
    if (const auto date = PartialDate::parse(text_of(values[0])))
        sqlite3_result_int(context, date->last);
}

void text_counts(const Fts5ExtensionApi* api, Fts5Context* fts, sqlite3_context* context, int,
                 sqlite3_value**) {
    std::vector<std::uint32_t> counts(static_cast<std::size_t>(api->xPhraseCount(fts)));
    int instances = 0;
    int code = api->xInstCount(fts, &instances);
    for (int i = 0; i < instances && code == SQLITE_OK; ++i) {
        int phrase = 0;
        int column = 0;
        int offset = 0;
        code = api->xInst(fts, i, &phrase, &column, &offset);
        if (code == SQLITE_OK) ++counts[static_cast<std::size_t>(phrase)];
    }
    if (code != SQLITE_OK) return sqlite3_result_error_code(context, code);
    Bytes out;
    for (const auto count : counts)
        for (int shift = 0; shift < 32; shift += 8)
            out.push_back(static_cast<std::uint8_t>(count >> shift));
    sqlite3_result_blob64(context, out.data(), out.size(), SQLITE_TRANSIENT);
}

int add_text_counts(sqlite3* db) {
    fts5_api* api = nullptr;
    sqlite3_stmt* statement = nullptr;
    int code = sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &statement, nullptr);
    if (code != SQLITE_OK) return code;
    sqlite3_bind_pointer(statement, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
    sqlite3_step(statement);
    sqlite3_finalize(statement);
    if (api == nullptr) return SQLITE_ERROR;
    return api->xCreateFunction(api, "text_counts", nullptr, text_counts, nullptr);
}

}  // namespace

int add_functions(sqlite3* db) {
    using Function = void (*)(sqlite3_context*, int, sqlite3_value**);
    const struct {
        const char* name;
        int arguments;
        Function function;
    } functions[] = {{"flat_kind", 2, flat_kind},   {"flat_text", 2, flat_text},
                     {"flat_json", 2, flat_json},   {"number_view", 1, number_view_of},
                     {"date_first", 1, date_first}, {"date_last", 1, date_last}};
    for (const auto& [name, arguments, function] : functions) {
        const int code =
            sqlite3_create_function_v2(db, name, arguments, SQLITE_UTF8 | SQLITE_DETERMINISTIC,
                                       nullptr, function, nullptr, nullptr, nullptr);
        if (code != SQLITE_OK) return code;
    }
    return add_text_counts(db);
}

}  // namespace sangam::storage::sqlite
