// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/config.hpp"

#include <toml++/toml.h>

#include <cstdlib>
#include <map>

#include "node/daemon/durable_file.hpp"
#include "node/daemon/duration.hpp"
#include "node/daemon/node_directory.hpp"
#include "node/http/address.hpp"

namespace sangam::node {
namespace {

/// One setting as text or a list of texts, with the place it came from.
struct Setting {
    std::vector<std::string> values;
    std::string place;  ///< "sangam.toml, line 3", "SANGAM_NAME", "--peer-listen"
};

enum class Shape { text, list };
struct Known {
    std::string_view key;
    Shape shape;
};
constexpr Known known_settings[] = {
    {"name", Shape::text},        {"institution", Shape::text}, {"peer_listen", Shape::text},
    {"http_listen", Shape::text}, {"advertise", Shape::list},   {"registry_poll", Shape::text},
    {"on_expired", Shape::text},  {"log_level", Shape::text},   {"http_hosts", Shape::list},
};
using Settings = std::map<std::string, Setting, std::less<>>;

std::unexpected<Error> bad_setting(const std::string& message, const std::string& place,
                                   const std::string& fix = {}) {
    return fail("bad_config", message, place, fix, ErrorKind::usage);
}

std::string all_keys() {
    std::string out;
    for (const auto& known : known_settings)
        out += (out.empty() ? "" : ", ") + std::string(known.key);
    return out;
}

Result<void> take_file(std::string_view text, const std::string& path, Settings& settings) {
    toml::table table;
    try {
        table = toml::parse(text, path);
    } catch (const toml::parse_error& error) {
        return bad_setting("this is not TOML: " + std::string(error.description()),
                           path + ", line " + std::to_string(error.source().begin.line));
    }
    for (const auto& [key, node] : table) {
        const std::string name(key.str());
        const std::string place =
            path + ", line " +
            std::to_string(node.source().begin.line ? node.source().begin.line
                                                    : key.source().begin.line);
        const Known* found = nullptr;
        for (const auto& known : known_settings)
            if (known.key == name) found = &known;
        if (found == nullptr)
            return bad_setting("there is no setting \"" + name + "\"",
                               path + ", line " + std::to_string(key.source().begin.line),
                               "the settings are " + all_keys());
        Setting setting{{}, place};
        if (found->shape == Shape::text) {
            const auto* value = node.as_string();
            if (value == nullptr)
                return bad_setting("\"" + name + "\" wants a text in quotes", place);
            setting.values.push_back(value->get());
        } else {
            const auto* list = node.as_array();
            if (list == nullptr)
                return bad_setting("\"" + name + "\" wants a list, as in [\"a\", \"b\"]", place);
            for (const auto& element : *list) {
                const auto* value = element.as_string();
                if (value == nullptr)
                    return bad_setting("\"" + name + "\" wants a list of texts in quotes", place);
                setting.values.push_back(value->get());
            }
        }
        settings[name] = std::move(setting);
    }
    return {};
}

std::vector<std::string> split_commas(const std::string& text) {
    std::vector<std::string> out;
    std::size_t begin = 0;
    while (begin <= text.size()) {
        const auto comma = std::min(text.find(',', begin), text.size());
        if (comma > begin) out.push_back(text.substr(begin, comma - begin));
        begin = comma + 1;
    }
    return out;
}

void take_environment(const Environment& environment, Settings& settings) {
    for (const auto& known : known_settings) {
        std::string variable = "SANGAM_";
        for (const char c : known.key)
            variable += static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        const auto value = environment(variable);
        if (!value) continue;
        settings[std::string(known.key)] = {
            known.shape == Shape::list ? split_commas(*value) : std::vector{*value}, variable};
    }
}

void take_options(const ConfigOverrides& overrides, Settings& settings) {
    const auto take = [&](const char* key, const char* option,
                          const std::optional<std::string>& value) {
        if (value) settings[key] = {{*value}, option};
    };
    take("peer_listen", "--peer-listen", overrides.peer_listen);
    take("http_listen", "--http-listen", overrides.http_listen);
    take("registry_poll", "--registry-poll", overrides.registry_poll);
    take("log_level", "--log-level", overrides.log_level);
    if (!overrides.advertise.empty()) settings["advertise"] = {overrides.advertise, "--advertise"};
}

Result<std::string> address(const Setting& setting, const std::string& value) {
    if (const auto parsed = http::split_address(value); !parsed)
        return bad_setting(parsed.error().message + ": " + value, setting.place,
                           parsed.error().fix);
    return value;
}

Result<void> set(NodeConfig& config, const std::string& key, const Setting& setting) {
    const std::string first = setting.values.empty() ? "" : setting.values.front();
    if (key == "name") {
        if (first.empty() || first.size() > 100)
            return bad_setting("the name must have 1 to 100 bytes", setting.place);
        config.name = first;
    } else if (key == "institution") {
        if (first.empty() || first.size() > 32)
            return bad_setting("the institution's handle must have 1 to 32 characters",
                               setting.place);
        config.institution = first;
    } else if (key == "peer_listen" || key == "http_listen") {
        const auto parsed = address(setting, first);
        if (!parsed) return std::unexpected(parsed.error());
        (key == "peer_listen" ? config.peer_listen : config.http_listen) = *parsed;
    } else if (key == "advertise") {
        config.advertise.clear();
        for (const auto& value : setting.values) {
            const auto parsed = address(setting, value);
            if (!parsed) return std::unexpected(parsed.error());
            config.advertise.push_back(*parsed);
        }
    } else if (key == "http_hosts") {
        config.http_hosts = setting.values;
    } else if (key == "registry_poll") {
        const auto parsed = parse_duration(first);
        if (!parsed || parsed->count() < 100)
            return bad_setting(
                "the time between two looks at the registry must be a duration of "
                "at least 100ms: " +
                    first,
                setting.place, "write it as in 30s");
        config.registry_poll = *parsed;
    } else if (key == "on_expired") {
        if (first != "go_on" && first != "stop")
            return bad_setting("on_expired is \"go_on\" or \"stop\"", setting.place);
        config.on_expired = first == "stop" ? OnExpired::stop : OnExpired::go_on;
    } else if (key == "log_level") {
        if (first != "debug" && first != "info" && first != "warning" && first != "error")
            return bad_setting("log_level is \"debug\", \"info\", \"warning\" or \"error\"",
                               setting.place);
        config.log_level = first;
    }
    return {};
}

}  // namespace

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr || *value == '\0') return std::nullopt;
        return std::string(value);
    };
}

Result<NodeConfig> parse_config(std::string_view toml, const std::string& path,
                                const Environment& environment, const ConfigOverrides& overrides) {
    Settings in_file;
    Settings in_environment;
    Settings in_options;
    if (const auto taken = take_file(toml, path, in_file); !taken)
        return std::unexpected(taken.error());
    take_environment(environment, in_environment);
    take_options(overrides, in_options);
    // Each layer over the one below it, and all of each is looked at: a bad value that an option
    // hides today would keep the node from starting on the day when the option is gone.
    NodeConfig config;
    for (const auto* settings : {&in_file, &in_environment, &in_options})
        for (const auto& [key, setting] : *settings)
            if (const auto done = set(config, key, setting); !done)
                return std::unexpected(done.error());
    if (config.name.empty())
        return bad_setting("the node has no name", path, "add a line: name = \"...\"");
    if (config.institution.empty()) config.institution = config.name;
    return config;
}

Result<NodeConfig> load_config(const std::string& directory, const ConfigOverrides& overrides) {
    constexpr std::size_t max_config_bytes = 256 * 1024;
    const std::string path = DirectoryPaths{directory}.config();
    const auto text = read_file(path, max_config_bytes);
    if (!text) return std::unexpected(text.error());
    return parse_config(as_text(*text), path, process_environment(), overrides);
}

std::string initial_config(const std::string& name) {
    std::string quoted = "\"";
    for (const char c : name) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    quoted += '"';
    return "# Sangam node. Options win over the environment (SANGAM_PEER_LISTEN, ...), that over\n"
           "# this file. Lines with a # show the defaults.\n"
           "\n"
           "# What people see as this node's name, and its institution's handle until it joins a\n"
           "# federation (or set institution).\n"
           "name = " +
           quoted +
           "\n"
           "# institution = " +
           quoted +
           "\n"
           "\n"
           "# Where other nodes connect. Listen on all addresses with 0.0.0.0:7420.\n"
           "# peer_listen = \"127.0.0.1:7420\"\n"
           "# What the federation is told, when it differs: behind NAT, or a name.\n"
           "# advertise = [\"sangam.example.org:7420\"]\n"
           "\n"
           "# People and programs. Keep it on loopback behind a reverse proxy that does TLS.\n"
           "# http_listen = \"127.0.0.1:7430\"\n"
           "# The names that the proxy is reached by; requests for other names are refused.\n"
           "# http_hosts = [\"sangam.example.org\"]\n"
           "\n"
           "# How often to look for news at the registry.\n"
           "# registry_poll = \"30s\"\n"
           "# When the registry's directory is past its expiry: go on with known peers and warn,\n"
           "# or stop talking to peers (\"stop\").\n"
           "# on_expired = \"go_on\"\n"
           "\n"
           "# debug, info, warning or error; to standard error.\n"
           "# log_level = \"info\"\n";
}

}  // namespace sangam::node
