// SPDX-License-Identifier: Apache-2.0
// Objects of the registry's formats as CBOR maps with small numbers as keys, and the rule by which
// an older reader meets a newer writer (docs/registry-format.md, "Growing").
#pragma once

#include <cstdint>
#include <string>

#include "protocol/cbor.hpp"

namespace sangam::registry::impl {

/// Keys from here on may be ignored by a reader that does not know them; lower ones may not.
inline constexpr std::uint64_t first_optional_key = 100;

/// What a reader does with unknown keys below first_optional_key.
enum class Unknown { refuse, skip };

/// Reads one map and calls `on_key(key)` for each; that reads the value and returns true, or leaves
/// it and returns false for a key that it does not know. Keys ascend strictly. Returns the first
/// unknown key that may not be ignored, or 0; failures stick to the reader.
template <class OnKey>
std::uint64_t read_fields(cbor::Reader& in, Unknown unknown, OnKey on_key) {
    const std::size_t count = in.map();
    std::uint64_t refused = 0;
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < count && !in.failed(); ++i) {
        const std::uint64_t key = in.unsigned_int();
        if (in.failed()) break;
        if (key == 0 || (i > 0 && key <= last)) {
            in.set_failed("map keys not in order");
            break;
        }
        last = key;
        if (on_key(key)) continue;
        in.item();
        if (unknown == Unknown::refuse && key < first_optional_key && refused == 0) refused = key;
    }
    return refused;
}

/// Which keys a reader has seen, to insist on the required ones.
class Seen {
public:
    void add(std::uint64_t key) { bits_ |= std::uint64_t{1} << key; }
    /// True when all keys 1..n (n < 64) were seen.
    [[nodiscard]] bool has_first(unsigned n) const {
        const std::uint64_t want = ((std::uint64_t{1} << n) - 1) << 1;
        return (bits_ & want) == want;
    }

private:
    std::uint64_t bits_ = 0;
};

/// "needs_upgrade", for what only a later version understands.
[[nodiscard]] inline std::unexpected<Error> needs_upgrade(std::string what) {
    return fail("needs_upgrade", "the registry uses something newer than this software",
                std::move(what), "upgrade sangam on this node");
}

}  // namespace sangam::registry::impl
