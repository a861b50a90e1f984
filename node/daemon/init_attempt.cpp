// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/init_attempt.hpp"

#include <expected>
#include <filesystem>
#include <utility>

#include "node/daemon/durable_file.hpp"

namespace sangam::node {
namespace {

namespace fs = std::filesystem;

std::string marker_of(const std::string& directory) { return directory + "/init.unfinished"; }

/// The marker last, so that a removal that is cut off is gone on with.
void remove_contents(const std::string& directory) {
    std::error_code ignored;
    for (const auto& name : list_directory(directory))
        if (const auto path = directory + "/" + name; path != marker_of(directory))
            fs::remove_all(path, ignored);
    fs::remove(marker_of(directory), ignored);
}

/// Whether what is there was begun by an init and never came to its end: the file by which a node
/// or a registry is known is written last.
bool is_unfinished(const std::string& directory) {
    std::error_code error;
    return fs::exists(marker_of(directory), error) &&
           !fs::exists(DirectoryPaths{directory}.identity(), error) &&
           !fs::exists(directory + "/root.cbor", error);
}

}  // namespace

Result<InitAttempt> InitAttempt::begin(const std::string& directory) {
    bool has_removed_remains = false;
    if (is_unfinished(directory)) {
        const auto lock = DirectoryLock::take(directory);
        if (!lock) return std::unexpected(lock.error());
        remove_contents(directory);
        has_removed_remains = true;
    }
    std::error_code error;
    const bool was_there = fs::exists(directory, error);
    if (auto fresh = make_fresh_directory(directory); !fresh) return std::unexpected(fresh.error());
    auto lock = DirectoryLock::take(directory);
    if (!lock) return std::unexpected(lock.error());
    if (!list_directory(directory).empty())
        return fail("exists", "another init has just begun there", directory,
                    "choose another directory, or wait for it");
    InitAttempt out(directory, std::move(*lock));
    out.has_made_directory_ = !was_there;
    out.has_removed_remains_ = has_removed_remains;
    write_file_durably(marker_of(directory), {}, 0600);
    return out;
}

InitAttempt::InitAttempt(InitAttempt&& other) noexcept
    : directory_(std::move(other.directory_)),
      lock_(std::move(other.lock_)),
      is_ours_(std::exchange(other.is_ours_, false)),
      has_made_directory_(other.has_made_directory_),
      has_removed_remains_(other.has_removed_remains_) {}

InitAttempt::~InitAttempt() {
    if (!is_ours_) return;
    remove_contents(directory_);
    std::error_code ignored;
    if (has_made_directory_) fs::remove(directory_, ignored);
}

void InitAttempt::finish() {
    is_ours_ = false;
    std::error_code ignored;
    fs::remove(marker_of(directory_), ignored);
}

std::unexpected<Error> init_failed(const std::string& directory, const std::string& why) {
    return fail(
        "init_failed", "the directory could not be made: " + why, directory,
        "nothing of it is left; check the disk's room and the permissions, and run it again");
}

}  // namespace sangam::node
