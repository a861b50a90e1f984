// SPDX-License-Identifier: Apache-2.0
// The HTTP server and client on real sockets: bounds, spooled bodies, files as answers, bad input.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "node/http/client.hpp"
#include "node/http/server.hpp"
#include "tests/end_to_end/sangam_process.hpp"

using namespace sangam;
using namespace sangam::node;
using sangam::test::TemporaryDirectory;

namespace {

/// A server that answers with what it was asked.
struct EchoServer {
    TemporaryDirectory files;
    boost::asio::io_context io;
    boost::asio::thread_pool workers{2};
    std::unique_ptr<http::Server> tcp;
    std::unique_ptr<http::Server> unix_socket;
    std::thread thread;

    explicit EchoServer(http::ServerOptions options = {}) {
        options.spool_directory = files.path("");
        options.spools_body = [](const http::Request& r) { return r.path == "/spool"; };
        const auto handler = [this](const http::Request& request) { return handle(request); };
        auto listening = http::Server::listen_tcp(io, workers, "127.0.0.1:0", handler, options);
        REQUIRE(listening);
        tcp = std::move(*listening);
        auto local = http::Server::listen_unix(io, workers, files.path("s"), handler, options);
        REQUIRE(local);
        unix_socket = std::move(*local);
        thread = std::thread([this] { io.run(); });
    }
    ~EchoServer() {
        tcp->stop();
        unix_socket->stop();
        workers.join();
        thread.join();
    }
    http::Response handle(const http::Request& request) const {
        http::Response out;
        out.content_type = "text/plain";
        if (request.path == "/same") {
            out.status = 304;
            return out;
        }
        if (request.path == "/throw") throw std::runtime_error("secret path");
        if (request.path == "/file") {
            out.body_file = files.write("answer", std::string(3'000'000, 'f'));
            return out;
        }
        if (request.body_file) {
            std::ifstream in(*request.body_file, std::ios::binary);
            const std::string body{std::istreambuf_iterator<char>(in), {}};
            out.body = "spooled " + std::to_string(body.size());
            return out;
        }
        out.body = request.method + " " + request.path + " " + std::to_string(request.body.size()) +
                   (request.is_local_admin ? " admin" : " stranger");
        return out;
    }
    [[nodiscard]] std::string url() const { return "http://" + tcp->address(); }

    /// Sends these bytes and reads to the end.
    [[nodiscard]] std::string raw(const std::string& bytes) const {
        boost::asio::io_context own;
        boost::asio::ip::tcp::socket socket(own);
        const auto address = tcp->address();
        const auto port = std::stoi(address.substr(address.rfind(':') + 1));
        socket.connect(
            {boost::asio::ip::make_address("127.0.0.1"), static_cast<unsigned short>(port)});
        boost::system::error_code error;
        boost::asio::write(socket, boost::asio::buffer(bytes), error);
        socket.shutdown(boost::asio::ip::tcp::socket::shutdown_send, error);
        std::string out;
        boost::asio::read(socket, boost::asio::dynamic_buffer(out), error);
        return out;
    }
    [[nodiscard]] std::size_t spooled_files() const {
        std::size_t count = 0;
        for (const auto& entry : std::filesystem::directory_iterator(files.path("")))
            if (entry.path().filename().string().starts_with("upload-")) ++count;
        return count;
    }
};

}  // namespace

TEST_CASE("http server: answers over TCP as a stranger's, over the socket as the admin's") {
    const EchoServer server;
    http::ClientRequest request;
    request.method = "POST";
    request.target = "/x";
    request.body = "12345";
    CHECK(http::fetch_tcp(server.url(), request)->body == "POST /x 5 stranger");
    CHECK(http::fetch_tcp(server.url() + "/below/", request)->body == "POST /below/x 5 stranger");
    CHECK(http::fetch_unix(server.files.path("s"), request)->body == "POST /x 5 admin");
    struct stat status{};
    REQUIRE(::stat(server.files.path("s").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("http server: large files are spooled in, sent out, and leave nothing behind") {
    const EchoServer server;
    http::ClientRequest request;
    request.method = "POST";
    request.target = "/spool";
    request.body_files = {server.files.write("one", std::string(2'000'000, 'a')),
                          server.files.write("two", std::string(1'500'000, 'b'))};
    std::uint64_t last = 0;
    request.progress = [&](std::uint64_t sent, std::uint64_t total) {
        CHECK(sent > last);
        CHECK(total == 3'500'000);
        last = sent;
    };
    CHECK(http::fetch_unix(server.files.path("s"), request)->body == "spooled 3500000");
    CHECK(last == 3'500'000);
    http::ClientRequest get;
    get.target = "/file";
    get.response_file = server.files.path("got");
    REQUIRE(http::fetch_tcp(server.url(), get));
    CHECK(std::filesystem::file_size(get.response_file) == 3'000'000);
    CHECK(!std::filesystem::exists(server.files.path("answer")));
    test::wait_until("uploads are removed", [&] { return server.spooled_files() == 0; });
}

TEST_CASE("http server: what is too large is refused with 413, the answer arrives") {
    http::ServerOptions options;
    options.max_body_bytes = 1000;
    options.max_long_body_bytes = 3000;
    options.takes_long_body = [](const http::Request& r) { return r.path == "/long"; };
    options.too_large_fix = "send less";
    options.max_spooled_bytes = 2'000'000;
    const EchoServer server(options);
    http::ClientRequest request;
    request.method = "POST";
    request.target = "/x";
    request.body = std::string(1000, 'x');
    CHECK(http::fetch_tcp(server.url(), request)->status == 200);
    request.body += 'x';
    const auto refused = http::fetch_tcp(server.url(), request);
    CHECK(refused->status == 413);
    CHECK(refused->body.find("the limit here is 1000 bytes") != std::string::npos);
    CHECK(refused->body.find("send less") != std::string::npos);
    request.target = "/long";
    request.body = std::string(3000, 'x');
    CHECK(http::fetch_tcp(server.url(), request)->status == 200);
    request.body += 'x';
    CHECK(http::fetch_tcp(server.url(), request)->status == 413);
    request.target = "/spool";
    request.body = std::string(2'000'001, 'x');
    CHECK(http::fetch_tcp(server.url(), request)->status == 413);
    CHECK(server
              .raw("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                   std::string(2000, 'x') + "\r\n0\r\n\r\n")
              .starts_with("HTTP/1.1 413"));
    CHECK(server.raw("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n")
              .starts_with("HTTP/1.1 431"));
}

TEST_CASE("http server: 304 has no body and says no length, and the connection goes on") {
    const EchoServer server;
    const auto answers = server.raw(
        "GET /same HTTP/1.1\r\nHost: a\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\nConnection: "
        "close\r\n\r\n");
    CHECK(answers.starts_with("HTTP/1.1 304"));
    const auto first = answers.substr(0, answers.find("\r\n\r\n") + 4);
    CHECK(first.find("Content-Length") == std::string::npos);
    CHECK(answers.substr(first.size()).starts_with("HTTP/1.1 200"));
}

TEST_CASE("http server: an upload that the disk does not take is a 507, the answer arrives") {
    const EchoServer server;
    http::ClientRequest request;
    request.method = "POST";
    request.target = "/spool";
    // More than the server reads of a request that it has refused.
    request.body_files = {server.files.write("large", std::string(30'000'000, 'a'))};
    // A device that is always full stands where the first upload of each server goes.
    for (const char* name : {"/upload-tcp-0", "/upload-socket-0"})
        std::filesystem::create_symlink("/dev/full", server.files.path("") + name);
    const auto stranger = http::fetch_tcp(server.url(), request);
    REQUIRE_MESSAGE(stranger, stranger.error().text());
    CHECK(stranger->status == 507);
    CHECK(stranger->body.find("disk is full") != std::string::npos);
    CHECK(stranger->body.find(server.files.path("")) == std::string::npos);
    const auto admin = http::fetch_unix(server.files.path("s"), request);
    REQUIRE_MESSAGE(admin, admin.error().text());
    CHECK(admin->status == 507);
    CHECK(admin->body.find(server.files.path("")) != std::string::npos);
    CHECK(server.spooled_files() == 0);
    CHECK(http::fetch_unix(server.files.path("s"), request)->body == "spooled 30000000");
}

TEST_CASE("http server: an upload over TCP and one over the socket do not share a file") {
    const EchoServer server;
    boost::asio::io_context own;
    boost::asio::ip::tcp::socket slow(own);
    const auto address = server.tcp->address();
    slow.connect({boost::asio::ip::make_address("127.0.0.1"),
                  static_cast<unsigned short>(std::stoi(address.substr(address.rfind(':') + 1)))});
    const std::string half =
        "POST /spool HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 8\r\n\r\n1234";
    boost::asio::write(slow, boost::asio::buffer(half));
    test::wait_until("the upload has begun", [&] { return server.spooled_files() == 1; });
    http::ClientRequest request;
    request.method = "POST";
    request.target = "/spool";
    request.body = "123456";
    CHECK(http::fetch_unix(server.files.path("s"), request)->body == "spooled 6");
    boost::asio::write(slow, boost::asio::buffer(std::string("5678")));
    std::string answer;
    boost::system::error_code ended;
    boost::asio::read(slow, boost::asio::dynamic_buffer(answer), ended);
    CHECK_MESSAGE(answer.find("spooled 8") != std::string::npos, answer);
}

TEST_CASE("http server: what is no request gets 400 and is cut off, others go on") {
    const EchoServer server;
    for (const char* bad :
         {"nonsense\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
          "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
          "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n"})
        CHECK_MESSAGE(server.raw(bad).starts_with("HTTP/1.1 400"), bad);
    CHECK(server.raw("").empty());
    CHECK(server.raw("GET / HT").empty());
    CHECK(http::fetch_tcp(server.url(), {})->status == 200);
}

TEST_CASE(
    "http server: keeps a connection, takes pipelined requests, answers HEAD without a body") {
    const EchoServer server;
    const auto both = server.raw(
        "GET /a HTTP/1.1\r\nHost: a\r\n\r\nHEAD /b HTTP/1.1\r\nHost: a\r\n\r\n"
        "GET /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(both.find("GET /a 0") != std::string::npos);
    CHECK(both.find("HEAD /b 0") == std::string::npos);
    CHECK(both.find("GET /c 0") != std::string::npos);
}

TEST_CASE("http server: a handler that throws is a 500, told in full to the admin only") {
    const EchoServer server;
    http::ClientRequest request;
    request.target = "/throw";
    const auto stranger = http::fetch_tcp(server.url(), request);
    CHECK(stranger->status == 500);
    CHECK(stranger->body.find("secret") == std::string::npos);
    CHECK(http::fetch_unix(server.files.path("s"), request)->body.find("secret") !=
          std::string::npos);
}

TEST_CASE("http server: a silent connection is closed, more than the bound wait their turn") {
    http::ServerOptions options;
    options.idle_timeout = std::chrono::seconds(1);
    options.max_connections = 2;
    const EchoServer server(options);
    boost::asio::io_context own;
    const auto address = server.tcp->address();
    const auto port =
        static_cast<unsigned short>(std::stoi(address.substr(address.rfind(':') + 1)));
    std::vector<boost::asio::ip::tcp::socket> silent;
    for (int i = 0; i < 2; ++i) {
        silent.emplace_back(own);
        silent.back().connect({boost::asio::ip::make_address("127.0.0.1"), port});
    }
    http::ClientRequest request;
    request.deadline = std::chrono::milliseconds(10'000);
    CHECK(http::fetch_tcp(server.url(), request)->status == 200);
    boost::system::error_code error;
    std::array<char, 1> byte{};
    CHECK(silent[0].read_some(boost::asio::buffer(byte), error) == 0);
    CHECK(error);
}

TEST_CASE("http client: nobody there, no answer in time, bad addresses") {
    http::ClientRequest request;
    request.deadline = std::chrono::milliseconds(300);
    CHECK(http::fetch_tcp("http://127.0.0.1:1", request).error().kind == ErrorKind::unreachable);
    CHECK(http::fetch_unix("/nonexistent/s", request).error().code == "not_running");
    CHECK(http::fetch_unix(std::string(120, 'x'), request).error().code == "path_too_long");
    CHECK(http::fetch_tcp("https://127.0.0.1:1", request).error().kind == ErrorKind::usage);
    boost::asio::io_context own;
    boost::asio::ip::tcp::acceptor silent(own, {boost::asio::ip::make_address("127.0.0.1"), 0});
    const auto url = "http://127.0.0.1:" + std::to_string(silent.local_endpoint().port());
    CHECK(http::fetch_tcp(url, request).error().code == "deadline_passed");
}

TEST_CASE("http server: an address in use is named") {
    const EchoServer server;
    boost::asio::thread_pool workers(1);
    boost::asio::io_context io;
    const auto second = http::Server::listen_tcp(io, workers, server.tcp->address(), {}, {});
    REQUIRE(!second);
    CHECK(second.error().code == "address_in_use");
    CHECK(second.error().subject == server.tcp->address());
}
