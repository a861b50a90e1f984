// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/printable.hpp"

#include <cstdint>

#include "protocol/bytes.hpp"

namespace sangam::node {
namespace {

struct CodePoint {
    char32_t value = 0;
    std::size_t bytes = 1;
};

/// Precondition: valid UTF-8 and `at` at the beginning of a character.
CodePoint decode(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + i]));
    };
    const auto first = byte(0);
    if (first < 0x80) return {first, 1};
    if (first < 0xe0) return {((first & 0x1f) << 6) | (byte(1) & 0x3f), 2};
    if (first < 0xf0)
        return {((first & 0x0f) << 12) | ((byte(1) & 0x3f) << 6) | (byte(2) & 0x3f), 3};
    return {((first & 0x07) << 18) | ((byte(1) & 0x3f) << 12) | ((byte(2) & 0x3f) << 6) |
                (byte(3) & 0x3f),
            4};
}

std::size_t width_of(char32_t c) {
    if (c >= 0x300 && c <= 0x36f) return 0;  // combining marks
    if (c == 0x200b || c == 0x200d || (c >= 0xfe00 && c <= 0xfe0f)) return 0;
    const bool is_wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
                         (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
                         (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
                         (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
    return is_wide ? 2 : 1;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    if (!is_utf8(text)) {
        for (const char c : text) out += c >= 0x20 && c < 0x7f ? c : '?';
        return out;
    }
    for (std::size_t i = 0; i < text.size();) {
        const auto [c, bytes] = decode(text, i);
        const bool is_control = c < 0x20 || (c >= 0x7f && c < 0xa0) ||
                                (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
        if (is_control)
            out += '?';
        else
            out += text.substr(i, bytes);
        i += bytes;
    }
    return out;
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t i = 0; i < text.size();) {
        const auto [c, bytes] = decode(text, i);
        width += width_of(c);
        i += bytes;
    }
    return width;
}

std::string cut_to(std::string_view text, std::size_t width) {
    if (display_width(text) <= width) return std::string(text);
    if (width == 0) return {};
    std::string out;
    std::size_t used = 0;
    for (std::size_t i = 0; i < text.size();) {
        const auto [c, bytes] = decode(text, i);
        if (used + width_of(c) > width - 1) break;
        used += width_of(c);
        out += text.substr(i, bytes);
        i += bytes;
    }
    return out + "…";
}

}  // namespace sangam::node
