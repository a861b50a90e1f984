// SPDX-License-Identifier: Apache-2.0
// Reads the body of a request whose header has been read: into memory, or into a file as it
// arrives.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/system/error_code.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "node/http/connection.hpp"

namespace sangam::node::http {

using HeaderParser = boost::beast::http::request_parser<boost::beast::http::empty_body>;

/// What a body is read from; all outlive the reading.
struct BodySource {
    ServerSocket& socket;
    boost::beast::flat_buffer& buffer;  ///< what was read beyond the header
    HeaderParser& head;                 ///< moved from
    std::uint64_t limit;                ///< in bytes
    /// Called before each part is waited for, so that a caller can limit how long one may take.
    std::function<void()> before_step;
};

/// Why a body could not be stored: the sender's failure and our disk's are kept apart, because the
/// sender still listens after the second.
struct SpoolFailure {
    boost::system::error_code connection;
    boost::system::error_code disk;  ///< an errno
};

/// An error of Beast's (body_limit for one that is too long), or of the connection; none: `out` is
/// the body.
[[nodiscard]] boost::asio::awaitable<boost::system::error_code> read_to_memory(BodySource source,
                                                                               std::string& out);
/// The file is made; the caller removes it, also after a failure.
[[nodiscard]] boost::asio::awaitable<SpoolFailure> read_to_file(BodySource source,
                                                                const std::string& path);

}  // namespace sangam::node::http
