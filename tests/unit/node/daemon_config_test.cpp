// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/config.hpp"

#include <doctest/doctest.h>

#include <map>

#include "node/daemon/duration.hpp"

using namespace sangam;
using namespace sangam::node;
using namespace std::chrono_literals;

namespace {

Environment environment_of(std::map<std::string, std::string> variables) {
    return
        [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            if (found == variables.end()) return std::nullopt;
            return found->second;
        };
}

Result<NodeConfig> parse_config(std::string_view toml,
                                const Environment& environment = environment_of({}),
                                const ConfigOverrides& overrides = {}) {
    return parse_config(toml, "sangam.toml", environment, overrides);
}

}  // namespace

TEST_CASE("config: what node init writes gives the defaults") {
    const auto config = parse_config(initial_config("a \"quoted\" \\ name"));
    REQUIRE(config);
    CHECK(config->name == "a \"quoted\" \\ name");
    CHECK(config->institution == config->name);
    CHECK(config->peer_listen == "127.0.0.1:7420");
    CHECK(config->http_listen == "127.0.0.1:7430");
    CHECK(config->advertise.empty());
    CHECK(config->registry_poll == 30s);
    CHECK(config->on_expired == OnExpired::go_on);
    CHECK(config->log_level == "info");
}

TEST_CASE("config: every setting can stand in the file") {
    const auto config = parse_config(R"(
name = "manila"
institution = "irri"
peer_listen = "0.0.0.0:0"
http_listen = "[::1]:80"
advertise = ["a.example:1", "b.example:2"]
registry_poll = "250ms"
on_expired = "stop"
log_level = "debug"
)");
    REQUIRE(config);
    CHECK(config->institution == "irri");
    CHECK(config->peer_listen == "0.0.0.0:0");
    CHECK(config->http_listen == "[::1]:80");
    CHECK(config->advertise == std::vector<std::string>{"a.example:1", "b.example:2"});
    CHECK(config->registry_poll == 250ms);
    CHECK(config->on_expired == OnExpired::stop);
    CHECK(config->log_level == "debug");
}

TEST_CASE("config: an option wins over the environment, that over the file") {
    const std::string toml =
        "name = \"n\"\npeer_listen = \"127.0.0.1:1\"\nhttp_listen = \"127.0.0.1:1\"\n"
        "registry_poll = \"1s\"\nadvertise = [\"a:1\"]\n";
    const auto environment = environment_of({{"SANGAM_HTTP_LISTEN", "127.0.0.1:2"},
                                             {"SANGAM_REGISTRY_POLL", "2s"},
                                             {"SANGAM_ADVERTISE", "b:1,c:2"}});
    ConfigOverrides overrides;
    overrides.registry_poll = "3s";
    const auto config = parse_config(toml, environment, overrides);
    REQUIRE(config);
    CHECK(config->peer_listen == "127.0.0.1:1");
    CHECK(config->http_listen == "127.0.0.1:2");
    CHECK(config->registry_poll == 3s);
    CHECK(config->advertise == std::vector<std::string>{"b:1", "c:2"});
    overrides.advertise = {"d:3"};
    CHECK(parse_config(toml, environment, overrides)->advertise == std::vector<std::string>{"d:3"});
}

TEST_CASE("config: a bad value is refused also where another layer overrides it") {
    ConfigOverrides overrides;
    overrides.peer_listen = "127.0.0.1:0";
    const auto in_file = parse_config("name = \"n\"\npeer_listen = \"127.0.0.1:70000\"\n",
                                      environment_of({}), overrides);
    REQUIRE_FALSE(in_file);
    CHECK(in_file.error().kind == ErrorKind::usage);
    CHECK(in_file.error().subject == "sangam.toml, line 2");

    overrides = {};
    overrides.registry_poll = "3s";
    const auto in_environment = parse_config(
        "name = \"n\"\n", environment_of({{"SANGAM_REGISTRY_POLL", "often"}}), overrides);
    REQUIRE_FALSE(in_environment);
    CHECK(in_environment.error().subject == "SANGAM_REGISTRY_POLL");

    const auto below_environment =
        parse_config("name = \"n\"\nlog_level = \"loud\"\n",
                     environment_of({{"SANGAM_LOG_LEVEL", "debug"}}), ConfigOverrides{});
    REQUIRE_FALSE(below_environment);
    CHECK(below_environment.error().subject == "sangam.toml, line 2");
}

TEST_CASE("config: an unknown key is refused with its line and the keys there are") {
    const auto config = parse_config("name = \"n\"\n\npeer_lisen = \"127.0.0.1:1\"\n");
    REQUIRE_FALSE(config);
    CHECK(config.error().kind == ErrorKind::usage);
    CHECK(config.error().text().find("peer_lisen") != std::string::npos);
    CHECK(config.error().subject == "sangam.toml, line 3");
    CHECK(config.error().fix.find("peer_listen") != std::string::npos);
}

TEST_CASE("config: what is no TOML, or of the wrong type or form, is refused with its place") {
    const std::pair<const char*, const char*> cases[] = {
        {"name = \"n\"\nname =\n", "line 2"},
        {"name = 3\n", "line 1"},
        {"name = \"\"\n", "line 1"},
        {"name = \"n\"\nadvertise = \"a:1\"\n", "line 2"},
        {"name = \"n\"\nadvertise = [1]\n", "line 2"},
        {"name = \"n\"\nadvertise = [\"a\"]\n", "line 2"},
        {"name = \"n\"\npeer_listen = \"127.0.0.1\"\n", "line 2"},
        {"name = \"n\"\npeer_listen = \"127.0.0.1:70000\"\n", "line 2"},
        {"name = \"n\"\nregistry_poll = \"30\"\n", "line 2"},
        {"name = \"n\"\nregistry_poll = \"1ms\"\n", "line 2"},
        {"name = \"n\"\non_expired = \"maybe\"\n", "line 2"},
        {"name = \"n\"\nlog_level = \"loud\"\n", "line 2"},
    };
    for (const auto& [toml, place] : cases) {
        CAPTURE(toml);
        const auto config = parse_config(toml);
        REQUIRE_FALSE(config);
        CHECK(config.error().kind == ErrorKind::usage);
        CHECK(config.error().subject.find(place) != std::string::npos);
    }
    CHECK_FALSE(parse_config("# nothing\n"));
    const auto environment = environment_of({{"SANGAM_LOG_LEVEL", "loud"}});
    CHECK(parse_config("name = \"n\"\n", environment).error().subject == "SANGAM_LOG_LEVEL");
}

TEST_CASE("duration: a number and a unit, nothing else") {
    CHECK(*parse_duration("0s") == 0ms);
    CHECK(*parse_duration("250ms") == 250ms);
    CHECK(*parse_duration("30s") == 30s);
    CHECK(*parse_duration("5m") == 5min);
    CHECK(*parse_duration("24h") == 24h);
    CHECK(*parse_duration("7d") == 168h);
    for (const char* bad : {"", "s", "30", "-1s", "+1s", " 1s", "1 s", "1.5s", "1S", "1w", "1sx",
                            "99999999999999999999s", "40000d"}) {
        CAPTURE(bad);
        const auto parsed = parse_duration(bad);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().kind == ErrorKind::usage);
    }
}
