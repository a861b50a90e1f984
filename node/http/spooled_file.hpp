// SPDX-License-Identifier: Apache-2.0
// A file that holds a body while a request is served: removed when the request is over, also when
// its coroutine is destroyed half way.
#pragma once

#include <unistd.h>

#include <string>

namespace sangam::node::http {

struct SpooledFile {
    std::string path;  ///< empty: none

    explicit SpooledFile(std::string file = {}) : path(std::move(file)) {}
    SpooledFile(const SpooledFile&) = delete;
    SpooledFile& operator=(const SpooledFile&) = delete;
    ~SpooledFile() {
        if (!path.empty()) ::unlink(path.c_str());
    }
};

}  // namespace sangam::node::http
