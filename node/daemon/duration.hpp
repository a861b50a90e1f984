// SPDX-License-Identifier: Apache-2.0
// Durations as people write them in options and in sangam.toml: a number and ms, s, m, h or d.
#pragma once

#include <chrono>
#include <string_view>

#include "protocol/error.hpp"

namespace sangam::node {

/// "250ms", "30s", "5m", "24h", "7d"; digits only, no sign, no space. Error "bad_duration" (usage)
/// names the text. At most 100 years.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace sangam::node
