// SPDX-License-Identifier: Apache-2.0
// The command line: names, options, JSON keys and exit codes are those of docs/guide (COMMANDS).
// Exit codes: 0 done, 1 failed or done with rejected rows, 2 usage, 3 not found, 4 refused,
// 5 unreachable, 6 incomplete where completeness was asked for.
#pragma once

namespace sangam::node::cli {

/// Runs one command on the process's own streams and environment; what main() returns. Catches
/// everything: a failure is one message on standard error, with --json one document on standard
/// output.
int run(int argc, char** argv);

}  // namespace sangam::node::cli
