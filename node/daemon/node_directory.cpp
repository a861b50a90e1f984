// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/node_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "node/daemon/config.hpp"
#include "node/daemon/durable_file.hpp"
#include "node/daemon/init_attempt.hpp"
#include "node/daemon/key_file.hpp"
#include "storage/file_access.hpp"
#include "storage/store.hpp"
#include "sync/merger.hpp"

namespace sangam::node {
namespace {

int open_directory(const std::string& directory) {
    return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace

Result<void> check_directory(const std::string& directory) {
    int error = storage::refused_access(directory, R_OK | X_OK);
    struct stat status{};
    if (error == 0 && ::stat(directory.c_str(), &status) == 0 && !S_ISDIR(status.st_mode))
        error = ENOTDIR;
    switch (error) {
        case 0:
            return {};
        case ENOENT:
            return fail("not_found", "there is no such directory", directory,
                        "check --dir, or make it with init", ErrorKind::not_found);
        case ENOTDIR:
            return fail("not_found", "this is no directory", directory, "check --dir",
                        ErrorKind::not_found);
        case EACCES:
        case EPERM:
            return fail("permission_denied", "permission denied", directory,
                        storage::access_advice(directory, error));
        default:
            return fail("unreadable",
                        std::string("cannot open the directory: ") + std::strerror(error),
                        directory, "check the disk and --dir");
    }
}

DirectoryUse use_of_directory(const std::string& directory) {
    const DirectoryPaths paths{directory};
    if (exists(paths.identity()) || exists(paths.store())) return DirectoryUse::node;
    if (exists(directory + "/root.cbor")) return DirectoryUse::registry;
    return DirectoryUse::none;
}

Result<void> check_use(const std::string& directory, DirectoryUse wanted) {
    const auto use = use_of_directory(directory);
    if (use == wanted) return {};
    const bool wants_node = wanted == DirectoryUse::node;
    const std::string kind = wants_node ? "node" : "registry";
    if (use == DirectoryUse::none)
        return fail("not_found", "this is no " + kind + "'s directory", directory,
                    "make one with `sangam " + kind + " init --dir D --name NAME`, or check --dir",
                    ErrorKind::not_found);
    return fail("not_found",
                wants_node ? "this is a registry's directory, not a node's"
                           : "this is a node's directory, not a registry's",
                directory, "name the directory of a " + kind + " with --dir", ErrorKind::not_found);
}

Result<DirectoryLock> DirectoryLock::take(const std::string& directory) {
    if (auto usable = check_directory(directory); !usable) return std::unexpected(usable.error());
    const int fd = open_directory(directory);
    if (fd < 0)
        return fail("unreadable", std::string("cannot open the directory: ") + std::strerror(errno),
                    directory, "check --dir");
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
        const int error = errno;
        ::close(fd);
        if (error == EWOULDBLOCK)
            return fail("locked", "another sangam process is using this directory", directory,
                        "stop it first");
        return fail("unreadable", std::string("cannot lock: ") + std::strerror(error), directory);
    }
    return DirectoryLock(fd);
}

DirectoryLock::~DirectoryLock() {
    if (fd_ >= 0) ::close(fd_);
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

bool is_locked(const std::string& directory) {
    const auto lock = DirectoryLock::take(directory);
    return !lock && lock.error().code == "locked";
}

Result<void> make_fresh_directory(const std::string& directory) {
    const DirectoryPaths paths{directory};
    if (exists(paths.identity()))
        return fail("exists", "this is already a node's directory", directory,
                    "start it with `sangam node run`, or choose another directory");
    if (exists(directory + "/root.cbor"))
        return fail("exists", "this is already a registry's directory", directory,
                    "start it with `sangam registry run`, or choose another directory");
    if (exists(directory)) {
        const int fd = open_directory(directory);
        if (fd < 0)
            return fail("not_a_directory", "this is no directory that can be opened", directory,
                        "choose another one");
        ::close(fd);
        if (!list_directory(directory).empty())
            return fail("exists", "the directory is not empty", directory,
                        "choose another one, or an empty one");
        if (::chmod(directory.c_str(), 0700) != 0)
            return fail("unreadable", std::string("cannot set mode 0700: ") + std::strerror(errno),
                        directory, "check who owns it");
        return {};
    }
    make_directory(directory);
    return {};
}

Result<NodeId> init_node(const std::string& directory, const std::string& name) {
    if (name.empty() || name.size() > 100 || !is_utf8(name))
        return fail("bad_name", "the name must be 1 to 100 bytes of UTF-8",
                    is_utf8(name) ? name.substr(0, 100) : std::string(),
                    "give --name a short name for people, such as \"IRRI genebank\"",
                    ErrorKind::usage);
    for (const char c : name)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            return fail("bad_name", "the name must not hold control characters", {},
                        "give --name one line of plain text", ErrorKind::usage);
    init_crypto();
    SystemRandom random;
    try {
        auto attempt = InitAttempt::begin(directory);
        if (!attempt) return std::unexpected(attempt.error());
        const DirectoryPaths paths{directory};
        write_file_durably(paths.config(), as_bytes(initial_config(name)), 0600);
        make_directory(paths.directory());
        make_directory(paths.blobs());
        // The key comes last but for the store, which is made again when it is missing: a directory
        // with a key is a node's.
        const SigningKey key = make_key_file(paths.identity(), KeyKind::identity, random);
        const NodeId node{key.public_key().bytes};
        const sync::Merger merger;
        const auto store = storage::open_sqlite_store(directory, {node, &key, &random}, merger);
        attempt->finish();
        return node;
    } catch (const std::exception& failure) {
        return init_failed(directory, failure.what());
    }
}

Result<SigningKey> load_identity(const std::string& directory) {
    const DirectoryPaths paths{directory};
    if (auto usable = check_directory(directory); !usable) return std::unexpected(usable.error());
    if (auto right = check_use(directory, DirectoryUse::node); !right)
        return std::unexpected(right.error());
    if (!exists(paths.identity()))
        return fail("not_found", "the node's identity key is missing", paths.identity(),
                    "restore it from your backup; without it the node is another node",
                    ErrorKind::not_found);
    return load_key_file(paths.identity(), KeyKind::identity);
}

}  // namespace sangam::node
