// SPDX-License-Identifier: Apache-2.0
// Who may ask what: tokens, roles, the public, hosts and origins.
#include "node/service/routes.hpp"

#include <algorithm>

#include "tests/unit/node/service_fixture.hpp"

using namespace sangam;
using namespace sangam::node::test;

TEST_CASE_FIXTURE(ServiceFixture, "service access: without a token only what is public shows") {
    make_dataset();
    REQUIRE(put("A", R"({"remarks":"x"})").status == 200);
    CHECK(tcp("GET", "/api/v1/datasets").object().at("datasets").as_array().empty());
    CHECK(tcp("GET", record("A")).status == 404);
    CHECK(tcp("GET", "/api/v1/export?dataset=irri/rice").status == 404);
    REQUIRE(admin("POST", "/api/v1/grants", R"({"dataset":"rice","to":"public","can":["search"]})")
                .status == 200);
    CHECK(tcp("GET", "/api/v1/datasets").object().at("datasets").as_array().size() == 1);
    CHECK(tcp("GET", record("A")).status == 200);
}

TEST_CASE_FIXTURE(ServiceFixture, "service access: discover alone shows the dataset, no record") {
    make_dataset();
    REQUIRE(put("A", R"({"remarks":"x"})").status == 200);
    REQUIRE(
        admin("POST", "/api/v1/grants", R"({"dataset":"rice","to":"public","can":["discover"]})")
            .status == 200);
    const auto listed = tcp("GET", "/api/v1/datasets");
    REQUIRE(listed.object().at("datasets").as_array().size() == 1);
    CHECK(listed.object().at("datasets").at(0).at("records").as_int64() == 0);
    CHECK(tcp("GET", record("A")).status == 404);
    CHECK(tcp("GET", record("A") + "/history").status == 404);
    const auto refused = tcp("GET", "/api/v1/export?dataset=irri/rice");
    CHECK(refused.status == 403);
}

TEST_CASE_FIXTURE(ServiceFixture, "service access: what was superseded is for the institution") {
    make_dataset();
    REQUIRE(admin("POST", "/api/v1/grants",
                  R"({"dataset":"rice","to":"public","can":["search"],"hide":["secret"]})")
                .status == 200);
    REQUIRE(put("A", R"({"latitude":"51.85472","remarks":"x","secret":"s1"})").status == 200);
    REQUIRE(put("A", R"({"latitude":"51.8"})").status == 200);
    const auto of_public = tcp("GET", record("A") + "/history");
    REQUIRE(of_public.status == 200);
    CHECK(of_public.response.body.find("51.85472") == std::string::npos);
    CHECK(of_public.response.body.find("s1") == std::string::npos);
    const auto& changes = of_public.object().at("changes").as_array();
    REQUIRE(changes.size() == 2);
    CHECK(json::serialize(changes[0].at("fields")) == R"({"remarks":"x"})");
    CHECK(changes[0].at("hidden") == 2);
    const auto of_home = tcp("GET", record("A") + "/history", token("researcher"));
    CHECK(of_home.response.body.find("51.85472") != std::string::npos);

    SUBCASE("an edit of what is hidden changes nothing for those from whom it is") {
        const auto before = tcp("GET", record("A"));
        REQUIRE(put("A", R"({"secret":"s2"})").status == 200);
        const auto after = tcp("GET", record("A"));
        CHECK(after.response.body == before.response.body);
        CHECK(after.response.headers == before.response.headers);
        CHECK(tcp("GET", record("A") + "/history").response.body == of_public.response.body);
    }
    SUBCASE("an edit of what shows moves the version") {
        const auto before = tcp("GET", record("A"));
        REQUIRE(put("A", R"({"remarks":"y"})").status == 200);
        CHECK(tcp("GET", record("A")).object().at("version") != before.object().at("version"));
    }
    SUBCASE("of a deleted record nothing is told but that it is") {
        REQUIRE(admin("DELETE", record("A")).status == 200);
        CHECK(tcp("GET", record("A") + "/history").status == 404);
        CHECK(admin("GET", record("A") + "/history").status == 200);
    }
}

TEST_CASE_FIXTURE(ServiceFixture,
                  "service access: what a row said before it was shared is not told") {
    make_dataset();
    REQUIRE(admin("POST", "/api/v1/grants",
                  R"({"dataset":"rice","to":"public","can":["search"],)"
                  R"("where":"status = 'released'"})")
                .status == 200);
    REQUIRE(put("A", R"({"status":"draft","note":"DRAFT"})").status == 200);
    REQUIRE(put("A", R"({"status":"released","note":"clean"})").status == 200);
    const auto of_public = tcp("GET", record("A") + "/history");
    REQUIRE(of_public.status == 200);
    CHECK(of_public.response.body.find("DRAFT") == std::string::npos);
    CHECK(of_public.response.body.find("clean") != std::string::npos);
}

TEST_CASE_FIXTURE(ServiceFixture, "service access: each role may do what it is for and no more") {
    make_dataset();
    const auto researcher = token("researcher");
    const auto curator = token("curator");
    const auto boss = token("admin");
    const std::string edit = R"({"fields":{"remarks":"x"}})";
    const auto without = tcp("PATCH", record("A"), {}, edit);
    CHECK(without.status == 401);
    CHECK(std::ranges::count(without.response.headers, std::pair<std::string, std::string>(
                                                           "WWW-Authenticate", "Bearer")) == 1);
    const auto other = tcp("PUT", record("A"), curator, edit);
    CHECK(other.status == 405);
    CHECK(std::ranges::count(
              other.response.headers,
              std::pair<std::string, std::string>("Allow", "GET, HEAD, PATCH, DELETE")) == 1);
    CHECK(tcp("PATCH", record("A"), researcher, edit).status == 403);
    CHECK(tcp("PATCH", record("A"), curator, edit).status == 200);
    CHECK(tcp("GET", record("A"), researcher).status == 200);
    CHECK(tcp("GET", "/api/v1/status").status == 401);
    CHECK(tcp("GET", "/api/v1/status", researcher).status == 200);
    CHECK(tcp("GET", "/api/v1/tokens", curator).status == 403);
    CHECK(tcp("GET", "/api/v1/tokens", boss).status == 200);
}

TEST_CASE_FIXTURE(ServiceFixture, "service access: every route lets in who may and nobody below") {
    using node::Role;
    // Written down apart from the routes, so that a route that opens up shows here.
    static const std::map<std::string, Role> wanted{
        {"GET status", Role::researcher},
        {"GET doctor", Role::admin},
        {"POST join", Role::admin},
        {"POST admit", Role::admin},
        {"GET datasets", Role::nobody},
        {"POST datasets", Role::admin},
        {"GET datasets/*", Role::nobody},
        {"GET datasets/*/*", Role::nobody},
        {"PATCH datasets/*", Role::admin},
        {"PATCH datasets/*/*", Role::admin},
        {"POST datasets/*/resume", Role::admin},
        {"POST datasets/*/*/resume", Role::admin},
        {"GET datasets/*/holders", Role::admin},
        {"GET datasets/*/*/holders", Role::admin},
        {"GET records/*/*/*/*", Role::nobody},
        {"GET records/*/*/*/*/history", Role::nobody},
        {"PATCH records/*/*/*/*", Role::curator},
        {"DELETE records/*/*/*/*", Role::curator},
        {"POST records/*/*/*/*/restore", Role::curator},
        {"POST import", Role::admin},
        {"GET export", Role::nobody},
        {"GET grants", Role::admin},
        {"POST grants", Role::admin},
        {"DELETE grants/*", Role::admin},
        {"GET subscriptions", Role::researcher},
        {"POST subscriptions", Role::admin},
        {"DELETE subscriptions/*", Role::admin},
        {"GET search", Role::nobody},
        {"GET conflicts", Role::nobody},
        {"GET conflicts/*/*/*/*/*", Role::nobody},
        {"POST conflicts/*/*/*/*/*", Role::curator},
        {"GET imports", Role::admin},
        {"GET quarantine", Role::admin},
        {"GET quarantine/*", Role::admin},
        {"DELETE quarantine/*", Role::admin},
        {"POST verify", Role::admin},
        {"GET tokens", Role::admin},
        {"POST tokens", Role::admin},
        {"DELETE tokens/*", Role::admin},
    };
    const std::map<Role, std::string> tokens{{Role::nobody, ""},
                                             {Role::researcher, token("researcher")},
                                             {Role::curator, token("curator")},
                                             {Role::admin, token("admin")}};
    std::size_t checked = 0;
    for (const auto& route : node::routes()) {
        const auto name = std::string(route.method) + " " + std::string(route.path);
        const auto found = wanted.find(name);
        REQUIRE_MESSAGE(found != wanted.end(), "who may ask this? ", name);
        ++checked;
        std::string target = "/api/v1/" + std::string(route.path);
        for (auto star = target.find('*'); star != std::string::npos; star = target.find('*'))
            target.replace(star, 1, "x");
        for (const auto& [role, secret] : tokens) {
            // What is asked for does not exist or makes no sense; only who asks is looked at.
            const auto status = tcp(std::string(route.method), target, secret).status;
            CAPTURE(name);
            CAPTURE(static_cast<int>(role));
            CAPTURE(status);
            if (role >= found->second)
                CHECK((status != 401 && status != 403));
            else
                CHECK(status == (role == Role::nobody ? 401 : 403));
        }
    }
    CHECK(checked == wanted.size());
}

TEST_CASE_FIXTURE(ServiceFixture, "service access: every route that writes needs a role") {
    for (const auto& route : node::routes())
        if (route.method != "GET") CHECK_MESSAGE(route.role >= node::Role::curator, route.path);
}

TEST_CASE_FIXTURE(ServiceFixture, "service access: only the hash of a token is stored") {
    const auto secret = token("curator");
    for (const auto& [name, bytes] : store->reader()->documents("token")) {
        const std::string stored(as_text(bytes));
        CHECK(stored.find(secret) == std::string::npos);
        CHECK(stored.find(secret.substr(secret.size() - 64)) == std::string::npos);
    }
    CHECK(admin("GET", "/api/v1/tokens").response.body.find(secret.substr(20)) ==
          std::string::npos);
}

TEST_CASE_FIXTURE(ServiceFixture, "service access: a token ends by revocation and by time") {
    const auto revoked = token("curator");
    CHECK(tcp("GET", "/api/v1/status", revoked).status == 200);
    REQUIRE(admin("DELETE", "/api/v1/tokens/curator").status == 200);
    CHECK(tcp("GET", "/api/v1/status", revoked).status == 401);
    CHECK(admin("DELETE", "/api/v1/tokens/curator").status == 404);

    const auto made =
        admin("POST", "/api/v1/tokens", R"({"name":"short","role":"researcher","valid_s":60})");
    const std::string brief(made.object().at("token").as_string());
    CHECK(tcp("GET", "/api/v1/status", brief).status == 200);
    runner.now += std::chrono::seconds(60);
    CHECK(tcp("GET", "/api/v1/status", brief).status == 401);
}

TEST_CASE_FIXTURE(ServiceFixture,
                  "service access: a token ends after 90 days unless more is said") {
    const auto plain = token("curator");
    const auto made =
        admin("POST", "/api/v1/tokens", R"({"name":"y","role":"admin","valid_s":31536000})");
    const std::string year(made.object().at("token").as_string());
    runner.now += std::chrono::days(90) - std::chrono::seconds(1);
    CHECK(tcp("GET", "/api/v1/status", plain).status == 200);
    runner.now += std::chrono::seconds(1);
    CHECK(tcp("GET", "/api/v1/status", plain).status == 401);
    CHECK(tcp("GET", "/api/v1/status", year).status == 200);
    for (const char* valid : {"0", "-1", "4000000000", "9223372036854775807", "\"90d\"", "1.5"})
        CHECK_MESSAGE(admin("POST", "/api/v1/tokens",
                            std::string(R"({"name":"z","role":"admin","valid_s":)") + valid + "}")
                              .code() == "bad_validity",
                      valid);
}

TEST_CASE_FIXTURE(ServiceFixture, "service access: bad tokens and other schemes are refused") {
    CHECK(tcp("GET", "/api/v1/datasets", "nonsense").status == 401);
    CHECK(tcp("GET", "/api/v1/datasets", {}, {}, {{"authorization", "Basic eDp5"}}).status == 401);
    CHECK(admin("POST", "/api/v1/tokens", R"({"name":"a","role":"king"})").code() ==
          "unknown_role");
}

TEST_CASE_FIXTURE(
    ServiceFixture,
    "service access: a mistyped parameter is refused, for none of it would give all") {
    make_dataset();
    for (const char* target :
         {"/api/v1/export?dataset=rice&wher=genus%3D%27x%27", "/api/v1/search?q=x&bogus=1",
          "/api/v1/search?where=a%3D1&where=b%3D1", "/api/v1/status?all=true",
          "/api/v1/records/irri/rice/germplasm/A?fields=x", "/api/v1/datasets?Remote=true"})
        CHECK_MESSAGE(admin("GET", target).code() == "bad_parameter", target);
    CHECK(admin("GET", "/api/v1/search?q=x&facet=genus&facet=species").status == 200);
    CHECK(admin("GET", "/api/v1/export?dataset=rice&format=ndjson").status == 200);
}

TEST_CASE_FIXTURE(ServiceFixture, "service access: a foreign Host or Origin is refused on TCP") {
    for (const char* host : {"127.0.0.1:7430", "localhost:7430", "[::1]:7430", "LOCALHOST",
                             "sangam.example.org", "192.0.2.7"})
        CHECK_MESSAGE(tcp("GET", "/healthz", {}, {}, {{"host", host}}).status == 200, host);
    for (const char* host :
         {"evil.example", "", "127.0.0.1.evil.example", "localhost.evil.example"})
        CHECK_MESSAGE(tcp("GET", "/healthz", {}, {}, {{"host", host}}).status == 403, host);
    CHECK(tcp("GET", "/healthz", {}, {}, {{"origin", "http://127.0.0.1:7430"}}).status == 200);
    for (const char* origin : {"http://evil.example", "null", "http://127.0.0.1:9999"})
        CHECK_MESSAGE(tcp("GET", "/healthz", {}, {}, {{"origin", origin}}).status == 403, origin);
}

TEST_CASE_FIXTURE(ServiceFixture, "service access: unknown paths and methods say so") {
    CHECK(tcp("GET", "/").status == 404);
    CHECK(tcp("GET", "/api/v1/nothing").status == 404);
    CHECK(tcp("PUT", "/api/v1/datasets").status == 405);
}

TEST_CASE_FIXTURE(ServiceFixture, "service access: only who may import has a body spooled") {
    node::http::Request request;
    request.method = "POST";
    request.segments = {"api", "v1", "import"};
    CHECK(!service->takes_file(request));
    request.headers["authorization"] = "Bearer " + token("curator");
    CHECK(!service->takes_file(request));
    request.headers["authorization"] = "Bearer " + token("admin");
    CHECK(service->takes_file(request));
    request.method = "GET";
    CHECK(!service->takes_file(request));
}

TEST_CASE_FIXTURE(ServiceFixture, "service access: only who may write has a long body read") {
    node::http::Request request;
    request.method = "PATCH";
    request.segments = {"api", "v1", "records", "irri", "rice", "germplasm", "A"};
    CHECK(!service->takes_value(request));
    request.headers["authorization"] = "Bearer " + token("researcher");
    CHECK(!service->takes_value(request));
    request.headers["authorization"] = "Bearer " + token("curator");
    CHECK(service->takes_value(request));
    request.method = "GET";
    CHECK(!service->takes_value(request));
    request.method = "POST";
    request.segments = {"api", "v1", "conflicts", "irri", "rice", "germplasm", "A", "remarks"};
    CHECK(service->takes_value(request));
    request.segments = {"api", "v1", "tokens"};
    CHECK(!service->takes_value(request));
}
