// SPDX-License-Identifier: Apache-2.0
// Two nodes and a registry: share, copy, follow, find, lose and come back, take back.
#include <doctest/doctest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fstream>
#include <iterator>

#include "tests/end_to_end/federation.hpp"

using namespace sangam::test;

namespace {

std::int64_t number(const boost::json::value& value) { return value.to_number<std::int64_t>(); }

std::string read_whole_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("two nodes: what is granted is copied, followed, found, verified, and taken back") {
    Federation f({"irri", "ipk"});
    f.make_dataset("irri", "rice", 2500);
    const auto before = f.must("ipk", {"search", "drought"});
    CHECK(number(before.at("total")) == 0);

    const auto grant = f.must(
        "irri", {"grant", "add", "--dataset", "rice", "--to", "ipk", "--can", "search,replicate"});
    const std::string grant_id(grant.at("grant_id").as_string());
    f.must("ipk", {"subscribe", "irri/rice"});
    f.wait_for_records("ipk", "irri/rice", 2500);

    // The copy is proven by the owner's signatures and says the same, byte for byte.
    const auto verified = f.must("ipk", {"verify"});
    CHECK(number(verified.at("records")) == 2500);
    CHECK(number(verified.at("failed")) == 0);
    const auto a = f.files().path("a.ndjson");
    const auto b = f.files().path("b.ndjson");
    f.must("irri", {"export", "--dataset", "irri/rice", "--format", "ndjson", "--out", a});
    f.must("ipk", {"export", "--dataset", "irri/rice", "--format", "ndjson", "--out", b});
    CHECK(!read_whole_file(a).empty());
    CHECK(read_whole_file(a) == read_whole_file(b));

    // An edit follows.
    f.must("irri", {"put", "irri/rice/germplasm/rice-7", "remarks=salt tolerant"});
    wait_until("the edit arrives", [&] {
        const auto got = f.on("ipk", {"get", "irri/rice/germplasm/rice-7"});
        return got.exit_code == 0 &&
               got.json().at("record").at("fields").at("remarks").as_string() == "salt tolerant";
    });
    f.must("irri", {"delete", "irri/rice/germplasm/rice-8"});
    wait_until("the deletion arrives",
               [&] { return f.on("ipk", {"get", "irri/rice/germplasm/rice-8"}).exit_code == 3; });

    // The owner knows who holds what.
    wait_until("the owner's ledger says so", [&] {
        const auto holders = f.must("irri", {"holders", "rice"}).at("holders").as_array();
        return holders.size() == 1 && holders[0].at("institution").as_string() == "ipk" &&
               number(holders[0].at("records")) == 2499 &&
               number(holders[0].at("withdrawals_pending")) == 0;
    });

    CHECK(f.must("irri", {"holders", "rice"}).at("complete").as_bool());
    const auto elsewhere = f.on("ipk", {"holders", "irri/rice"});
    CHECK(elsewhere.exit_code == 4);
    CHECK(elsewhere.json().at("error").at("code").as_string() == "not_known_here");

    // The owner answers for its own; when it is gone the copy does.
    const auto found = f.must("ipk", {"search", "salt"});
    CHECK(number(found.at("total")) == 1);
    CHECK(found.at("hits").at(0).at("answered_by").as_string() == "irri");
    CHECK(found.at("complete").as_bool());
    CHECK(f.stop("irri") == 0);
    const auto alone = f.must("ipk", {"search", "salt"});
    CHECK(number(alone.at("total")) == 1);
    CHECK(alone.at("hits").at(0).at("answered_by").as_string() == "ipk");
    CHECK(alone.at("completeness").at(0).at("from").as_string() == "replica");
    f.start("irri");

    // A revoked grant empties the copy.
    const auto revoked = f.must("irri", {"grant", "revoke", grant_id});
    CHECK(number(revoked.at("withdrawn")) == 2499);
    wait_until("the copy is gone",
               [&] { return f.on("ipk", {"get", "irri/rice/germplasm/rice-7"}).exit_code == 3; });
    wait_until("the owner has the receipt", [&] {
        for (const auto& holder : f.must("irri", {"holders", "rice"}).at("holders").as_array())
            if (number(holder.at("records")) != 0) return false;
        return true;
    });
    CHECK(number(f.must("ipk", {"search", "drought"}).at("total")) == 0);
}

TEST_CASE("two nodes: a subscription to what is not visible yet waits and starts by itself") {
    Federation f({"irri", "ipk"});
    f.make_dataset("irri", "rice", 10);
    f.must("ipk", {"subscribe", "irri/rice"});
    const auto waiting = f.subscription("ipk", "irri/rice");
    CHECK(waiting.at("state").as_string() == "waiting");
    CHECK(!waiting.at("reason").as_string().empty());
    f.must("irri", {"grant", "add", "--dataset", "rice", "--to", "members", "--can", "replicate"});
    f.wait_for_records("ipk", "irri/rice", 10);
}

TEST_CASE("two nodes: kill -9 of either side in the middle of a copy, and all arrives verified") {
    Federation f({"irri", "ipk"});
    f.make_dataset("irri", "rice", 20'000);
    f.must("irri", {"grant", "add", "--dataset", "rice", "--to", "members", "--can", "replicate"});
    f.must("ipk", {"subscribe", "irri/rice"});
    for (const std::string victim : {"ipk", "irri"}) {
        wait_until("some records have arrived", [&] {
            const auto row = f.subscription("ipk", "irri/rice");
            return !row.empty() && number(row.at("records")) > 0;
        });
        f.kill(victim);
        const auto verified = f.on(victim, {"verify"});
        CHECK_MESSAGE(verified.exit_code == 0, verified.out);
        f.start(victim);
    }
    wait_until(
        "all records have arrived",
        [&] {
            const auto row = f.subscription("ipk", "irri/rice");
            return !row.empty() && row.at("state").as_string() == "live" &&
                   number(row.at("records")) == 20'000;
        },
        std::chrono::seconds(120));
    const auto verified = f.must("ipk", {"verify"});
    CHECK(number(verified.at("records")) == 20'000);
    CHECK(number(verified.at("failed")) == 0);
}

TEST_CASE("two nodes: a node that the registry revokes is cut off") {
    Federation f({"irri", "ipk"});
    f.make_dataset("irri", "rice", 5);
    f.must("irri", {"grant", "add", "--dataset", "rice", "--to", "members", "--can", "search"});
    wait_until("ipk finds the records",
               [&] { return number(f.must("ipk", {"search", "drought"}).at("total")) == 5; });
    REQUIRE(f.on_registry({"registry", "revoke", "--institution", "ipk", "--reason", "test"})
                .exit_code == 0);
    wait_until("ipk is not connected any more", [&] {
        const auto status = f.must("irri", {"status"});
        for (const auto& peer : status.at("peers").as_array())
            if (peer.at("institution").as_string() == "ipk" &&
                peer.at("state").as_string() == "connected")
                return false;
        return true;
    });
    const auto checked = f.on_registry({"registry", "log", "verify"});
    CHECK(checked.exit_code == 0);
    CHECK(checked.json().at("ok").as_bool());
}
