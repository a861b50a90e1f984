// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/private_files.hpp"

#include <sys/stat.h>

#include "node/daemon/durable_file.hpp"
#include "node/daemon/node_directory.hpp"
#include "node/daemon/registry_files.hpp"

namespace sangam::node {

namespace {

std::vector<OpenPath> open_ones_of(const std::vector<std::string>& paths) {
    std::vector<OpenPath> out;
    for (const auto& path : paths) {
        struct stat status{};
        if (::stat(path.c_str(), &status) != 0 || (status.st_mode & 077) == 0) continue;
        out.push_back({path, status.st_mode & 07777,
                       (S_ISDIR(status.st_mode) ? "chmod 700 " : "chmod 600 ") + path});
    }
    return out;
}

}  // namespace

std::vector<OpenPath> paths_open_to_others(const std::string& directory) {
    const DirectoryPaths paths{directory};
    return open_ones_of({directory, paths.identity(), paths.store(), paths.store() + "-wal",
                         paths.store() + "-shm", paths.root + "/control.log"});
}

std::vector<OpenPath> registry_paths_open_to_others(const std::string& directory) {
    const RegistryPaths paths{directory};
    std::vector<std::string> all = {directory, paths.log_key(), paths.freshness_key(),
                                    paths.root_keys()};
    for (const auto& name : list_directory(paths.root_keys()))
        if (name.ends_with(".key")) all.push_back(paths.root_keys() + "/" + name);
    return open_ones_of(all);
}

}  // namespace sangam::node
