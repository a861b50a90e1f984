// SPDX-License-Identifier: Apache-2.0
// The command line's entry: parse, run the chosen command, turn a failure into its exit code.
#include "node/cli/cli.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/help_text.hpp"
#include "node/version.hpp"

namespace sangam::node::cli {
namespace {

constexpr const char* program_description =
    "Sangam: a federation node for plant-breeding and genebank data.\n"
    "An institution runs a node and decides what it shares; a registry says who\n"
    "is a member.";

constexpr const char* footer =
    "Exit codes: 0 done, 1 failed or done with rejected rows, 2 usage, 3 not found,\n"
    "4 refused, 5 unreachable, 6 incomplete. `sangam COMMAND --help` says more.";

/// The parser with every command. References into `session` are kept.
std::unique_ptr<CLI::App> make_parser(Session& session) {
    auto app = std::make_unique<CLI::App>(program_description, "sangam");
    app->footer(footer);
    app->require_subcommand(1);
    app->set_version_flag("--version", std::string(version));
    app->set_help_flag("-h,--help", "print what the command does and its options");
    add_option(*app, "--dir", session.dir, "D",
               "the directory of the node or registry (or SANGAM_DIR)");
    add_flag(*app, "--json", session.wants_json,
             "print one JSON document and nothing else on standard output");
    add_registry_commands(*app, session);
    add_node_commands(*app, session);
    add_dataset_commands(*app, session);
    add_transfer_commands(*app, session);
    add_record_commands(*app, session);
    add_sharing_commands(*app, session);
    add_subscription_commands(*app, session);
    add_search_command(*app, session);
    add_conflict_commands(*app, session);
    add_quarantine_commands(*app, session);
    add_upkeep_commands(*app, session);
    add_token_commands(*app, session);
    return app;
}

/// The command that the arguments name, as far as they do, and a word that should be a command and
/// is none.
struct NamedCommand {
    const CLI::App* app = nullptr;
    std::string path;
    std::optional<std::string> unknown;
};

/// The commands of a command, without groups of options, which CLI11 keeps among them unnamed.
std::vector<const CLI::App*> commands_of(const CLI::App& app) {
    return app.get_subcommands(
        [](const CLI::App* command) { return !command->get_name().empty(); });
}

NamedCommand find_command(const CLI::App& root, const std::vector<std::string>& arguments) {
    NamedCommand out{&root, "sangam", std::nullopt};
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const auto& word = arguments[i];
        if (word == "--dir") {
            ++i;
            continue;
        }
        const auto commands = commands_of(*out.app);
        if (word.starts_with('-') || commands.empty()) continue;
        const auto next = std::find_if(commands.begin(), commands.end(), [&](const auto* command) {
            return command->get_name() == word;
        });
        if (next == commands.end()) {
            out.unknown = word;
            return out;
        }
        out.app = *next;
        out.path += " " + word;
    }
    return out;
}

std::string names_of_commands(const CLI::App& app) {
    std::string out;
    for (const auto* command : commands_of(app)) {
        if (!out.empty()) out += ", ";
        out += command->get_name();
    }
    return out;
}

int report_usage(const Session& session, const CLI::App& root,
                 const std::vector<std::string>& arguments, const CLI::ParseError& error) {
    const auto named = find_command(root, arguments);
    Error out{ErrorKind::usage, "usage", error.what(), named.path,
              named.path + " --help says more"};
    if (named.unknown) {
        out.code = "unknown_command";
        out.message = "there is no command `" + *named.unknown + "` here";
        out.fix = "the commands are: " + names_of_commands(*named.app);
    } else if (!commands_of(*named.app).empty()) {
        out.code = "no_command";
        out.message = "a command is missing";
        out.fix = "the commands are: " + names_of_commands(*named.app);
    } else {
        std::replace(out.message.begin(), out.message.end(), '\n', ' ');
        std::erase(out.message, '\x01');  // the mark of protect_arguments()
    }
    return session.report(out);
}

/// Nothing when a command was chosen.
std::optional<int> parse(CLI::App& app, Session& session, const std::vector<std::string>& arguments,
                         const Environment& environment) {
    try {
        auto reversed = protect_arguments(arguments);  // CLI11 takes them last first
        std::reverse(reversed.begin(), reversed.end());
        app.parse(std::move(reversed));
    } catch (const CLI::CallForHelp&) {
        session.out() << wrap_help(app.help(), session.terminal().width);
        return 0;
    } catch (const CLI::CallForVersion&) {
        session.out() << "sangam " << version << '\n';
        return 0;
    } catch (const CLI::ParseError& error) {
        // Parsing stopped before it was done; a failure still is one document where that was asked.
        session.wants_json =
            std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
        return report_usage(session, app, arguments, error);
    }
    if (session.dir.empty()) session.dir = environment("SANGAM_DIR").value_or("");
    return std::nullopt;
}

}  // namespace

std::optional<int> parse_only(const std::vector<std::string>& arguments, Terminal& terminal,
                              const Environment& environment) {
    Session session(terminal);
    const auto app = make_parser(session);
    return parse(*app, session, arguments, environment);
}

int run(const std::vector<std::string>& arguments, Terminal& terminal,
        const Environment& environment) {
    Session session(terminal);
    const auto app = make_parser(session);
    if (const auto code = parse(*app, session, arguments, environment)) return *code;
    try {
        return session.chosen();
    } catch (const std::exception& failure) {
        return session.report(Error{ErrorKind::failed, "failed", failure.what(), session.dir, {}});
    }
}

int run(int argc, char** argv) {
    Terminal terminal{std::cout, std::cerr, ::isatty(STDERR_FILENO) == 1, 80};
    const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
    return run(arguments, terminal, [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        return value ? std::optional<std::string>(value) : std::nullopt;
    });
}

}  // namespace sangam::node::cli
