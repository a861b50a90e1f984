// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/private_files.hpp"

#include <sys/stat.h>

#include "node/daemon/node_directory.hpp"

namespace sangam::node {

std::vector<OpenPath> paths_open_to_others(const std::string& directory) {
    const DirectoryPaths paths{directory};
    std::vector<OpenPath> out;
    for (const auto& path : {directory, paths.identity(), paths.store(), paths.store() + "-wal",
                             paths.store() + "-shm", paths.root + "/control.log"}) {
        struct stat status{};
        if (::stat(path.c_str(), &status) != 0 || (status.st_mode & 077) == 0) continue;
        out.push_back({path, status.st_mode & 07777,
                       (S_ISDIR(status.st_mode) ? "chmod 700 " : "chmod 600 ") + path});
    }
    return out;
}

}  // namespace sangam::node
