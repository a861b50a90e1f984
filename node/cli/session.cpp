// SPDX-License-Identifier: Apache-2.0
#include "node/cli/session.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "node/cli/table.hpp"
#include "node/daemon/node_directory.hpp"
#include "node/http/error_body.hpp"
#include "node/http/target.hpp"
#include "node/ingest/json.hpp"
#include "node/service/json_value.hpp"
#include "node/service/record_name.hpp"

namespace sangam::node::cli {

namespace json = boost::json;

Result<std::string> Session::directory() const {
    if (!dir.empty()) return dir;
    return fail("no_directory", "no directory was named", "--dir",
                "name the node's or registry's directory with --dir D or SANGAM_DIR",
                ErrorKind::usage);
}

int Session::report(const Error& error) const {
    if (wants_json) {
        out() << json::serialize(http::error_document(error)) << '\n';
    } else {
        err() << "sangam: " << printable(error.message);
        if (!error.subject.empty()) err() << ": " << printable(error.subject);
        err() << '\n';
        if (!error.fix.empty()) err() << "  " << printable(error.fix) << '\n';
    }
    out().flush();
    err().flush();
    return static_cast<int>(error.kind);
}

int Session::finish(const Result<Outcome>& outcome,
                    const std::function<void(const json::object&)>& for_people) const {
    if (!outcome) return report(outcome.error());
    if (wants_json)
        out() << json::serialize(outcome->document) << '\n';
    else
        for_people(outcome->document);
    out().flush();
    return outcome->exit_code;
}

int Session::finish(const Result<json::object>& document,
                    const std::function<void(const json::object&)>& for_people) const {
    if (!document) return report(document.error());
    return finish(Result<Outcome>(Outcome{*document, 0}), for_people);
}

Result<http::Response> call_raw(const Session& session, DaemonKind kind,
                                const http::ClientRequest& request) {
    const auto directory = session.directory();
    if (!directory) return std::unexpected(directory.error());
    const std::string command = kind == DaemonKind::node ? "sangam node" : "sangam registry";
    if (auto usable = check_directory(*directory); !usable) {
        auto error = usable.error();
        if (error.code == "not_found")
            error.fix =
                "make it with " + command + " init --dir " + *directory + ", or check --dir";
        return std::unexpected(error);
    }
    if (auto right = check_use(
            *directory, kind == DaemonKind::node ? DirectoryUse::node : DirectoryUse::registry);
        !right)
        return std::unexpected(right.error());
    auto response = http::fetch_unix(DirectoryPaths{*directory}.socket(), request);
    if (!response && response.error().code == "not_running")
        return fail("not_running", "not running", *directory,
                    "start it with " + command + " run --dir " + *directory,
                    ErrorKind::unreachable);
    if (!response) return response;
    if (response->status >= 200 && response->status < 300) return response;
    boost::system::error_code bad;
    const auto document = json::parse(response->body, bad);
    if (!bad)
        if (auto error = http::error_from_document(document)) return std::unexpected(*error);
    return fail("bad_answer", "the daemon answered with status " + std::to_string(response->status),
                *directory, "see its log");
}

Result<json::object> call(const Session& session, DaemonKind kind,
                          const http::ClientRequest& request) {
    const auto response = call_raw(session, kind, request);
    if (!response) return std::unexpected(response.error());
    auto document = parse_exactly(response->body);
    if (!document || !document->is_object())
        return fail("bad_answer", "the daemon's answer is no JSON document", session.dir,
                    "is it of another version? restart it with this build's sangam");
    return std::move(document->as_object());
}

Result<json::object> call_node(const Session& session, const std::string& method,
                               const std::string& target, const json::object* body) {
    http::ClientRequest request;
    request.method = method;
    request.target = target;
    if (body) request.body = json::serialize(*body);
    return call(session, DaemonKind::node, request);
}

TargetBuilder& TargetBuilder::segment(std::string_view text) {
    text_ += "/" + http::percent_encode(text);
    return *this;
}

TargetBuilder& TargetBuilder::parameter(std::string_view name, std::string_view value) {
    text_ += has_query_ ? '&' : '?';
    has_query_ = true;
    text_ += http::percent_encode(name) + "=" + http::percent_encode(value);
    return *this;
}

Result<TargetBuilder> dataset_target(const std::string& dataset) {
    TargetBuilder out("/api/v1/datasets");
    const auto slash = dataset.find('/');
    if (slash == std::string::npos) return out.segment(dataset);
    return out.segment(std::string_view(dataset).substr(0, slash))
        .segment(std::string_view(dataset).substr(slash + 1));
}

Result<TargetBuilder> record_target(const std::string& record) {
    const auto name = parse_record_name(record);
    if (!name) return std::unexpected(name.error());
    TargetBuilder out("/api/v1/records");
    return out.segment(name->institution)
        .segment(name->dataset)
        .segment(name->key.collection)
        .segment(name->key.id);
}

std::string text_at(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    const auto* text = value ? value->if_string() : nullptr;
    return text ? std::string(*text) : std::string();
}

std::int64_t number_at(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (!value) return 0;
    if (value->is_int64()) return value->get_int64();
    if (value->is_uint64()) return static_cast<std::int64_t>(value->get_uint64());
    if (value->is_double()) return static_cast<std::int64_t>(value->get_double());
    return 0;
}

bool flag_at(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value && value->is_bool() && value->get_bool();
}

const json::array& array_at(const json::object& object, std::string_view key) {
    static const json::array none;
    const auto* value = object.if_contains(key);
    return value && value->is_array() ? value->get_array() : none;
}

const json::object& object_at(const json::object& object, std::string_view key) {
    static const json::object none;
    const auto* value = object.if_contains(key);
    return value && value->is_object() ? value->get_object() : none;
}

std::string shown(const json::value& value) {
    if (value.is_null()) return "-";
    if (value.is_string()) return std::string(value.get_string());
    if (value.is_double()) return ingest::to_json(Value(value.get_double()));  // 5.25, not 5.25E0
    if (!value.is_array()) return json::serialize(value);
    std::string out;
    for (const auto& element : value.get_array()) {
        if (!out.empty()) out += "; ";
        out += shown(element);
    }
    return out;
}

std::string shown_age(std::int64_t seconds) {
    if (seconds < 0) return "-";
    if (seconds < 120) return std::to_string(seconds) + " s";
    if (seconds < 7200) return std::to_string(seconds / 60) + " min";
    if (seconds < 172'800) return std::to_string(seconds / 3600) + " h";
    return std::to_string(seconds / 86'400) + " d";
}

std::string shown_count(std::int64_t number) {
    auto digits = std::to_string(number);
    const std::size_t first = digits.starts_with('-') ? 1 : 0;
    for (std::size_t i = digits.size(); i > first + 3; i -= 3) digits.insert(i - 3, ",");
    return digits;
}

}  // namespace sangam::node::cli
