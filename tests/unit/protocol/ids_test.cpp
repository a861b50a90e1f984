// SPDX-License-Identifier: Apache-2.0
#include "protocol/ids.hpp"

#include <doctest/doctest.h>

#include <unordered_set>

using namespace sangam;

TEST_CASE("ids: are ordered bytewise and round trip through hexadecimal") {
    Hash a;
    Hash b;
    a.bytes[31] = 0xff;
    b.bytes[0] = 0x01;
    CHECK(a < b);
    CHECK(Hash::from_hex(a.hex()).value() == a);
    CHECK(a.hex().size() == 64);
    CHECK(Hash{}.is_zero());
    CHECK_FALSE(a.is_zero());
}

TEST_CASE("ids: refuse a wrong length and say what they found") {
    const auto from_short = Hash::from_bytes(Bytes(31));
    REQUIRE_FALSE(from_short.has_value());
    CHECK(from_short.error().message == "expected 32 bytes, got 31");
    CHECK_FALSE(Hash::from_bytes(Bytes(33)).has_value());
    CHECK_FALSE(Hash::from_hex(std::string(62, 'a')).has_value());
    CHECK_FALSE(Hash::from_hex(std::string(64, 'x')).has_value());
}

TEST_CASE("lanes: print node and epoch in full, and order by node, then epoch") {
    Lane lane;
    lane.node.bytes[0] = 0xab;
    lane.epoch = Epoch{0x1f};
    CHECK(lane.text() == "ab" + std::string(62, '0') + "/000000000000001f");
    Lane later = lane;
    later.epoch = Epoch{0x100};
    Lane other;
    other.epoch = Epoch{0xffffffffffffffff};
    CHECK(lane < later);
    CHECK(other < lane);
}

TEST_CASE("record keys: hash and compare both parts bytewise") {
    const std::unordered_set<RecordKey> keys{{"germplasm", "6856B"}, {"germplasm", "6856b"}};
    CHECK(keys.size() == 2);
    CHECK(RecordKey{"germplasm", "6856B"} < RecordKey{"germplasm", "6856b"});
    CHECK(RecordKey{"a", "z"} < RecordKey{"b", "a"});
}
