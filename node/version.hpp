// SPDX-License-Identifier: Apache-2.0
// The version of this build, as `sangam --version`, `status` and hello messages give it.
#pragma once

#include <string_view>

namespace sangam::node {

inline constexpr std::string_view version = "0.1.0";

}  // namespace sangam::node
