// SPDX-License-Identifier: Apache-2.0
// The tag with which each of the registry's hashes and signatures begins (docs/registry-format.md,
// under the rule of docs/protocol.md section 3: ASCII, then one NUL). None begins another.
#pragma once

#include <string_view>

namespace sangam::registry::tag {

using namespace std::literals;

inline constexpr std::string_view root_hash = "sangam registry id v1\0"sv;
inline constexpr std::string_view root_signature = "sangam registry root signature v1\0"sv;
inline constexpr std::string_view document_hash = "sangam node document v1\0"sv;
inline constexpr std::string_view document_signature = "sangam node document signature v1\0"sv;
inline constexpr std::string_view admission = "sangam node admission signature v1\0"sv;
inline constexpr std::string_view revocation = "sangam node revocation signature v1\0"sv;
inline constexpr std::string_view enrolment = "sangam enrolment signature v1\0"sv;
inline constexpr std::string_view token = "sangam invitation token v1\0"sv;
inline constexpr std::string_view invitation = "sangam invitation checksum v1\0"sv;

}  // namespace sangam::registry::tag
