// SPDX-License-Identifier: Apache-2.0
// Permission bits do not bind root, as whom tests run in a container: this becomes another user for
// as long as it lives.
#pragma once

#include <doctest/doctest.h>
#include <unistd.h>

#include <string>

namespace sangam::test {

class UnprivilegedUser {
public:
    UnprivilegedUser() {
        if (::geteuid() == 0) is_changed_ = ::seteuid(user) == 0;
    }
    ~UnprivilegedUser() {
        if (is_changed_ && ::seteuid(0) != 0) ::_exit(99);
    }
    UnprivilegedUser(const UnprivilegedUser&) = delete;
    UnprivilegedUser& operator=(const UnprivilegedUser&) = delete;

    /// False when this is root all the same (a sandbox without CAP_SETUID): nothing to test then.
    [[nodiscard]] static bool is_one() { return ::geteuid() != 0; }
    /// Gives what root has made to the user that the constructor becomes; for anybody else nothing.
    static void give(const std::string& path) {
        if (::geteuid() == 0) REQUIRE(::chown(path.c_str(), user, static_cast<gid_t>(-1)) == 0);
    }

private:
    static constexpr uid_t user = 65534;  // nobody
    bool is_changed_ = false;
};

}  // namespace sangam::test
