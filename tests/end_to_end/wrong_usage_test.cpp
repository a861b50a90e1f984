// SPDX-License-Identifier: Apache-2.0
// Wrong commands, missing directories, ports in use: one clear message and the right exit code.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>

#include "tests/end_to_end/sangam_process.hpp"

using namespace sangam::test;

namespace {

/// Standard output empty, a message of at most three lines on standard error.
void check_one_message(const CommandResult& result, int code, const std::string& says) {
    CHECK(result.exit_code == code);
    CHECK(result.out.empty());
    CHECK_MESSAGE(result.err.starts_with("sangam: "), result.err);
    CHECK_MESSAGE(result.err.find(says) != std::string::npos, result.err);
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') <= 3);
}

}  // namespace

TEST_CASE("wrong usage: unknown commands and options") {
    check_one_message(run_sangam({"frobnicate"}), 2, "frobnicate");
    check_one_message(run_sangam({"grant", "frobnicate"}), 2, "frobnicate");
    check_one_message(run_sangam({"status", "--frobnicate"}), 2, "--frobnicate");
    check_one_message(run_sangam({}), 2, "command");
    check_one_message(run_sangam({"status"}), 2, "directory");
    for (const char* number : {"-1", "1x", "", "4294967296", "1.5"})
        check_one_message(run_sangam({"search", "x", "--limit", number}), 2, "no whole number");
}

TEST_CASE("wrong usage: a directory that is not there or no node's") {
    const TemporaryDirectory files;
    check_one_message(run_sangam({"status", "--dir", files.path("none")}), 3, "no such directory");
    check_one_message(run_sangam({"node", "run", "--dir", files.path("none")}), 3, "none");
    check_one_message(run_sangam({"verify", "--dir", files.path("none")}), 3, "none");
    std::filesystem::create_directory(files.path("empty"));
    check_one_message(run_sangam({"node", "run", "--dir", files.path("empty")}), 3, "empty");
    check_one_message(run_sangam({"registry", "run", "--dir", files.path("empty")}), 3, "empty");
}

TEST_CASE("wrong usage: a directory of another kind is told at once, also to status") {
    const TemporaryDirectory files;
    std::filesystem::create_directory(files.path("empty"));
    check_one_message(run_sangam({"status", "--dir", files.path("empty")}), 3,
                      "no node's directory");
    REQUIRE(run_sangam({"registry", "init", "--dir", files.path("r"), "--name", "r"}).exit_code ==
            0);
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"status"}, {"verify"}, {"node", "run"}}) {
        auto words = command;
        words.insert(words.end(), {"--dir", files.path("r")});
        check_one_message(run_sangam(words), 3, "registry's directory, not a node's");
    }
    REQUIRE(run_sangam({"node", "init", "--dir", files.path("n"), "--name", "n"}).exit_code == 0);
    check_one_message(run_sangam({"registry", "run", "--dir", files.path("n")}), 3,
                      "node's directory, not a registry's");
}

TEST_CASE("wrong usage: a node that does not run is unreachable, with the command that starts it") {
    const TemporaryDirectory files;
    const auto dir = files.path("n");
    REQUIRE(run_sangam({"node", "init", "--dir", dir, "--name", "ipk"}).exit_code == 0);
    check_one_message(run_sangam({"status", "--dir", dir}), 5,
                      "start it with sangam node run --dir " + dir);
    const auto json = run_sangam({"status", "--dir", dir, "--json"});
    CHECK(json.exit_code == 5);
    CHECK(json.err.empty());
    CHECK(json.json().at("error").at("code").as_string() == "not_running");
}

TEST_CASE("wrong usage: a second init and a second daemon are refused, the first goes on") {
    const TemporaryDirectory files;
    const auto dir = files.path("n");
    REQUIRE(run_sangam({"node", "init", "--dir", dir, "--name", "ipk"}).exit_code == 0);
    const auto again = run_sangam({"node", "init", "--dir", dir, "--name", "ipk"});
    CHECK(again.exit_code != 0);
    CHECK(again.err.find(dir) != std::string::npos);
    Daemon daemon("node", dir);
    const auto second = run_sangam({"node", "run", "--dir", dir});
    CHECK(second.exit_code != 0);
    CHECK(second.err.find(dir) != std::string::npos);
    CHECK(run_sangam({"status", "--dir", dir}).exit_code == 0);
}

TEST_CASE("wrong usage: a port in use is named, with what to do") {
    const TemporaryDirectory files;
    for (const char* name : {"a", "b"})
        REQUIRE(run_sangam({"node", "init", "--dir", files.path(name), "--name", name}).exit_code ==
                0);
    const Daemon first("node", files.path("a"));
    for (const char* option : {"--http-listen", "--peer-listen"}) {
        const auto taken = first.address(option == std::string("--http-listen") ? "http" : "peer");
        const auto other =
            option == std::string("--http-listen") ? "--peer-listen" : "--http-listen";
        const auto second = run_sangam(
            {"node", "run", "--dir", files.path("b"), option, taken, other, "127.0.0.1:0"});
        CHECK(second.exit_code == 1);
        CHECK(second.out.empty());
        CHECK_MESSAGE(second.err.find(taken) != std::string::npos, second.err);
    }
}

TEST_CASE("wrong usage: a path too long for a socket is said in words") {
    const TemporaryDirectory files;
    const auto dir = files.path(std::string(120, 'x'));
    if (run_sangam({"node", "init", "--dir", dir, "--name", "ipk"}).exit_code != 0) return;
    const auto run = run_sangam({"node", "run", "--dir", dir, "--peer-listen", "127.0.0.1:0",
                                 "--http-listen", "127.0.0.1:0"});
    CHECK(run.exit_code == 1);
    CHECK_MESSAGE(run.err.find("107") != std::string::npos, run.err);
}

TEST_CASE("wrong usage: files that are not there, datasets and records that do not exist") {
    const TemporaryDirectory files;
    const auto dir = files.path("n");
    REQUIRE(run_sangam({"node", "init", "--dir", dir, "--name", "ipk"}).exit_code == 0);
    const Daemon daemon("node", dir);
    check_one_message(
        run_sangam({"import", "--dir", dir, "--dataset", "x", files.path("none.csv")}), 3, "none");
    const auto file = files.write("a.csv", "INSTCODE,ACCENUMB,GENUS\nDEU146,1,Triticum\n");
    check_one_message(run_sangam({"import", "--dir", dir, "--dataset", "x", file}), 3, "ipk/x");
    check_one_message(run_sangam({"get", "--dir", dir, "ipk/x/germplasm/1"}), 3, "ipk/x");
    check_one_message(run_sangam({"get", "--dir", dir, "nonsense"}), 2, "RECORD");
    check_one_message(run_sangam({"grant", "add", "--dir", dir, "--dataset", "x", "--to", "irri",
                                  "--can", "search"}),
                      3, "ipk/x");
    check_one_message(run_sangam({"subscribe", "--dir", dir, "irri/rice"}), 3, "irri");
}

TEST_CASE("wrong usage: doctor names a port of a stopped node that another process has") {
    const TemporaryDirectory files;
    for (const char* name : {"a", "b"})
        REQUIRE(run_sangam({"node", "init", "--dir", files.path(name), "--name", name}).exit_code ==
                0);
    const Daemon other("node", files.path("a"));
    std::ofstream(files.path("b") + "/sangam.toml", std::ios::app)
        << "peer_listen = \"" << other.address("peer") << "\"\nhttp_listen = \"127.0.0.1:0\"\n";
    const auto result = run_sangam({"doctor", "--dir", files.path("b"), "--json"});
    CHECK(result.exit_code == 1);
    int failed = 0;
    const auto document = result.json();
    for (const auto& check : document.at("checks").as_array()) {
        if (check.at("ok").as_bool()) continue;
        ++failed;
        CHECK(check.at("name").as_string() == "peer port");
        CHECK(check.at("detail").as_string().find(other.address("peer")) != std::string_view::npos);
    }
    CHECK(failed == 1);
}

TEST_CASE("wrong usage: doctor says what is wrong, with and without a daemon") {
    const TemporaryDirectory files;
    const auto dir = files.path("n");
    REQUIRE(run_sangam({"node", "init", "--dir", dir, "--name", "ipk"}).exit_code == 0);
    // Free ports, so that what else runs on this machine does not matter.
    std::ofstream(dir + "/sangam.toml", std::ios::app)
        << "peer_listen = \"127.0.0.1:0\"\nhttp_listen = \"127.0.0.1:0\"\n";
    CHECK(run_sangam({"doctor", "--dir", dir}).exit_code == 0);
    {
        const Daemon daemon("node", dir);
        CHECK(run_sangam({"doctor", "--dir", dir}).exit_code == 0);
    }
    for (const auto& path : {dir, dir + "/store.sqlite"}) {
        std::filesystem::permissions(path, std::filesystem::perms::others_read,
                                     std::filesystem::perm_options::add);
        const auto result = run_sangam({"doctor", "--dir", dir});
        CHECK(result.exit_code == 1);
        CHECK_MESSAGE(result.out.find("chmod " + std::string(path == dir ? "700 " : "600 ") + path +
                                      "\n") != std::string::npos,
                      result.out);
        std::filesystem::permissions(path, std::filesystem::perms::others_read,
                                     std::filesystem::perm_options::remove);
    }
    std::filesystem::permissions(dir + "/identity.key", std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    const auto open = run_sangam({"doctor", "--dir", dir});
    CHECK(open.exit_code == 1);
    CHECK(open.out.find("chmod 600") != std::string::npos);
}
