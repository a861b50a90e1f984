// SPDX-License-Identifier: Apache-2.0
// `sangam node ...`: making a node, joining a federation, running the daemon.
#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/daemon/node_app.hpp"
#include "node/daemon/node_directory.hpp"

namespace sangam::node::cli {
namespace {

namespace json = boost::json;

struct CreateNodeOptions {
    std::string name;
};

int create_node(const Session& session, const CreateNodeOptions& options) {
    const auto directory = session.directory();
    if (!directory) return session.report(directory.error());
    const auto node = init_node(*directory, options.name);
    if (!node) return session.report(node.error());
    json::object document;
    document["node_id"] = node->hex();
    return session.finish(Result<json::object>(document), [&](const json::object&) {
        session.out() << "Made a node in " << *directory << "\n  node id  " << node->hex()
                      << "\nNext: sangam node run --dir " << *directory << '\n';
    });
}

/// Without a daemon on the directory itself, else through the daemon.
template <class Direct>
Result<json::object> direct_or_through_daemon(const Session& session, const std::string& verb,
                                              const json::object& body, Direct direct) {
    const auto directory = session.directory();
    if (!directory) return std::unexpected(directory.error());
    if (!is_locked(*directory)) {
        auto done = direct(*directory);
        if (done || done.error().code != "locked") return done;
    }
    return call_node(session, "POST", "/api/v1/" + verb, &body);
}

struct JoinOptions {
    std::string invitation;
};

int join(const Session& session, const JoinOptions& options) {
    json::object body;
    body["invitation"] = options.invitation;
    const auto document = direct_or_through_daemon(
        session, "join", body, [&](const std::string& directory) -> Result<json::object> {
            const auto state = join_node(directory, options.invitation);
            if (!state) return std::unexpected(state.error());
            json::object out;
            out["state"] = *state;
            return out;
        });
    return session.finish(document, [&](const json::object& joined) {
        const bool is_member = text_at(joined, "state") == "member";
        session.out() << (is_member ? "This node is a member of the federation now.\n"
                                    : "The registry has the request. Its operator approves it "
                                      "with `sangam registry approve`.\n");
    });
}

struct AdmitOptions {
    std::string node;
};

int admit(const Session& session, const AdmitOptions& options) {
    json::object body;
    body["node_id"] = options.node;
    const auto document = direct_or_through_daemon(
        session, "admit", body, [&](const std::string& directory) -> Result<json::object> {
            const auto invitation = admit_node(directory, options.node);
            if (!invitation) return std::unexpected(invitation.error());
            json::object out;
            out["admitted"] = options.node;
            out["invitation"] = *invitation;
            return out;
        });
    return session.finish(document, [&](const json::object& admitted) {
        session.out() << "Signed in: " << text_at(admitted, "admitted")
                      << "\nOn that node: sangam node join " << text_at(admitted, "invitation")
                      << '\n';
    });
}

int run_node(const Session& session, const NodeRunOptions& options) {
    const auto directory = session.directory();
    if (!directory) return session.report(directory.error());
    auto with_json = options;
    with_json.json = session.wants_json;
    const auto ended = run_node(*directory, with_json);
    return ended ? 0 : session.report(ended.error());
}

}  // namespace

void add_node_commands(CLI::App& root, Session& session) {
    auto& node = *add_command_group(root, "node", "make, join and run a node");

    auto& init_command =
        *add_command(node, "init", "make a node: its directory, its identity key, its store");
    auto init_options = std::make_shared<CreateNodeOptions>();
    add_option(init_command, "--name", init_options->name, "NAME",
               "the node's name; its institution's handle until it joins a federation")
        ->required();
    when_chosen(init_command, session, init_options, create_node);

    auto& join_command = *add_command(
        node, "join", "join a federation by an invitation from the registry's operator");
    auto join_options = std::make_shared<JoinOptions>();
    add_positional(join_command, "INVITATION", join_options->invitation, "sangam-invite:...")
        ->required();
    when_chosen(join_command, session, join_options, join);

    auto& admit_command =
        *add_command(node, "admit", "sign a further node of the own institution in");
    auto admit_options = std::make_shared<AdmitOptions>();
    add_positional(admit_command, "NODE_ID", admit_options->node,
                   "as `sangam node init` printed it there")
        ->required();
    when_chosen(admit_command, session, admit_options, admit);

    auto& run_command = *add_command(node, "run", "run the daemon until SIGTERM or SIGINT");
    auto run_options = std::make_shared<NodeRunOptions>();
    add_option(run_command, "--peer-listen", run_options->peer_listen, "HOST:PORT",
               "where other nodes connect (default 127.0.0.1:7420; port 0 takes a free one)");
    add_option(run_command, "--http-listen", run_options->http_listen, "HOST:PORT",
               "where people and programs connect (default 127.0.0.1:7430)");
    add_repeatable(run_command, "--advertise", run_options->advertise, "HOST:PORT",
                   "an address under which other nodes reach this one; may be repeated");
    add_option(run_command, "--registry-poll", run_options->registry_poll, "TIME",
               "how often to ask the registry for what is new (default 30s)");
    add_option(run_command, "--log-level", run_options->log_level, "LEVEL",
               "debug, info, warning or error");
    when_chosen(run_command, session, run_options, run_node);
}

}  // namespace sangam::node::cli
