// SPDX-License-Identifier: Apache-2.0
#include "protocol/error.hpp"

#include <cstdio>
#include <cstdlib>

namespace sangam {

void invariant_failed(const char* expression, const char* file, int line) {
    std::fprintf(stderr, "sangam: internal error: %s does not hold (%s:%d); please report it\n",
                 expression, file, line);
    std::abort();
}

}  // namespace sangam
