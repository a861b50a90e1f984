// SPDX-License-Identifier: Apache-2.0
// Goal: a process may die at any moment, and after its restart all is there and verified. Method:
// two real nodes with SQLite stores do a short sync (a subscription, a joint dataset, edits on both
// sides), again and again from the same copy of their directories; each time one of them is killed
// at its next store operation (before it, then after it), or in the middle of a write to a file,
// until there is none left. Each time both must come to export the very bytes of the run that
// nobody disturbed, and verify. tests/stopping_node is the daemon that dies; with a bug planted in
// its store the same runs must find something. Every store operation of either side is tried;
// writes to a file are hundreds, so of those every 13th or 71st.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fstream>
#include <thread>

#include "node/http/client.hpp"
#include "storage/store.hpp"
#include "sync/merger.hpp"
#include "tests/end_to_end/federation.hpp"

using namespace sangam;
using sangam::test::Daemon;
using sangam::test::Federation;
using sangam::test::Launch;

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr int records = 12;

/// Where the process is to die: the name of a variable of stopping_node, and the number.
struct Stop {
    std::string variable;
    std::uint64_t number = 0;
};

/// A node's directory and the process in it.
struct StoppedNode {
    std::string directory;
    std::string peer;
    std::string http;
    std::unique_ptr<Daemon> process;
    int deaths = 0;
    std::string planted_bug;  ///< for stopping_node; empty: none

    void start(const std::optional<Stop>& stop) {
        Launch launch;
        launch.words = {SANGAM_STOPPING_NODE, directory, peer, http};
        launch.environment = {{"SANGAM_STORE_SYNCS", "0"}};
        if (!planted_bug.empty())
            launch.environment.emplace_back("SANGAM_PLANTED_BUG", planted_bug);
        if (stop) {
            launch.environment.emplace_back(stop->variable, std::to_string(stop->number));
            launch.may_end_early = true;
        }
        launch.log = directory + ".log";
        process = std::make_unique<Daemon>(launch);
    }
    void start_again_if_dead() {
        if (!process->has_ended()) return;
        ++deaths;
        start(std::nullopt);
    }
    /// The last line with which stopping_node died.
    [[nodiscard]] std::string place() const {
        std::ifstream log(directory + ".log");
        std::string out;
        for (std::string line; std::getline(log, line);)
            if (line.starts_with("stopping ") && line.find(" operation ") != std::string::npos)
                out = line;
        return out;
    }
    [[nodiscard]] Result<node::http::Response> ask(const std::string& method,
                                                   const std::string& target,
                                                   const std::string& body = {}) const {
        node::http::ClientRequest request;
        request.method = method;
        request.target = "/api/v1/" + target;
        request.body = body;
        return node::http::fetch_unix(directory + "/sangam.sock", request);
    }
    [[nodiscard]] json::object document(const std::string& target) const {
        const auto reply = ask("GET", target);
        if (!reply || reply->status != 200) return {};
        return json::parse(reply->body).as_object();
    }
    [[nodiscard]] std::string exported(const std::string& dataset) const {
        const auto reply = ask("GET", "export?format=ndjson&dataset=" + dataset);
        return reply && reply->status == 200 ? reply->body : std::string();
    }
};

void copy_node(const std::string& from, const std::string& to) {
    fs::remove_all(to);
    fs::create_directory(to);
    for (const auto& entry : fs::directory_iterator(from))
        if (!entry.is_socket())
            fs::copy(entry.path(), fs::path(to) / entry.path().filename(),
                     fs::copy_options::recursive);
}

bool is_at(const json::object& row, const char* key, std::int64_t number) {
    return row.at(key).to_number<std::int64_t>() == number;
}

/// What both nodes export at rest.
struct Outcome {
    std::string rice;
    std::string joint;
    bool operator==(const Outcome&) const = default;
};

/// What came of a run.
struct Run {
    int deaths = 0;                     ///< how often the victim died
    std::string place;                  ///< where it did, as stopping_node says it
    std::vector<std::string> problems;  ///< what is not as it must be
};

/// Two institutions with data, whose directories are copied for each run.
class Rehearsal {
public:
    Rehearsal() : federation_({"irri", "ipk"}) {
        federation_.make_dataset("irri", "rice", records);
        federation_.must(
            "irri", {"grant", "add", "--dataset", "rice", "--to", "ipk", "--can", "replicate"});
        federation_.must("irri", {"dataset", "create", "joint", "--title", "Joint", "--licence",
                                  "CC0-1.0", "--writers", "ipk"});
        federation_.must("irri", {"put", "irri/joint/germplasm/i1", "genus=Oryza"});
        test::wait_until("ipk may write", [&] {
            return federation_.on("ipk", {"get", "irri/joint/germplasm/i1"}).exit_code == 0;
        });
        for (const std::string handle : {"irri", "ipk"}) {
            addresses_[handle] = {federation_.daemon(handle).address("peer"),
                                  federation_.daemon(handle).address("http")};
            REQUIRE(federation_.stop(handle) == 0);
        }
    }

    Run run(const std::string& victim, const std::optional<Stop>& stop,
            const std::string& planted_bug = {}) {
        nodes_.clear();
        problems_.clear();
        for (const std::string handle : {"irri", "ipk"}) {
            const auto [peer, http] = addresses_.at(handle);
            nodes_[handle] = {federation_.directory("run-" + handle),        peer, http, nullptr, 0,
                              handle == victim ? planted_bug : std::string()};
            copy_node(federation_.directory(handle), nodes_[handle].directory);
            nodes_[handle].start(handle == victim ? stop : std::nullopt);
        }
        insist("ipk", "POST", "subscriptions", R"({"dataset":"irri/rice"})");
        insist("irri", "PATCH", "records/irri/rice/germplasm/rice-1",
               R"({"set":["remarks=salt tolerant"]})");
        insist("ipk", "PATCH", "records/irri/joint/germplasm/p1", R"({"set":["remarks=Hordeum"]})");
        insist("irri", "DELETE", "records/irri/rice/germplasm/rice-2");
        insist("irri", "PATCH", "records/irri/joint/germplasm/i2", R"({"set":["genus=Zea"]})");
        wait_for_rest();
        // Each of these is a delivery of its own, after some that were acknowledged.
        for (const std::string record : {"rice-3", "rice-4"}) {
            insist("irri", "PATCH", "records/irri/rice/germplasm/" + record,
                   R"({"set":["remarks=late"]})");
            wait_for_rest();
        }
        const Outcome outcome{nodes_["irri"].exported("rice"), nodes_["irri"].exported("joint")};
        expect(nodes_["ipk"].exported("irri/rice") == outcome.rice, "another rice at the holder");
        expect(nodes_["ipk"].exported("irri/joint") == outcome.joint, "another joint dataset");
        if (!undisturbed_) undisturbed_ = outcome;
        expect(outcome == *undisturbed_, "not what the undisturbed run gives");
        for (auto& [handle, node] : nodes_) {
            if (node.process->stop() != 0) {  // it died while it ended
                expect(handle == victim, handle + " ended badly");
                expect(++node.deaths == 1, handle + " ended badly");
            }
            const auto report =
                storage::open_sqlite_reader(node.directory, merger_)->verify(std::nullopt);
            expect(report.failed == 0, handle + " does not verify");
            expect(report.records >= records - 1 + 3, handle + " lacks records");
        }
        return {nodes_[victim].deaths, nodes_[victim].place(), problems_};
    }

    [[nodiscard]] const Outcome& undisturbed() const { return *undisturbed_; }

    /// How long the nodes may take to come to rest, which they do within milliseconds.
    std::chrono::seconds patience{30};

private:
    void expect(bool holds, const std::string& otherwise) {
        if (!holds) problems_.push_back(otherwise);
    }
    /// What a person does whose request ended in a dead process: start the node, ask again.
    void insist(const std::string& handle, const std::string& method, const std::string& target,
                const std::string& body = {}) {
        test::wait_until(method + " " + target, [&] {
            StoppedNode& node = nodes_[handle];
            node.start_again_if_dead();
            const auto reply = node.ask(method, target, body);
            if (!reply) return false;
            // Deleted or subscribed already, by the request whose answer was lost.
            const bool is_done = method != "PATCH" && node.deaths > 0 && reply->status / 100 == 4;
            expect(reply->status / 100 == 2 || is_done, reply->body);
            return true;
        });
    }

    void wait_for_rest() {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (!is_at_rest()) {
            if (std::chrono::steady_clock::now() > deadline)
                return expect(false,
                              "no rest: " + json::serialize(nodes_["irri"].document("status")) +
                                  json::serialize(nodes_["ipk"].document("status")));
            std::this_thread::sleep_for(std::chrono::milliseconds(3));
        }
    }
    bool is_at_rest() {
        for (auto& [handle, node] : nodes_) node.start_again_if_dead();
        const auto at_owner = nodes_["irri"].document("status");
        const auto at_holder = nodes_["ipk"].document("status");
        if (at_owner.empty() || at_holder.empty()) return false;
        const auto& serving = at_owner.at("serving").as_array();
        const auto& subscriptions = at_holder.at("subscriptions").as_array();
        if (serving.size() != 1 || subscriptions.size() != 1) return false;
        const auto& sent = serving[0].as_object();
        const auto& held = subscriptions[0].as_object();
        if (held.at("state").as_string() != "live" || !is_at(held, "records", records - 1) ||
            !is_at(sent, "acknowledged", records - 1) || !is_at(sent, "sent", 0) ||
            !is_at(sent, "pending", 0) || !is_at(sent, "withdrawals_pending", 0))
            return false;
        return nodes_["irri"].exported("joint") == nodes_["ipk"].exported("irri/joint") &&
               nodes_["irri"].exported("rice") == nodes_["ipk"].exported("irri/rice");
    }

    Federation federation_;
    std::map<std::string, std::pair<std::string, std::string>> addresses_;
    std::map<std::string, StoppedNode> nodes_;
    std::optional<Outcome> undisturbed_;
    std::vector<std::string> problems_;
    sync::Merger merger_;
};

/// One node whose import dies, and which is then asked to import the file again.
class ImportRehearsal {
public:
    static constexpr int rows = 1100;  ///< two commits

    ImportRehearsal() {
        const auto home = files_.path("home");
        REQUIRE(test::run_sangam({"node", "init", "--dir", home, "--name", "irri"}).exit_code == 0);
        const Daemon daemon("node", home);
        REQUIRE(test::run_sangam({"dataset", "create", "rice", "--title", "Rice", "--licence",
                                  "CC0-1.0", "--dir", home})
                    .exit_code == 0);
        std::string text = "ID,remarks\n";
        for (int i = 0; i < rows; ++i)
            text += "r" + std::to_string(i) + ",plot " + std::to_string(i) + "\n";
        files_.write("rice.csv", text);
    }

    /// How often the node died while it imported.
    int run(const std::optional<Stop>& stop) {
        StoppedNode node{files_.path("run"), "127.0.0.1:0", "127.0.0.1:0", nullptr, 0};
        copy_node(files_.path("home"), node.directory);
        node.start(stop);
        test::wait_until("an import that is answered", [&] {
            node.start_again_if_dead();
            node::http::ClientRequest request;
            request.method = "POST";
            request.target = "/api/v1/import?dataset=rice&collection=germplasm&id=ID&file=rice.csv";
            request.body_files = {files_.path("rice.csv")};
            const auto reply = node::http::fetch_unix(node.directory + "/sangam.sock", request);
            if (!reply) return false;
            REQUIRE_MESSAGE(reply->status == 200, reply->body);
            const auto report = json::parse(reply->body).as_object();
            CHECK(is_at(report, "read", rows));
            CHECK(is_at(report, "rejected", 0));
            CHECK(report.at("written").to_number<int>() + report.at("unchanged").to_number<int>() ==
                  rows);
            return true;
        });
        const auto exported = node.exported("rice");
        if (node.process->stop() != 0) CHECK(++node.deaths == 1);
        if (!undisturbed_) undisturbed_ = exported;
        CHECK(exported == *undisturbed_);
        const auto report =
            storage::open_sqlite_reader(node.directory, merger_)->verify(std::nullopt);
        CHECK(report.failed == 0);
        CHECK(report.records == rows);
        return node.deaths;
    }

private:
    test::TemporaryDirectory files_;
    std::optional<std::string> undisturbed_;
    sync::Merger merger_;
};

/// Kills a node at each place numbered by `variable`, every `stride`-th from the first, until two
/// runs in a row have none left (one may have grouped its writes otherwise).
void stop_everywhere(const std::function<int(const std::optional<Stop>&)>& run,
                     const std::string& variable, std::uint64_t stride, std::uint64_t at_least) {
    REQUIRE(run(std::nullopt) == 0);
    std::uint64_t number = 1;
    std::uint64_t deaths = 0;
    for (int in_peace = 0; in_peace < 2; number += stride) {
        CAPTURE(number);
        const int died = run(Stop{variable, number});
        CHECK(died <= 1);
        in_peace = died == 0 ? in_peace + 1 : 0;
        deaths += static_cast<std::uint64_t>(died);
    }
    MESSAGE("killed ", deaths, " times, at places up to ", number - 3 * stride);
    CHECK(deaths >= at_least);
}

void stop_a_sync_everywhere(const std::string& victim, const std::string& variable,
                            std::uint64_t stride, std::uint64_t at_least) {
    Rehearsal rehearsal;
    const auto run = [&](const std::optional<Stop>& stop) {
        const Run outcome = rehearsal.run(victim, stop);
        for (const std::string& problem : outcome.problems) MESSAGE(problem);
        CHECK(outcome.problems.empty());
        return outcome.deaths;
    };
    stop_everywhere(run, variable, stride, at_least);
    CHECK(rehearsal.undisturbed().rice.find("salt tolerant") != std::string::npos);
    CHECK(rehearsal.undisturbed().rice.find("\"rice-2\"") == std::string::npos);
    CHECK(rehearsal.undisturbed().joint.find("Hordeum") != std::string::npos);
    CHECK(rehearsal.undisturbed().joint.find("Zea") != std::string::npos);
}

constexpr auto store_moment = "SANGAM_STOP_AT_STORE_MOMENT";
constexpr auto file_write = "SANGAM_STOP_AT_FILE_WRITE";

}  // namespace

TEST_CASE("kill -9: the sender may die before or after any store operation") {
    stop_a_sync_everywhere("irri", store_moment, 1, 24);
}
TEST_CASE("kill -9: the receiver may die before or after any store operation") {
    stop_a_sync_everywhere("ipk", store_moment, 1, 18);
}
TEST_CASE("kill -9: the receiver may die in the middle of a write to a file") {
    stop_a_sync_everywhere("ipk", file_write, 13, 5);
}
TEST_CASE("kill -9: an import may die before or after any store operation and is made again") {
    ImportRehearsal rehearsal;
    stop_everywhere([&](const auto& stop) { return rehearsal.run(stop); }, store_moment, 1, 4);
}
TEST_CASE("kill -9: an import may die in the middle of a write to a file and is made again") {
    ImportRehearsal rehearsal;
    stop_everywhere([&](const auto& stop) { return rehearsal.run(stop); }, file_write, 71, 4);
}

TEST_CASE("kill -9: a planted cursor that is durable before its content is found") {
    Rehearsal rehearsal;
    REQUIRE(rehearsal.run("ipk", std::nullopt).problems.empty());
    // Without a death the bug does no harm, so that only a stop in its gap shows it.
    REQUIRE(rehearsal.run("ipk", std::nullopt, "cursor_first").problems.empty());
    // A run that finds it waits this long for a rest that does not come.
    rehearsal.patience = std::chrono::seconds(5);
    const auto died_in_the_gap = [](const Run& run) {
        return run.deaths == 1 &&
               (run.place.ends_with(", put_own_subscription") ||
                (run.place.starts_with("stopping before ") && run.place.ends_with(", apply")));
    };
    Run outcome;
    std::uint64_t number = 0;
    do {
        outcome = rehearsal.run("ipk", Stop{store_moment, ++number}, "cursor_first");
    } while (number < 60 && (outcome.problems.empty() || !died_in_the_gap(outcome)));
    REQUIRE_MESSAGE(!outcome.problems.empty(), "not found at any of ", number, " places");
    MESSAGE("found: ", outcome.place, ": ", outcome.problems.front().substr(0, 60));
    CHECK(died_in_the_gap(outcome));
    CHECK(std::count(outcome.problems.begin(), outcome.problems.end(),
                     "another rice at the holder") == 1);
}
