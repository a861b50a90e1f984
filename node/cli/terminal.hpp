// SPDX-License-Identifier: Apache-2.0
// Where a command prints, and how wide.
#pragma once

#include <cstddef>
#include <ostream>

namespace sangam::node::cli {

/// The process's streams, or a test's.
struct Terminal {
    std::ostream& out;
    std::ostream& err;
    bool err_is_terminal =
        false;               ///< progress bars are drawn on standard error, on a terminal only
    std::size_t width = 80;  ///< columns that tables may fill
};

}  // namespace sangam::node::cli
