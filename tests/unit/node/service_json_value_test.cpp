// SPDX-License-Identifier: Apache-2.0
// Numbers between documents and values: none loses a digit on its way.
#include <doctest/doctest.h>

#include <boost/json/serialize.hpp>

#include "node/service/json_value.hpp"

using namespace sangam;
using namespace sangam::node;

TEST_CASE("json value: a document is read with its doubles as they are written, in its own order") {
    // Boost.JSON's own parser makes 48.923775999999997 of the first.
    const auto document = parse_exactly(
        R"({"z":48.923776000000004,"a":[109.41678300000001,1,{"x":-6.689921856898562e-217}],"b":0.1})");
    REQUIRE(document);
    CHECK(document->at("z").as_double() == 48.923776000000004);
    CHECK(document->at("a").at(0).as_double() == 109.41678300000001);
    CHECK(document->at("a").at(1).as_int64() == 1);
    CHECK(document->at("a").at(2).at("x").as_double() == -6.689921856898562e-217);
    CHECK(document->at("b").as_double() == 0.1);
    CHECK(document->as_object().begin()->key() == "z");
    CHECK(boost::json::serialize(parse_exactly("18446744073709551615").value()) ==
          "18446744073709551615");
    CHECK(parse_exactly("{").error().code == "bad_json");
    CHECK(parse_exactly(std::string(50, '[') + std::string(50, ']')));
}

TEST_CASE("json value: a member of a body is exact, or refused") {
    CHECK(member_of_body(R"({"value":48.923776000000004})", "value", 1).value() ==
          Value(48.923776000000004));
    CHECK(member_of_body(R"({"value":1})", "other", 1).error().code == "bad_body");
    CHECK(member_of_body("[1]", "value", 1).error().code == "bad_body");
    CHECK(member_of_body(R"({"value":12345678901234567890.5})", "value", 1).error().kind ==
          ErrorKind::usage);
}
