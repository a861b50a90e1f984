// SPDX-License-Identifier: Apache-2.0
// Byte strings and their hexadecimal and base64 text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace sangam {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The bytes of a text, unchanged and not owned.
[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
/// The text with these bytes, unchanged and not owned; nothing checks that it is UTF-8.
[[nodiscard]] inline std::string_view as_text(ByteView bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Lower-case hexadecimal, two digits a byte.
[[nodiscard]] std::string to_hex(ByteView bytes);
/// Reads either case; refuses an odd count and anything that is no digit.
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);
/// Standard base64 of RFC 4648 section 4, with padding.
[[nodiscard]] std::string to_base64(ByteView bytes);
/// Refuses missing padding, white space, and bits that a canonical encoder leaves zero.
[[nodiscard]] Result<Bytes> from_base64(std::string_view text);
/// True when the text is well-formed UTF-8 (no overlong form, no surrogate).
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace sangam
