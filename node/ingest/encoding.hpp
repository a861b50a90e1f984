// SPDX-License-Identifier: Apache-2.0
// Character encodings of imported files (COMMANDS, "What an import writes"): a byte order mark
// decides, else UTF-8 if valid throughout, else cp1252 (WHATWG "windows-1252" without its five
// guesses for unassigned bytes).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace sangam::node::ingest {

enum class Encoding {
    utf8,
    cp1252,   ///< 81, 8D, 8F, 90 and 9D stand for nothing
    latin1,   ///< ISO 8859-1: every byte is the code point of its number
    utf16le,  ///< what spreadsheets call "Unicode text"
    utf16be,
};

/// "utf-8", "cp1252", "latin1", "utf-16le", "utf-16be": what --encoding takes.
[[nodiscard]] std::string_view to_text(Encoding encoding);
/// Also takes "utf8", "windows-1252", "iso-8859-1", in any case.
[[nodiscard]] Result<Encoding> encoding_from_text(std::string_view text);

/// How a file is read. `body` begins after the byte order mark and is owned by the caller, except
/// for UTF-16, where it is in `transcoded`.
struct DecodedFile {
    Encoding encoding = Encoding::utf8;
    std::string_view body;
    /// All of it is known to be UTF-8 without a NUL: cells need no further look.
    bool is_clean = false;
    bool was_guessed = false;  ///< cp1252 because nothing else fitted; worth a notice
    std::shared_ptr<const std::string> transcoded;  ///< UTF-16 as UTF-8; a lone surrogate as FF
};

/// Decides how to read `bytes`, which must outlive the result. `wanted` overrides every guess; a
/// byte order mark is skipped in any case. Reads the whole input once at most.
[[nodiscard]] DecodedFile decode_file(std::string_view bytes, std::optional<Encoding> wanted);

/// Makes UTF-8 of a row's cells, each in place; changed ones then point into `scratch`, which is
/// overwritten. Returns the index of the first cell that has bytes which stand for no character in
/// the encoding, or a NUL, which no text holds; cells.size() when there is none. Rows of a file
/// that is clean need no call. UTF-16 was made UTF-8 before.
[[nodiscard]] std::size_t decode_cells(Encoding encoding, std::span<std::string_view> cells,
                                       std::string& scratch);

/// True when no byte is above 7F.
[[nodiscard]] bool is_ascii(std::string_view text);

}  // namespace sangam::node::ingest
