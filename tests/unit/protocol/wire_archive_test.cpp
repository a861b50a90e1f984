// SPDX-License-Identifier: Apache-2.0
#include "protocol/wire_archive.hpp"

#include <doctest/doctest.h>

#include "samples.hpp"

using namespace sangam;
using samples::hex;

namespace {

enum class Colour : std::uint16_t { red = 1, green = 2 };

/// An object that holds another of its kind, to any depth.
struct Nest {
    std::vector<Nest> inner;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(inner);
    }
};

template <class T>
Bytes write(const T& value) {
    Bytes out;
    wire::Writer writer(out);
    writer(value);
    return out;
}

template <class T>
bool reads(ByteView bytes, wire::Limits limits = {}) {
    T out{};
    try {
        wire::Reader reader(bytes, limits);
        reader(out);
        reader.finish();
    } catch (const cereal::Exception&) {
        return false;
    }
    CHECK(write(out) == Bytes(bytes.begin(), bytes.end()));
    return true;
}

template <class T>
T read_archive(ByteView bytes) {
    T out{};
    wire::Reader reader(bytes);
    reader(out);
    reader.finish();
    return out;
}

}  // namespace

template <>
struct sangam::wire::EnumRange<Colour> {
    static constexpr std::uint64_t first = 1;
    static constexpr std::uint64_t last = 2;
};

TEST_CASE("wire archive: integers are little-endian, lists have a u32 count") {
    CHECK(to_hex(write(std::uint32_t{0x01020304})) == "04030201");
    CHECK(to_hex(write(std::uint16_t{0x0102})) == "0201");
    CHECK(to_hex(write(true)) == "01");
    CHECK(to_hex(write(1.0)) == "000000000000f03f");
    CHECK(to_hex(write(std::string("ab"))) == "020000006162");
    CHECK(to_hex(write(Bytes{1, 2})) == "020000000102");
    CHECK(to_hex(write(std::vector<std::uint16_t>{1, 2})) == "0200000001000200");
    CHECK(to_hex(write(Epoch{5})) == "0500000000000000");
    CHECK(to_hex(write(Salt{})) == std::string(32, '0'));
    const Head head{samples::lane(1, 2), Sequence{3}, sha256(as_bytes("x"))};
    CHECK(write(head).size() == 32 + 8 + 8 + 32);
    CHECK(read_archive<Head>(write(head)) == head);
}

TEST_CASE("wire archive: truth values are 0 or 1, numbers are finite") {
    CHECK(reads<bool>(hex("00")));
    CHECK(reads<bool>(hex("01")));
    CHECK_FALSE(reads<bool>(hex("02")));
    CHECK_FALSE(reads<bool>(hex("ff")));
    CHECK(reads<double>(hex("000000000000f03f")));
    CHECK(reads<double>(hex("0000000000000080")));        // -0.0
    CHECK_FALSE(reads<double>(hex("000000000000f07f")));  // infinity
    CHECK_FALSE(reads<double>(hex("000000000000f87f")));  // NaN
}

TEST_CASE("wire archive: enumerations take their own numbers, names of numbers take all") {
    CHECK(reads<Colour>(hex("0100")));
    CHECK(reads<Colour>(hex("0200")));
    CHECK_FALSE(reads<Colour>(hex("0000")));
    CHECK_FALSE(reads<Colour>(hex("0300")));
    CHECK_FALSE(reads<Colour>(hex("0101")));
    CHECK(reads<Position>(hex("ffffffffffffffff")));
    CHECK(reads<Sequence>(hex("0000000000000000")));
}

TEST_CASE("wire archive: texts are valid UTF-8, byte strings anything") {
    CHECK(reads<std::string>(hex("02000000c3bc")));
    CHECK_FALSE(reads<std::string>(hex("02000000c328")));
    CHECK(reads<Bytes>(hex("02000000c328")));
}

TEST_CASE("wire archive: a count beyond the bytes left is refused before anything is made") {
    CHECK_FALSE(reads<std::string>(hex("ffffffff61")));
    CHECK_FALSE(reads<Bytes>(hex("0200000001")));
    CHECK_FALSE(
        reads<std::vector<std::uint64_t>>(hex("ffffffff"
                                              "0000000000000000")));
    CHECK_FALSE(
        reads<std::vector<std::uint64_t>>(hex("02000000"
                                              "0000000000000000")));
    CHECK_FALSE(
        reads<std::vector<Bytes>>(hex("02000000"
                                      "00000000")));
    CHECK(
        reads<std::vector<Bytes>>(hex("01000000"
                                      "00000000")));
    // Each hash takes 32 bytes: three cannot be in 95.
    Bytes hashes(4 + 95);
    hashes[0] = 3;
    CHECK_FALSE(reads<std::vector<Hash>>(hashes));
    hashes.push_back(0);
    CHECK(reads<std::vector<Hash>>(hashes));
}

TEST_CASE("wire archive: a list has at most its own and the common budget of elements") {
    const auto list = write(std::vector<std::uint8_t>{});
    CHECK(reads<Bytes>(list, {.elements_each = 0, .elements_in_all = 0}));
    const auto three = write(std::vector<std::uint16_t>(3));
    CHECK(reads<std::vector<std::uint16_t>>(three, {.elements_each = 3}));
    CHECK_FALSE(reads<std::vector<std::uint16_t>>(three, {.elements_each = 2}));
    using Lists = std::vector<std::vector<std::uint16_t>>;
    const auto lists = write(Lists{{1, 2}, {3, 4}});
    CHECK(reads<Lists>(lists, {.elements_in_all = 6}));
    CHECK_FALSE(reads<Lists>(lists, {.elements_in_all = 5}));
    const auto too_many = write(std::vector<std::uint16_t>(wire::Limits{}.elements_each + 1));
    CHECK_FALSE(reads<std::vector<std::uint16_t>>(too_many));
}

TEST_CASE("wire archive: nesting is bounded, so that the stack is") {
    const auto nested = [](int depth) {
        Bytes out;
        for (int i = 1; i < depth; ++i) out.insert(out.end(), {1, 0, 0, 0});
        out.insert(out.end(), {0, 0, 0, 0});
        return out;
    };
    CHECK(reads<Nest>(nested(2)));
    CHECK(reads<Nest>(nested(8)));  // an object and its list count one each
    CHECK_FALSE(reads<Nest>(nested(9)));
    CHECK_FALSE(reads<Nest>(nested(60'000)));
}

TEST_CASE("wire archive: map keys ascend without repeats") {
    using Map = std::map<std::string, std::uint16_t>;
    const auto map = write(Map{{"a", 1}, {"b", 2}});
    CHECK(to_hex(map) ==
          "02000000"
          "0100000061"
          "0100"
          "0100000062"
          "0200");
    CHECK(reads<Map>(map));
    CHECK_FALSE(
        reads<Map>(hex("02000000"
                       "0100000062"
                       "0100"
                       "0100000061"
                       "0200")));
    CHECK_FALSE(
        reads<Map>(hex("02000000"
                       "0100000061"
                       "0100"
                       "0100000061"
                       "0200")));
    CHECK_FALSE(
        reads<Map>(hex("ffff0000"
                       "0100000061"
                       "0100")));
}

TEST_CASE("wire archive: bytes after the end are refused") {
    CHECK_FALSE(reads<std::uint16_t>(hex("010000")));
    CHECK_FALSE(reads<std::uint16_t>(hex("01")));
}
