// SPDX-License-Identifier: Apache-2.0
// What was set aside, through the service: the list, the values of one, dropping it.
#include "node/service/quarantine.hpp"

#include "tests/unit/node/service_fixture.hpp"

using namespace sangam;
using namespace sangam::node;
using namespace sangam::node::test;

namespace {

/// irri/rice has one record; its commit is also set aside, once for each reason.
struct SetAside : ServiceFixture {
    DatasetUid rice;
    SetAside() {
        make_dataset();
        REQUIRE(put("a", R"({"name":"Dular","origin":"India"})").status == 200);
        const auto reader = store->reader();
        rice = reader->datasets().front().uid;
        for (const char* reason : {"fork: another commit is held", "clock ahead: by an hour",
                                   "no writer any more: commit 1"})
            set_aside(reason);
    }
    void set_aside(const char* reason) {
        const auto reader = store->reader();
        const auto head = reader->heads(rice).front();
        storage::QuarantineItem item;
        item.dataset = rice;
        item.source = node;
        item.reason = reason;
        item.data = reader->commits(rice, head.lane, Sequence{0}, 1).front().encode();
        item.at = Millis(1'700'000'000'000);
        store->add_quarantine(item);
    }
    std::string number_of(std::size_t place) {
        const auto answer = admin("GET", "/api/v1/quarantine");
        return json::serialize(answer.object().at("items").at(place).at("id"));
    }
};

}  // namespace

TEST_CASE("quarantine: the list says where each came from, why, and whether it waits") {
    SetAside house;
    const auto answer = house.admin("GET", "/api/v1/quarantine");
    REQUIRE(answer.status == 200);
    const auto& items = answer.object().at("items").as_array();
    REQUIRE(items.size() == 3);
    CHECK(items[0].at("dataset") == "irri/rice");
    CHECK(items[0].at("from") == "irri");
    CHECK(items[0].at("time") == "2023-11-14T22:13:20.000Z");
    CHECK(items[0].at("reason") == "fork: another commit is held");
    CHECK(items[0].at("state") == "stays");
    CHECK(items[0].at("changes") == 1);
    CHECK(items[1].at("state") == "waits");
    CHECK(items[2].at("state") == "waits");
    const auto rice = house.admin("GET", "/api/v1/quarantine?dataset=irri/rice");
    CHECK(rice.object().at("items").as_array().size() == 3);
    CHECK(house.admin("GET", "/api/v1/quarantine?dataset=irri/none").code() == "no_such_dataset");
    CHECK(house.tcp("GET", "/api/v1/quarantine", house.token("curator")).status == 403);
}

TEST_CASE("quarantine: all pages of a long list are listed") {
    SetAside house;
    for (int i = 0; i < 120; ++i) house.set_aside(("fork: " + std::to_string(i)).c_str());
    CHECK(house.admin("GET", "/api/v1/quarantine").object().at("items").as_array().size() == 123);
}

TEST_CASE("quarantine: one is shown with its commit and values") {
    SetAside house;
    const auto answer = house.admin("GET", "/api/v1/quarantine/" + house.number_of(0));
    REQUIRE(answer.status == 200);
    CHECK(answer.object().at("commit").at("author") == "irri");
    CHECK(answer.object().at("commit").at("sequence") == 1);
    const auto& change = answer.object().at("changes").at(0);
    CHECK(change.at("record") == "irri/rice/germplasm/a");
    CHECK(change.at("kind") == "put");
    CHECK(change.at("fields").at("name") == "Dular");
    CHECK(change.at("hidden") == 0);
    for (const char* number : {"0", "x", "-1", "99999999999999999999999", "1x"}) {
        CAPTURE(number);
        CHECK(house.admin("GET", std::string("/api/v1/quarantine/") + number).code() ==
              "bad_number");
    }
    CHECK(house.admin("GET", "/api/v1/quarantine/999").code() == "not_set_aside");
}

TEST_CASE("quarantine: what a person dealt with is dropped, what still waits is not") {
    SetAside house;
    const auto fork = house.number_of(0);
    const auto waiting = house.number_of(1);
    const auto own_work = house.number_of(2);
    CHECK(house.admin("DELETE", "/api/v1/quarantine/" + fork).status == 200);
    CHECK(house.admin("GET", "/api/v1/quarantine/" + fork).status == 404);
    CHECK(house.admin("DELETE", "/api/v1/quarantine/" + waiting).code() == "still_wanted");
    CHECK(house.admin("DELETE", "/api/v1/quarantine/" + own_work).status == 200);
    CHECK(house.store->reader()->quarantine_count() == 1);
    CHECK(house.tcp("DELETE", "/api/v1/quarantine/" + waiting, house.token("curator")).status ==
          403);
}
