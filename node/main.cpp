// SPDX-License-Identifier: Apache-2.0
// The executable `sangam`: everything is in node/cli.
#include <malloc.h>

#include "node/cli/cli.hpp"

namespace {

/// Batches of records are some megabytes that come and go. glibc's defaults give the end of the
/// heap back to the kernel after each and fault it in anew for the next, which costs more than
/// decoding them: 85 thousand changes a second against 240 thousand. Naming one threshold freezes
/// them all, so that for buffers with a mapping of their own is named, too.
void keep_memory_at_hand() {
    constexpr int mebibyte = 1024 * 1024;
    ::mallopt(M_TRIM_THRESHOLD, 64 * mebibyte);
    ::mallopt(M_TOP_PAD, 8 * mebibyte);
    ::mallopt(M_MMAP_THRESHOLD, 16 * mebibyte);
}

}  // namespace

int main(int argc, char** argv) {
    keep_memory_at_hand();
    return sangam::node::cli::run(argc, argv);
}
