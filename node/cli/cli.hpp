// SPDX-License-Identifier: Apache-2.0
// The command line. Exit codes: 0 done, 1 failed or done with rejected rows, 2 usage, 3 not found,
// 4 refused, 5 unreachable, 6 incomplete where completeness was asked for.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "node/cli/terminal.hpp"

namespace sangam::node::cli {

/// Runs one command on the process's own streams and environment; what main() returns. Catches
/// everything: a failure is one message on standard error, with --json one document on standard
/// output.
int run(int argc, char** argv);

/// A variable of the environment, if it is set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The same with arguments (without the program's name), streams and environment of the caller's.
int run(const std::vector<std::string>& arguments, Terminal& terminal,
        const Environment& environment);

/// Parses only: the exit code of a usage error or of --help, nothing when a command was understood.
std::optional<int> parse_only(const std::vector<std::string>& arguments, Terminal& terminal,
                              const Environment& environment);

}  // namespace sangam::node::cli
