// SPDX-License-Identifier: Apache-2.0
// What of a node's or registry's directory others than its owner may use (docs/node.md, "Files of a
// node"). The directory is made with mode 0700 and keeps everybody out; a copy or a restored backup
// often is not.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace sangam::node {

struct OpenPath {
    std::string path;
    mode_t mode = 0;  ///< permission bits
    std::string fix;  ///< "chmod 700 PATH"
};

/// The directory, its key and the files of its store, those of them that group or others may read,
/// write or enter; in this order.
[[nodiscard]] std::vector<OpenPath> paths_open_to_others(const std::string& directory);

/// The same of a registry's directory: it and its keys.
[[nodiscard]] std::vector<OpenPath> registry_paths_open_to_others(const std::string& directory);

}  // namespace sangam::node
