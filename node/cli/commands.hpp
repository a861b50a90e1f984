// SPDX-License-Identifier: Apache-2.0
// The commands by group; each adds its commands, options and help to the parser. What a command
// does is chosen while parsing and runs afterwards (Session::chosen).
#pragma once

#include <CLI/CLI.hpp>
#include <memory>

#include "node/cli/session.hpp"

namespace sangam::node::cli {

void add_registry_commands(CLI::App& root, Session& session);      // registry init, run, ...
void add_node_commands(CLI::App& root, Session& session);          // node init, join, admit, run
void add_dataset_commands(CLI::App& root, Session& session);       // dataset create, list, ...
void add_transfer_commands(CLI::App& root, Session& session);      // import, export
void add_record_commands(CLI::App& root, Session& session);        // get, put, delete, ...
void add_sharing_commands(CLI::App& root, Session& session);       // grant, holders
void add_subscription_commands(CLI::App& root, Session& session);  // subscribe, ...
void add_search_command(CLI::App& root, Session& session);
void add_conflict_commands(CLI::App& root, Session& session);    // conflicts list, show
void add_quarantine_commands(CLI::App& root, Session& session);  // quarantine list, show, drop
void add_upkeep_commands(CLI::App& root, Session& session);      // status, verify, doctor
void add_token_commands(CLI::App& root, Session& session);       // token add, list, revoke

/// Runs `act(session, *options)` when `command` is the one that was given. The command's callback
/// owns the options, which CLI11 fills.
template <class Options, class Act>
void when_chosen(CLI::App& command, Session& session, std::shared_ptr<Options> options, Act act) {
    command.callback([&session, options, act] {
        session.chosen = [&session, options, act] { return act(session, *options); };
    });
}

}  // namespace sangam::node::cli
