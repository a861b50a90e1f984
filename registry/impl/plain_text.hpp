// SPDX-License-Identifier: Apache-2.0
// Text that may stand in a table, a log line or a signed note: one line, nothing invisible in it.
#pragma once

#include <algorithm>
#include <string_view>

#include "protocol/bytes.hpp"

namespace sangam::registry::impl {

/// UTF-8 of min..max bytes without ASCII control characters.
[[nodiscard]] inline bool is_plain_line(std::string_view text, std::size_t min, std::size_t max) {
    return text.size() >= min && text.size() <= max && is_utf8(text) &&
           std::ranges::none_of(text, [](char c) {
               const auto u = static_cast<unsigned char>(c);
               return u < 0x20 || u == 0x7F;
           });
}

}  // namespace sangam::registry::impl
