// SPDX-License-Identifier: Apache-2.0
// One node with the real executable: make it, import, read, edit, export, verify, stop, start.
#include <doctest/doctest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/end_to_end/sangam_process.hpp"

using namespace sangam::test;

namespace {

constexpr const char* passports =
    "INSTCODE,ACCENUMB,GENUS,SPECIES,ACCENAME,ACQDATE\n"
    "DEU146,TRI 1/2,Triticum,aestivum,Rotkorn;Winter,19700000\n"
    "DEU146,HOR 7,Hordeum,vulgare,,2001----\n";

std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// A node with a dataset `ipk/passports`.
struct OneNode {
    TemporaryDirectory files;
    std::string dir = files.path("n");
    std::unique_ptr<Daemon> daemon;

    OneNode() {
        const auto made = run_sangam({"node", "init", "--dir", dir, "--name", "ipk", "--json"});
        REQUIRE_MESSAGE(made.exit_code == 0, made.out, made.err);
        daemon = std::make_unique<Daemon>("node", dir);
        const auto dataset = sangam(
            {"dataset", "create", "passports", "--title", "Passports", "--licence", "CC-BY-4.0"});
        REQUIRE_MESSAGE(dataset.exit_code == 0, dataset.out, dataset.err);
        REQUIRE(dataset.json().at("dataset").as_string() == "ipk/passports");
    }
    CommandResult sangam(std::vector<std::string> arguments) const {
        arguments.insert(arguments.end(), {"--dir", dir, "--json"});
        return run_sangam(arguments);
    }
};

}  // namespace

TEST_CASE(
    "one node: what is imported is found, read, exported and verified, also after a restart") {
    OneNode node;
    const auto file = node.files.write("p.csv", passports);
    const auto imported = node.sangam({"import", "--dataset", "ipk/passports", file});
    REQUIRE_MESSAGE(imported.exit_code == 0, imported.out);
    CHECK(imported.json().at("read").as_int64() == 2);
    CHECK(imported.json().at("written").as_int64() == 2);

    const std::string record = "ipk/passports/germplasm/DEU146:TRI 1%2F2:Triticum";
    const auto got = node.sangam({"get", record});
    REQUIRE_MESSAGE(got.exit_code == 0, got.out);
    const auto document = got.json();
    CHECK(document.at("record").at("id").as_string() == "DEU146:TRI 1/2:Triticum");
    CHECK(document.at("record").at("fields").at("acquisitionDate").as_string() == "19700000");
    CHECK(boost::json::serialize(document.at("record").at("fields").at("accessionNames")) ==
          R"(["Rotkorn","Winter"])");
    CHECK(document.at("provenance").at(0).at("verified").as_bool());

    const auto found = node.sangam({"search", "Rotkorn", "--local"});
    CHECK(found.json().at("total").as_int64() == 1);
    CHECK(found.json().at("hits").at(0).at("record").as_string() == record);

    const auto out = node.files.path("out.csv");
    const auto exported =
        node.sangam({"export", "--dataset", "passports", "--format", "mcpd", "--out", out});
    CHECK(exported.json().at("written").as_int64() == 2);
    CHECK(read_file(out).find("2001----") != std::string::npos);

    CHECK(node.daemon->stop() == 0);
    const auto offline = node.sangam({"verify"});
    CHECK(offline.exit_code == 0);
    CHECK(offline.json().at("records").as_int64() == 2);
    CHECK(offline.json().at("failed").as_int64() == 0);

    Daemon again("node", node.dir);
    const auto online = node.sangam({"verify"});
    CHECK(online.json().at("records").as_int64() == 2);
    const auto unchanged = node.sangam({"import", "--dataset", "passports", file});
    CHECK(unchanged.json().at("unchanged").as_int64() == 2);
    CHECK(again.stop() == 0);
}

TEST_CASE("one node: rejected rows exit with 1, print the document and go to the file") {
    OneNode node;
    const auto file = node.files.write("bad.csv", "ID,V\n1,a\n,b\n1,c\n");
    const auto rejects = node.files.path("rejects.csv");
    const auto run = node.sangam({"import", "--dataset", "passports", "--collection", "study",
                                  "--id", "ID", file, "--rejects", rejects});
    CHECK(run.exit_code == 1);
    CHECK(run.json().at("rejected").as_int64() == 2);
    CHECK(!run.json().as_object().contains("rejected_rows"));
    CHECK(read_file(rejects).find("1,c") != std::string::npos);
}

TEST_CASE("one node: put, delete, restore and history with their exit codes") {
    OneNode node;
    const std::string record = "ipk/passports/germplasm/X1";
    CHECK(node.sangam({"put", record, "remarks=first", "count:=3"}).exit_code == 0);
    CHECK(node.sangam({"put", record, "remarks=second", "--unset", "count"}).exit_code == 0);
    CHECK(node.sangam({"delete", record}).exit_code == 0);
    CHECK(node.sangam({"get", record}).exit_code == 3);
    CHECK(node.sangam({"put", record, "remarks=third"}).exit_code == 4);
    CHECK(node.sangam({"restore", record}).exit_code == 0);
    const auto got = node.sangam({"get", record}).json();
    CHECK(got.at("record").at("fields").at("remarks").as_string() == "second");
    CHECK(!got.at("record").at("fields").as_object().contains("count"));
    const auto history = node.sangam({"history", record}).json();
    CHECK(history.at("changes").as_array().size() == 4);
}

TEST_CASE("one node: kill -9 in the middle of an import loses nothing that was written") {
    OneNode node;
    std::string rows = "ID,NAME\n";
    for (int i = 0; i < 20'000; ++i)
        rows += std::to_string(i) + ",name of record " + std::to_string(i) + "\n";
    const auto file = node.files.write("many.csv", rows);
    const std::vector<std::string> import{"import", "--dataset", "passports", "--collection",
                                          "study",  "--id",      "ID",        file};
    std::thread importing([&] { static_cast<void>(node.sangam(import)); });
    wait_until("some records are written", [&] {
        const auto status = node.sangam({"status"});
        return status.exit_code != 0 ||
               status.json().at("datasets").at(0).at("records").as_int64() > 0;
    });
    node.daemon->kill();
    importing.join();
    const auto verified = node.sangam({"verify"}).json();
    CHECK(verified.at("failed").as_int64() == 0);
    CHECK(verified.at("records").as_int64() > 0);
    Daemon again("node", node.dir);
    const auto finished = node.sangam(import).json();
    CHECK(finished.at("read").as_int64() == 20'000);
    CHECK(finished.at("unchanged").as_int64() >= verified.at("records").as_int64());
    CHECK(node.sangam({"verify"}).json().at("records").as_int64() == 20'000);
}

TEST_CASE(
    "one node: the longest value is put from a file, exported and imported, a longer one refused") {
    OneNode node;
    constexpr std::size_t longest = 1024 * 1024 - 5;  // a text's head has five bytes
    const auto file = node.files.write("long.txt", std::string(longest, '\x01'));
    const std::string record = "ipk/passports/germplasm/R";
    const auto put = node.sangam({"put", record, "--from", "remarks=" + file});
    REQUIRE_MESSAGE(put.exit_code == 0, put.out);
    const auto over =
        node.sangam({"put", record, "--from",
                     "remarks=" + node.files.write("over.txt", std::string(longest + 1, 'x'))});
    CHECK(over.exit_code == 1);
    CHECK(over.out.find("1 MiB") != std::string::npos);
    CHECK(node.sangam({"put", record, "--from", "remarks=" + node.files.path("none")}).exit_code ==
          3);

    const auto out = node.files.path("out.csv");
    const auto exported = node.sangam({"export", "--dataset", "passports", "--format", "csv",
                                       "--collection", "germplasm", "--out", out});
    CHECK(exported.json().at("written").as_int64() == 1);
    CHECK(exported.json().at("notices").as_array().empty());
    CHECK(node.sangam({"import", "--dataset", "passports", out, "--collection", "germplasm", "--id",
                       "_id", "--source", "again"})
              .exit_code == 0);

    // What MCPD cannot name stays out, and a person is told on standard error.
    const auto mcpd = run_sangam(
        {"export", "--dataset", "passports", "--format", "mcpd", "--out", "-", "--dir", node.dir});
    CHECK(mcpd.exit_code == 0);
    CHECK(mcpd.err.find("left out: record germplasm/R") != std::string::npos);
    CHECK(mcpd.out.starts_with("PUID,"));
}
