// SPDX-License-Identifier: Apache-2.0
// The list of running imports.
#include "node/service/running_imports.hpp"

#include "tests/unit/node/service_fixture.hpp"

using namespace sangam::node;
using namespace sangam::node::test;

TEST_CASE("running imports: an entry is listed as long as it lives, with how far it is") {
    RunningImports all;
    CHECK(all.rows().empty());
    {
        RunningImports::Entry first(all, {"one", "irri/rice", sangam::Millis(5), 0, 100, 0});
        RunningImports::Entry second(all, {"two", "irri/maize", sangam::Millis(6), 0, 50, 0});
        first.update(40, 100, 7);
        const auto rows = all.rows();
        REQUIRE(rows.size() == 2);
        CHECK(rows[0].name == "one");
        CHECK(rows[0].bytes_done == 40);
        CHECK(rows[0].rows == 7);
        CHECK(rows[1].dataset == "irri/maize");
    }
    CHECK(all.rows().empty());
}

TEST_CASE_FIXTURE(ServiceFixture, "running imports: an import is not listed once it has ended") {
    make_dataset();
    const std::string csv = "id,remarks\nA,x\nB,y\n";
    const auto done =
        admin("POST",
              "/api/v1/import?dataset=irri/rice&collection=germplasm&format=csv&id=id&name=mine"
              "&file=a.csv&size=" +
                  std::to_string(csv.size()),
              csv);
    REQUIRE_MESSAGE(done.status == 200, done.response.body);
    const auto listed = admin("GET", "/api/v1/imports");
    REQUIRE(listed.status == 200);
    CHECK(listed.object().at("imports").as_array().empty());
    CHECK(tcp("GET", "/api/v1/imports", token("curator")).status == 403);
}
