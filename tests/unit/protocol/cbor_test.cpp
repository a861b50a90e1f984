// SPDX-License-Identifier: Apache-2.0
// Examples are those of RFC 8949 appendix A that deterministic encoding and our values have.
#include "protocol/cbor.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "samples.hpp"

using namespace sangam;
using samples::hex;

namespace {

struct Example {
    Value value;
    const char* encoded;
};

Value twenty_five() {
    Value::Array out;
    for (int i = 1; i <= 25; ++i) out.emplace_back(i);
    return out;
}

bool is_canonical_item(ByteView bytes) {
    cbor::Reader reader(bytes);
    reader.item();
    return reader.finish().has_value();
}

}  // namespace

TEST_CASE("CBOR: writes and reads the examples of RFC 8949 appendix A") {
    const Example examples[] = {
        {0, "00"},
        {1, "01"},
        {10, "0a"},
        {23, "17"},
        {24, "1818"},
        {25, "1819"},
        {100, "1864"},
        {1000, "1903e8"},
        {1000000, "1a000f4240"},
        {std::int64_t{1000000000000}, "1b000000e8d4a51000"},
        {-1, "20"},
        {-10, "29"},
        {-100, "3863"},
        {-1000, "3903e7"},
        {0.0, "f90000"},
        {-0.0, "f98000"},
        {1.0, "f93c00"},
        {1.1, "fb3ff199999999999a"},
        {1.5, "f93e00"},
        {65504.0, "f97bff"},
        {100000.0, "fa47c35000"},
        {3.4028234663852886e+38, "fa7f7fffff"},
        {1.0e+300, "fb7e37e43c8800759c"},
        {5.960464477539063e-8, "f90001"},
        {0.00006103515625, "f90400"},
        {-4.0, "f9c400"},
        {-4.1, "fbc010666666666666"},
        {false, "f4"},
        {true, "f5"},
        {nullptr, "f6"},
        {"", "60"},
        {"a", "6161"},
        {"IETF", "6449455446"},
        {"\"\\", "62225c"},
        {"\u00fc", "62c3bc"},
        {"\u6c34", "63e6b0b4"},
        {"\U00010151", "64f0908591"},
        {Value::Array{}, "80"},
        {Value::Array{1, 2, 3}, "83010203"},
        {Value::Array{1, Value::Array{2, 3}, Value::Array{4, 5}}, "8301820203820405"},
        {twenty_five(), "98190102030405060708090a0b0c0d0e0f101112131415161718181819"},
        {Value::Map{}, "a0"},
        {Value::Map{{"a", 1}, {"b", Value::Array{2, 3}}}, "a26161016162820203"},
        {Value::Array{"a", Value::Map{{"b", "c"}}}, "826161a161626163"},
        {Value::Map{{"a", "A"}, {"b", "B"}, {"c", "C"}, {"d", "D"}, {"e", "E"}},
         "a56161614161626142616361436164614461656145"},
    };
    for (const auto& example : examples) {
        CAPTURE(example.encoded);
        CHECK(to_hex(example.value.to_cbor()) == example.encoded);
        const auto decoded = Value::from_cbor(hex(example.encoded));
        REQUIRE(decoded.has_value());
        CHECK(*decoded == example.value);
        CHECK(to_hex(decoded->to_cbor()) == example.encoded);
        CHECK(is_canonical_item(hex(example.encoded)));
    }
    const Bytes kept = hex("1bffffffffffffffff");
    cbor::Reader reader(kept);
    CHECK(reader.unsigned_int() == 0xffffffffffffffff);
    CHECK(reader.finish().has_value());
}

TEST_CASE(
    "CBOR: refuses RFC 8949's examples that are not deterministic, not finite or not values") {
    for (const auto* text : {// infinities and NaN, in every precision
                             "f97c00", "f97e00", "f9fc00", "fa7f800000", "fa7fc00000", "faff800000",
                             "fb7ff0000000000000", "fb7ff8000000000000", "fbfff0000000000000",
                             // undefined and simple values
                             "f7", "f0", "f818", "f8ff",
                             // tags
                             "c074323031332d30332d32315432303a30343a30305a", "c11a514b67b0",
                             "c249010000000000000000", "d74401020304",
                             // indefinite lengths
                             "5f42010243030405ff", "7f657374726561646d696e67ff", "9fff",
                             "9f018202039f0405ffff", "bf61610161629f0203ffff",
                             // longer than needed: integers, lengths, floating-point numbers
                             "1800", "1817", "190018", "1900ff", "1a0000ffff", "1b00000000ffffffff",
                             "3817", "390000", "7800", "780161", "9800", "b800", "fa3f800000",
                             "fb3ff0000000000000", "fb40f86a0000000000",
                             // reserved heads and a lone break
                             "1c", "1d", "1e", "1f", "ff", "fc", "fd", "fe",
                             // text that is no UTF-8
                             "61ff", "62c328", "63eda080"}) {
        CAPTURE(text);
        CHECK_FALSE(Value::from_cbor(hex(text)).has_value());
        CHECK_FALSE(is_canonical_item(hex(text)));
    }
}

TEST_CASE("CBOR: floating-point numbers take the shortest form at every boundary") {
    const std::pair<double, std::size_t> sizes[] = {
        {65504.0, 3},                  // largest half
        {65505.0, 5},                  // next to it
        {65536.0, 5},                  // too large for half
        {std::ldexp(1.0, -14), 3},     // smallest normal half
        {std::ldexp(1.0, -24), 3},     // smallest half
        {std::ldexp(1.0, -25), 5},     // below
        {std::ldexp(3.0, -25), 5},     // between two subnormal halves
        {std::ldexp(1023.0, -24), 3},  // largest subnormal half
        {std::ldexp(2047.0, -25), 5},
        {1.0009765625, 3},           // 1 + 2^-10
        {1.00048828125, 5},          // 1 + 2^-11
        {std::ldexp(1.0, -149), 5},  // smallest single
        {std::ldexp(1.0, -150), 9},
        {std::ldexp(1.0, 127), 5},
        {std::ldexp(1.0, 128), 9},
        {std::numeric_limits<double>::max(), 9},
        {std::numeric_limits<double>::denorm_min(), 9},
    };
    for (const auto& [number, size] : sizes)
        for (const double sign : {1.0, -1.0}) {
            CAPTURE(number);
            const Bytes encoded = Value(sign * number).to_cbor();
            CHECK(encoded.size() == size);
            CHECK(Value::from_cbor(encoded).value() == Value(sign * number));
        }
}

TEST_CASE("CBOR: every half-precision bit pattern that is finite is canonical, and no other") {
    for (unsigned bits = 0; bits <= 0xffff; ++bits) {
        const Bytes encoded{0xf9, static_cast<std::uint8_t>(bits >> 8),
                            static_cast<std::uint8_t>(bits)};
        const auto decoded = Value::from_cbor(encoded);
        const bool is_finite = (bits & 0x7c00) != 0x7c00;
        REQUIRE(decoded.has_value() == is_finite);
        if (is_finite) REQUIRE(decoded->to_cbor() == encoded);
    }
}

TEST_CASE("CBOR: a count beyond the bytes left is refused before anything is made") {
    for (const auto* text :
         {"9b7fffffffffffffff", "9a7fffffff00", "bb7fffffffffffffff", "ba7fffffff",
          "5b7fffffffffffffff", "7b7fffffffffffffff", "5affffffff", "8201", "a101", "82"}) {
        CAPTURE(text);
        CHECK_FALSE(Value::from_cbor(hex(text)).has_value());
        CHECK_FALSE(is_canonical_item(hex(text)));
    }
}

TEST_CASE("CBOR: a reader keeps its first failure and says where it was") {
    const Bytes input = hex("83016161f6");
    cbor::Reader reader(input);
    CHECK(reader.array() == 3);
    CHECK(reader.unsigned_int() == 1);
    CHECK(reader.unsigned_int() == 0);  // a text stands there
    CHECK(reader.failed());
    CHECK(reader.peek_major() == -1);
    CHECK(reader.text().empty());
    const auto done = reader.finish();
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error().code == "bad_cbor");
    CHECK(done.error().subject == "byte 2");
}

TEST_CASE("CBOR: bytes left over are a failure") {
    const Bytes input = hex("0101");
    cbor::Reader reader(input);
    CHECK(reader.unsigned_int() == 1);
    CHECK_FALSE(reader.finish().has_value());
}

TEST_CASE("CBOR: skipping an item checks all of it, also keys that are no text") {
    CHECK(is_canonical_item(hex("a301020304616105")));  // keys 1, 3, "a"
    CHECK_FALSE(is_canonical_item(hex("a203040102")));
    CHECK_FALSE(is_canonical_item(hex("a201020103")));
    CHECK_FALSE(
        is_canonical_item(hex("a2616101"
                              "03f6")));
    CHECK(is_canonical_item(hex("824401020304f5")));
    const Bytes two = hex("8201028103");
    cbor::Reader reader(two);
    CHECK(to_hex(reader.item()) == "820102");
    CHECK(to_hex(reader.item()) == "8103");
    CHECK(reader.at_end());
    Bytes deep(1000, 0x81);
    deep.push_back(0x01);
    CHECK_FALSE(is_canonical_item(deep));
}

TEST_CASE("CBOR: paths have at least one name, none too long and not too many") {
    const auto read = [](ByteView bytes) -> Result<Path> {
        cbor::Reader reader(bytes);
        Path out = reader.path();
        if (auto done = reader.finish(); !done) return std::unexpected(done.error());
        return out;
    };
    const auto write = [](const Path& path) {
        cbor::Writer writer;
        writer.path(path);
        return writer.take();
    };
    const Path path({"accessionNames", "", "Kirsche"});
    CHECK(read(write(path)).value() == path);
    CHECK_FALSE(read(hex("80")).has_value());
    CHECK(read(write(Path(std::vector<std::string>(max_path_names, "n")))).has_value());
    CHECK_FALSE(read(write(Path(std::vector<std::string>(max_path_names + 1, "n")))).has_value());
    CHECK(read(write(Path::single(std::string(max_name_bytes, 'n')))).has_value());
    CHECK_FALSE(read(write(Path::single(std::string(max_name_bytes + 1, 'n')))).has_value());
    samples::check_refuses_cuts(write(path), read);
}

TEST_CASE("CBOR: version vectors come in lane order, each lane once and never zero") {
    const auto read = [](ByteView bytes) -> Result<VersionVector> {
        cbor::Reader reader(bytes);
        VersionVector out = reader.version_vector();
        if (auto done = reader.finish(); !done) return std::unexpected(done.error());
        return out;
    };
    VersionVector vector;
    for (std::uint64_t i = 0; i < 5; ++i) vector.add({samples::lane(i, i * 1000), Sequence{i + 1}});
    cbor::Writer writer;
    writer.version_vector(vector);
    CHECK(read(writer.data()).value() == vector);
    samples::check_refuses_cuts(writer.data(), read);

    const auto entry = [](std::uint8_t node, std::uint64_t sequence) {
        cbor::Writer w;
        w.array(3);
        Bytes bytes(32);
        bytes[0] = node;
        w.bytes(bytes);
        w.unsigned_int(7);
        w.unsigned_int(sequence);
        return w.take();
    };
    const auto list = [](const std::vector<Bytes>& entries) {
        cbor::Writer w;
        w.array(entries.size());
        for (const auto& e : entries) w.raw(e);
        return w.take();
    };
    CHECK(read(list({entry(1, 1), entry(2, 1)})).has_value());
    CHECK_FALSE(read(list({entry(2, 1), entry(1, 1)})).has_value());
    CHECK_FALSE(read(list({entry(1, 1), entry(1, 2)})).has_value());
    CHECK_FALSE(read(list({entry(1, 0)})).has_value());
}

TEST_CASE("CBOR: byte strings of another length than asked for are refused") {
    cbor::Writer writer;
    writer.bytes(Bytes(31));
    cbor::Reader reader(writer.data());
    CHECK(reader.fixed<Hash>().is_zero());
    CHECK_FALSE(reader.finish().has_value());
}
