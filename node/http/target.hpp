// SPDX-License-Identifier: Apache-2.0
// Request targets (RFC 9112 section 3.2, RFC 3986): path segments, query parameters and their
// percent-encoding.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"

namespace sangam::node::http {

struct Target {
    std::string path;                               ///< as sent, without the query
    std::vector<std::string> segments;              ///< decoded; a slash at the end adds none
    std::multimap<std::string, std::string> query;  ///< decoded; `+` is a space
};

/// Reads the origin form ("/a/b%2Fc?x=1"). Refuses other forms and a `%` without two digits.
[[nodiscard]] Result<Target> parse_target(std::string_view target);

/// Encodes everything but letters, digits and `-._~`, so that the result is one segment or one
/// parameter wherever it stands.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// Decodes `%XX`; refuses a `%` without two hexadecimal digits.
[[nodiscard]] Result<std::string> percent_decode(std::string_view text);

/// Encodes only what a header's value may not hold, and `%`: readable as it is, and
/// percent_decode() gives the text back.
[[nodiscard]] std::string encode_header_value(std::string_view text);

}  // namespace sangam::node::http
