// SPDX-License-Identifier: Apache-2.0
// `sangam token ...`: secrets with which people and programs use the HTTP interface.
#include <boost/json/array.hpp>

#include "node/cli/arguments.hpp"
#include "node/cli/commands.hpp"
#include "node/cli/table.hpp"

namespace sangam::node::cli {
namespace {

namespace json = boost::json;

struct TokenOptions {
    std::string name;
    std::string role;
    std::optional<std::chrono::milliseconds> valid;
};

int add_token(const Session& session, const TokenOptions& options) {
    json::object body;
    body["name"] = options.name;
    body["role"] = options.role;
    if (options.valid) body["valid_s"] = options.valid->count() / 1000;
    return session.finish(
        call_node(session, "POST", "/api/v1/tokens", &body), [&](const json::object& made) {
            session.out() << text_at(made, "token") << '\n';
            session.err() << "It is shown this once and works until " << text_at(made, "expires")
                          << ". Use it as: Authorization: Bearer TOKEN\n";
        });
}

struct ListTokensOptions {};

int list_tokens(const Session& session, const ListTokensOptions&) {
    return session.finish(
        call_node(session, "GET", "/api/v1/tokens"), [&](const json::object& document) {
            Table table({"name", "role", "created", "expires", "state"});
            for (const auto& entry : array_at(document, "tokens")) {
                const auto& token = entry.as_object();
                const auto* expires = token.if_contains("expires");
                table.add({text_at(token, "name"), text_at(token, "role"),
                           text_at(token, "created"),
                           expires && !expires->is_null() ? shown(*expires) : "never",
                           text_at(token, "state")});
            }
            if (table.empty())
                session.out() << "No tokens.\n";
            else
                table.print(session.out(), session.terminal().width);
        });
}

struct RevokeTokenOptions {
    std::string name;
};

int revoke_token(const Session& session, const RevokeTokenOptions& options) {
    TargetBuilder target("/api/v1/tokens");
    target.segment(options.name);
    return session.finish(call_node(session, "DELETE", target.text()), [&](const json::object&) {
        session.out() << "Revoked " << printable(options.name) << '\n';
    });
}

}  // namespace

void add_token_commands(CLI::App& root, Session& session) {
    auto& token = *add_command_group(root, "token", "secrets for the HTTP interface");

    auto& add_command_ = *add_command(token, "add", "make a token and print it, once");
    auto add_options = std::make_shared<TokenOptions>();
    add_option(add_command_, "--name", add_options->name, "N", "for whom or what it is")
        ->required();
    add_option(add_command_, "--role", add_options->role, "ROLE",
               "admin (all), curator (also writes records) or researcher (reads and searches)")
        ->required()
        ->check(CLI::IsMember({"admin", "curator", "researcher"}));
    add_duration(add_command_, "--valid", add_options->valid, "how long it works (default: 90d)");
    when_chosen(add_command_, session, add_options, add_token);

    auto& list_command = *add_command(token, "list", "list tokens, without their secrets");
    when_chosen(list_command, session, std::make_shared<ListTokensOptions>(), list_tokens);

    auto& revoke_command = *add_command(token, "revoke", "make a token useless at once");
    auto revoke_options = std::make_shared<RevokeTokenOptions>();
    add_positional(revoke_command, "NAME", revoke_options->name, "as `token list` prints it")
        ->required();
    when_chosen(revoke_command, session, revoke_options, revoke_token);
}

}  // namespace sangam::node::cli
