// SPDX-License-Identifier: Apache-2.0
// The blocking HTTP client: one connection, one exchange, one deadline over both. A small event
// loop of its own runs until the exchange or the time is over.
#include "node/http/client.hpp"

#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <filesystem>
#include <fstream>

#include "node/http/address.hpp"

namespace sangam::node::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using boost::system::error_code;
using ClientSocket = asio::generic::stream_protocol::socket;

constexpr auto quiet = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t chunk_bytes = 256 * 1024;
constexpr std::uint32_t max_response_header_bytes = 64 * 1024;

std::unexpected<Error> unreachable(std::string_view code, std::string message,
                                   const std::string& subject, std::string fix) {
    return fail(code, std::move(message), subject, std::move(fix), ErrorKind::unreachable);
}

std::unexpected<Error> connection_lost(std::string message, const std::string& subject) {
    return fail("connection_lost", std::move(message), subject,
                "it may have stopped: look at its log, start it again and repeat this",
                ErrorKind::unreachable);
}

/// One exchange on a connected socket.
class Exchange {
public:
    Exchange(ClientSocket socket, const ClientRequest& request, std::string host,
             std::string target, std::string subject)
        : socket_(std::move(socket)),
          request_(request),
          host_(std::move(host)),
          target_(std::move(target)),
          subject_(std::move(subject)) {}

    asio::awaitable<Result<Response>> run() {
        if (auto size = body_size(); !size) co_return std::unexpected(size.error());
        const bool was_sent = co_await send();
        // A server that refuses early answers before it has read everything: look for the answer
        // even when sending broke off.
        auto response = co_await receive();
        if (!response && !was_sent)
            co_return connection_lost("the connection broke while sending", subject_);
        co_return response;
    }

private:
    Result<void> body_size() {
        total_ = request_.body.size();
        if (request_.body_files.empty()) return {};
        total_ = 0;
        for (const auto& file : request_.body_files) {
            std::error_code error;
            const auto size = std::filesystem::file_size(file, error);
            if (error)
                return fail("unreadable_file", "the file cannot be read: " + error.message(), file,
                            "check its name and permissions", ErrorKind::not_found);
            total_ += size;
        }
        return {};
    }

    std::string head() const {
        std::string out = request_.method + " " + target_ + " HTTP/1.1\r\nHost: " + host_ +
                          "\r\nUser-Agent: sangam\r\nConnection: close\r\n";
        if (total_ > 0 || request_.method != "GET")
            out += "Content-Length: " + std::to_string(total_) +
                   "\r\nContent-Type: " + request_.content_type + "\r\n";
        for (const auto& [name, value] : request_.headers) out += name + ": " + value + "\r\n";
        return out + "\r\n";
    }

    asio::awaitable<bool> send() {
        const auto text = head();
        if (!co_await write(text.data(), text.size())) co_return false;
        if (request_.body_files.empty()) {
            const auto& body = request_.body;
            for (std::size_t at = 0; at < body.size(); at += chunk_bytes) {
                const auto n = std::min(chunk_bytes, body.size() - at);
                if (!co_await write(body.data() + at, n)) co_return false;
                report(n);
            }
            co_return true;
        }
        std::vector<char> chunk(chunk_bytes);
        std::uint64_t left = total_;  // a file that grows meanwhile is sent as long as it was
        for (const auto& file : request_.body_files) {
            std::ifstream in(file, std::ios::binary);
            while (in && left > 0) {
                in.read(chunk.data(),
                        static_cast<std::streamsize>(std::min<std::uint64_t>(chunk.size(), left)));
                const auto n = static_cast<std::size_t>(in.gcount());
                if (n == 0) break;
                left -= n;
                if (!co_await write(chunk.data(), n)) co_return false;
                report(n);
            }
        }
        if (left > 0) {  // a file that shrank or failed: cut off, so that nobody takes it as whole
            error_code ignored;
            socket_.close(ignored);
            co_return false;
        }
        co_return true;
    }

    /// False when the rest need not be sent: the connection broke, or the answer is here before
    /// the request is whole, which is a refusal.
    asio::awaitable<bool> write(const char* data, std::size_t size) {
        error_code ignored;
        if (socket_.available(ignored) > 0) co_return false;
        const auto [error, n] =
            co_await asio::async_write(socket_, asio::const_buffer(data, size), quiet);
        co_return !error;
    }

    void report(std::size_t n) {
        sent_ += n;
        if (request_.progress) request_.progress(sent_, total_);
    }

    asio::awaitable<Result<Response>> receive() {
        beast::flat_buffer buffer;
        bhttp::response_parser<bhttp::empty_body> head;
        head.header_limit(max_response_header_bytes);
        head.body_limit(boost::none);
        const auto [error, n] = co_await bhttp::async_read_header(socket_, buffer, head, quiet);
        if (error) co_return broken(error);
        Response out;
        out.status = static_cast<int>(head.get().result_int());
        for (const auto& field : head.get())
            out.headers.emplace_back(field.name_string(), field.value());
        out.content_type = std::string(head.get()[bhttp::field::content_type]);
        if (request_.method == "HEAD") co_return out;
        const bool is_good = out.status >= 200 && out.status < 300;
        if (is_good && !request_.response_file.empty()) {
            bhttp::response_parser<bhttp::file_body> parser(std::move(head));
            error_code opened;
            parser.get().body().open(request_.response_file.c_str(), beast::file_mode::write,
                                     opened);
            if (opened)
                co_return fail("unwritable_file", "the file cannot be written: " + opened.message(),
                               request_.response_file, "check the directory and its permissions");
            parser.body_limit(boost::none);
            const auto [failed, read] = co_await bhttp::async_read(socket_, buffer, parser, quiet);
            if (is_of_the_file(failed))
                co_return fail("unwritable_file", "the file cannot be written: " + failed.message(),
                               request_.response_file, "make room for it, or name another place",
                               ErrorKind::failed);
            if (failed) co_return broken(failed);
            co_return out;
        }
        bhttp::response_parser<bhttp::string_body> parser(std::move(head));
        parser.body_limit(request_.max_response_bytes);
        const auto [failed, read] = co_await bhttp::async_read(socket_, buffer, parser, quiet);
        if (failed) co_return broken(failed);
        out.body = std::move(parser.get().body());
        co_return out;
    }

    static bool is_of_the_file(error_code error) {
        return error == boost::system::errc::no_space_on_device ||
               error == boost::system::errc::file_too_large ||
               error == boost::system::errc::io_error;
    }

    Result<Response> broken(error_code error) const {
        if (error == bhttp::error::body_limit)
            return fail("response_too_large", "the answer is larger than allowed", subject_);
        return connection_lost("no whole answer came: " + error.message(), subject_);
    }

    ClientSocket socket_;
    const ClientRequest& request_;
    std::string host_;
    std::string target_;
    std::string subject_;
    std::uint64_t total_ = 0;
    std::uint64_t sent_ = 0;
};

asio::awaitable<Result<Response>> talk_tcp(HostPort to, const ClientRequest& request,
                                           std::string host, std::string target,
                                           std::string subject) {
    const auto executor = co_await asio::this_coro::executor;
    asio::ip::tcp::resolver resolver(executor);
    const auto [unknown, found] =
        co_await resolver.async_resolve(to.host, std::to_string(to.port), quiet);
    if (unknown)
        co_return unreachable("unknown_host", "the host is not known: " + unknown.message(),
                              subject, "check its spelling and this machine's name service");
    asio::ip::tcp::socket socket(executor);
    const auto [refused, endpoint] = co_await asio::async_connect(socket, found, quiet);
    if (refused)
        co_return unreachable("cannot_connect", "nobody answers there: " + refused.message(),
                              subject,
                              "check the address and the port, that it runs there, and that no "
                              "firewall stands between");
    error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    Exchange exchange(ClientSocket(std::move(socket)), request, std::move(host), std::move(target),
                      std::move(subject));
    co_return co_await exchange.run();
}

asio::awaitable<Result<Response>> talk_unix(std::string path, const ClientRequest& request,
                                            std::string target) {
    const auto executor = co_await asio::this_coro::executor;
    asio::local::stream_protocol::socket socket(executor);
    const asio::local::stream_protocol::endpoint endpoint(path);
    const auto [refused] = co_await socket.async_connect(endpoint, quiet);
    if (refused == asio::error::access_denied)
        co_return fail("permission_denied", "permission denied", path,
                       "run sangam as the user who runs the daemon");
    if (refused)
        co_return unreachable("not_running", "nobody listens on the socket: " + refused.message(),
                              path, "start the daemon of this directory");
    Exchange exchange(ClientSocket(std::move(socket)), request, "localhost", std::move(target),
                      std::move(path));
    co_return co_await exchange.run();
}

Result<Response> run_until_deadline(asio::awaitable<Result<Response>> talk,
                                    const ClientRequest& request, const std::string& subject) {
    asio::io_context io(1);
    std::optional<Result<Response>> result;
    std::exception_ptr failure;
    auto done = [&](std::exception_ptr thrown, Result<Response> value) {
        failure = thrown;
        if (!thrown) result = std::move(value);
    };
    asio::co_spawn(io, std::move(talk), done);
    if (request.deadline.count() > 0)
        io.run_for(request.deadline);
    else
        io.run();
    if (failure) std::rethrow_exception(failure);
    if (result) return std::move(*result);
    return unreachable("deadline_passed",
                       "no answer within " + std::to_string(request.deadline.count()) + " ms",
                       subject, "it may be busy or cut off: try again, and look at its log");
}

}  // namespace

Result<Response> fetch_tcp(const std::string& url, const ClientRequest& request) {
    static constexpr std::string_view scheme = "http://";
    const auto bad = [&](std::string why) {
        return fail("bad_url", std::move(why), url, "write it as http://HOST:PORT",
                    ErrorKind::usage);
    };
    if (!url.starts_with(scheme)) return bad("the address does not begin with http://");
    const auto rest = std::string_view(url).substr(scheme.size());
    const auto slash = rest.find('/');
    const std::string host(rest.substr(0, slash));
    std::string prefix(slash == std::string_view::npos ? std::string_view{} : rest.substr(slash));
    while (prefix.ends_with('/')) prefix.pop_back();
    const bool has_port =
        host.find(':', host.starts_with('[') ? host.find(']') : 0) != std::string::npos;
    auto to = split_address(has_port ? host : host + ":80");
    if (!to) return bad("the address has no valid host and port");
    return run_until_deadline(talk_tcp(std::move(*to), request, host, prefix + request.target, url),
                              request, url);
}

Result<Response> fetch_unix(const std::string& socket_path, const ClientRequest& request) {
    if (auto fits = check_socket_path(socket_path); !fits) return std::unexpected(fits.error());
    return run_until_deadline(talk_unix(socket_path, request, request.target), request,
                              socket_path);
}

}  // namespace sangam::node::http
