// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/encoding.hpp"

#include <array>
#include <cstring>

#include "protocol/bytes.hpp"

namespace sangam::node::ingest {
namespace {

// Code points of the cp1252 bytes 80 to 9F; 0 marks the five that are not assigned.
constexpr std::array<char16_t, 32> cp1252_high = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

void append_utf8(std::string& out, std::uint32_t code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | (code >> 6));
        out += static_cast<char>(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0 | (code >> 12));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (code >> 18));
        out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
    }
}

std::string utf8_from_utf16(std::string_view bytes, bool is_little_endian) {
    const auto unit = [&](std::size_t at) -> std::uint32_t {
        const auto first = static_cast<std::uint8_t>(bytes[at]);
        const auto second = static_cast<std::uint8_t>(bytes[at + 1]);
        return is_little_endian ? first | (second << 8) : (first << 8) | second;
    };
    std::string out;
    out.reserve(bytes.size() / 2 + bytes.size() / 8);
    std::size_t at = 0;
    while (at + 1 < bytes.size()) {
        const std::uint32_t high = unit(at);
        at += 2;
        if (high < 0xD800 || high > 0xDFFF) {
            append_utf8(out, high);
            continue;
        }
        const bool has_low =
            high < 0xDC00 && at + 1 < bytes.size() && unit(at) >= 0xDC00 && unit(at) <= 0xDFFF;
        if (!has_low) {
            out += '\xFF';  // makes the row that holds it invalid, and only that row
            continue;
        }
        append_utf8(out, 0x10000 + ((high - 0xD800) << 10) + (unit(at) - 0xDC00));
        at += 2;
    }
    if (at < bytes.size()) out += '\xFF';
    return out;
}

std::string lower_ascii(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

}  // namespace

std::string_view to_text(Encoding encoding) {
    switch (encoding) {
        case Encoding::utf8:
            return "utf-8";
        case Encoding::cp1252:
            return "cp1252";
        case Encoding::latin1:
            return "latin1";
        case Encoding::utf16le:
            return "utf-16le";
        case Encoding::utf16be:
            return "utf-16be";
    }
    return "utf-8";
}

Result<Encoding> encoding_from_text(std::string_view text) {
    const std::string name = lower_ascii(text);
    if (name == "utf-8" || name == "utf8") return Encoding::utf8;
    if (name == "cp1252" || name == "windows-1252") return Encoding::cp1252;
    if (name == "latin1" || name == "latin-1" || name == "iso-8859-1") return Encoding::latin1;
    if (name == "utf-16le") return Encoding::utf16le;
    if (name == "utf-16be") return Encoding::utf16be;
    return fail("unknown_encoding", "unknown encoding", std::string(text),
                "give utf-8, cp1252, latin1, utf-16le or utf-16be", ErrorKind::usage);
}

bool is_ascii(std::string_view text) {
    constexpr std::uint64_t high_bits = 0x8080808080808080ULL;
    const char* at = text.data();
    const char* const end = at + text.size();
    for (; end - at >= 8; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, 8);
        if (word & high_bits) return false;
    }
    for (; at != end; ++at)
        if (static_cast<std::uint8_t>(*at) & 0x80) return false;
    return true;
}

DecodedFile decode_file(std::string_view bytes, std::optional<Encoding> wanted) {
    DecodedFile file;
    std::optional<Encoding> marked;
    file.body = bytes;
    if (bytes.starts_with("\xEF\xBB\xBF")) {
        marked = Encoding::utf8;
        file.body.remove_prefix(3);
    } else if (bytes.starts_with("\xFF\xFE")) {
        marked = Encoding::utf16le;
    } else if (bytes.starts_with("\xFE\xFF")) {
        marked = Encoding::utf16be;
    }
    const auto choice = wanted ? wanted : marked;
    if (choice == Encoding::utf16le || choice == Encoding::utf16be) {
        file.encoding = *choice;
        if (choice == marked) file.body.remove_prefix(2);
        file.transcoded = std::make_shared<const std::string>(
            utf8_from_utf16(file.body, file.encoding == Encoding::utf16le));
        file.body = *file.transcoded;
        return file;
    }
    const bool is_valid = is_ascii(file.body) || is_utf8(file.body);
    file.encoding = choice ? *choice : (is_valid ? Encoding::utf8 : Encoding::cp1252);
    file.was_guessed = !choice && !is_valid;
    file.is_clean = file.encoding == Encoding::utf8 && is_valid &&
                    file.body.find('\0') == std::string_view::npos;
    return file;
}

std::size_t decode_cells(Encoding encoding, std::span<std::string_view> cells,
                         std::string& scratch) {
    const bool is_single_byte = encoding == Encoding::cp1252 || encoding == Encoding::latin1;
    std::size_t size = 0;
    for (const std::string_view cell : cells) size += cell.size();
    scratch.clear();
    if (is_single_byte) scratch.reserve(3 * size);  // so that earlier cells' views stay valid
    for (std::size_t i = 0; i < cells.size(); ++i) {
        std::string_view& cell = cells[i];
        if (cell.empty()) continue;
        if (std::memchr(cell.data(), 0, cell.size())) return i;
        if (is_ascii(cell)) continue;
        if (!is_single_byte) {
            if (!is_utf8(cell)) return i;
            continue;
        }
        const std::size_t begin = scratch.size();
        for (const char c : cell) {
            const auto byte = static_cast<std::uint8_t>(c);
            std::uint32_t code = byte;
            if (encoding == Encoding::cp1252 && byte >= 0x80 && byte < 0xA0) {
                code = cp1252_high[byte - 0x80];
                if (code == 0) return i;
            }
            append_utf8(scratch, code);
        }
        cell = std::string_view(scratch).substr(begin);
    }
    return cells.size();
}

}  // namespace sangam::node::ingest
