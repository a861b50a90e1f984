// SPDX-License-Identifier: Apache-2.0
// Reading a text query, and the words of texts (COMMANDS, Search).
#include <algorithm>

#include "storage/text_tokens.hpp"
#include "storage/types.hpp"

namespace sangam::storage {

namespace {

/// Keeps an FTS5 expression and the judging of one hit small.
constexpr std::size_t max_query_bytes = 4096;
constexpr std::size_t max_query_terms = 64;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

std::string without_separators(std::string_view text) {
    std::string out(text);
    for (auto at = out.find(field_separator); at != std::string::npos;
         at = out.find(field_separator, at))
        out.replace(at, field_separator.size(), field_separator.size(), ' ');
    return out;
}

Result<TextQuery> TextQuery::parse(std::string_view text) {
    if (text.size() > max_query_bytes)
        return fail("query_too_long", "a query holds more than 4096 bytes", {}, "use fewer words",
                    ErrorKind::usage);
    TextQuery query;
    bool has_input = false;
    for (std::size_t at = 0; at < text.size();) {
        if (is_space(text[at])) {
            ++at;
            continue;
        }
        has_input = true;
        std::string_view piece;
        if (text[at] == '"') {
            const auto end = text.find('"', at + 1);
            if (end == std::string_view::npos)
                return fail("open_quote", "a quote in the query is never closed",
                            std::string(text.substr(at)), "put a \" where the phrase ends",
                            ErrorKind::usage);
            piece = text.substr(at + 1, end - at - 1);
            at = end + 1;
        } else {
            auto end = at;
            while (end < text.size() && !is_space(text[end]) && text[end] != '"' &&
                   text[end] != '*')
                ++end;
            piece = text.substr(at, end - at);
            at = end;
        }
        Term term;
        if (at < text.size() && text[at] == '*') {
            term.is_prefix = true;
            ++at;
        }
        term.words = text_tokens(piece);
        if (!term.words.empty()) query.terms.push_back(std::move(term));
    }
    if (has_input && query.terms.empty())
        return fail("no_words", "the query holds no word to look for", std::string(text),
                    "write at least one letter or digit", ErrorKind::usage);
    if (query.terms.size() > max_query_terms)
        return fail("query_too_long", "a query holds more than 64 words or phrases", {},
                    "use fewer words", ErrorKind::usage);
    return query;
}

}  // namespace sangam::storage
