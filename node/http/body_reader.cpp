// SPDX-License-Identifier: Apache-2.0
#include "node/http/body_reader.hpp"

#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "node/http/spool_body.hpp"

namespace sangam::node::http {

namespace asio = boost::asio;
namespace bhttp = boost::beast::http;
using boost::system::error_code;

namespace {

template <class Parser>
asio::awaitable<error_code> read_rest(Parser& parser, BodySource& source) {
    while (!parser.is_done()) {
        source.before_step();
        const auto [error, n] =
            co_await bhttp::async_read_some(source.socket, source.buffer, parser, quietly);
        if (error) co_return error;
    }
    co_return error_code{};
}

}  // namespace

asio::awaitable<error_code> read_to_memory(BodySource source, std::string& out) {
    bhttp::request_parser<bhttp::string_body> parser(std::move(source.head));
    parser.body_limit(source.limit);
    const auto error = co_await read_rest(parser, source);
    if (!error) out = std::move(parser.get().body());
    co_return error;
}

asio::awaitable<SpoolFailure> read_to_file(BodySource source, const std::string& path) {
    bhttp::request_parser<SpoolBody> parser(std::move(source.head));
    parser.body_limit(source.limit);
    auto& body = parser.get().body();
    SpoolFailure out;
    body.open(path);
    if (!body.disk_error) out.connection = co_await read_rest(parser, source);
    body.close();
    out.disk = body.disk_error;
    co_return out;
}

}  // namespace sangam::node::http
