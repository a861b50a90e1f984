// SPDX-License-Identifier: Apache-2.0
// The command line's entry: parse, run the chosen command, turn a failure into its exit code.
#include "node/cli/cli.hpp"

#include <CLI/CLI.hpp>

namespace sangam::node::cli {

int run(int argc, char** argv) {
    CLI::App app("Sangam: a federation node for plant-breeding and genebank data", "sangam");
    app.require_subcommand(1);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return 0;
}

}  // namespace sangam::node::cli
