// SPDX-License-Identifier: Apache-2.0
// A registry on a real disk, asked by calls in place of HTTP.
#include "node/daemon/registry_host.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "node/daemon/durable_file.hpp"
#include "node/daemon/private_files.hpp"
#include "node/daemon/registry_app.hpp"
#include "node/daemon/registry_files.hpp"
#include "node/http/target.hpp"
#include "registry/client.hpp"
#include "tests/unit/node/temporary_directory.hpp"
#include "tests/unit/registry/registry_fixture.hpp"

using namespace sangam;
using namespace sangam::node;
using sangam::node::testing::TemporaryDirectory;

namespace {

http::Request request_of(const std::string& method, const std::string& target,
                         const std::string& body = {}) {
    const auto parsed = http::parse_target(target);
    REQUIRE(parsed);
    http::Request request;
    request.method = method;
    request.path = parsed->path;
    request.segments = parsed->segments;
    request.query = parsed->query;
    request.body = body;
    return request;
}

struct RunningRegistry {
    TemporaryDirectory parent;
    std::string directory = parent.file("r");
    boost::json::object made;
    std::unique_ptr<RegistryHost> host;

    RunningRegistry() {
        RegistryInitOptions options;
        options.name = "Test Federation";
        options.root_keys = 3;
        options.threshold = 2;
        auto done = init_registry(directory, options);
        REQUIRE_MESSAGE(done, done.error().text());
        made = *done;
        restart();
    }
    void restart() {
        host.reset();
        auto opened = RegistryHost::open(directory);
        REQUIRE_MESSAGE(opened, opened.error().text());
        host = std::move(*opened);
        host->set_url("http://127.0.0.1:7410");
    }
    boost::json::object ask(const std::string& verb, const boost::json::object& body,
                            int status = 200) {
        const auto response = host->handle_operator(
            request_of("POST", "/api/v1/registry/" + verb, boost::json::serialize(body)));
        CAPTURE(response.body);
        CHECK(response.status == status);
        return boost::json::parse(response.body).as_object();
    }
    registry::HttpResponse fetch(const registry::HttpRequest& request) {
        const auto response = host->handle_public(
            request_of(request.method, request.target, std::string(as_text(request.body))));
        const ByteView body = as_bytes(response.body);
        return {static_cast<unsigned>(response.status),
                response.content_type,
                {},
                Bytes(body.begin(), body.end())};
    }
    registry::Invitation invite(const std::string& handle, bool auto_approve) {
        const auto answer = ask(
            "invite",
            {{"institution", handle}, {"name", "An institute"}, {"auto_approve", auto_approve}});
        auto parsed =
            registry::Invitation::parse(std::string_view(answer.at("invitation").as_string()));
        REQUIRE(parsed);
        return *parsed;
    }
    registry::EnrolmentState enrol(const registry::Invitation& invitation,
                                   registry::testing::TestNode& node) {
        const auto reply = registry::client::enrolment(
            fetch(registry::client::post_enrol(registry::EnrolRequest::make(
                invitation, node.document(invitation.registry_id), node.key))));
        REQUIRE_MESSAGE(reply, reply.error().text());
        return reply->state;
    }
};

}  // namespace

TEST_CASE("registry host: init makes keys for their owner alone, and is not repeated") {
    RunningRegistry r;
    CHECK(r.made.at("root_keys").as_array().size() == 3);
    CHECK(r.made.at("threshold").to_number<int>() == 2);
    for (const char* name : {"log.key", "freshness.key", "root-keys/root-1.key",
                             "root-keys/root-2.key", "root-keys/root-3.key"}) {
        const auto permissions = std::filesystem::status(r.directory + "/" + name).permissions();
        CHECK(permissions ==
              (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    }
    CHECK(init_registry(r.directory, {.name = "again"}).error().code == "exists");
    CHECK(init_registry(r.parent.file("x"), {.name = "x", .root_keys = 2, .threshold = 3})
              .error()
              .kind == ErrorKind::usage);
}

TEST_CASE("registry host: an init that is refused leaves nothing in the way of the corrected one") {
    const TemporaryDirectory parent;
    const std::string directory = parent.file("r");
    const RegistryInitOptions refused[] = {
        {.name = ""},
        {.name = "two\nlines"},
        {.name = "n", .root_keys = 0},
        {.name = "n", .root_keys = 17},
        {.name = "n", .root_keys = 2, .threshold = 3},
        {.name = "n", .threshold = 0},
        {.name = "n", .expiry = std::chrono::seconds(1)},
    };
    for (const auto& options : refused) {
        const auto made = init_registry(directory, options);
        REQUIRE_FALSE(made);
        CHECK(made.error().kind == ErrorKind::usage);
        CHECK_FALSE(std::filesystem::exists(directory));
    }
    CHECK(init_registry(directory, {.name = "ok"}));
}

TEST_CASE("registry host: an init that fails midway leaves nothing, and what a kill left goes") {
    const TemporaryDirectory parent;
    const std::string directory = parent.file("r");
    {  // A disk that takes no file of more than 40 bytes: keys do not fit.
        rlimit before{};
        REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
        rlimit small = before;
        small.rlim_cur = 40;
        const auto handler = std::signal(SIGXFSZ, SIG_IGN);
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
        const auto failed = init_registry(directory, {.name = "n"});
        REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
        std::signal(SIGXFSZ, handler);
        REQUIRE_FALSE(failed);
        CHECK(failed.error().code == "init_failed");
        CHECK(!failed.error().fix.empty());
        CHECK_FALSE(std::filesystem::exists(directory));
    }
    // As a killed init leaves it: begun, and without the root document, which comes last.
    std::filesystem::create_directories(directory + "/root-keys");
    std::ofstream(directory + "/init.unfinished");
    std::ofstream(directory + "/root-keys/root-1.key") << "half";
    const auto made = init_registry(directory, {.name = "n"});
    REQUIRE(made);
    CHECK(made->at("removed_unfinished").as_bool());
    CHECK_FALSE(std::filesystem::exists(directory + "/init.unfinished"));
    CHECK(init_registry(directory, {.name = "n"}).error().code == "exists");
    // What somebody else has in a directory is left alone.
    const std::string other = parent.file("other");
    std::filesystem::create_directory(other);
    std::ofstream(other + "/notes") << "mine";
    CHECK(init_registry(other, {.name = "n"}).error().code == "exists");
    CHECK(std::filesystem::exists(other + "/notes"));
}

TEST_CASE("registry host: keys and a directory that others may use are named") {
    RunningRegistry r;
    CHECK(registry_paths_open_to_others(r.directory).empty());
    REQUIRE(::chmod(r.directory.c_str(), 0755) == 0);
    REQUIRE(::chmod((r.directory + "/log.key").c_str(), 0640) == 0);
    REQUIRE(::chmod((r.directory + "/root-keys/root-1.key").c_str(), 0644) == 0);
    const auto open = registry_paths_open_to_others(r.directory);
    REQUIRE(open.size() == 3);
    CHECK(open[0].fix == "chmod 700 " + r.directory);
    CHECK(open[1].fix == "chmod 600 " + r.directory + "/log.key");
    CHECK(open[2].path.ends_with("root-1.key"));
}

TEST_CASE("registry host: invites, enrols, approves, revokes, and all of it is on disk") {
    RunningRegistry r;
    registry::testing::TestNode node(1);
    registry::testing::TestNode quick(2);
    CHECK(r.enrol(r.invite("irri", false), node) == registry::EnrolmentState::pending);
    CHECK(r.enrol(r.invite("cimmyt", true), quick) == registry::EnrolmentState::member);
    r.restart();
    auto members = registry_members(r.directory);
    REQUIRE(members);
    CHECK(members->at("institutions").as_array().size() == 1);
    CHECK(members->at("pending").as_array().at(0).at("node_id").as_string() == node.id().hex());
    CHECK(r.ask("approve", {{"node_ids", {node.id().hex()}}})
              .at("approved")
              .as_array()
              .at(0)
              .as_string() == node.id().hex());
    r.ask("revoke", {{"institution", "cimmyt"}, {"reason", "left"}});
    r.restart();
    members = registry_members(r.directory);
    REQUIRE(members);
    CHECK(members->at("tree_size").to_number<int>() == 3);
    CHECK(members->at("pending").as_array().empty());
    CHECK(members->at("institutions").as_array().at(0).at("handle").as_string() == "cimmyt");
    CHECK(members->at("institutions").as_array().at(0).at("state").as_string() == "revoked");
    const auto report = verify_registry_log(r.directory);
    REQUIRE(report);
    CHECK(report->at("ok").as_bool());
    CHECK(report->at("entries_checked").to_number<int>() == 3);
    const auto audit = read_file(r.directory + "/audit.jsonl", 1 << 20);
    REQUIRE(audit);
    CHECK(std::ranges::count(*audit, '\n') >= 6);
}

TEST_CASE("registry host: what an operator sends wrongly is answered with what is wrong") {
    RunningRegistry r;
    const auto code = [&](const std::string& verb, const boost::json::object& body, int status) {
        const auto answer = r.ask(verb, body, status);
        return std::string(std::string_view(answer.at("error").at("code").as_string()));
    };
    CHECK(code("approve", {{"node_ids", {"12"}}}, 400) == "bad_node_id");
    CHECK(code("approve", {{"node_ids", "12"}}, 400) == "bad_json");
    CHECK(code("revoke", {{"reason", "why"}}, 400) == "bad_json");
    CHECK(code("invite", {{"institution", "irri"}, {"name", "n"}, {"valid_s", 0}}, 400) ==
          "bad_duration");
    CHECK(code("dismiss", {}, 404) == "not_found");
    CHECK(r.host->handle_operator(request_of("POST", "/api/v1/registry/invite", "{")).status ==
          400);
    CHECK(r.host->handle_operator(request_of("GET", "/api/v1/registry/invite")).status == 405);
    CHECK(r.host->handle_operator(request_of("GET", "/checkpoint")).status == 404);
    CHECK(r.host->handle_public(request_of("POST", "/api/v1/registry/invite", "{}")).status == 404);
}

TEST_CASE("registry host: what a full disk kept from being written did not happen") {
    RunningRegistry r;
    registry::testing::TestNode node(1);
    const auto invitation = r.invite("irri", true);
    // A directory in the place of the temporary file: every replacement fails.
    const std::string in_the_way =
        RegistryPaths{r.directory}.of(registry::file::state) + std::string(".new");
    make_directory(in_the_way);
    CHECK_THROWS(
        static_cast<void>(r.fetch(registry::client::post_enrol(registry::EnrolRequest::make(
            invitation, node.document(invitation.registry_id), node.key)))));
    CHECK(r.host->handle_public(request_of("GET", "/checkpoint")).status == 503);
    r.ask("invite", {{"institution", "x"}, {"name", "n"}}, 503);
    CHECK(registry_members(r.directory)->at("institutions").as_array().empty());
    std::filesystem::remove(in_the_way);
    r.host->tick();
    CHECK(r.host->handle_public(request_of("GET", "/checkpoint")).status == 200);
    CHECK(r.enrol(invitation, node) == registry::EnrolmentState::member);
}

TEST_CASE("registry host: a flipped byte in the log is found by verify, and stops the registry") {
    RunningRegistry r;
    registry::testing::TestNode node(1);
    CHECK(r.enrol(r.invite("irri", true), node) == registry::EnrolmentState::member);
    const std::string path = RegistryPaths{r.directory}.of(registry::file::entries);
    Bytes entries = *read_file(path, 1 << 20);
    entries[entries.size() / 2] ^= 1;
    write_file_durably(path, entries, 0644);
    const auto report = verify_registry_log(r.directory);
    REQUIRE(report);
    CHECK_FALSE(report->at("ok").as_bool());
    CHECK_FALSE(report->at("problems").as_array().empty());
    CHECK_FALSE(RegistryHost::open(r.directory));
    CHECK(verify_registry_log(r.parent.path()).error().kind == ErrorKind::not_found);
}
