// SPDX-License-Identifier: Apache-2.0
// Options and positionals as COMMANDS wants them, on top of CLI11, whose own defaults differ: it
// takes `-word` for an option, lets a repeatable option swallow what follows, and splits `[a,b]`.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace sangam::node::cli {

/// The arguments in a form that CLI11 takes as they are meant: after `--`, and for a word with one
/// dash that is not `-h`, a mark in front says "not an option"; `--name=` becomes two words. The
/// helpers below take the mark off again.
[[nodiscard]] std::vector<std::string> protect_arguments(const std::vector<std::string>& arguments);

/// A command with `--dir` and `--json` anywhere behind it.
CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& help);
/// A command that has commands, one of which must follow.
CLI::App* add_command_group(CLI::App& parent, const std::string& name, const std::string& help);

CLI::Option* add_option(CLI::App& app, const std::string& name, std::string& into,
                        const std::string& value_name, const std::string& help);
CLI::Option* add_option(CLI::App& app, const std::string& name, std::optional<std::string>& into,
                        const std::string& value_name, const std::string& help);
/// May be given again; each time takes one value.
CLI::Option* add_repeatable(CLI::App& app, const std::string& name, std::vector<std::string>& into,
                            const std::string& value_name, const std::string& help);
CLI::Option* add_number(CLI::App& app, const std::string& name, std::uint32_t& into,
                        const std::string& value_name, const std::string& help);
/// Milliseconds from "500ms", "2s", "30m", "24h", "7d".
CLI::Option* add_duration(CLI::App& app, const std::string& name,
                          std::optional<std::chrono::milliseconds>& into, const std::string& help);
CLI::Option* add_flag(CLI::App& app, const std::string& name, bool& into, const std::string& help);
/// One argument by its place.
CLI::Option* add_positional(CLI::App& app, const std::string& name, std::string& into,
                            const std::string& help);
/// All arguments from its place on, at least one.
CLI::Option* add_positionals(CLI::App& app, const std::string& name, std::vector<std::string>& into,
                             const std::string& help);

/// "a,b": the parts between commas; refuses an empty one.
[[nodiscard]] Result<std::vector<std::string>> split_commas(std::string_view text);
/// "NAME=VALUE" at the first `=`; refuses an empty name and no `=`.
[[nodiscard]] Result<std::pair<std::string, std::string>> split_assignment(std::string_view text);

}  // namespace sangam::node::cli
