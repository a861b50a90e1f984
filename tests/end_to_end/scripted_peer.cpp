// SPDX-License-Identifier: Apache-2.0
#include "tests/end_to_end/scripted_peer.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <chrono>

namespace sangam::test {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

ScriptedPeer::ScriptedPeer(const SigningKey& identity)
    : identity_(identity),
      tls_(identity, [](const PublicKey& key) -> Result<NodeId> { return NodeId{key.bytes}; }) {}

ScriptedPeer::~ScriptedPeer() { close(); }

template <class Start>
error_code ScriptedPeer::within_deadline(Start start) {
    error_code result = asio::error::would_block;
    start([&result](error_code error, auto&&...) { result = error; });
    io_.restart();
    io_.run_for(std::chrono::seconds(10));
    timed_out_ = result == asio::error::would_block;
    if (timed_out_) {
        close();  // ends the operation, whose handler refers to `result`
        io_.restart();
        io_.run();
        return asio::error::timed_out;
    }
    return result;
}

bool ScriptedPeer::connect(const std::string& address) {
    const auto colon = address.rfind(':');
    tcp::resolver resolver(io_);
    const auto endpoints = resolver.resolve(address.substr(0, colon), address.substr(colon + 1));
    stream_ = std::make_unique<node::net::TlsStream>(io_, tls_.client());
    node::net::attach(*stream_, verdict_);
    if (within_deadline([&](auto done) {
            asio::async_connect(stream_->next_layer(), endpoints, std::move(done));
        }))
        return false;
    return !within_deadline([&](auto done) {
        stream_->async_handshake(asio::ssl::stream_base::client, std::move(done));
    });
}

bool ScriptedPeer::send_bytes(ByteView bytes) {
    if (!stream_) return false;
    return !within_deadline([&](auto done) {
        asio::async_write(*stream_, asio::buffer(bytes.data(), bytes.size()), std::move(done));
    });
}

std::optional<messages::Message> ScriptedPeer::receive() {
    if (!stream_) return std::nullopt;
    Bytes head(messages::frame_header_bytes);
    if (within_deadline(
            [&](auto done) { asio::async_read(*stream_, asio::buffer(head), std::move(done)); }))
        return std::nullopt;
    const auto header = messages::decode_frame_header(head);
    if (!header) return std::nullopt;
    Bytes body(header->body_bytes);
    if (within_deadline(
            [&](auto done) { asio::async_read(*stream_, asio::buffer(body), std::move(done)); }))
        return std::nullopt;
    auto message = messages::decode_body(header->type, body);
    if (!message) return std::nullopt;
    return std::move(*message);
}

ScriptedPeer::Ending ScriptedPeer::read_to_the_end() {
    Ending ending;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < end) {
        auto message = receive();
        if (!message) {
            ending.closed = !timed_out_;
            return ending;
        }
        if (auto* abort = std::get_if<messages::Abort>(&*message)) ending.abort = *abort;
    }
    return ending;
}

void ScriptedPeer::close() {
    if (!stream_) return;
    error_code ignored;
    stream_->next_layer().close(ignored);
}

messages::Hello ScriptedPeer::hello(const Hash& registry_id, Millis now) const {
    messages::Hello hello;
    hello.node = node();
    hello.epoch = Epoch{4711};
    hello.clock_ms = static_cast<std::uint64_t>(now.count());
    hello.software = "scripted";
    hello.registry_id = registry_id;
    return hello;
}

}  // namespace sangam::test
