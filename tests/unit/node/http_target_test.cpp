// SPDX-License-Identifier: Apache-2.0
// Request targets and addresses: what is read, what is refused.
#include <doctest/doctest.h>

#include "node/http/address.hpp"
#include "node/http/error_body.hpp"
#include "node/http/target.hpp"

using namespace sangam;
using namespace sangam::node;

TEST_CASE("http target: an encoded slash stays inside its segment") {
    const auto target = http::parse_target("/api/v1/records/irri/rice/germplasm/A%2FB%20c?x=1&x=2");
    REQUIRE(target);
    REQUIRE(target->segments.size() == 7);
    CHECK(target->segments[6] == "A/B c");
    CHECK(target->path == "/api/v1/records/irri/rice/germplasm/A%2FB%20c");
    CHECK(target->query.count("x") == 2);
}

TEST_CASE("http target: parameters are decoded, a plus is a space, a missing value is empty") {
    const auto target = http::parse_target("/s?q=drought+tolerant%2B&flag&empty=&=odd");
    REQUIRE(target);
    CHECK(target->query.find("q")->second == "drought tolerant+");
    CHECK(target->query.find("flag")->second.empty());
    CHECK(target->query.find("empty")->second.empty());
    CHECK(target->query.find("")->second == "odd");
}

TEST_CASE("http target: a plus in the path is a plus") {
    CHECK(http::parse_target("/a+b")->segments[0] == "a+b");
}

TEST_CASE("http target: a slash at the end adds no segment, one in the middle does") {
    CHECK(http::parse_target("/api/")->segments.size() == 1);
    CHECK(http::parse_target("/")->segments.empty());
    CHECK(http::parse_target("/a//b")->segments.size() == 3);
}

TEST_CASE("http target: other forms and broken percent signs are refused") {
    for (const char* bad : {"", "http://host/", "*", "/%", "/%4", "/%zz", "/a?x=%g1", "/a?%=1"})
        CHECK_MESSAGE(!http::parse_target(bad), bad);
}

TEST_CASE("http target: what is not UTF-8 is refused, wherever it stands") {
    for (const char* bad : {"/%FF", "/a/\xff", "/s?q=%FF", "/s?%C3=1", "/s?x=1&sort=%C3%28"}) {
        const auto target = http::parse_target(bad);
        REQUIRE_MESSAGE(!target, bad);
        CHECK(target.error().code == "bad_target");
    }
    CHECK(http::parse_target("/caf%C3%A9?q=caf%C3%A9")->segments[0] == "caf\xc3\xa9");
}

TEST_CASE("http errors: what they quote is JSON, whatever it was") {
    const auto document = http::error_document({ErrorKind::usage, "bad", "no", "caf\xe9", ""});
    CHECK(document.at("error").at("subject") == "caf?");
}

TEST_CASE("http target: encoding and decoding give back every byte") {
    std::string all;
    for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
    CHECK(http::percent_decode(http::percent_encode(all)) == all);
    CHECK(http::percent_encode("a-Z_0.~") == "a-Z_0.~");
}

TEST_CASE("http address: hosts, brackets and ports") {
    CHECK(http::split_address("127.0.0.1:7430")->port == 7430);
    CHECK(http::split_address("[::1]:0")->host == "::1");
    CHECK(http::split_address("localhost:65535")->host == "localhost");
    for (const char* bad : {"", "7430", "127.0.0.1", "127.0.0.1:", ":7430", "::1:7430", "[::1]",
                            "h:65536", "h:-1", "h:1x", "[::1:80"})
        CHECK_MESSAGE(!http::split_address(bad), bad);
}

TEST_CASE("http address: a socket path of 107 bytes fits and of 108 does not") {
    CHECK(http::check_socket_path(std::string(107, 'x')));
    const auto refused = http::check_socket_path(std::string(108, 'x'));
    REQUIRE(!refused);
    CHECK(refused.error().message.find("108") != std::string::npos);
}

TEST_CASE("http target: a header's value stays readable and comes back whole") {
    CHECK(http::encode_header_value("left out: 3 records, \"a;b\"") ==
          "left out: 3 records, \"a;b\"");
    const std::string odd = "100 % \r\n\x7F\xC3\xA9";
    CHECK(http::encode_header_value(odd) == "100 %25 %0D%0A%7F%C3%A9");
    CHECK(http::percent_decode(http::encode_header_value(odd)).value() == odd);
}
