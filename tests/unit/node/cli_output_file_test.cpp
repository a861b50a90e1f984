// SPDX-License-Identifier: Apache-2.0
#include "node/cli/output_file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/unit/node/temporary_directory.hpp"

using namespace sangam;
using namespace sangam::node::cli;
using sangam::node::testing::TemporaryDirectory;
namespace fs = std::filesystem;

namespace {

void write_text(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

std::string read_text(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t files_in(const std::string& folder) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("output file: the old file stays until the new one is whole, with its permissions") {
    TemporaryDirectory folder;
    const auto path = folder.file("out.csv");
    write_text(path, "old");
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    {
        auto broken = OutputFile::at(path);
        REQUIRE(broken);
        write_text(broken->path(), "half");
    }
    CHECK(read_text(path) == "old");
    auto whole = OutputFile::at(path);
    REQUIRE(whole);
    write_text(whole->path(), "new");
    CHECK(read_text(path) == "old");
    REQUIRE(whole->keep());
    CHECK(read_text(path) == "new");
    CHECK((fs::status(path).permissions() & fs::perms::mask) ==
          (fs::perms::owner_read | fs::perms::owner_write));
    CHECK(files_in(folder.file(".")) == 1);
}

TEST_CASE("output file: a link is followed, also where its end is yet to be made") {
    TemporaryDirectory folder;
    fs::create_symlink("end.csv", folder.file("link.csv"));
    auto file = OutputFile::at(folder.file("link.csv"));
    REQUIRE(file);
    write_text(file->path(), "rows");
    REQUIRE(file->keep());
    CHECK(fs::is_symlink(folder.file("link.csv")));
    CHECK(read_text(folder.file("end.csv")) == "rows");
}

TEST_CASE("output file: a pipe is written into and stays a pipe") {
    TemporaryDirectory folder;
    const auto path = folder.file("pipe");
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    {
        auto file = OutputFile::at(path);
        REQUIRE(file);
        CHECK(file->path() == path);
        CHECK(file->keep());
    }
    CHECK(fs::is_fifo(path));
}

TEST_CASE("output file: a directory and a place in none are refused, naming the path") {
    TemporaryDirectory folder;
    for (const auto& path : {folder.file("."), folder.file("missing/out.csv")}) {
        const auto file = OutputFile::at(path);
        REQUIRE_FALSE(file);
        CHECK(file.error().code == "unwritable_file");
        CHECK(file.error().subject == path);
    }
}
