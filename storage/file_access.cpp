// SPDX-License-Identifier: Apache-2.0
#include "storage/file_access.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace sangam::storage {
namespace {

std::string user_text(uid_t user) {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return found->pw_name;
    return "user " + std::to_string(user);
}

std::string parent_of(const std::string& path) {
    const auto end = path.find_last_not_of('/');
    const auto slash = end == std::string::npos ? end : path.find_last_of('/', end);
    if (slash == std::string::npos) return path.starts_with('/') ? "/" : ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

int refused_access(const std::string& path, int mode) {
    return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0 ? 0 : errno;
}

std::string mode_text(mode_t mode) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777));
    return text.data();
}

std::string access_advice(const std::string& path, int error) {
    if (error == EROFS)
        return "the file system is read-only; mount it for writing, or use another directory";
    // What cannot be looked at lies below what keeps us out.
    std::string nearest = path;
    struct stat status{};
    while (::stat(nearest.c_str(), &status) != 0) {
        const std::string above = parent_of(nearest);
        if (above == nearest) return "check its owner and mode";
        nearest = above;
    }
    const auto me = ::geteuid();
    if (status.st_uid == me)
        return "run: chmod " + std::string(S_ISDIR(status.st_mode) ? "700 " : "600 ") + nearest;
    return nearest + " belongs to " + user_text(status.st_uid) + " (mode " +
           mode_text(status.st_mode) + ") and this is " + user_text(me) + ": run sangam as " +
           user_text(status.st_uid) + ", or have the files given to " + user_text(me);
}

std::optional<std::string> unwritable_store_file(const std::string& directory) {
    const auto problem = [](const std::string& path, int error) {
        return path + " cannot be written: " + std::strerror(error) + "; " +
               access_advice(path, error);
    };
    const int closed = refused_access(directory, R_OK | W_OK | X_OK);
    if (closed != 0 && closed != ENOENT) return problem(directory, closed);
    for (const char* name :
         {"/store.sqlite", "/store.sqlite-wal", "/store.sqlite-shm", "/control.log"}) {
        const std::string path = directory + name;
        const int refused = refused_access(path, R_OK | W_OK);
        if (refused != 0 && refused != ENOENT) return problem(path, refused);
    }
    return std::nullopt;
}

}  // namespace sangam::storage
