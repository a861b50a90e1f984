// SPDX-License-Identifier: Apache-2.0
// `sangam status|verify|doctor`: how the node is.
#include <boost/json/array.hpp>
#include <chrono>
#include <thread>

#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/doctor.hpp"
#include "node/cli/offline_verify.hpp"
#include "node/cli/table.hpp"
#include "node/daemon/node_directory.hpp"

namespace sangam::node::cli {
namespace {

namespace json = boost::json;

struct StatusOptions {
    bool watch = false;
};

void print_status(const Session& session, const json::object& d) {
    auto& out = session.out();
    const auto width = session.terminal().width;
    const auto& registry = object_at(d, "registry");
    const auto membership = text_at(registry, "membership");
    out << text_at(d, "institution") << "  node " << text_at(d, "node_id").substr(0, 16)
        << "  version " << text_at(d, "version") << "\nregistry: " << text_at(registry, "state");
    if (!membership.empty() && membership != "member") out << ", membership " << membership;
    if (number_at(registry, "tree_size") > 0)
        out << ", " << number_at(registry, "tree_size") << " entries, checkpoint "
            << shown_age(number_at(registry, "age_s")) << " old";
    out << '\n';
    if (!text_at(d, "clock_warning").empty()) out << text_at(d, "clock_warning") << '\n';

    Table datasets({"dataset", "own", "records"});
    for (const auto& entry : array_at(d, "datasets")) {
        const auto& dataset = entry.as_object();
        if (flag_at(dataset, "sharing_waits"))
            out << text_at(dataset, "dataset")
                << " is not shared: a holder has control entries that this node forgot, and gives "
                   "them\nback when it connects; sangam dataset resume "
                << text_at(dataset, "dataset") << " shares it without them\n";
        datasets.add({text_at(dataset, "dataset"), flag_at(dataset, "own") ? "yes" : "no",
                      shown_count(number_at(dataset, "records"))});
    }
    Table peers({"institution", "node", "state", "rtt ms", "since", "remark"});
    for (const auto& entry : array_at(d, "peers")) {
        const auto& peer = entry.as_object();
        const auto* rtt = peer.if_contains("rtt_ms");
        peers.add({text_at(peer, "institution"), text_at(peer, "node_id").substr(0, 12),
                   text_at(peer, "state"), rtt ? shown(*rtt) : "-",
                   text_at(peer, "since").substr(0, 19), text_at(peer, "detail")});
    }
    Table subscriptions({"subscribed to", "state", "records", "of", "age", "reason"});
    for (const auto& entry : array_at(d, "subscriptions")) {
        const auto& s = entry.as_object();
        subscriptions.add({text_at(s, "dataset"), text_at(s, "state"),
                           shown_count(number_at(s, "records")),
                           shown_count(number_at(s, "expected")), shown_age(number_at(s, "age_s")),
                           text_at(s, "reason")});
    }
    Table serving({"serving", "to", "acknowledged", "sent", "pending", "to withdraw"});
    for (const auto& entry : array_at(d, "serving")) {
        const auto& s = entry.as_object();
        serving.add({text_at(s, "dataset"), text_at(s, "institution"),
                     shown_count(number_at(s, "acknowledged")), shown_count(number_at(s, "sent")),
                     shown_count(number_at(s, "pending")),
                     shown_count(number_at(s, "withdrawals_pending"))});
    }
    for (const auto* table : {&datasets, &peers, &subscriptions, &serving}) {
        if (table->empty()) continue;
        out << '\n';
        table->print(out, width);
    }
    out << "\nopen conflicts " << number_at(object_at(d, "conflicts"), "open") << ", set aside "
        << number_at(object_at(d, "quarantine"), "count") << ", findings "
        << number_at(object_at(d, "findings"), "count") << '\n';
}

int status(const Session& session, const StatusOptions& options) {
    if (options.watch && session.wants_json)
        return session.report({ErrorKind::usage, "watch_with_json",
                               "--watch prints for a person, --json prints one document", "status",
                               "leave one of them out"});
    while (true) {
        const auto document = call_node(session, "GET", "/api/v1/status");
        if (!document) return session.report(document.error());
        if (options.watch) session.out() << "\033[H\033[2J";
        const int code =
            session.finish(document, [&](const json::object& d) { print_status(session, d); });
        if (!options.watch) return code;
        std::this_thread::sleep_for(std::chrono::seconds(2));
    }
}

struct VerifyOptions {
    std::optional<std::string> dataset;
};

Result<json::object> verify_through_daemon(const Session& session, const VerifyOptions& options) {
    TargetBuilder target("/api/v1/verify");
    if (options.dataset) target.parameter("dataset", *options.dataset);
    http::ClientRequest request;
    request.method = "POST";
    request.target = target.text();
    request.deadline = std::chrono::milliseconds(0);  // as long as the store is large
    return call(session, DaemonKind::node, request);
}

/// Whether the daemon that broke a connection off lets go of its directory: the kernel takes a
/// killed process's connections and its lock one after the other.
bool ends_soon(const std::string& directory) {
    constexpr auto step = std::chrono::milliseconds(50);
    for (auto waited = step * 0; waited < std::chrono::seconds(3); waited += step) {
        if (!is_locked(directory)) return true;
        std::this_thread::sleep_for(step);
    }
    return !is_locked(directory);
}

int verify(const Session& session, const VerifyOptions& options) {
    const auto directory = session.directory();
    if (!directory) return session.report(directory.error());
    auto document = is_locked(*directory) ? verify_through_daemon(session, options)
                                          : verify_without_daemon(*directory, options.dataset);
    if (!document && document.error().kind == ErrorKind::unreachable && ends_soon(*directory))
        document = verify_without_daemon(*directory, options.dataset);
    if (!document) return session.report(document.error());
    const bool is_good = number_at(*document, "failed") == 0;
    return session.finish(Outcome{*document, is_good ? 0 : 1}, [&](const json::object& d) {
        session.out() << shown_count(number_at(d, "records")) << " records and "
                      << shown_count(number_at(d, "commits"))
                      << " commits recomputed from the bytes on disk: "
                      << (is_good ? "all good" : shown_count(number_at(d, "failed")) + " FAILED")
                      << '\n';
        Table table({"where", "what is wrong"});
        for (const auto& entry : array_at(d, "failures"))
            table.add({text_at(entry.as_object(), "record"), text_at(entry.as_object(), "reason")});
        if (!table.empty()) table.print(session.out(), session.terminal().width);
    });
}

struct DoctorOptions {};

int doctor(const Session& session, const DoctorOptions&) {
    const auto directory = session.directory();
    if (!directory) return session.report(directory.error());
    const auto document = examine(session, *directory);
    bool all_good = true;
    for (const auto& check : array_at(document, "checks"))
        all_good = all_good && flag_at(check.as_object(), "ok");
    return session.finish(Outcome{document, all_good ? 0 : 1}, [&](const json::object& d) {
        for (const auto& entry : array_at(d, "checks")) {
            const auto& check = entry.as_object();
            session.out() << (flag_at(check, "ok") ? "ok    " : "NOT OK ") << text_at(check, "name")
                          << ": " << printable(text_at(check, "detail")) << '\n';
            if (!flag_at(check, "ok") && !text_at(check, "fix").empty())
                session.out() << "       " << printable(text_at(check, "fix")) << '\n';
        }
    });
}

}  // namespace

void add_upkeep_commands(CLI::App& root, Session& session) {
    auto& status_command = *add_command(
        root, "status", "what the node holds, to whom it is connected, how far everything is");
    auto status_options = std::make_shared<StatusOptions>();
    add_flag(status_command, "--watch", status_options->watch, "print anew every two seconds");
    when_chosen(status_command, session, status_options, status);

    auto& verify_command = *add_command(
        root, "verify",
        "recompute every hash and signature from the bytes on disk; works without a daemon");
    auto verify_options = std::make_shared<VerifyOptions>();
    add_option(verify_command, "--dataset", verify_options->dataset, "DS", "of this dataset only");
    when_chosen(verify_command, session, verify_options, verify);

    auto& doctor_command = *add_command(
        root, "doctor", "look for what is wrong and say what to do; works without a daemon");
    when_chosen(doctor_command, session, std::make_shared<DoctorOptions>(), doctor);
}

}  // namespace sangam::node::cli
