// SPDX-License-Identifier: Apache-2.0
// The static form of the log (C2SP tlog-tiles.md): hash tiles, entry bundles and their paths, so
// that any web server can mirror it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/log.hpp"

namespace sangam::registry {

inline constexpr std::uint64_t tile_width = 256;

/// One tile or entry bundle.
struct TileAddress {
    std::optional<unsigned> level;  ///< 0..63 for hashes; none for an entry bundle
    std::uint64_t index = 0;
    unsigned width = tile_width;  ///< 1..256; 256 is a full tile, without `.p/W` in the path

    /// "tile/0/x001/x234/067.p/12" or "tile/entries/000", without a leading slash.
    [[nodiscard]] std::string path() const;
    /// Strict: the only path of each tile.
    static Result<TileAddress> parse(std::string_view path);
    friend auto operator<=>(const TileAddress&, const TileAddress&) = default;
};

/// The tile's bytes: `width` hashes, or `width` entries each behind a big-endian uint16 length.
/// Error "not_found" when the log of `tree_size` entries does not reach so far.
[[nodiscard]] Result<Bytes> encode_tile(const Log& log, const TileAddress& address);

/// All tiles and bundles that a mirror of the first `tree_size` entries serves, partial ones of
/// that size included.
[[nodiscard]] std::vector<TileAddress> tiles_of(std::uint64_t tree_size);

/// Appends one entry as bundles have it; also the form of the entries file on disk, which is all
/// bundles in a row.
void append_framed(Bytes& out, ByteView entry);

/// What a run of framed entries holds, up to the first byte that does not fit.
struct FramedEntries {
    std::vector<Bytes> entries;
    std::size_t whole_bytes =
        0;  ///< length of the readable part; less than the input after a torn write
};
/// Reads as many whole entries as are there. An entry of no bytes ends it.
[[nodiscard]] FramedEntries read_framed(ByteView bytes);
/// A complete bundle of exactly `count` entries.
[[nodiscard]] Result<std::vector<Bytes>> decode_bundle(ByteView bytes, std::size_t count);

}  // namespace sangam::registry
