// SPDX-License-Identifier: Apache-2.0
// Datasets, grants, subscriptions, search, import and export, status through the service.
#include <fstream>

#include "sync/policy.hpp"
#include "tests/unit/node/service_fixture.hpp"

using namespace sangam;
using namespace sangam::node::test;

TEST_CASE_FIXTURE(ServiceFixture, "service datasets: create, show, set and list agree") {
    make_dataset(R"(,"types":{"yield":"number"},"merge":{"remarks":"keep_all"})");
    const auto shown = admin("GET", "/api/v1/datasets/rice");
    REQUIRE(shown.status == 200);
    CHECK(shown.object().at("dataset").as_string() == "irri/rice");
    CHECK(shown.object().at("types").at("yield").as_string() == "number");
    REQUIRE(admin("PATCH", "/api/v1/datasets/irri/rice",
                  R"({"title":"All rice","writers":["ipk"],"types":{"height":"number"}})")
                .status == 200);
    const auto changed = admin("GET", "/api/v1/datasets/irri/rice").object();
    CHECK(changed.at("title").as_string() == "All rice");
    CHECK(changed.at("licence").as_string() == "CC-BY-4.0");
    CHECK(changed.at("writers").at(0).as_string() == "ipk");
    CHECK(changed.at("types").as_object().size() == 2);
    CHECK(changed.at("manifest_number").as_int64() == 2);
    const auto listed = admin("GET", "/api/v1/datasets").object().at("datasets").as_array();
    REQUIRE(listed.size() == 1);
    CHECK(json::serialize(listed[0].at("can")) ==
          R"(["discover","search","aggregate","replicate","write"])");
    CHECK(admin("GET", "/api/v1/datasets?remote=true").object().at("datasets").as_array().empty());
}

TEST_CASE_FIXTURE(ServiceFixture, "service datasets: a taken name, a bad name, no licence") {
    make_dataset();
    const auto again =
        admin("POST", "/api/v1/datasets", R"({"name":"rice","title":"x","licence":"y"})");
    CHECK(again.object().at("error").at("kind").as_string() == "refused");
    CHECK(
        admin("POST", "/api/v1/datasets", R"({"name":"Ri ce","title":"x","licence":"y"})").status ==
        400);
    CHECK(admin("POST", "/api/v1/datasets", R"({"name":"maize","title":"x"})").status == 400);
    // Names that a path of the interface ends in.
    for (const char* name : {"holders", "resume"}) {
        const auto made =
            admin("POST", "/api/v1/datasets",
                  R"({"name":")" + std::string(name) + R"(","title":"x","licence":"y"})");
        CHECK(made.code() == "bad_dataset_name");
    }
}

TEST_CASE_FIXTURE(ServiceFixture,
                  "service grants: add, list and revoke, and unknown ones are named") {
    make_dataset();
    const auto made = admin("POST", "/api/v1/grants",
                            R"({"dataset":"rice","to":"ipk","can":["search","replicate"]})");
    REQUIRE(made.status == 200);
    const std::string id(made.object().at("grant_id").as_string());
    const auto listed = admin("GET", "/api/v1/grants").object().at("grants").as_array();
    REQUIRE(listed.size() == 1);
    CHECK(listed[0].at("to").as_string() == "ipk");
    CHECK(json::serialize(listed[0].at("can")) == R"(["search","replicate"])");
    CHECK(listed[0].at("created").as_string().starts_with("20"));
    const auto revoked = admin("DELETE", "/api/v1/grants/" + id);
    REQUIRE(revoked.status == 200);
    CHECK(revoked.object().at("withdrawn").as_int64() == 0);
    CHECK(admin("GET", "/api/v1/grants").object().at("grants").as_array().empty());
    CHECK(admin("DELETE", "/api/v1/grants/" + std::string(32, '0')).status == 404);
    CHECK(admin("DELETE", "/api/v1/grants/zz").status == 400);
}

TEST_CASE_FIXTURE(
    ServiceFixture,
    "service grants: a hidden field goes by its MCPD name too, one that hides nothing "
    "is named") {
    make_dataset();
    REQUIRE(admin("PATCH", "/api/v1/records/irri/rice/germplasm/a", R"({"fields":{"yield":"3"}})")
                .status == 200);
    const auto made = admin("POST", "/api/v1/grants",
                            R"({"dataset":"rice","to":"ipk","can":["search"],)"
                            R"("hide":["DECLATITUDE","yield","yeild"]})");
    REQUIRE(made.status == 200);
    CHECK(json::serialize(made.object().at("hides_nothing_yet")) == R"(["yeild"])");
    CHECK(json::serialize(made.object().at("similar_fields")) == R"({"yeild":["yield"]})");
    const auto listed = admin("GET", "/api/v1/grants").object().at("grants").as_array();
    CHECK(json::serialize(listed.at(0).at("hide")) ==
          R"(["collectingInfo.collectingSite.latitudeDecimal","yeild","yield"])");
}

TEST_CASE_FIXTURE(ServiceFixture,
                  "service grants: what is hidden inside a list of objects is told in no way") {
    make_dataset();
    REQUIRE(put("a", R"({"genus":"Oryza","donors":[{"name":"Withheldname","year":"1990"}],)"
                     R"("site":{"place":"Withheldplace","soil":"loam"}})")
                .status == 200);
    const auto made = admin("POST", "/api/v1/grants",
                            R"({"dataset":"rice","to":"public","can":["search"],)"
                            R"("hide":["donors.name","donors.nane","site.place"]})");
    REQUIRE(made.status == 200);
    CHECK(json::serialize(made.object().at("hides_nothing_yet")) == R"(["donors.nane"])");
    CHECK(made.object().at("similar_fields").at("donors.nane").at(0).as_string() == "donors.name");
    for (const char* target : {"/api/v1/search?q=Withheldname", "/api/v1/search?q=Withheldplace",
                               "/api/v1/search?q=loam", "/api/v1/export?dataset=irri/rice",
                               "/api/v1/records/irri/rice/germplasm/a",
                               "/api/v1/records/irri/rice/germplasm/a/history"}) {
        const auto body = tcp("GET", target).response.body;
        CHECK_MESSAGE(body.find("Withheld") == std::string::npos, target, body);
    }
    const auto total = [&](const char* word) {
        return tcp("GET", std::string("/api/v1/search?q=") + word)
            .object()
            .at("total")
            .to_number<int>();
    };
    CHECK(total("Withheldname") == 0);
    CHECK(total("Withheldplace") == 0);
    CHECK(total("loam") == 1);
    CHECK(total("Oryza") == 1);
}

TEST_CASE_FIXTURE(ServiceFixture,
                  "service grants: an unknown handle asks the registry once, groups are refused") {
    make_dataset();
    const auto unknown =
        admin("POST", "/api/v1/grants", R"({"dataset":"rice","to":"nobody","can":["search"]})");
    CHECK(unknown.status == 404);
    CHECK(membership.refreshes == 1);
    CHECK(admin("POST", "/api/v1/grants", R"({"dataset":"rice","to":"group:x","can":["search"]})")
              .status == 403);
    CHECK(
        admin("POST", "/api/v1/grants", R"({"dataset":"rice","to":"ipk","can":["fly"]})").code() ==
        "unknown_action");
    CHECK(membership.refreshes == 1);
}

TEST_CASE_FIXTURE(ServiceFixture,
                  "service subscriptions: an invisible dataset waits with a reason") {
    const auto made = admin("POST", "/api/v1/subscriptions", R"({"dataset":"ipk/wheat"})");
    REQUIRE_MESSAGE(made.status == 200, made.response.body);
    const std::string id(made.object().at("subscription_id").as_string());
    const auto rows = admin("GET", "/api/v1/subscriptions").object().at("subscriptions").as_array();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].at("state").as_string() == "waiting");
    CHECK(!rows[0].at("reason").as_string().empty());
    CHECK(admin("POST", "/api/v1/subscriptions", R"({"dataset":"irri/rice"})").status == 403);
    CHECK(admin("POST", "/api/v1/subscriptions", R"({"dataset":"wheat"})").status == 400);
    CHECK(admin("POST", "/api/v1/subscriptions", R"({"dataset":"nobody/x"})").status == 404);
    REQUIRE(admin("DELETE", "/api/v1/subscriptions/" + id).status == 200);
    CHECK(admin("DELETE", "/api/v1/subscriptions/" + id).status == 404);
}

TEST_CASE_FIXTURE(ServiceFixture,
                  "service import: a file comes in, again writes nothing, goes out") {
    make_dataset();
    const std::string csv = "ID,Name,Yield\r\n1,alpha,2.50\r\n2,beta,\r\n";
    const std::string target =
        "/api/v1/import?dataset=rice&format=csv&collection=study&id=ID&file=a.csv";
    const auto first = admin("POST", target, csv);
    REQUIRE_MESSAGE(first.status == 200, first.response.body);
    CHECK(first.object().at("read").as_int64() == 2);
    CHECK(first.object().at("written").as_int64() == 2);
    CHECK(first.object().at("commits").as_int64() == 1);
    const auto second = admin("POST", target, csv);
    CHECK(second.object().at("written").as_int64() == 0);
    CHECK(second.object().at("unchanged").as_int64() == 2);
    const auto got = admin("GET", "/api/v1/records/irri/rice/study/1");
    CHECK(got.object().at("record").at("fields").at("Yield").as_string() == "2.50");
}

TEST_CASE_FIXTURE(ServiceFixture, "service import: several files of one body are one run") {
    make_dataset();
    const std::string one = "ID,X\n1,a\n";
    const std::string two = "ID,X\n1,b\n2,c\n";
    const auto run =
        admin("POST",
              "/api/v1/import?dataset=rice&collection=study&id=ID&rejected_rows=true"
              "&file=one.csv&size=" +
                  std::to_string(one.size()) + "&file=two.csv&size=" + std::to_string(two.size()),
              one + two);
    REQUIRE_MESSAGE(run.status == 200, run.response.body);
    CHECK(run.object().at("read").as_int64() == 3);
    CHECK(run.object().at("rejected").as_int64() == 1);
    CHECK(run.object().at("rejects").at(0).at("file").as_string() == "two.csv");
    CHECK(std::string(run.object().at("rejected_rows").as_string()).contains("1,b"));
    CHECK(admin("POST", "/api/v1/import?dataset=rice&collection=study&id=ID&file=a&size=5", one)
              .code() == "bad_sizes");
    CHECK(admin("POST", "/api/v1/import?dataset=none&file=a", one).status == 404);
}

TEST_CASE_FIXTURE(ServiceFixture, "service search: finds what the asker may see, counts, pages") {
    make_dataset();
    REQUIRE(put("A", R"({"remarks":"drought tolerant"})").status == 200);
    REQUIRE(put("B", R"({"remarks":"drought prone"})").status == 200);
    const auto found = admin("GET", "/api/v1/search?q=drought&local=true&limit=1");
    REQUIRE_MESSAGE(found.status == 200, found.response.body);
    CHECK(found.object().at("total").as_int64() == 2);
    CHECK(found.object().at("hits").as_array().size() == 1);
    CHECK(found.object().at("complete").as_bool());
    const auto none = tcp("GET", "/api/v1/search?q=drought&local=true");
    CHECK(none.status == 200);
    CHECK(none.object().at("total").as_int64() == 0);
    CHECK(admin("GET", "/api/v1/search?limit=x").status == 400);
    CHECK(admin("GET", "/api/v1/search?limit=20&page=9999").code() == "page_too_far");
    CHECK(admin("GET", "/api/v1/search?node=nobody").status == 404);
    // A refusal names what it is about, not the words that were looked for.
    const auto refused = admin("GET", "/api/v1/search?q=drought&sort=nonsense&local=true");
    CHECK(refused.code() == "search_refused");
    CHECK(refused.response.body.contains("no field nonsense"));
    CHECK_FALSE(refused.response.body.contains("drought"));
}

TEST_CASE_FIXTURE(ServiceFixture, "service status: has every key that COMMANDS names") {
    make_dataset();
    REQUIRE(put("A", R"({"remarks":"x"})").status == 200);
    const auto status = admin("GET", "/api/v1/status");
    REQUIRE(status.status == 200);
    for (const char* key :
         {"node_id", "institution", "version", "epoch", "registry", "datasets", "peers",
          "subscriptions", "serving", "conflicts", "quarantine", "findings"})
        CHECK_MESSAGE(status.object().contains(key), key);
    CHECK(status.object().at("registry").at("state").as_string() == "fresh");
    CHECK(status.object().at("datasets").at(0).at("records").as_int64() == 1);
    CHECK(status.object().at("conflicts").at("open").as_int64() == 0);
}

TEST_CASE_FIXTURE(ServiceFixture, "service verify: recomputes what was written") {
    make_dataset();
    REQUIRE(put("A", R"({"remarks":"x"})").status == 200);
    const auto report = admin("POST", "/api/v1/verify?dataset=rice");
    REQUIRE(report.status == 200);
    CHECK(report.object().at("records").as_int64() == 1);
    CHECK(report.object().at("failed").as_int64() == 0);
    CHECK(admin("POST", "/api/v1/verify?dataset=none").status == 404);
}

TEST_CASE_FIXTURE(ServiceFixture, "service membership: join passes the answer on") {
    CHECK(admin("POST", "/api/v1/join", R"({"invitation":"sangam-invite:good"})")
              .object()
              .at("state")
              .as_string() == "pending");
    CHECK(admin("POST", "/api/v1/join", R"({"invitation":"x"})").code() == "bad_invitation");
    CHECK(admin("POST", "/api/v1/admit", R"({"node_id":"zz"})").status == 400);
    const auto admitted =
        admin("POST", "/api/v1/admit", R"({"node_id":")" + std::string(64, 'a') + R"("})");
    CHECK(admitted.object().at("invitation").as_string() == "sangam-invite:further");
}

TEST_CASE_FIXTURE(ServiceFixture,
                  "service export: what a file lacks or changes stands in headers") {
    make_dataset(R"(,"merge":{"stock":"sum"})");
    REQUIRE(admin("PATCH", record("a"), R"({"set":["stock+=5"],"fields":{"n":1}})").status == 200);
    const auto headers = [&](const std::string& format) {
        std::map<std::string, std::string> out;
        for (const auto& [name, value] :
             admin("GET", "/api/v1/export?dataset=irri/rice&format=" + format).response.headers)
            out[name] += value + "\n";
        return out;
    };
    auto csv = headers("csv");
    CHECK(csv["Sangam-Written"] == "1\n");
    CHECK(csv["Sangam-Left-Out"] == "0\n");
    CHECK(csv["Sangam-Notice"].find("left out: stock: a counter") != std::string::npos);
    CHECK(csv["Sangam-Notice"].find("n: values that are no text") != std::string::npos);
    auto mcpd = headers("mcpd");
    CHECK(mcpd["Sangam-Written"] == "0\n");
    CHECK(mcpd["Sangam-Left-Out"] == "1\n");
    CHECK(!headers("ndjson").contains("Sangam-Notice"));
}

TEST_CASE_FIXTURE(ServiceFixture,
                  "service status: a dataset that waits for forgotten control entries is named") {
    make_dataset();
    const auto sharing = [&] {
        json::object out;
        for (const auto& check : admin("GET", "/api/v1/doctor").object().at("checks").as_array())
            if (check.at("name").as_string() == "sharing") out = check.as_object();
        return out;
    };
    const auto waits = [&] {
        return admin("GET", "/api/v1/status").object().at("datasets").at(0).at("sharing_waits");
    };
    CHECK(sharing().at("ok").as_bool());
    CHECK_FALSE(waits().as_bool());
    const auto uid = store->reader()->datasets().front().uid;
    store->put_document(sync::forgotten_kind, uid.hex(),
                        sync::encode_chain_numbers({{"members", 9}}));
    CHECK_FALSE(sharing().at("ok").as_bool());
    CHECK(sharing().at("detail").as_string().find("irri/rice") != std::string::npos);
    CHECK(sharing().at("fix").as_string().find("sangam dataset resume rice") != std::string::npos);
    CHECK(waits().as_bool());
    REQUIRE(admin("POST", "/api/v1/datasets/rice/resume").status == 200);
    CHECK(sharing().at("ok").as_bool());
    CHECK(sharing().at("detail").as_string().find("stay as they are") != std::string::npos);
    CHECK_FALSE(waits().as_bool());
}
