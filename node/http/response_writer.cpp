// SPDX-License-Identifier: Apache-2.0
#include "node/http/response_writer.hpp"

#include <spdlog/spdlog.h>
#include <boost/beast/http.hpp>

#include "node/http/error_body.hpp"
#include "node/http/spooled_file.hpp"

namespace sangam::node::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using boost::system::error_code;

namespace {

template <class Body>
asio::awaitable<bool> write_message(ServerSocket& socket, bhttp::response<Body>& message,
                                    bool is_head, const std::function<void()>& before_step) {
    bhttp::response_serializer<Body> serializer(message);
    serializer.split(is_head);
    while (is_head ? !serializer.is_header_done() : !serializer.is_done()) {
        before_step();
        const auto [error, n] = co_await bhttp::async_write_some(socket, serializer, quietly);
        if (error) co_return false;
    }
    co_return true;
}

template <class Body>
void fill_head(bhttp::response<Body>& message, const Response& response, const ResponseForm& form) {
    message.version(form.version);
    message.result(static_cast<unsigned>(response.status));
    message.set(bhttp::field::content_type, response.content_type);
    message.set(bhttp::field::cache_control, "no-store");
    message.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) message.insert(name, value);
    message.keep_alive(form.keep_alive);
}

}  // namespace

asio::awaitable<bool> write_response(ServerSocket& socket, Response& response, ResponseForm form,
                                     std::function<void()> before_step) {
    if (!response.body_file) {
        bhttp::response<bhttp::string_body> message;
        fill_head(message, response, form);
        message.body() = std::move(response.body);
        message.prepare_payload();
        // RFC 9110 section 8.6: it would be the length of the answer that is not sent.
        if (response.status == 304) message.erase(bhttp::field::content_length);
        co_return co_await write_message(socket, message, form.is_head, before_step);
    }
    const SpooledFile removed_afterwards{*response.body_file};
    bhttp::response<bhttp::file_body> message;
    error_code error;
    message.body().open(response.body_file->c_str(), beast::file_mode::scan, error);
    if (error) {
        spdlog::error("cannot read {}: {}", *response.body_file, error.message());
        Response failed = error_response(
            500, Error{ErrorKind::failed, "internal", "the answer's file cannot be read", {}, {}});
        failed.body_file.reset();
        form.keep_alive = false;
        co_return co_await write_response(socket, failed, form, std::move(before_step));
    }
    fill_head(message, response, form);
    message.prepare_payload();
    co_return co_await write_message(socket, message, form.is_head, before_step);
}

}  // namespace sangam::node::http
