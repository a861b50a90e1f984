// SPDX-License-Identifier: Apache-2.0
// What every command works with: the common options, where to print, and the daemon.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <string>

#include "node/cli/terminal.hpp"
#include "node/http/client.hpp"
#include "protocol/error.hpp"

namespace sangam::node::cli {

/// What a command gives back: its document (printed with --json) and the exit code that goes with
/// it; or the failure.
struct Outcome {
    boost::json::object document;
    int exit_code = 0;
};

/// One run of the command line. Commands keep a reference to it.
class Session {
public:
    explicit Session(Terminal& terminal) : terminal_(terminal) {}

    std::string dir;  ///< --dir or SANGAM_DIR; empty: not said
    bool wants_json = false;
    /// The command that was parsed; returns the exit code.
    std::function<int()> chosen;

    [[nodiscard]] std::ostream& out() const { return terminal_.out; }
    [[nodiscard]] std::ostream& err() const { return terminal_.err; }
    [[nodiscard]] const Terminal& terminal() const { return terminal_; }

    /// The directory, or a usage error that says how to name it.
    [[nodiscard]] Result<std::string> directory() const;

    /// Prints the failure (one message, or with --json one document) and gives its exit code.
    int report(const Error& error) const;
    /// Prints the document with --json, else calls `for_people` with it; or reports the failure.
    int finish(const Result<Outcome>& outcome,
               const std::function<void(const boost::json::object&)>& for_people) const;
    int finish(const Result<boost::json::object>& document,
               const std::function<void(const boost::json::object&)>& for_people) const;

private:
    Terminal& terminal_;
};

/// Which daemon a directory belongs to, for the words of "not running".
enum class DaemonKind { node, registry };

/// One request to the daemon of the session's directory, over its socket. Errors: unreachable
/// ("not running; start it with ..."), not_found for a directory that is none, and what the daemon
/// answered.
[[nodiscard]] Result<boost::json::object> call(const Session& session, DaemonKind kind,
                                               const http::ClientRequest& request);
[[nodiscard]] Result<boost::json::object> call_node(const Session& session,
                                                    const std::string& method,
                                                    const std::string& target,
                                                    const boost::json::object* body = nullptr);
/// As call(), when the answer is no document: a file was written by response_file.
[[nodiscard]] Result<http::Response> call_raw(const Session& session, DaemonKind kind,
                                              const http::ClientRequest& request);

/// Builds a target: encoded segments and parameters.
class TargetBuilder {
public:
    explicit TargetBuilder(std::string path) : text_(std::move(path)) {}
    TargetBuilder& segment(std::string_view text);
    TargetBuilder& parameter(std::string_view name, std::string_view value);
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    std::string text_;
    bool has_query_ = false;
};

/// The target of a dataset: "irri/rice", or "rice" for one of the own institution. An error for
/// anything else.
[[nodiscard]] Result<TargetBuilder> dataset_target(const std::string& dataset);
/// The target of a RECORD.
[[nodiscard]] Result<TargetBuilder> record_target(const std::string& record);

// Reading documents that this build's own daemon made: a missing key reads as empty.
[[nodiscard]] std::string text_at(const boost::json::object& object, std::string_view key);
[[nodiscard]] std::int64_t number_at(const boost::json::object& object, std::string_view key);
[[nodiscard]] bool flag_at(const boost::json::object& object, std::string_view key);
[[nodiscard]] const boost::json::array& array_at(const boost::json::object& object,
                                                 std::string_view key);
[[nodiscard]] const boost::json::object& object_at(const boost::json::object& object,
                                                   std::string_view key);
/// Any value as people read it: text without quotes, lists joined by "; ".
[[nodiscard]] std::string shown(const boost::json::value& value);
/// "3 s", "12 min", "5 h", "2 d"; "-" for a negative age.
[[nodiscard]] std::string shown_age(std::int64_t seconds);
/// "12,430".
[[nodiscard]] std::string shown_count(std::int64_t number);

}  // namespace sangam::node::cli
