// SPDX-License-Identifier: Apache-2.0
// Conflicts through the service: listed, shown, resolved with a reason, kept in the log; the rules
// of a dataset refused where they make no sense; counters; edits of an older version.
#include "sync/reserved_paths.hpp"
#include "tests/unit/node/service_fixture.hpp"

using namespace sangam;
using namespace sangam::node::test;

namespace {

class ConflictFixture : public ServiceFixture {
public:
    /// A write that has seen nothing, as a first import makes it.
    void write_unseeing(const std::string& id, std::vector<FieldWrite> writes) {
        storage::AuthorRequest request;
        request.dataset = store->reader()->datasets().front().uid;
        request.now = runner.now += Millis(1000);
        request.edits.push_back({{"germplasm", id}, {}, std::move(writes), {}, {}});
        const auto made = store->author(request);
        REQUIRE_MESSAGE(made.has_value(), (made ? std::string() : made.error().text()));
    }
    static FieldWrite field(const char* path, Value value) {
        return {Path::parse(path).value(), std::move(value)};
    }
    json::array conflicts(bool all = false) {
        const auto listed = admin("GET", all ? "/api/v1/conflicts?all=true" : "/api/v1/conflicts");
        REQUIRE(listed.status == 200);
        return listed.object().at("conflicts").as_array();
    }
    Answer resolve(const std::string& id, const std::string& what, const std::string& body) {
        return admin("POST", "/api/v1/conflicts/irri/rice/germplasm/" + id + "/" + what, body);
    }
    json::object fields(const std::string& id) {
        return admin("GET", record(id)).object().at("record").at("fields").as_object();
    }
};

}  // namespace

TEST_CASE_FIXTURE(ConflictFixture,
                  "service conflicts: a resolution settles, says why, stays told") {
    make_dataset(R"(,"merge":{"village":"keep_all"})");
    write_unseeing("A", {field("village", "Koftu")});
    write_unseeing("A", {field("village", "Rogge"), field("remarks", "x")});
    REQUIRE(conflicts().size() == 1);
    CHECK(conflicts()[0].at("state").as_string() == "open");
    CHECK(conflicts()[0].at("chosen").is_null());
    CHECK(admin("GET", "/api/v1/status").object().at("conflicts").at("open").as_int64() == 1);

    CHECK(resolve("A", "village", R"({"take":3,"reason":"r"})").status == 400);
    CHECK(resolve("A", "village", R"({"take":0,"reason":"r"})").status == 400);
    CHECK(resolve("A", "village", R"({"take":1})").status == 400);
    CHECK(resolve("A", "village", R"({"take":1,"reason":""})").status == 400);
    CHECK(resolve("A", "village", R"({"take":1,"value":"x","reason":"r"})").status == 400);
    CHECK(resolve("A", "village", R"({"reason":"r"})").status == 400);
    CHECK(resolve("A", "remarks", R"({"take":1,"reason":"r"})").status == 404);
    REQUIRE(conflicts().size() == 1);

    const auto done = resolve("A", "village", R"({"take":1,"reason":"seen on the label"})");
    REQUIRE_MESSAGE(done.status == 200, done.response.body);
    CHECK(done.object().at("state").as_string() == "settled");
    CHECK(done.object().at("chosen").as_string() == "Koftu");
    CHECK(conflicts().empty());
    CHECK(fields("A").at("village").as_string() == "Koftu");
    CHECK(fields("A").size() == 2);
    const auto all = conflicts(true);
    REQUIRE(all.size() == 1);
    CHECK(all[0].at("state").as_string() == "settled");
    CHECK(all[0].at("values").as_array().size() == 2);
    CHECK(all[0].at("chosen").as_string() == "Koftu");
    CHECK(all[0].at("resolved").at("reason").as_string() == "seen on the label");
    CHECK(all[0].at("resolved").at("author").as_string() == "irri");
    const auto history = admin("GET", record("A") + "/history").object().at("changes").as_array();
    REQUIRE(history.size() == 3);
    CHECK(history[2].at("kind").as_string() == "resolve");
    CHECK(history[2].at("reason").as_string() == "seen on the label");
    CHECK(history[2].at("fields").as_object().size() == 1);

    // A later write that has not seen it is a new conflict.
    write_unseeing("A", {field("village", "Woberi")});
    REQUIRE(conflicts().size() == 1);
    CHECK(conflicts()[0].at("values").as_array().size() == 2);
    REQUIRE(resolve("A", "village", R"({"value":"Koftu in Ada'a","reason":"both"})").status == 200);
    CHECK(fields("A").at("village").as_string() == "Koftu in Ada'a");
    CHECK(conflicts(true).size() == 2);
}

TEST_CASE_FIXTURE(ConflictFixture, "service conflicts: a group is resolved whole") {
    make_dataset(R"(,"groups":{"place":["adm1","adm2"]},"merge":{"place":"keep_all"})");
    write_unseeing("A", {field("adm1", "Oromia"), {Path::single("adm2"), std::nullopt}});
    write_unseeing("A", {field("adm1", "Oromiya"), field("adm2", "Semen Shewa")});
    REQUIRE(conflicts().size() == 1);
    CHECK(conflicts()[0].at("field").as_string() == "place");
    CHECK(resolve("A", "place", R"({"value":{"adm9":"x"},"reason":"r"})").status == 400);
    CHECK(resolve("A", "place", R"({"value":"no object","reason":"r"})").status >= 400);
    REQUIRE(resolve("A", "place", R"({"take":1,"reason":"r"})").status == 200);
    CHECK(fields("A").size() == 1);
    CHECK(fields("A").at("adm1").as_string() == "Oromia");
    write_unseeing("A", {field("adm1", "Oromiya"), field("adm2", "Semen Shewa")});
    REQUIRE(
        resolve("A", "place", R"({"value":"{\"adm2\":\"Misrak Shewa\"}","reason":"r"})").status ==
        200);
    CHECK(json::serialize(fields("A")) == R"({"adm2":"Misrak Shewa"})");
}

TEST_CASE_FIXTURE(
    ConflictFixture,
    "service conflicts: text from a command line is a value where values are in dispute") {
    make_dataset(R"(,"merge":{"refs":"keep_all","size":"keep_all","mixed":"keep_all"})");
    const auto object = [](const char* name) {
        return Value(Value::Map{{"referenceId", Value(name)}});
    };
    const auto dispute = [&](const char* what, Value a, Value b) {
        write_unseeing("A", {field(what, std::move(a))});
        write_unseeing("A", {field(what, std::move(b))});
    };
    dispute("refs", Value(Value::Array{object("a")}), object("b"));
    const auto refused = resolve("A", "refs", R"({"value":"a and b","reason":"r"})");
    CHECK(refused.status == 400);
    CHECK(std::string(refused.object().at("error").at("fix").as_string()).find("JSON") !=
          std::string::npos);
    const auto done = resolve("A", "refs", R"({"value":"{\"referenceId\":\"c\"}","reason":"r"})");
    REQUIRE_MESSAGE(done.status == 200, done.response.body);
    CHECK(json::serialize(done.object().at("chosen")) == R"({"referenceId":"c"})");
    CHECK(json::serialize(fields("A").at("refs")) == R"({"referenceId":"c"})");

    dispute("size", Value(5), Value(6));
    CHECK(resolve("A", "size", R"({"value":"six","reason":"r"})").status == 400);
    CHECK(resolve("A", "size", R"({"value":"7","reason":"r"})").status == 200);
    CHECK(fields("A").at("size").as_int64() == 7);

    // Beside a text, only what looks like an object or list is one.
    dispute("mixed", Value("text"), object("b"));
    CHECK(resolve("A", "mixed", R"({"value":"7","reason":"r"})").status == 200);
    CHECK(fields("A").at("mixed").as_string() == "7");
    dispute("mixed", Value("text"), object("b"));
    CHECK(resolve("A", "mixed", R"({"value":"[\"x\"]","reason":"r"})").status == 200);
    CHECK(fields("A").at("mixed").is_array());
    dispute("mixed", Value("text"), object("b"));
    CHECK(resolve("A", "mixed", R"({"value":"[sic]","reason":"r"})").status == 200);
    CHECK(fields("A").at("mixed").as_string() == "[sic]");
}

TEST_CASE_FIXTURE(ConflictFixture,
                  "service conflicts: one that was resolved shows who did, and why") {
    make_dataset(R"(,"merge":{"village":"keep_all"})");
    const auto show = [&](const std::string& what) {
        return admin("GET", "/api/v1/conflicts/irri/rice/germplasm/A/" + what);
    };
    write_unseeing("A", {field("village", "Koftu")});
    write_unseeing("A", {field("village", "Rogge"), field("remarks", "x")});
    CHECK(show("village").object().at("settled_before").as_array().empty());
    REQUIRE(resolve("A", "village", R"({"take":2,"reason":"on the label"})").status == 200);
    const auto settled = show("village");
    REQUIRE(settled.status == 200);
    CHECK(settled.object().at("state").as_string() == "settled");
    CHECK(settled.object().at("values").as_array().size() == 2);
    CHECK(settled.object().at("chosen").as_string() == "Rogge");
    const auto& resolved = settled.object().at("resolved").as_object();
    CHECK(resolved.at("author").as_string() == "irri");
    CHECK(resolved.at("reason").as_string() == "on the label");
    CHECK(!resolved.at("time").as_string().empty());
    CHECK(show("remarks").code() == "no_such_conflict");

    write_unseeing("A", {field("village", "Woberi")});
    const auto again = show("village");
    CHECK(again.object().at("state").as_string() == "open");
    REQUIRE(again.object().at("settled_before").as_array().size() == 1);
    CHECK(again.object().at("settled_before").at(0).at("chosen").as_string() == "Rogge");
}

TEST_CASE_FIXTURE(ConflictFixture, "service records: history says in words what its paths mean") {
    make_dataset(R"(,"merge":{"names":"union","stock":"sum"})");
    REQUIRE(admin("PATCH", record("A"), R"({"set":["names=Gold;Red","stock+=5","remarks=x"]})")
                .status == 200);
    REQUIRE(admin("PATCH", record("A"), R"({"set":["names=Gold"],"unset":["remarks"]})").status ==
            200);
    const auto history = admin("GET", record("A") + "/history").object().at("changes").as_array();
    REQUIRE(history.size() >= 2);
    CHECK(json::serialize(history[0].at("says")) ==
          R"([{"field":"names","action":"add_element","value":"Gold"},)"
          R"({"field":"names","action":"add_element","value":"Red"},)"
          R"({"field":"remarks","action":"set","value":"x"},)"
          R"({"field":"stock","action":"count","value":5}])");
    CHECK(json::serialize(history[1].at("says")) ==
          R"([{"field":"names","action":"add_element","value":"Gold"},)"
          R"({"field":"names","action":"remove_element","value":"Red"},)"
          R"({"field":"remarks","action":"remove"}])");
    // Beside it stands everything as it is kept.
    CHECK(history[0].at("fields").as_object().contains("names.Gold"));
}

TEST_CASE_FIXTURE(ConflictFixture, "service conflicts: who may not write may not resolve") {
    make_dataset(R"(,"merge":{"village":"keep_all"})");
    write_unseeing("A", {field("village", "Koftu")});
    write_unseeing("A", {field("village", "Rogge")});
    const std::string target = "/api/v1/conflicts/irri/rice/germplasm/A/village";
    const std::string body = R"({"take":1,"reason":"r"})";
    CHECK(tcp("POST", target, {}, body).status == 401);
    CHECK(tcp("POST", target, token("researcher"), body).status == 403);
    CHECK(tcp("POST", target, token("curator"), body).status == 200);
}

TEST_CASE_FIXTURE(ConflictFixture, "service datasets: rules that make no sense are refused") {
    const auto made = [&](const std::string& rules) {
        return admin("POST", "/api/v1/datasets",
                     R"({"name":"wheat","title":"W","licence":"CC0-1.0",)" + rules + "}")
            .code();
    };
    CHECK(made(R"("merge":{"a":"newest"})") == "unknown_strategy");
    CHECK(made(R"("types":{"a":"float"})") == "unknown_type");
    CHECK(made(R"("groups":{"p":["a","b"],"q":["b"]})") == "field_in_two_groups");
    CHECK(made(R"("groups":{"p":["a","b"]},"merge":{"a":"union"})") == "field_in_group");
    make_dataset(R"(,"merge":{"names":"union"})");
    REQUIRE(
        admin("PATCH", record("A"), R"({"set":["village=x"],"fields":{"names":["b"]}})").status ==
        200);
    const auto set = [&](const std::string& rules) {
        return admin("PATCH", "/api/v1/datasets/rice", "{" + rules + "}");
    };
    CHECK(set(R"("merge":{"names":"latest"})").code() == "shape_change");
    CHECK(set(R"("merge":{"village":"union"})").code() == "shape_change");
    CHECK(set(R"("groups":{"p":["village","other"]})").code() == "shape_change");
    CHECK(
        set(R"("merge":{"village":"keep_all","unused":"sum"},"types":{"village":"code"})").status ==
        200);
}

TEST_CASE_FIXTURE(ConflictFixture, "service records: a counter takes additions, and no values") {
    make_dataset(R"(,"merge":{"stock":"sum"})");
    const auto set = [&](const std::string& text) {
        return admin("PATCH", record("A"), R"({"set":[")" + text + R"("]})");
    };
    REQUIRE_MESSAGE(set("stock+=100").status == 200, set("stock+=100").response.body);
    CHECK(set("stock-=30").status == 200);
    CHECK(set("stock-=30").status == 200);
    CHECK(fields("A").at("stock").as_int64() == 40);
    CHECK(set("stock+=0.5").status == 200);
    CHECK(fields("A").at("stock").as_double() == 40.5);
    CHECK(set("stock=5").code() == "counter");
    CHECK(set("stock+=many").code() == "bad_addition");
    CHECK(put("A", R"({"stock":5})").code() == "counter");
    CHECK(admin("PATCH", record("A"), R"({"unset":["stock"]})").code() == "counter");
    CHECK(conflicts(true).empty());
    CHECK(fields("A").size() == 1);
}

TEST_CASE_FIXTURE(ConflictFixture, "service conflicts: nobody proposes in the name of another") {
    make_dataset();
    NodeId writer;
    writer.bytes.fill(7);
    const auto genus = Path::single("genus");
    // As a writer's change leaves it.
    write_unseeing("A", {{genus, "Triticum"}});
    CHECK(conflicts(true).empty());
    const auto denied = [&] {
        storage::AuthorRequest request;
        request.dataset = store->reader()->datasets().front().uid;
        request.edits.push_back(
            {{"germplasm", "A"}, {}, {{sync::proposal_path(genus, writer), "Aegilops"}}, {}, {}});
        return store->author(request);
    }();
    REQUIRE_FALSE(denied);
    CHECK(denied.error().code == "against_rules");
}
