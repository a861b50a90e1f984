// SPDX-License-Identifier: Apache-2.0
// get, put, delete, restore and history through the service.
#include <limits>

#include "tests/unit/node/service_fixture.hpp"

using namespace sangam;
using namespace sangam::node::test;

TEST_CASE_FIXTURE(ServiceFixture, "service records: what was put is read back, proven and signed") {
    make_dataset();
    const auto put = admin("PATCH", record("IR 8/1"),
                           R"({"set":["genus=Oryza","accessionNames=IR 8;Miracle"],)"
                           R"("fields":{"yield":5.25,"plots":3}})");
    REQUIRE_MESSAGE(put.status == 200, put.response.body);
    CHECK(put.object().at("record").as_string() == "irri/rice/germplasm/IR 8%2F1");
    const auto got = admin("GET", record("IR 8/1"));
    REQUIRE(got.status == 200);
    const auto& record_ = got.object().at("record").as_object();
    CHECK(record_.at("id").as_string() == "IR 8/1");
    const auto& fields = record_.at("fields").as_object();
    CHECK(fields.at("genus").as_string() == "Oryza");
    CHECK(json::serialize(fields.at("accessionNames")) == R"(["IR 8","Miracle"])");
    CHECK(fields.at("yield").as_double() == 5.25);
    CHECK(fields.at("plots").as_int64() == 3);
    const auto& provenance = got.object().at("provenance").as_array();
    REQUIRE(provenance.size() == 1);
    CHECK(provenance[0].at("verified").as_bool());
    CHECK(provenance[0].at("author").as_string() == "irri");
    CHECK(provenance[0].at("hidden").as_int64() == 0);
}

TEST_CASE_FIXTURE(ServiceFixture, "service records: a put that changes nothing writes nothing") {
    make_dataset();
    REQUIRE(put("A", R"({"remarks":"x"})").object().at("changed").as_bool());
    CHECK(!put("A", R"({"remarks":"x"})").object().at("changed").as_bool());
    CHECK(admin("GET", record("A") + "/history").object().at("changes").as_array().size() == 1);
}

TEST_CASE_FIXTURE(ServiceFixture, "service records: an unset field is gone, the history has it") {
    make_dataset();
    REQUIRE(put("A", R"({"remarks":"x","pedigree":"y"})").status == 200);
    REQUIRE(admin("PATCH", record("A"), R"({"unset":["remarks"]})").status == 200);
    const auto got = admin("GET", record("A"));
    CHECK(!got.object().at("record").at("fields").as_object().contains("remarks"));
    const auto history = admin("GET", record("A") + "/history");
    const auto& changes = history.object().at("changes").as_array();
    REQUIRE(changes.size() == 2);
    CHECK(changes[0].at("fields").at("remarks").as_string() == "x");
    CHECK(changes[1].at("fields").at("remarks").is_null());
}

TEST_CASE_FIXTURE(ServiceFixture,
                  "service records: a put begins no collection that a RECORD cannot name") {
    make_dataset();
    const auto odd = admin("PATCH", "/api/v1/records/irri/rice/a%2Fb/1", R"({"fields":{"x":"y"}})");
    CHECK(odd.code() == "bad_collection");
    CHECK(odd.status == 400);
    CHECK(admin("GET", "/api/v1/records/irri/rice/a%2Fb/1").status == 404);
}

TEST_CASE_FIXTURE(ServiceFixture, "service records: a put on a group's member keeps the others") {
    make_dataset();
    REQUIRE(put("A", R"({"species":"sativa","speciesAuthority":"L."})").status == 200);
    REQUIRE(put("A", R"({"species":"glaberrima"})").status == 200);
    const auto fields = admin("GET", record("A")).object().at("record").at("fields").as_object();
    CHECK(fields.at("species").as_string() == "glaberrima");
    CHECK(fields.at("speciesAuthority").as_string() == "L.");
    CHECK(admin("GET", record("A")).object().at("conflicts").as_array().empty());
}

TEST_CASE_FIXTURE(
    ServiceFixture,
    "service records: deleted is not found, refuses puts, and restore brings it back") {
    make_dataset();
    REQUIRE(put("A", R"({"remarks":"x"})").status == 200);
    REQUIRE(admin("DELETE", record("A")).status == 200);
    const auto gone = admin("GET", record("A"));
    CHECK(gone.status == 404);
    CHECK(gone.code() == "record_deleted");
    const auto refused = put("A", R"({"remarks":"y"})");
    CHECK(refused.status == 409);
    CHECK(refused.object().at("error").at("kind").as_string() == "refused");
    REQUIRE(admin("POST", record("A") + "/restore").status == 200);
    CHECK(admin("GET", record("A")).object().at("record").at("fields").at("remarks").as_string() ==
          "x");
    const auto history = admin("GET", record("A") + "/history");
    std::string kinds;
    for (const auto& change : history.object().at("changes").as_array())
        kinds += std::string(change.at("kind").as_string()) + " ";
    CHECK(kinds == "put delete restore ");
}

TEST_CASE_FIXTURE(ServiceFixture, "service records: If-Match refuses an edit of an older version") {
    make_dataset();
    REQUIRE(put("A", R"({"remarks":"1"})").status == 200);
    const auto version = std::string(admin("GET", record("A")).object().at("version").as_string());
    const std::map<std::string, std::string> if_match{{"if-match", "\"" + version + "\""}};
    REQUIRE(admin("PATCH", record("A"), R"({"fields":{"remarks":"2"}})", if_match).status == 200);
    const auto late = admin("PATCH", record("A"), R"({"fields":{"remarks":"3"}})", if_match);
    CHECK(late.status == 412);
    CHECK(admin("GET", record("A")).object().at("record").at("fields").at("remarks").as_string() ==
          "2");
}

TEST_CASE_FIXTURE(ServiceFixture,
                  "service records: If-Match and If-None-Match as RFC 9110 has them") {
    make_dataset();
    const auto edit = [&](const std::string& id, const std::string& header,
                          const std::string& tag) {
        static int number = 0;
        return admin("PATCH", record(id), R"({"fields":{"n":)" + std::to_string(++number) + "}}",
                     {{header, tag}});
    };
    const auto version = [&](const std::string& id) {
        return std::string(admin("GET", record(id)).object().at("version").as_string());
    };
    // Create only what is not there.
    CHECK(edit("A", "if-match", "*").status == 412);
    CHECK(edit("A", "if-none-match", "*").status == 200);
    const auto second = edit("A", "if-none-match", "*");
    CHECK(second.status == 412);
    CHECK(second.code() == "record_exists");
    CHECK(admin("DELETE", record("A"), {}, {{"if-none-match", "*"}}).status == 412);

    const auto first = version("A");
    CHECK(edit("A", "if-match", "\"other\", \"" + first + "\"").status == 200);
    CHECK(edit("A", "if-match", "\"" + first + "\",\"other\"").status == 412);
    const auto weak = edit("A", "if-match", "W/\"" + version("A") + "\"");
    CHECK(weak.status == 412);
    CHECK(std::string(weak.object().at("error").at("message").as_string()).find("weak") !=
          std::string::npos);
    CHECK(edit("A", "if-match", "*").status == 200);
    CHECK(edit("A", "if-none-match", "\"" + first + "\"").status == 200);
    CHECK(edit("A", "if-none-match", "W/\"" + version("A") + "\"").status == 412);
    CHECK(edit("B", "if-match", "\"" + first + "\"").status == 412);
    for (const std::string header : {"if-match", "if-none-match"})
        for (const std::string tag : {"", "abc", first.c_str(), "\"open", "*, \"a\"", "w/\"a\"",
                                      "\"a\" \"b\"", "W/ \"a\"", "\"a b\"", ","}) {
            CAPTURE(header + ": " + tag);
            const auto refused = edit("A", header, tag);
            CHECK(refused.status == 400);
            CHECK(refused.code() == "bad_header");
        }
    CHECK(admin("GET", record("B")).status == 404);

    // A reader that has the version already is told so.
    const auto same =
        admin("GET", record("A"), {}, {{"if-none-match", "W/\"" + version("A") + "\""}});
    CHECK(same.status == 304);
    CHECK(same.response.body.empty());
    CHECK(admin("GET", record("A"), {}, {{"if-none-match", "\"" + first + "\""}}).status == 200);

    // What is deleted is no longer there.
    REQUIRE(admin("DELETE", record("A")).status == 200);
    CHECK(edit("A", "if-match", "*").status == 412);
    CHECK(edit("A", "if-none-match", "*").status == 409);
}

TEST_CASE_FIXTURE(ServiceFixture,
                  "service records: a number arrives digit by digit or not at all") {
    make_dataset();
    for (const char* number :
         {"12345678901234567890.5", "123456789012345678901", "1e400", "26.183333000000001"}) {
        CAPTURE(number);
        const auto refused = put("A", R"({"n":)" + std::string(number) + "}");
        CHECK(refused.status == 400);
        CHECK(std::string(refused.object().at("error").at("fix").as_string()).find("as text") !=
              std::string::npos);
    }
    CHECK(admin("GET", record("A")).status == 404);
    REQUIRE(put("A", R"({"a":0.1,"b":[26.183333,1.7976931348623157e308],"c":-9223372036854775808})")
                .status == 200);
    const auto fields = admin("GET", record("A")).object().at("record").at("fields");
    CHECK(fields.at("a").as_double() == 0.1);
    CHECK(fields.at("b").at(0).as_double() == 26.183333);
    CHECK(fields.at("c").as_int64() == std::numeric_limits<std::int64_t>::min());
}

TEST_CASE_FIXTURE(ServiceFixture, "service records: reserved fields and nonsense are refused") {
    make_dataset();
    CHECK(put("A", R"({"_life":"deleted"})").status == 400);
    CHECK(put("A", R"({})").status == 400);
    CHECK(put("A", R"({"a":"1","a.b":"2"})").status == 422);
    CHECK(admin("PATCH", record("A"), R"({"felds":{}})").code() == "unknown_key");
    CHECK(admin("PATCH", record("A"), "[1").code() == "bad_body");
    CHECK(admin("PATCH", record("A"), R"({"fields":{"n":18446744073709551615}})").status == 400);
    CHECK(admin("GET", record("A")).status == 404);
    CHECK(admin("GET", "/api/v1/records/irri/nothing/germplasm/A").code() == "no_such_dataset");
}

TEST_CASE_FIXTURE(ServiceFixture, "service records: delete names what replaces the record") {
    make_dataset();
    REQUIRE(put("A", R"({"remarks":"x"})").status == 200);
    CHECK(admin("DELETE", record("A") + "?replaced_by=irri/rice/germplasm/B").status == 404);
    REQUIRE(put("B", R"({"remarks":"x"})").status == 200);
    CHECK(admin("DELETE", record("A") + "?replaced_by=irri/rice/germplasm/A").status == 400);
    CHECK(admin("DELETE", record("A") + "?replaced_by=irri/rice/germplasm/B").status == 200);
    const auto gone = admin("GET", record("A"));
    CHECK(gone.status == 404);
    CHECK(std::string(gone.object().at("error").at("message").as_string())
              .ends_with("replaced by irri/rice/germplasm/B"));
    CHECK(admin("DELETE", record("C")).status == 404);
}
