// SPDX-License-Identifier: Apache-2.0
#include "registry/tiles.hpp"

#include <algorithm>
#include <charconv>

namespace sangam::registry {
namespace {

constexpr unsigned tile_height = 8;
constexpr unsigned max_level = 63;
constexpr std::size_t length_bytes = 2;

std::string index_path(std::uint64_t index) {
    std::string out;
    do {
        std::string part = std::to_string(index % 1000);
        part.insert(0, 3 - part.size(), '0');
        out = out.empty() ? part : "x" + part + "/" + out;
        index /= 1000;
    } while (index > 0);
    return out;
}

/// A number without leading zeroes and at most `max`.
std::optional<unsigned> plain_number(std::string_view text, unsigned max) {
    unsigned value = 0;
    const auto [end, errc] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || errc != std::errc{} || end != text.data() + text.size() || value > max ||
        (text.size() > 1 && text[0] == '0'))
        return std::nullopt;
    return value;
}

/// How many hashes or entries level `level` has in a tree of `tree_size` entries.
std::uint64_t count_at(unsigned level, std::uint64_t tree_size) {
    return level * tile_height >= 64 ? 0 : tree_size >> (level * tile_height);
}

}  // namespace

std::string TileAddress::path() const {
    std::string out = "tile/" + (level ? std::to_string(*level) : "entries") + "/";
    out += index_path(index);
    if (width != tile_width) out += ".p/" + std::to_string(width);
    return out;
}

Result<TileAddress> TileAddress::parse(std::string_view path) {
    const auto bad = [&] {
        return fail("not_found", "no tile has this path", std::string(path.substr(0, 200)), {},
                    ErrorKind::not_found);
    };
    TileAddress out;
    std::string_view rest = path;
    if (!rest.starts_with("tile/")) return bad();
    rest.remove_prefix(5);
    const auto slash = rest.find('/');
    if (slash == std::string_view::npos) return bad();
    const std::string_view kind = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
    if (kind != "entries") {
        out.level = plain_number(kind, max_level);
        if (!out.level) return bad();
    }
    if (const auto partial = rest.find(".p/"); partial != std::string_view::npos) {
        const auto width = plain_number(rest.substr(partial + 3), tile_width - 1);
        if (!width || *width == 0) return bad();
        out.width = *width;
        rest = rest.substr(0, partial);
    }
    // At most seven groups of three digits fit a 64-bit index.
    for (int groups = 0; groups < 6; ++groups) {
        const bool more = rest.starts_with('x');
        if (more) rest.remove_prefix(1);
        if (rest.size() < 3) return bad();
        for (const char c : rest.substr(0, 3)) {
            if (c < '0' || c > '9') return bad();
            out.index = out.index * 10 + static_cast<std::uint64_t>(c - '0');
        }
        rest.remove_prefix(3);
        if (!more) break;
        if (!rest.starts_with('/')) return bad();
        rest.remove_prefix(1);
    }
    // Writing it again finds superfluous groups and whatever is left over.
    if (!rest.empty() || out.path() != path) return bad();
    return out;
}

Result<Bytes> encode_tile(const Log& log, const TileAddress& address) {
    const auto not_found = [&] {
        return fail("not_found", "the log does not reach to this tile", address.path(), {},
                    ErrorKind::not_found);
    };
    const unsigned level = address.level.value_or(0);
    const std::uint64_t count = count_at(level, log.size());
    const std::uint64_t tiles = count / tile_width;  // full ones
    if (address.width == 0 || address.width > tile_width || address.index > tiles ||
        (address.index == tiles && address.width > count % tile_width))
        return not_found();
    const std::uint64_t first = address.index * tile_width;
    Bytes out;
    for (std::uint64_t i = first; i < first + address.width; ++i) {
        if (address.level) {
            const Hash& hash = log.subtree(level * tile_height, i);
            out.insert(out.end(), hash.bytes.begin(), hash.bytes.end());
        } else {
            append_framed(out, log.entry(i));
        }
    }
    return out;
}

std::vector<TileAddress> tiles_of(std::uint64_t tree_size) {
    std::vector<TileAddress> out;
    const auto add_row = [&](std::optional<unsigned> level, std::uint64_t count) {
        for (std::uint64_t i = 0; i < count / tile_width; ++i)
            out.push_back({level, i, tile_width});
        if (count % tile_width != 0)
            out.push_back({level, count / tile_width, static_cast<unsigned>(count % tile_width)});
    };
    add_row(std::nullopt, tree_size);
    for (unsigned level = 0; count_at(level, tree_size) > 0; ++level)
        add_row(level, count_at(level, tree_size));
    return out;
}

void append_framed(Bytes& out, ByteView entry) {
    SANGAM_ASSERT(!entry.empty() && entry.size() <= max_entry_bytes);
    out.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(entry.size()));
    out.insert(out.end(), entry.begin(), entry.end());
}

FramedEntries read_framed(ByteView bytes) {
    FramedEntries out;
    while (bytes.size() - out.whole_bytes >= length_bytes) {
        const ByteView rest = bytes.subspan(out.whole_bytes);
        const std::size_t size = std::size_t{rest[0]} << 8 | rest[1];
        if (size == 0 || rest.size() - length_bytes < size) break;
        const ByteView entry = rest.subspan(length_bytes, size);
        out.entries.emplace_back(entry.begin(), entry.end());
        out.whole_bytes += length_bytes + size;
    }
    return out;
}

Result<std::vector<Bytes>> decode_bundle(ByteView bytes, std::size_t count) {
    FramedEntries framed = read_framed(bytes);
    if (framed.whole_bytes != bytes.size() || framed.entries.size() != count)
        return fail("bad_bundle", "an entry bundle should hold " + std::to_string(count) +
                                      " whole entries and nothing else, it holds " +
                                      std::to_string(framed.entries.size()) + " in " +
                                      std::to_string(framed.whole_bytes) + " of " +
                                      std::to_string(bytes.size()) + " bytes");
    return std::move(framed.entries);
}

}  // namespace sangam::registry
