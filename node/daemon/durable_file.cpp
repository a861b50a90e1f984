// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/durable_file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace sangam::node {
namespace {

[[noreturn]] void throw_errno(const std::string& what, const std::string& path, int error) {
    throw std::runtime_error(what + " " + path + ": " + std::strerror(error));
}

/// Closes on every way out.
class Fd {
public:
    explicit Fd(int fd) : fd_(fd) {}
    ~Fd() {
        if (fd_ >= 0) ::close(fd_);
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool is_open() const { return fd_ >= 0; }

private:
    int fd_;
};

std::string parent_of(const std::string& path) {
    const auto slash = path.find_last_of('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

void write_all(int fd, ByteView bytes, const std::string& path) {
    while (!bytes.empty()) {
        const auto n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw_errno("cannot write", path, errno);
        bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
}

void sync_directory(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.is_open() || ::fsync(fd.get()) != 0) throw_errno("cannot sync", path, errno);
}

}  // namespace

void write_file_durably(const std::string& path, ByteView bytes, mode_t mode) {
    const std::string temporary = path + ".new";
    // A crash may have left one, with another mode than the one wanted.
    ::unlink(temporary.c_str());
    {
        const Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
        if (!fd.is_open()) throw_errno("cannot create", temporary, errno);
        write_all(fd.get(), bytes, temporary);
        if (::fsync(fd.get()) != 0) throw_errno("cannot sync", temporary, errno);
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) throw_errno("cannot replace", path, errno);
    sync_directory(parent_of(path));
}

void append_file_durably(const std::string& path, ByteView bytes, mode_t mode) {
    const bool is_new = ::access(path.c_str(), F_OK) != 0;
    {
        const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode));
        if (!fd.is_open()) throw_errno("cannot open", path, errno);
        write_all(fd.get(), bytes, path);
        if (::fdatasync(fd.get()) != 0) throw_errno("cannot sync", path, errno);
    }
    if (is_new) sync_directory(parent_of(path));
}

Result<Bytes> read_file(const std::string& path, std::size_t limit) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.is_open()) {
        if (errno == ENOENT || errno == ENOTDIR)
            return fail("not_found", "there is no such file", path, {}, ErrorKind::not_found);
        return fail("unreadable", std::string("cannot open: ") + std::strerror(errno), path,
                    "check owner and mode");
    }
    Bytes out;
    std::array<std::uint8_t, 16 * 1024> chunk;
    for (;;) {
        const auto n = ::read(fd.get(), chunk.data(), chunk.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            return fail("unreadable", std::string("cannot read: ") + std::strerror(errno), path);
        if (n == 0) return out;
        if (out.size() + static_cast<std::size_t>(n) > limit)
            return fail("too_large", "larger than the " + std::to_string(limit) + " bytes allowed",
                        path);
        out.insert(out.end(), chunk.begin(), chunk.begin() + n);
    }
}

std::vector<std::string> list_directory(const std::string& path) {
    std::vector<std::string> names;
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return names;
    while (const dirent* entry = ::readdir(directory)) {
        const std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(name);
    }
    ::closedir(directory);
    std::sort(names.begin(), names.end());
    return names;
}

void make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) == 0) {
        sync_directory(parent_of(path));
        return;
    }
    if (errno != EEXIST) throw_errno("cannot create the directory", path, errno);
}

}  // namespace sangam::node
