// SPDX-License-Identifier: Apache-2.0
// The HTTP interface: which verb stands under which method and path, and the role that it needs.
// docs/api.md is this table for people.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/service/verbs.hpp"

namespace sangam::node {

/// What a request's body may be.
enum class BodyKind : std::uint8_t {
    small,  ///< at most http::ServerOptions::max_body_bytes
    value,  ///< holds values: at most max_value_body_bytes, from who may send it
    file,   ///< spooled to a file
};

/// The longest value in the longest JSON: 1 MiB of CBOR is at most 7.4 MiB of JSON, where each half
/// float of three bytes prints in 22. A body of several such values is an import's.
inline constexpr std::size_t max_value_body_bytes = 8 * 1024 * 1024;

struct Route {
    std::string_view method;
    /// Below /api/v1; `*` stands for one segment, which becomes an argument.
    std::string_view path;
    Role role;
    Verb verb;
    /// Of the query, with blanks between; `+` after one that may be given again.
    std::string_view parameters = {};
    BodyKind body = BodyKind::small;
};

[[nodiscard]] std::span<const Route> routes();

/// What a request's method and path lead to.
struct Found {
    const Route* route = nullptr;  ///< nullptr: none
    /// Where the path exists with other methods only: those, as the header `Allow` has them.
    std::string other_methods{};
    std::vector<std::string> arguments;  ///< what the `*` stand for
};
[[nodiscard]] Found find_route(const http::Request& request);

/// Refuses (bad_parameter) what the route does not take: a mistyped `where` must not pass for none,
/// and give all. Also one given twice that can only be one.
[[nodiscard]] Result<void> check_parameters(const Route& route, const http::Request& request);

}  // namespace sangam::node
