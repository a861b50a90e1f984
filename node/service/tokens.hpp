// SPDX-License-Identifier: Apache-2.0
// API tokens: 256 random bits of which only the SHA-256 hash is stored. (A slow hash is for what
// people choose; nobody guesses 256 bits.)
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "node/service/call.hpp"

namespace sangam::node {

struct Token {
    std::string name;
    Role role = Role::researcher;
    Hash hash;
    Millis created{};
    Millis expires{};  ///< 0: never

    [[nodiscard]] Bytes encode() const;
    static Result<Token> decode(const std::string& name, ByteView bytes);
};

/// The token with this secret, if it exists and has not expired.
[[nodiscard]] std::optional<Token> find_token(const storage::Reader& reader,
                                              std::string_view secret, Millis now);

}  // namespace sangam::node
