// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/key_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>

#include "node/daemon/durable_file.hpp"

namespace sangam::node {
namespace {

constexpr std::string_view magic = "SANGAMKY";
constexpr std::uint16_t format_clear = 1;
constexpr std::size_t seed_offset = 12;
constexpr std::size_t checksum_offset = seed_offset + SigningKey::seed_size;
constexpr std::size_t file_bytes = checksum_offset + 8;

std::uint16_t read_u16(ByteView bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] | bytes[at + 1] << 8);
}

void put_u16(Bytes& out, std::uint16_t value) {
    out.push_back(static_cast<std::uint8_t>(value & 0xff));
    out.push_back(static_cast<std::uint8_t>(value >> 8));
}

Hash checksum(ByteView before) { return tagged_hash("sangam/key-file/1", {before}); }

std::string_view name_of(KeyKind kind) {
    switch (kind) {
        case KeyKind::identity:
            return "a node's identity key";
        case KeyKind::registry_root:
            return "a registry's root key";
        case KeyKind::registry_log:
            return "a registry's log key";
        case KeyKind::registry_freshness:
            return "a registry's freshness key";
    }
    return "a key of an unknown kind";
}

}  // namespace

SigningKey draw_key(Random& random) {
    std::array<std::uint8_t, SigningKey::seed_size> seed{};
    random.fill(seed);
    auto key = SigningKey::from_seed(seed);
    seed.fill(0);
    return key;
}

void write_key_file(const std::string& path, KeyKind kind, const SigningKey& key) {
    if (::access(path.c_str(), F_OK) == 0)
        throw std::runtime_error("refusing to replace the key file " + path);
    Bytes out;
    out.reserve(file_bytes);  // a buffer that moves would leave the seed behind
    out.insert(out.end(), magic.begin(), magic.end());
    put_u16(out, format_clear);
    put_u16(out, static_cast<std::uint16_t>(kind));
    const ByteView seed = key.seed();
    out.insert(out.end(), seed.begin(), seed.end());
    const Hash sum = checksum(out);
    out.insert(out.end(), sum.bytes.begin(), sum.bytes.begin() + 8);
    write_file_durably(path, out, 0600);
    std::fill(out.begin(), out.end(), std::uint8_t{0});
}

SigningKey make_key_file(const std::string& path, KeyKind kind, Random& random) {
    auto key = draw_key(random);
    write_key_file(path, kind, key);
    return key;
}

Result<SigningKey> load_key_file(const std::string& path, KeyKind kind) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0)
        return fail("not_found", "there is no such key file", path,
                    "restore it from your backup; without it the node is another node",
                    ErrorKind::not_found);
    if ((status.st_mode & 077) != 0)
        return fail("key_permissions", "others than its owner may use the key file", path,
                    "run: chmod 600 " + path);
    auto bytes = read_file(path, file_bytes);
    if (!bytes && bytes.error().code != "too_large") return std::unexpected(bytes.error());
    const auto corrupt = [&](const std::string& how) {
        return fail("key_corrupt", "the key file is damaged (" + how + ")", path,
                    "restore it from your backup");
    };
    if (!bytes) return corrupt("too long");
    if (bytes->size() < magic.size() || as_text(*bytes).substr(0, magic.size()) != magic)
        return corrupt("it does not begin as a key file does");
    if (bytes->size() < seed_offset) return corrupt("too short");
    if (read_u16(*bytes, 8) != format_clear)
        return fail("needs_upgrade",
                    "the key file has format " + std::to_string(read_u16(*bytes, 8)) +
                        ", which this version does not know",
                    path, "use the version of sangam that wrote it, or a later one");
    if (bytes->size() != file_bytes) return corrupt("wrong length");
    const Hash sum = checksum(ByteView(*bytes).first(checksum_offset));
    if (!std::equal(bytes->begin() + checksum_offset, bytes->end(), sum.bytes.begin()))
        return corrupt("its checksum does not match");
    if (read_u16(*bytes, 10) != static_cast<std::uint16_t>(kind))
        return fail("key_kind",
                    "the file holds " +
                        std::string(name_of(static_cast<KeyKind>(read_u16(*bytes, 10)))) +
                        ", not " + std::string(name_of(kind)),
                    path, "put the right file there");
    auto key = SigningKey::from_seed(ByteView(*bytes).subspan(seed_offset, SigningKey::seed_size));
    std::fill(bytes->begin(), bytes->end(), std::uint8_t{0});
    return key;
}

}  // namespace sangam::node
