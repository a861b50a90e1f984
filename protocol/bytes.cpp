// SPDX-License-Identifier: Apache-2.0
#include "protocol/bytes.hpp"

#include <array>
#include <cstring>

namespace sangam {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// The value of each base64 digit; -1 for every other byte.
constexpr std::array<std::int8_t, 256> make_base64_values() {
    std::array<std::int8_t, 256> out{};
    out.fill(-1);
    for (std::size_t i = 0; i < base64_digits.size(); ++i)
        out[static_cast<std::uint8_t>(base64_digits[i])] = static_cast<std::int8_t>(i);
    return out;
}
constexpr auto base64_values = make_base64_values();

}  // namespace

std::string to_hex(ByteView bytes) {
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const auto b : bytes) {
        out += hex_digits[b >> 4];
        out += hex_digits[b & 15];
    }
    return out;
}

Result<Bytes> from_hex(std::string_view text) {
    if (text.size() % 2 != 0)
        return fail("bad_hex", "hexadecimal text has an odd number of digits",
                    std::to_string(text.size()) + " digits");
    Bytes out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_value(text[i]);
        const int low = hex_value(text[i + 1]);
        if (high < 0 || low < 0)
            return fail("bad_hex", "not a hexadecimal digit",
                        "character " + std::to_string(high < 0 ? i + 1 : i + 2));
        out.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return out;
}

std::string to_base64(ByteView bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        const std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 16 |
                                    static_cast<std::uint32_t>(bytes[i + 1]) << 8 | bytes[i + 2];
        out += base64_digits[group >> 18];
        out += base64_digits[(group >> 12) & 63];
        out += base64_digits[(group >> 6) & 63];
        out += base64_digits[group & 63];
    }
    if (bytes.size() - i == 1) {
        out += base64_digits[bytes[i] >> 2];
        out += base64_digits[(bytes[i] & 3) << 4];
        out += "==";
    } else if (bytes.size() - i == 2) {
        const std::uint32_t group = static_cast<std::uint32_t>(bytes[i]) << 8 | bytes[i + 1];
        out += base64_digits[group >> 10];
        out += base64_digits[(group >> 4) & 63];
        out += base64_digits[(group & 15) << 2];
        out += '=';
    }
    return out;
}

Result<Bytes> from_base64(std::string_view text) {
    if (text.size() % 4 != 0)
        return fail("bad_base64", "base64 text is not a multiple of four characters",
                    std::to_string(text.size()) + " characters");
    std::size_t padding = 0;
    if (text.ends_with("=="))
        padding = 2;
    else if (text.ends_with("="))
        padding = 1;
    const std::size_t digits = text.size() - padding;
    Bytes out;
    out.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    int held = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        const auto value = base64_values[static_cast<std::uint8_t>(text[i])];
        if (value < 0)
            return fail("bad_base64", "not a base64 digit", "character " + std::to_string(i + 1));
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out.push_back(static_cast<std::uint8_t>(bits >> held));
            bits &= (1u << held) - 1;
        }
    }
    if (bits != 0)
        return fail("bad_base64", "the unused bits of the last base64 digit are not zero");
    return out;
}

bool is_utf8(std::string_view text) {
    const auto* p = reinterpret_cast<const std::uint8_t*>(text.data());
    const auto* const end = p + text.size();
    while (p != end) {
        // Most text is ASCII: eight bytes at a time.
        if (end - p >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, p, sizeof word);
            if ((word & 0x8080808080808080ULL) == 0) {
                p += 8;
                continue;
            }
        }
        const std::uint8_t lead = *p++;
        if (lead < 0x80) continue;
        // How many bytes follow, and the range of the first of them (RFC 3629 section 4).
        int following = 0;
        std::uint8_t low = 0x80;
        std::uint8_t high = 0xbf;
        if (lead >= 0xc2 && lead <= 0xdf) {
            following = 1;
        } else if (lead >= 0xe0 && lead <= 0xef) {
            following = 2;
            if (lead == 0xe0) low = 0xa0;   // shorter forms exist
            if (lead == 0xed) high = 0x9f;  // surrogates
        } else if (lead >= 0xf0 && lead <= 0xf4) {
            following = 3;
            if (lead == 0xf0) low = 0x90;   // shorter forms exist
            if (lead == 0xf4) high = 0x8f;  // beyond U+10FFFF
        } else {
            return false;
        }
        if (end - p < following) return false;
        if (*p < low || *p > high) return false;
        ++p;
        for (int i = 1; i < following; ++i, ++p)
            if ((*p & 0xc0) != 0x80) return false;
    }
    return true;
}

}  // namespace sangam
