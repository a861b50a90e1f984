// SPDX-License-Identifier: Apache-2.0
// The domain-separation tags of all that protocol/ hashes or signs (docs/protocol.md "Tags"). Each
// ends in NUL and has none before, so that none begins another; none begins with the bytes 0x00
// and 0x01 of RFC 9162's trees, nor with the spaces of a TLS 1.3 signature by the same key.
#pragma once

#include <string_view>

namespace sangam::tags {

using namespace std::string_view_literals;

inline constexpr auto leaf = "sangam leaf v1\0"sv;      ///< a field under its salt
inline constexpr auto change = "sangam change v1\0"sv;  ///< a change in its commit
inline constexpr auto commit = "sangam commit v1\0"sv;  ///< the hash that names a commit
inline constexpr auto commit_signature = "sangam commit signature v1\0"sv;
inline constexpr auto control = "sangam control v1\0"sv;  ///< the hash of a control entry
inline constexpr auto control_signature = "sangam control signature v1\0"sv;

}  // namespace sangam::tags
