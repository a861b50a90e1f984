// SPDX-License-Identifier: Apache-2.0
// Ends in the middle of things: an import whose node is told to stop or whose client goes away, and
// nodes that come back elsewhere while the registry is gone.
#include <doctest/doctest.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fstream>
#include <iterator>
#include <thread>

#include "node/daemon/node_directory.hpp"
#include "tests/end_to_end/federation.hpp"
#include "tests/end_to_end/sangam_process.hpp"

using namespace sangam::test;

namespace {

constexpr int many = 40'000;

std::string many_rows() {
    std::string rows = "ID,NAME\n";
    for (int i = 0; i < many; ++i)
        rows += std::to_string(i) + ",name of record " + std::to_string(i) + "\n";
    return rows;
}

/// A node with an empty dataset ipk/passports.
struct ImportingNode {
    TemporaryDirectory files;
    std::string dir = files.path("n");
    std::unique_ptr<Daemon> daemon;

    ImportingNode() {
        REQUIRE(run_sangam({"node", "init", "--dir", dir, "--name", "ipk"}).exit_code == 0);
        daemon = std::make_unique<Daemon>("node", dir);
        REQUIRE(on({"dataset", "create", "passports", "--title", "P", "--licence", "CC0-1.0"})
                    .exit_code == 0);
    }
    CommandResult on(std::vector<std::string> arguments) const {
        arguments.insert(arguments.end(), {"--dir", dir, "--json"});
        return run_sangam(arguments);
    }
    CommandResult import(const std::string& file) const {
        return on(
            {"import", "--dataset", "passports", "--collection", "study", "--id", "ID", file});
    }
    std::int64_t records() const {
        return on({"status"}).json().at("datasets").at(0).at("records").as_int64();
    }
    std::string log() const {
        std::ifstream in(dir + ".log", std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    /// Takes up where the first import ended.
    void finish(const std::string& file, std::int64_t before) const {
        const auto rest = import(file);
        REQUIRE_MESSAGE(rest.exit_code == 0, rest.out);
        CHECK(rest.json().at("unchanged").as_int64() == before);
        CHECK(rest.json().at("written").as_int64() == many - before);
        CHECK(records() == many);
    }
};

}  // namespace

TEST_CASE("stopping: SIGTERM ends an import after its batch, the client hears how far it came") {
    ImportingNode node;
    const auto file = node.files.write("many.csv", many_rows());
    CommandResult import;
    std::thread importing([&] { import = node.import(file); });
    wait_until("some records are written", [&] { return node.records() > 0; });
    CHECK(node.daemon->stop() == 0);
    importing.join();
    CHECK_MESSAGE(import.exit_code == 5, import.out);
    const auto error = import.json().at("error").as_object();
    CHECK(error.at("code").as_string() == "import_stopped");
    CHECK(error.at("message").as_string().find("rows read") != std::string_view::npos);
    node.daemon = std::make_unique<Daemon>("node", node.dir);
    const auto before = node.records();
    CHECK(before > 0);
    CHECK(before < many);
    node.finish(file, before);
}

TEST_CASE("stopping: an import whose client goes away ends, and what it wrote stays") {
    ImportingNode node;
    const auto rows = many_rows();
    const auto file = node.files.write("many.csv", rows);
    {
        boost::asio::io_context io;
        boost::asio::local::stream_protocol::socket socket(io);
        socket.connect(node.dir + "/sangam.sock");
        const std::string head =
            "POST /api/v1/import?dataset=passports&collection=study&id=ID HTTP/1.1\r\nHost: x\r\n"
            "Content-Length: " +
            std::to_string(rows.size()) + "\r\n\r\n";
        boost::asio::write(socket, boost::asio::buffer(head + rows));
        wait_until("some records are written", [&] { return node.records() > 0; });
    }
    wait_until("the node notices",
               [&] { return node.log().find("its client (unix) went away") != std::string::npos; });
    const auto before = node.records();
    CHECK(before < many);
    node.finish(file, before);
}

TEST_CASE(
    "stopping: nodes on new ports find each other without the registry, over one that stayed") {
    Federation federation({"irri", "cimmyt", "icrisat"});
    federation.stop_registry();
    for (const char* moved : {"irri", "cimmyt"}) CHECK(federation.stop(moved) == 0);
    for (const char* moved : {"irri", "cimmyt"}) federation.start(moved);
    const auto are_connected = [&](const std::string& from, std::string_view to) {
        const auto status = federation.must(from, {"status"});
        for (const auto& peer : status.at("peers").as_array())
            if (peer.at("institution").as_string() == to)
                return peer.at("state").as_string() == "connected";
        return false;
    };
    wait_until("all are connected", [&] {
        return are_connected("irri", "icrisat") && are_connected("cimmyt", "icrisat") &&
               are_connected("irri", "cimmyt") && are_connected("cimmyt", "irri");
    });
}

TEST_CASE("stopping: verify reads the store itself when the daemon dies under it") {
    const TemporaryDirectory files;
    const auto dir = files.path("n");
    REQUIRE(run_sangam({"node", "init", "--dir", dir, "--name", "ipk"}).exit_code == 0);
    // A daemon that dies at a moment which is hit each time: it takes the request, and its
    // connections end before its lock does.
    auto lock = sangam::node::DirectoryLock::take(dir);
    REQUIRE(lock);
    boost::asio::io_context io;
    boost::asio::local::stream_protocol::acceptor acceptor(io, {dir + "/sangam.sock"});
    std::thread dying([&] {
        auto connection = acceptor.accept();
        std::array<char, 16> some{};
        connection.read_some(boost::asio::buffer(some));
        connection.close();
        acceptor.close();
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
        const auto ended = std::move(*lock);
    });
    const auto verified = run_sangam({"verify", "--dir", dir, "--json"});
    dying.join();
    CHECK_MESSAGE(verified.exit_code == 0, verified.out);
    CHECK(verified.json().at("failed").to_number<int>() == 0);
}
