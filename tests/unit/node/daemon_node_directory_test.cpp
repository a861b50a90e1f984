// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/node_directory.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "node/daemon/config.hpp"
#include "node/daemon/durable_file.hpp"
#include "node/daemon/private_files.hpp"
#include "tests/support/unprivileged_user.hpp"
#include "tests/unit/node/temporary_directory.hpp"

using namespace sangam;
using namespace sangam::node;
using sangam::node::testing::TemporaryDirectory;

namespace {

mode_t mode_of(const std::string& path) {
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("node directory: init makes what a node needs, for its owner alone") {
    const TemporaryDirectory parent;
    const std::string directory = parent.file("d");
    const auto node = init_node(directory, "manila");
    REQUIRE_MESSAGE(node, node.error().text());
    CHECK(mode_of(directory) == 0700);
    CHECK(mode_of(DirectoryPaths{directory}.identity()) == 0600);
    const auto key = load_identity(directory);
    REQUIRE(key);
    CHECK(NodeId{key->public_key().bytes} == *node);
    const auto text = read_file(DirectoryPaths{directory}.config(), 100'000);
    REQUIRE(text);
    const auto config = parse_config(as_text(*text), "sangam.toml",
                                     [](const std::string&) { return std::nullopt; }, {});
    REQUIRE(config);
    CHECK(config->name == "manila");
    const auto names = list_directory(directory);
    CHECK(std::ranges::count(names, "store.sqlite") == 1);
}

TEST_CASE("node directory: init leaves a node, a registry and other people's files alone") {
    const TemporaryDirectory parent;
    const std::string directory = parent.file("d");
    const auto first = init_node(directory, "one");
    REQUIRE(first);
    const auto again = init_node(directory, "two");
    REQUIRE_FALSE(again);
    CHECK(again.error().message.find("already a node's") != std::string::npos);
    CHECK(NodeId{load_identity(directory)->public_key().bytes} == *first);

    const std::string registry = parent.file("r");
    make_directory(registry);
    write_file_durably(registry + "/root.cbor", {}, 0600);
    CHECK(init_node(registry, "n").error().message.find("registry") != std::string::npos);

    const std::string full = parent.file("full");
    make_directory(full);
    write_file_durably(full + "/thesis.doc", {}, 0600);
    CHECK(init_node(full, "n").error().code == "exists");
    CHECK(list_directory(full).size() == 1);

    write_file_durably(parent.file("file"), {}, 0600);
    CHECK(init_node(parent.file("file"), "n").error().code == "not_a_directory");
}

TEST_CASE("node directory: an empty directory is taken, and closed to others") {
    const TemporaryDirectory parent;
    const std::string directory = parent.file("d");
    REQUIRE(::mkdir(directory.c_str(), 0755) == 0);
    CHECK(init_node(directory, "n"));
    CHECK(mode_of(directory) == 0700);
}

TEST_CASE("node directory: names that nobody could read are refused before anything is made") {
    const TemporaryDirectory parent;
    const std::string directory = parent.file("d");
    for (const std::string& name :
         {std::string(), std::string(101, 'x'), std::string("a\nb"), std::string("\xff")}) {
        const auto made = init_node(directory, name);
        REQUIRE_FALSE(made);
        CHECK(made.error().kind == ErrorKind::usage);
    }
    CHECK(list_directory(parent.path()).empty());
}

TEST_CASE("node directory: a missing key is told from a directory that is no node's") {
    const TemporaryDirectory parent;
    const std::string directory = parent.file("d");
    CHECK(load_identity(directory).error().message == "there is no such directory");
    make_directory(directory);
    CHECK(load_identity(directory).error().message == "this is no node's directory");
    REQUIRE(init_node(directory, "n"));
    REQUIRE(::unlink(DirectoryPaths{directory}.identity().c_str()) == 0);
    const auto lost = load_identity(directory);
    CHECK(lost.error().kind == ErrorKind::not_found);
    CHECK(lost.error().message == "the node's identity key is missing");
}

TEST_CASE("directory lock: one at a time, and a killed holder's is free at once") {
    const TemporaryDirectory directory;
    CHECK_FALSE(is_locked(directory.path()));
    CHECK(DirectoryLock::take(directory.file("no")).error().kind == ErrorKind::not_found);
    {
        auto lock = DirectoryLock::take(directory.path());
        REQUIRE(lock);
        CHECK(is_locked(directory.path()));
        CHECK(DirectoryLock::take(directory.path()).error().code == "locked");
        const DirectoryLock moved = std::move(*lock);
        CHECK(is_locked(directory.path()));
    }
    CHECK_FALSE(is_locked(directory.path()));

    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const auto lock = DirectoryLock::take(directory.path());
        const char byte = lock ? 'y' : 'n';
        if (::write(ready[1], &byte, 1) == 1) ::pause();
        ::_exit(1);
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    CHECK(byte == 'y');
    CHECK(is_locked(directory.path()));
    REQUIRE(::kill(child, SIGKILL) == 0);
    REQUIRE(::waitpid(child, nullptr, 0) == child);
    CHECK_FALSE(is_locked(directory.path()));
    ::close(ready[0]);
    ::close(ready[1]);
}

TEST_CASE("node directory: a registry's directory is called so, and a node's to a registry") {
    const TemporaryDirectory parent;
    const std::string registry = parent.file("r");
    make_directory(registry);
    CHECK(use_of_directory(registry) == DirectoryUse::none);
    write_file_durably(registry + "/root.cbor", {}, 0600);
    CHECK(use_of_directory(registry) == DirectoryUse::registry);
    const auto refused = load_identity(registry);
    CHECK(refused.error().kind == ErrorKind::not_found);
    CHECK(refused.error().message == "this is a registry's directory, not a node's");

    const std::string node = parent.file("n");
    REQUIRE(init_node(node, "n"));
    CHECK(check_use(node, DirectoryUse::node));
    CHECK(check_use(node, DirectoryUse::registry).error().message ==
          "this is a node's directory, not a registry's");
}

TEST_CASE("node directory: a refused permission is no absence, and says who owns it") {
    const TemporaryDirectory parent;
    const std::string closed = parent.file("closed");
    make_directory(closed);
    make_directory(closed + "/d");
    for (const auto& path : {parent.path(), closed}) test::UnprivilegedUser::give(path);
    const test::UnprivilegedUser user;
    if (!test::UnprivilegedUser::is_one()) {
        MESSAGE("skipped: permission bits do not bind root, who cannot become another user here");
        return;
    }
    REQUIRE(::chmod(closed.c_str(), 0) == 0);
    for (const auto& path : {closed, closed + "/d"}) {
        const auto taken = DirectoryLock::take(path);
        REQUIRE_FALSE(taken);
        CHECK(taken.error().code == "permission_denied");
        CHECK(taken.error().kind == ErrorKind::failed);
        CHECK(taken.error().subject == path);
        CHECK(taken.error().fix == "run: chmod 700 " + closed);
        CHECK(load_identity(path).error().code == "permission_denied");
    }
    REQUIRE(::chmod(closed.c_str(), 0700) == 0);
    CHECK(check_directory(closed));
}

TEST_CASE("node directory: of another user's directory it is said whose it is") {
    if (::geteuid() != 0) {
        MESSAGE("skipped: only root can make a directory that belongs to another user");
        return;
    }
    const TemporaryDirectory roots;
    const test::UnprivilegedUser user;
    if (!test::UnprivilegedUser::is_one()) {
        MESSAGE("skipped: root cannot become another user here");
        return;
    }
    const auto fix = check_directory(roots.path()).error().fix;
    CHECK_MESSAGE(fix.starts_with(roots.path() + " belongs to root (mode 0700) and this is "), fix);
    CHECK(check_directory(roots.file("below")).error().fix == fix);
}

TEST_CASE("node directory: what others may use of it is found, with the chmod") {
    const TemporaryDirectory parent;
    const std::string directory = parent.file("d");
    const mode_t before = ::umask(022);
    REQUIRE(init_node(directory, "n"));
    ::umask(before);
    CHECK(paths_open_to_others(directory).empty());
    REQUIRE(::chmod(directory.c_str(), 0755) == 0);
    REQUIRE(::chmod(DirectoryPaths{directory}.store().c_str(), 0640) == 0);
    const auto open = paths_open_to_others(directory);
    REQUIRE(open.size() == 2);
    CHECK(open[0].path == directory);
    CHECK(open[0].mode == 0755);
    CHECK(open[0].fix == "chmod 700 " + directory);
    CHECK(open[1].fix == "chmod 600 " + DirectoryPaths{directory}.store());
}
