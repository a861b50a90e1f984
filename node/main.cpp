// SPDX-License-Identifier: Apache-2.0
// The executable `sangam`: everything is in node/cli.
#include "node/cli/cli.hpp"

int main(int argc, char** argv) { return sangam::node::cli::run(argc, argv); }
