// SPDX-License-Identifier: Apache-2.0
#include "registry/tiles.hpp"

#include <algorithm>

#include "protocol/merkle.hpp"
#include "registry_fixture.hpp"

using namespace sangam;
using namespace sangam::registry;
using registry::testing::code_of;

namespace {

Log log_of_leaves(std::size_t size) {
    Log out;
    for (std::size_t i = 0; i < size; ++i) {
        const std::string text = "entry " + std::to_string(i);
        out.append(Bytes(text.begin(), text.end()));
    }
    return out;
}

std::size_t count_of(const std::vector<TileAddress>& tiles, std::optional<unsigned> level,
                     bool full) {
    return static_cast<std::size_t>(std::ranges::count_if(tiles, [&](const TileAddress& t) {
        return t.level == level && (t.width == tile_width) == full;
    }));
}

}  // namespace

TEST_CASE("tiles: paths are those of tlog-tiles.md, each with one spelling") {
    CHECK(TileAddress{0u, 1234067, 256}.path() == "tile/0/x001/x234/067");
    CHECK(TileAddress{0u, 273, 112}.path() == "tile/0/273.p/112");
    CHECK(TileAddress{std::nullopt, 0, 1}.path() == "tile/entries/000.p/1");
    CHECK(TileAddress{63u, 1000, 256}.path() == "tile/63/x001/000");
    for (const char* path : {"tile/0/x001/x234/067", "tile/0/273.p/112", "tile/entries/000.p/1",
                             "tile/63/x001/000", "tile/entries/x018/446/744"}) {
        const auto address = TileAddress::parse(path);
        if (address) CHECK(address->path() == path);
    }
    for (const char* path : {"",
                             "tile",
                             "tile/",
                             "tile/0",
                             "tile/0/",
                             "tile/0/0",
                             "tile/0/00",
                             "tile/0/0000",
                             "tile/00/000",
                             "tile/64/000",
                             "tile/-1/000",
                             "tile/0/x000/001",
                             "tile/0/001/002",
                             "tile/0/x001",
                             "tile/0/000.p/0",
                             "tile/0/000.p/256",
                             "tile/0/000.p/01",
                             "tile/0/000.p/",
                             "tile/0/000.q/1",
                             "tile/0/000/",
                             "tile/entries/../000",
                             "tile/data/000",
                             "tile/0/x999/x999/x999/x999/x999/x999/x999/999"})
        CHECK(code_of(TileAddress::parse(path)) == "not_found");
}

TEST_CASE("tiles: a tree of 70,000 has the tiles that tlog-tiles.md counts") {
    const auto tiles = tiles_of(70'000);
    CHECK(count_of(tiles, 0, true) == 273);
    CHECK(count_of(tiles, 0, false) == 1);
    CHECK(count_of(tiles, 1, true) == 1);
    CHECK(count_of(tiles, 1, false) == 1);
    CHECK(count_of(tiles, 2, true) == 0);
    CHECK(count_of(tiles, 2, false) == 1);
    CHECK(count_of(tiles, std::nullopt, true) == 273);
    const auto has = [&](const TileAddress& t) {
        return std::ranges::find(tiles, t) != tiles.end();
    };
    CHECK(has({0u, 273, 112}));
    CHECK(has({1u, 1, 17}));
    CHECK(has({2u, 0, 1}));
    CHECK(tiles_of(0).empty());
    // 256 entries: one full tile and a partial one of width 1 above it.
    CHECK(tiles_of(256) ==
          std::vector<TileAddress>{{std::nullopt, 0, 256}, {0u, 0, 256}, {1u, 0, 1}});
}

TEST_CASE("tiles: every served tile gives the hashes and entries of its place") {
    init_crypto();
    const Log log = log_of_leaves(600);
    for (const std::uint64_t size : {1u, 255u, 256u, 257u, 512u, 600u}) {
        for (const TileAddress& address : tiles_of(size)) {
            const auto tile = encode_tile(log, address);
            REQUIRE(tile);
            if (!address.level) {
                const auto entries = decode_bundle(*tile, address.width);
                REQUIRE(entries);
                for (unsigned i = 0; i < address.width; ++i)
                    CHECK((*entries)[i] == log.entry(address.index * tile_width + i));
                continue;
            }
            REQUIRE(tile->size() == address.width * Hash::size);
            for (unsigned i = 0; i < address.width; ++i) {
                const auto hash =
                    Hash::from_bytes(ByteView(*tile).subspan(i * Hash::size, Hash::size));
                const std::uint64_t span = *address.level == 0 ? 1 : 256;
                const std::uint64_t first = (address.index * tile_width + i) * span;
                std::vector<Hash> leaves;
                for (std::uint64_t k = first; k < first + span; ++k)
                    leaves.push_back(merkle::leaf_hash(log.entry(k)));
                CHECK(*hash == merkle::root(leaves));
            }
        }
    }
    CHECK(code_of(encode_tile(log, {0u, 2, 89})) == "not_found");  // 600 = 2 * 256 + 88
    CHECK(encode_tile(log, {0u, 2, 88}));
    CHECK(code_of(encode_tile(log, {0u, 3, 1})) == "not_found");
    CHECK(code_of(encode_tile(log, {1u, 0, 3})) == "not_found");
    CHECK(code_of(encode_tile(log, {5u, 0, 1})) == "not_found");
    CHECK(code_of(encode_tile(log, {63u, 0, 1})) == "not_found");
}

TEST_CASE("framed entries: whole ones before a torn end are read, at every length") {
    const Log log = log_of_leaves(4);
    Bytes all;
    std::vector<std::size_t> ends{0};
    for (const Bytes& entry : log.entries()) {
        append_framed(all, entry);
        ends.push_back(all.size());
    }
    for (std::size_t n = 0; n <= all.size(); ++n) {
        const auto framed = read_framed(ByteView(all).first(n));
        const auto whole = std::ranges::upper_bound(ends, n) - ends.begin() - 1;
        CHECK(framed.entries.size() == static_cast<std::size_t>(whole));
        CHECK(framed.whole_bytes == ends[static_cast<std::size_t>(whole)]);
        CHECK(decode_bundle(ByteView(all).first(n), 4).has_value() == (n == all.size()));
    }
    CHECK(code_of(decode_bundle(all, 3)) == "bad_bundle");
    CHECK(code_of(decode_bundle(all, 5)) == "bad_bundle");
    CHECK(read_framed(Bytes{0, 0, 0, 1, 7}).entries.empty());
}
