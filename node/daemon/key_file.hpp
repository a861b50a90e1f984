// SPDX-License-Identifier: Apache-2.0
// Files that hold one Ed25519 seed each: a node's identity, a registry's keys (docs/node.md,
// "Key files"). 52 bytes, mode 0600:
//
//     offset  bytes
//     0       8      "SANGAMKY"
//     8       2      format, little-endian: 1 (the seed stands in the clear)
//     10      2      kind, little-endian: KeyKind
//     12      32     seed (RFC 8032)
//     44      8      first bytes of tagged_hash("sangam/key-file/1", all before)
#pragma once

#include <cstdint>
#include <string>

#include "protocol/crypto.hpp"
#include "protocol/error.hpp"

namespace sangam::node {

/// What a key is for, so that a file put in another's place is noticed. Never renumbered.
enum class KeyKind : std::uint16_t {
    identity = 1,            ///< a node's, for life: commits, control entries, TLS
    registry_root = 2,       ///< kept offline
    registry_log = 3,        ///< signs checkpoints
    registry_freshness = 4,  ///< dates checkpoints
};

/// A new key that is in no file yet: for a caller that has more to check before it writes anything.
[[nodiscard]] SigningKey draw_key(Random& random);

/// Writes `key` to `path`, which must not exist (asserted by the caller's own check; here an
/// exception). Throws std::runtime_error when it cannot be written.
void write_key_file(const std::string& path, KeyKind kind, const SigningKey& key);

/// Draws a key and writes it to `path`, as write_key_file().
[[nodiscard]] SigningKey make_key_file(const std::string& path, KeyKind kind, Random& random);

/// Errors: "not_found"; "key_permissions" when group or others may do anything with it (the fix
/// says chmod); "key_corrupt"; "key_kind" for a key of another kind; "needs_upgrade" for a later
/// format.
[[nodiscard]] Result<SigningKey> load_key_file(const std::string& path, KeyKind kind);

}  // namespace sangam::node
