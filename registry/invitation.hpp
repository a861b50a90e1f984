// SPDX-License-Identifier: Apache-2.0
// `sangam-invite:…`: the registry's address, the hash of its first root document and a one-time
// token, in one text that survives mail.
#pragma once

#include <string>
#include <string_view>

#include "protocol/bytes.hpp"
#include "protocol/ids.hpp"

namespace sangam::registry {

/// 32 random bytes that let one node enrol once. Secret until used.
using InviteToken = FixedBytes<struct InviteTokenTag, 32>;

inline constexpr std::string_view invitation_prefix = "sangam-invite:";
inline constexpr std::size_t max_invitation_text = 2048;

struct Invitation {
    std::string url;     ///< of the registry: "http://127.0.0.1:7410", no slash at the end
    Hash registry_id;    ///< what RootChain::verify() needs
    std::string handle;  ///< for whom; for people, the registry goes by the token
    /// Zero in an invitation that a current node of the institution made by `node admit`: the
    /// registry then knows the new node's id already.
    InviteToken token;

    [[nodiscard]] std::string text() const;
    /// Ignores white space anywhere (mail wraps lines). The error says whether it is no invitation
    /// at all, cut short or damaged, or of a later version.
    static Result<Invitation> parse(std::string_view text);
    friend bool operator==(const Invitation&, const Invitation&) = default;
};

/// What the registry keeps in place of a token.
[[nodiscard]] Hash token_hash(const InviteToken& token);
/// "http://host[:port]" or "https://…", optionally with a path; without user, query or fragment.
/// Returns it without slashes at the end.
[[nodiscard]] Result<std::string> check_registry_url(std::string_view url);

}  // namespace sangam::registry
