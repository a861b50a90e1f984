// SPDX-License-Identifier: Apache-2.0
#include "node/cli/output_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

namespace sangam::node::cli {
namespace {

namespace fs = std::filesystem;

constexpr int links_followed = 40;  // as many as Linux does

/// What to remove when a signal ends the command: half an export is nothing to keep, and its name
/// begins with a dot.
char unfinished[PATH_MAX] = {};
constexpr int ending_signals[] = {SIGINT, SIGTERM, SIGHUP};

extern "C" void end_by_signal(int signal) {
    if (unfinished[0] != '\0') ::unlink(unfinished);
    ::signal(signal, SIG_DFL);
    ::raise(signal);
}

void remove_when_ended(const std::string& path) {
    if (path.size() >= sizeof unfinished) return;
    path.copy(unfinished, path.size());
    unfinished[path.size()] = '\0';
    for (const int signal : ending_signals) ::signal(signal, end_by_signal);
}

void keep_when_ended() {
    for (const int signal : ending_signals) ::signal(signal, SIG_DFL);
    unfinished[0] = '\0';
}

std::unexpected<Error> unwritable(const std::string& path, const std::string& why) {
    return fail("unwritable_file", "the file cannot be written: " + why, path,
                "check the directory and its permissions, or name another file with --out");
}

/// Where a chain of symbolic links ends, there or not.
fs::path end_of_links(fs::path path) {
    std::error_code error;
    for (int i = 0; i < links_followed && fs::is_symlink(path, error); ++i) {
        const auto next = fs::read_symlink(path, error);
        if (error) break;
        path = path.parent_path() / next;  // an absolute `next` stands for itself
    }
    return path;
}

/// Appends the whole file to standard output, wherever that goes. The file loses its name first:
/// who reads may close the pipe, which ends the process.
bool copy_to_standard_output(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    ::unlink(path.c_str());
    std::vector<char> part(1 << 16);
    for (;;) {
        in.read(part.data(), static_cast<std::streamsize>(part.size()));
        for (std::streamsize sent = 0; sent < in.gcount();) {
            const auto n = ::write(STDOUT_FILENO, part.data() + sent,
                                   static_cast<std::size_t>(in.gcount() - sent));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return false;
            sent += n;
        }
        if (!in) return in.eof();
    }
}

}  // namespace

Result<OutputFile> OutputFile::at(const std::string& path) {
    OutputFile out;
    if (path == "-" || path == "/dev/stdout") {
        // Not opened anew, which would cut a file that a shell appends to.
        auto pattern = (fs::temp_directory_path() / "sangam-out-XXXXXX").string();
        const int made = ::mkstemp(pattern.data());
        if (made < 0) return unwritable(pattern, std::system_category().message(errno));
        ::close(made);
        out.path_ = std::move(pattern);
        out.is_standard_output_ = true;
        remove_when_ended(out.path_);
        return out;
    }
    struct stat file{};
    if (::stat(path.c_str(), &file) == 0 && !S_ISREG(file.st_mode)) {
        if (S_ISDIR(file.st_mode)) return unwritable(path, "it is a directory");
        out.path_ = path;
        return out;
    }
    const auto place = end_of_links(path);
    std::error_code error;
    const auto folder = place.has_parent_path() ? place.parent_path() : fs::path(".");
    if (!fs::is_directory(folder, error)) return unwritable(path, "there is no such directory");
    out.place_ = place.string();
    out.path_ =
        (folder / ("." + place.filename().string() + "." + std::to_string(::getpid()) + ".part"))
            .string();
    remove_when_ended(out.path_);
    return out;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      place_(std::exchange(other.place_, {})),
      is_standard_output_(std::exchange(other.is_standard_output_, false)) {}

OutputFile::~OutputFile() {
    if (place_.empty() && !is_standard_output_) return;
    std::error_code ignored;
    fs::remove(path_, ignored);
    keep_when_ended();
}

Result<void> OutputFile::keep() {
    if (is_standard_output_) {
        if (copy_to_standard_output(path_)) return {};
        return unwritable("standard output", std::system_category().message(errno));
    }
    if (place_.empty()) return {};
    struct stat old{};
    if (::stat(place_.c_str(), &old) == 0 && ::chmod(path_.c_str(), old.st_mode & 07777) != 0)
        return unwritable(place_, std::system_category().message(errno));
    std::error_code error;
    fs::rename(path_, place_, error);
    if (error) return unwritable(place_, error.message());
    place_.clear();
    keep_when_ended();
    return {};
}

}  // namespace sangam::node::cli
