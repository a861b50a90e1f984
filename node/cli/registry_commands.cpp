// SPDX-License-Identifier: Apache-2.0
// `sangam registry ...`: what the operator of a federation's registry does.
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/table.hpp"
#include "node/daemon/registry_app.hpp"

namespace sangam::node::cli {
namespace {

namespace json = boost::json;
using Duration = std::optional<std::chrono::milliseconds>;

Result<json::object> call_registry(const Session& session, const std::string& verb,
                                   const json::object& body) {
    http::ClientRequest request;
    request.method = "POST";
    request.target = "/api/v1/registry/" + verb;
    request.body = json::serialize(body);
    return call(session, DaemonKind::registry, request);
}

struct CreateRegistryOptions {
    std::string name;
    std::uint32_t root_keys = 1;
    std::uint32_t threshold = 1;
    Duration expiry;
};

int create_registry(const Session& session, const CreateRegistryOptions& options) {
    const auto directory = session.directory();
    if (!directory) return session.report(directory.error());
    RegistryInitOptions init_options;
    init_options.name = options.name;
    init_options.root_keys = options.root_keys;
    init_options.threshold = options.threshold;
    if (options.expiry)
        init_options.expiry = std::chrono::duration_cast<std::chrono::seconds>(*options.expiry);
    return session.finish(init_registry(*directory, init_options), [&](const json::object& made) {
        if (flag_at(made, "removed_unfinished"))
            session.out() << "Removed what an init had left there that did not come to its end.\n";
        session.out() << "Made a registry in " << *directory << "\n  registry id  "
                      << text_at(made, "registry_id") << "\n  root keys    "
                      << array_at(made, "root_keys").size() << ", " << number_at(made, "threshold")
                      << " needed; take the files in root-keys/ to where no network reaches\n"
                      << "Next: sangam registry run --dir " << *directory << '\n';
    });
}

struct RunOptions {
    std::string listen = "127.0.0.1:7410";
    std::optional<std::string> public_url;
};

int run_registry(const Session& session, const RunOptions& options) {
    const auto directory = session.directory();
    if (!directory) return session.report(directory.error());
    RegistryRunOptions run_options;
    run_options.listen = options.listen;
    run_options.public_url = options.public_url;
    run_options.json = session.wants_json;
    const auto ended = run_registry(*directory, run_options);
    return ended ? 0 : session.report(ended.error());
}

struct InviteOptions {
    std::string institution;
    std::string name;
    std::optional<std::string> wiews;
    std::optional<std::string> ror;
    Duration valid;
    bool auto_approve = false;
};

int invite(const Session& session, const InviteOptions& options) {
    json::object body;
    body["institution"] = options.institution;
    body["name"] = options.name;
    if (options.wiews) body["wiews"] = *options.wiews;
    if (options.ror) body["ror"] = *options.ror;
    if (options.valid) body["valid_s"] = options.valid->count() / 1000;
    if (options.auto_approve) body["auto_approve"] = true;
    return session.finish(call_registry(session, "invite", body), [&](const json::object& made) {
        session.out() << text_at(made, "invitation") << '\n';
    });
}

struct ApproveOptions {
    std::vector<std::string> nodes;
};

int approve(const Session& session, const ApproveOptions& options) {
    json::object body;
    body["node_ids"] = json::array(options.nodes.begin(), options.nodes.end());
    return session.finish(call_registry(session, "approve", body), [&](const json::object& done) {
        for (const auto& node : array_at(done, "approved"))
            session.out() << "Approved " << shown(node) << '\n';
    });
}

struct RevokeMemberOptions {
    std::optional<std::string> node;
    std::optional<std::string> institution;
    std::string reason;
};

int revoke_member(const Session& session, const RevokeMemberOptions& options) {
    json::object body;
    if (options.node) body["node"] = *options.node;
    if (options.institution) body["institution"] = *options.institution;
    body["reason"] = options.reason;
    return session.finish(call_registry(session, "revoke", body), [&](const json::object&) {
        session.out() << "Revoked " << options.node.value_or(options.institution.value_or(""))
                      << ". Every node acts on it when it next sees the log.\n";
    });
}

struct MembersOptions {};

int members(const Session& session, const MembersOptions&) {
    const auto directory = session.directory();
    if (!directory) return session.report(directory.error());
    return session.finish(registry_members(*directory), [&](const json::object& document) {
        Table table({"institution", "name", "state", "node", "node id", "endpoints"});
        for (const auto& entry : array_at(document, "institutions")) {
            const auto& institution = entry.as_object();
            for (const auto& node : array_at(institution, "nodes")) {
                const auto& n = node.as_object();
                const auto* endpoints = n.if_contains("endpoints");
                table.add({text_at(institution, "handle"), text_at(institution, "name"),
                           text_at(n, "state"), text_at(n, "name"),
                           text_at(n, "node_id").substr(0, 16),
                           endpoints ? shown(*endpoints) : ""});
            }
            if (array_at(institution, "nodes").empty())
                table.add({text_at(institution, "handle"), text_at(institution, "name"),
                           text_at(institution, "state"), "-", "-", "-"});
        }
        session.out() << number_at(document, "tree_size") << " entries in the log\n";
        if (!table.empty()) table.print(session.out(), session.terminal().width);
        const auto& pending = array_at(document, "pending");
        if (pending.empty()) return;
        session.out() << "\nWaiting for `sangam registry approve NODE_ID`:\n";
        for (const auto& entry : pending) {
            const auto& node = entry.as_object();
            session.out() << "  " << text_at(node, "node_id") << "  "
                          << text_at(node, "institution") << '\n';
        }
    });
}

struct LogOptions {
    std::optional<std::string> url;
};

int verify_log(const Session& session, const LogOptions& options) {
    Result<json::object> document;
    if (options.url) {
        document = verify_registry_url(*options.url);
    } else {
        const auto directory = session.directory();
        if (!directory) return session.report(directory.error());
        document = verify_registry_log(*directory);
    }
    if (!document) return session.report(document.error());
    const bool is_good = flag_at(*document, "ok");
    return session.finish(Outcome{*document, is_good ? 0 : 1}, [&](const json::object& report) {
        session.out() << (is_good ? "The log is whole: " : "The log is NOT whole: ")
                      << number_at(report, "entries_checked") << " of "
                      << number_at(report, "tree_size") << " entries checked, root hash "
                      << text_at(report, "root_hash") << '\n';
    });
}

}  // namespace

void add_registry_commands(CLI::App& root, Session& session) {
    auto& registry = *add_command_group(root, "registry",
                                        "run the directory of a federation and admit its members");

    auto& init_command =
        *add_command(registry, "init", "make a registry: its root keys, its log, its first entry");
    auto init_options = std::make_shared<CreateRegistryOptions>();
    add_option(init_command, "--name", init_options->name, "NAME", "the federation's name")
        ->required();
    add_number(init_command, "--root-keys", init_options->root_keys, "N",
               "how many root keys to make");
    add_number(init_command, "--threshold", init_options->threshold, "K",
               "how many of them must sign a new root");
    add_duration(init_command, "--expiry", init_options->expiry,
                 "how long nodes rely on a checkpoint (default 24h)");
    when_chosen(init_command, session, init_options, create_registry);

    auto& run_command = *add_command(registry, "run", "run the registry until SIGTERM or SIGINT");
    auto run_options = std::make_shared<RunOptions>();
    add_option(run_command, "--listen", run_options->listen, "HOST:PORT",
               "where nodes connect (port 0 takes a free one)")
        ->capture_default_str();
    add_option(run_command, "--public-url", run_options->public_url, "URL",
               "the address that invitations carry (default http://LISTEN)");
    when_chosen(run_command, session, run_options, run_registry);

    auto& invite_command =
        *add_command(registry, "invite", "print an invitation, to be used once by an institution");
    auto invite_options = std::make_shared<InviteOptions>();
    add_option(invite_command, "--institution", invite_options->institution, "HANDLE",
               "the short name that it will have: irri")
        ->required();
    add_option(invite_command, "--name", invite_options->name, "NAME", "its full name")->required();
    add_option(invite_command, "--wiews", invite_options->wiews, "CODE",
               "its FAO WIEWS code: PHL001");
    add_option(invite_command, "--ror", invite_options->ror, "URL", "its ROR id");
    add_duration(invite_command, "--valid", invite_options->valid,
                 "how long it may be used (default 7d)");
    add_flag(invite_command, "--auto-approve", invite_options->auto_approve,
             "whoever uses it becomes a member without `registry approve`");
    when_chosen(invite_command, session, invite_options, invite);

    auto& members_command = *add_command(
        registry, "members", "list institutions, their nodes, and who waits for approval");
    when_chosen(members_command, session, std::make_shared<MembersOptions>(), members);

    auto& approve_command = *add_command(registry, "approve", "admit nodes that asked to join");
    auto approve_options = std::make_shared<ApproveOptions>();
    add_positionals(approve_command, "NODE_ID", approve_options->nodes,
                    "as `sangam registry members` lists them");
    when_chosen(approve_command, session, approve_options, approve);

    auto& revoke_command =
        *add_command(registry, "revoke", "end the membership of a node or an institution");
    auto revoke_options = std::make_shared<RevokeMemberOptions>();
    auto* which = revoke_command.add_option_group("which");
    add_option(*which, "--node", revoke_options->node, "NODE_ID", "one node");
    add_option(*which, "--institution", revoke_options->institution, "HANDLE",
               "an institution with all its nodes");
    which->require_option(1);
    add_option(revoke_command, "--reason", revoke_options->reason, "TEXT",
               "why; it stands in the log for ever")
        ->required();
    when_chosen(revoke_command, session, revoke_options, revoke_member);

    auto& log = *add_command_group(registry, "log", "the signed log of all that was admitted");
    auto& verify_command = *add_command(
        log, "verify", "recompute the log from its files (--dir) or from what a registry serves");
    auto log_options = std::make_shared<LogOptions>();
    add_option(verify_command, "--url", log_options->url, "URL", "http://HOST:PORT of a registry");
    when_chosen(verify_command, session, log_options, verify_log);
}

}  // namespace sangam::node::cli
