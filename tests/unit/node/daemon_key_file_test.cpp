// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/key_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "node/daemon/durable_file.hpp"
#include "tests/unit/node/temporary_directory.hpp"

using namespace sangam;
using namespace sangam::node;
using sangam::node::testing::TemporaryDirectory;

namespace {

mode_t key_file_mode(const std::string& path) {
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

struct MadeKey {
    TemporaryDirectory directory;
    std::string path = directory.file("identity.key");
    SeededRandom random{7};
    SigningKey key = (init_crypto(), make_key_file(path, KeyKind::identity, random));
};

}  // namespace

TEST_CASE("key file: what was made is loaded again, and nobody else may read it") {
    MadeKey made;
    CHECK(key_file_mode(made.path) == 0600);
    CHECK(read_file(made.path, 1000)->size() == 52);
    const auto loaded = load_key_file(made.path, KeyKind::identity);
    REQUIRE(loaded);
    CHECK(loaded->public_key() == made.key.public_key());
}

TEST_CASE("key file: is never replaced") {
    MadeKey made;
    CHECK_THROWS_AS(static_cast<void>(make_key_file(made.path, KeyKind::identity, made.random)),
                    std::runtime_error);
    CHECK(load_key_file(made.path, KeyKind::identity)->public_key() == made.key.public_key());
}

TEST_CASE("key file: a mode that lets others in is refused, and the fix says chmod") {
    MadeKey made;
    for (const mode_t mode : {0640, 0604, 0660, 0610}) {
        REQUIRE(::chmod(made.path.c_str(), mode) == 0);
        const auto loaded = load_key_file(made.path, KeyKind::identity);
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().code == "key_permissions");
        CHECK(loaded.error().fix == "run: chmod 600 " + made.path);
    }
    REQUIRE(::chmod(made.path.c_str(), 0400) == 0);
    CHECK(load_key_file(made.path, KeyKind::identity));
}

TEST_CASE("key file: a missing one is told from a damaged one") {
    MadeKey made;
    CHECK(load_key_file(made.directory.file("other"), KeyKind::identity).error().code ==
          "not_found");
    write_file_durably(made.path, {}, 0600);
    CHECK(load_key_file(made.path, KeyKind::identity).error().code == "key_corrupt");
}

TEST_CASE("key file: a flipped bit anywhere, a missing or a further byte is noticed") {
    MadeKey made;
    const Bytes good = *read_file(made.path, 1000);
    for (std::size_t i = 0; i < good.size(); ++i) {
        Bytes bad = good;
        bad[i] ^= 1;
        write_file_durably(made.path, bad, 0600);
        const auto loaded = load_key_file(made.path, KeyKind::identity);
        REQUIRE_FALSE(loaded);
        // The format number stands alone before the checksum is looked at.
        CHECK(loaded.error().code == (i == 8 || i == 9 ? "needs_upgrade" : "key_corrupt"));
        CHECK(loaded.error().subject == made.path);
    }
    for (std::size_t size = 0; size < good.size(); ++size) {
        write_file_durably(made.path, ByteView(good).first(size), 0600);
        CHECK(load_key_file(made.path, KeyKind::identity).error().code == "key_corrupt");
    }
    Bytes longer = good;
    longer.push_back(0);
    write_file_durably(made.path, longer, 0600);
    CHECK(load_key_file(made.path, KeyKind::identity).error().code == "key_corrupt");
}

TEST_CASE("key file: a key of another kind is refused by name") {
    MadeKey made;
    const auto loaded = load_key_file(made.path, KeyKind::registry_log);
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().code == "key_kind");
    CHECK(loaded.error().message.find("node's identity key") != std::string::npos);
    CHECK(loaded.error().message.find("registry's log key") != std::string::npos);
}

TEST_CASE("durable file: replaces the whole file and leaves nothing beside it") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("f");
    write_file_durably(path, as_bytes("a longer text"), 0600);
    write_file_durably(path, as_bytes("short"), 0644);
    CHECK(as_text(*read_file(path, 100)) == "short");
    CHECK(key_file_mode(path) == 0644);
    CHECK(list_directory(directory.path()) == std::vector<std::string>{"f"});
    CHECK(read_file(path, 4).error().code == "too_large");
    CHECK(read_file(directory.file("g"), 4).error().code == "not_found");
    CHECK_THROWS_WITH_AS(write_file_durably(directory.file("no/f"), {}, 0600),
                         doctest::Contains("no/f"), std::runtime_error);
}

TEST_CASE("durable file: appending keeps what is there") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("audit");
    append_file_durably(path, as_bytes("one\n"), 0600);
    append_file_durably(path, as_bytes("two\n"), 0600);
    CHECK(as_text(*read_file(path, 100)) == "one\ntwo\n");
    CHECK(key_file_mode(path) == 0600);
}
