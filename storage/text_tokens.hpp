// SPDX-License-Identifier: Apache-2.0
// How text becomes words, for queries, for judging a hit by its visible fields, and for the index
// in memory. It is the tokenizer of FTS5 itself (unicode61, remove_diacritics=2: lower case, Latin
// letters without their marks), so the engine's candidates and our judgement cannot disagree.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sangam::storage {

/// Stands as a word of its own between two fields in an index, so that no phrase matches across. A
/// private-use character: no query word holds it, because text_tokens() takes it for a space.
inline constexpr std::string_view field_separator = "\xEE\x80\x80";  // U+E000

/// The text with field separators replaced by as many spaces, as it is put into an index.
[[nodiscard]] std::string without_separators(std::string_view text);

/// The folded words of a text in order; separators are spaces. Any thread.
[[nodiscard]] std::vector<std::string> text_tokens(std::string_view text);
/// The same with each separator as a word, as an index that was given one text of many fields has
/// it.
[[nodiscard]] std::vector<std::string> indexed_words(std::string_view text);

}  // namespace sangam::storage
