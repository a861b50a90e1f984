// SPDX-License-Identifier: Apache-2.0
#include "protocol/bytes.hpp"

#include <doctest/doctest.h>

using namespace sangam;

namespace {

Bytes bytes_of(std::string_view text) {
    const auto view = as_bytes(text);
    return {view.begin(), view.end()};
}

}  // namespace

TEST_CASE("hexadecimal: round trips and reads either case") {
    CHECK(to_hex(Bytes{0x00, 0x7f, 0xff, 0xa5}) == "007fffa5");
    CHECK(from_hex("007fFFa5").value() == Bytes{0x00, 0x7f, 0xff, 0xa5});
    CHECK(from_hex("").value().empty());
}

TEST_CASE("hexadecimal: refuses an odd count and what is no digit, and says where") {
    CHECK_FALSE(from_hex("abc").has_value());
    for (const auto* text : {"0g", "g0", " 0", "0x", "-1", "\xc3\xbc"})
        CHECK_FALSE(from_hex(text).has_value());
    CHECK(from_hex("00g0").error().subject == "character 3");
}

TEST_CASE("base64: gives the examples of RFC 4648 section 10") {
    const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                            {"f", "Zg=="},
                                                            {"fo", "Zm8="},
                                                            {"foo", "Zm9v"},
                                                            {"foob", "Zm9vYg=="},
                                                            {"fooba", "Zm9vYmE="},
                                                            {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : examples) {
        CHECK(to_base64(as_bytes(plain)) == encoded);
        CHECK(from_base64(encoded).value() == bytes_of(plain));
    }
    CHECK(to_base64(Bytes{0xfb, 0xff, 0xbf}) == "+/+/");
}

TEST_CASE("base64: refuses white space, missing padding and every second encoding") {
    for (const auto* text : {"Zg", "Zg=", "Zm9v\n", "Zm 9v", "Zg===", "=", "====", "Z===", "Zm=v",
                             "Zg==Zg==", "Zm9-", "Zm9_"})
        CHECK_FALSE(from_base64(text).has_value());
    // The same bytes with bits set that a canonical encoder leaves zero.
    CHECK(from_base64("Zg==").has_value());
    CHECK_FALSE(from_base64("Zh==").has_value());
    CHECK(from_base64("Zm8=").has_value());
    CHECK_FALSE(from_base64("Zm9=").has_value());
}

TEST_CASE("UTF-8: accepts every boundary of RFC 3629 and refuses what lies beyond") {
    for (const auto* text : {"", "plain", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
                             "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
                             "\xf4\x8f\xbf\xbf", "eight or more and then \xc3\xbc"})
        CHECK(is_utf8(text));
    for (const auto* text :
         {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xe0\xa0",
          "\xed\xa0\x80", "\xef\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
          "\xff", "12345678\x80", "1234567\xc3", "\xe2\x82\x41"})
        CHECK_FALSE(is_utf8(text));
    CHECK(is_utf8(std::string_view("\0", 1)));
}
