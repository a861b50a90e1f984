// SPDX-License-Identifier: Apache-2.0
// Goal: only current members get through the handshake, whatever else knocks; a peer that breaks
// the rules of frames is told so and cut off. Method: real connections on loopback, one side or
// both PeerConnections, the other side where needed a bare TLS client with one thing wrong.
#include "node/net/peer_connection.hpp"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "node/net/limits.hpp"

using namespace sangam;
using namespace sangam::node::net;
using boost::asio::ip::tcp;
using boost::system::error_code;
namespace asio = boost::asio;

namespace {

SigningKey key_from(std::uint8_t number) {
    init_crypto();
    return SigningKey::from_seed(Bytes(SigningKey::seed_size, number));
}
NodeId node_of(const SigningKey& key) { return NodeId{key.public_key().bytes}; }

/// Threads that run all connections of a test.
class Loop {
public:
    Loop() : guard_(asio::make_work_guard(io)) {
        for (int i = 0; i < 2; ++i) threads_.emplace_back([this] { io.run(); });
    }
    ~Loop() {
        guard_.reset();
        io.stop();
        for (auto& thread : threads_) thread.join();
    }
    asio::io_context io;

private:
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    std::vector<std::thread> threads_;
};

/// One node: who it lets in, and what happened on its connection.
class Node : public ConnectionOwner {
public:
    Node(Loop& loop, std::uint8_t number)
        : key(key_from(number)),
          tls(key, [this](const PublicKey& shown) { return check(shown); }),
          loop_(loop),
          acceptor_(loop.io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
    ~Node() override {
        if (connection) connection->close({messages::AbortCode::shutting_down, "test over"});
        if (connection) static_cast<void>(end());
    }

    void knows(const SigningKey& other) { known[other.public_key()] = ""; }
    [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

    /// Takes one connection. Call after the other side has begun to connect.
    void accept() {
        tcp::socket socket(asio::make_strand(loop_.io));
        acceptor_.accept(socket);
        begin(std::move(socket), std::nullopt);
    }
    void dial(const Node& other, const NodeId& expected) {
        begin(tcp::socket(asio::make_strand(loop_.io)),
              DialTarget{expected, "127.0.0.1", other.port()});
    }

    /// Blocks until it is so, or fails.
    template <class Condition>
    void wait(const char* what, Condition condition) {
        std::unique_lock lock(mutex_);
        INFO(what);
        REQUIRE(changed_.wait_for(lock, std::chrono::seconds(20), condition));
    }
    void wait_open() {
        wait("open", [this] { return is_open; });
    }
    ConnectionEnd end() {
        wait("ended", [this] { return ended.has_value(); });
        return *ended;
    }
    template <class Message>
    Message received(std::size_t index) {
        std::optional<messages::Message> message;
        wait("message", [&] {
            if (messages.size() > index) message = messages[index];
            return message.has_value();
        });
        REQUIRE(std::holds_alternative<Message>(*message));
        return std::get<Message>(*message);
    }
    void give_back_from_now_on() {
        const std::lock_guard lock(mutex_);
        gives_back = true;
    }

    SigningKey key;
    Tls tls;
    std::map<PublicKey, std::string> known;  ///< "" or the code with which it is refused
    std::shared_ptr<PeerConnection> connection;
    bool is_open = false;
    bool gives_back = true;
    std::vector<messages::Message> messages;
    std::optional<ConnectionEnd> ended;

private:
    Result<NodeId> check(const PublicKey& shown) const {
        const auto found = known.find(shown);
        if (found == known.end()) return fail("unknown_key", "the key is in no entry");
        if (!found->second.empty()) return fail(found->second, "the node was revoked");
        return NodeId{shown.bytes};
    }
    void begin(tcp::socket socket, std::optional<DialTarget> target) {
        connection = std::make_shared<PeerConnection>(sync::ConnectionId{1}, std::move(socket), tls,
                                                      *this, std::move(target));
        connection->start();
    }
    void on_open(const std::shared_ptr<PeerConnection>&) override {
        const std::lock_guard lock(mutex_);
        is_open = true;
        changed_.notify_all();
    }
    void on_message(const std::shared_ptr<PeerConnection>& from, messages::Message message,
                    std::size_t bytes) override {
        const std::lock_guard lock(mutex_);
        messages.push_back(std::move(message));
        if (gives_back) from->handled(bytes);
        changed_.notify_all();
    }
    void on_bytes(std::size_t, std::size_t) override {}
    void on_ended(const std::shared_ptr<PeerConnection>&, const ConnectionEnd& end) override {
        const std::lock_guard lock(mutex_);
        REQUIRE_FALSE(ended);
        ended = end;
        changed_.notify_all();
    }

    Loop& loop_;
    tcp::acceptor acceptor_;
    std::mutex mutex_;
    std::condition_variable changed_;
};

/// Two nodes, the first dials the second. Neither knows the other yet.
struct Pair {
    Loop loop;
    Node client{loop, 1};
    Node server{loop, 2};

    void meet() {
        client.dial(server, node_of(server.key));
        server.accept();
    }
    /// Both open: the server speaks first, as engines do.
    void open() {
        client.knows(server.key);
        server.knows(client.key);
        meet();
        server.wait_open();
        server.connection->send(messages::Ping{1});
        client.wait_open();
    }
};

/// A TLS client by hand on `tls`'s client context; blocking.
struct BareClient {
    asio::io_context io;
    TlsStream stream;
    HandshakeVerdict verdict;

    explicit BareClient(asio::ssl::context& context) : stream(io, context) {
        attach(stream, verdict);
    }
    error_code connect(Node& server) {
        stream.next_layer().connect(tcp::endpoint(asio::ip::address_v4::loopback(), server.port()));
        server.accept();
        error_code error;
        stream.handshake(asio::ssl::stream_base::client, error);
        return error;
    }
    /// What a read ends with; the count of bytes that came.
    std::pair<error_code, std::size_t> read(std::size_t count) {
        Bytes buffer(count);
        error_code error;
        const auto n = asio::read(stream, asio::buffer(buffer), error);
        return {error, n};
    }
};

}  // namespace

TEST_CASE("peer connection: two members meet, exchange messages, and part in order") {
    Pair pair;
    pair.open();
    CHECK(pair.client.connection->peer() == node_of(pair.server.key));
    CHECK(pair.server.connection->peer() == node_of(pair.client.key));
    CHECK(pair.client.received<messages::Ping>(0).nonce == 1);
    for (std::uint64_t i = 0; i < 200; ++i) pair.client.connection->send(messages::Pong{i});
    for (std::uint64_t i = 0; i < 200; ++i)
        CHECK(pair.server.received<messages::Pong>(i).nonce == i);

    pair.client.connection->close({messages::AbortCode::shutting_down, "good night"});
    CHECK(pair.server.received<messages::Abort>(200).reason == "good night");
    CHECK(pair.server.end().reason == "the peer ended it: good night");
    CHECK(pair.client.end().reason == "good night");
}

TEST_CASE("peer connection: large messages arrive whole, in both directions at once") {
    Pair pair;
    pair.open();
    messages::WriterCommits large;
    large.parts.assign(8, Bytes(500'000, 0xab));
    for (int i = 0; i < 5; ++i) {
        pair.client.connection->send(large);
        pair.server.connection->send(large);
    }
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK(pair.server.received<messages::WriterCommits>(i) == large);
        CHECK(pair.client.received<messages::WriterCommits>(i + 1) == large);
    }
}

TEST_CASE("peer connection: a node that is slow to deal with messages is not sent more for ever") {
    Pair pair;
    pair.server.gives_back = false;
    pair.open();
    const std::size_t far_more = 3 * max_in_flight_messages;
    for (std::size_t i = 0; i < far_more; ++i) pair.client.connection->send(messages::Pong{i});
    static_cast<void>(pair.server.received<messages::Pong>(max_in_flight_messages - 1));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    pair.server.wait("exactly the bound",
                     [&] { return pair.server.messages.size() == max_in_flight_messages; });
    pair.server.give_back_from_now_on();
    for (std::size_t i = 0; i < max_in_flight_messages; ++i) pair.server.connection->handled(16);
    static_cast<void>(pair.server.received<messages::Pong>(far_more - 1));
}

TEST_CASE("peer connection: an unknown key is refused in the handshake, both sides say why") {
    Pair pair;
    pair.client.knows(pair.server.key);
    pair.meet();
    const auto at_server = pair.server.end();
    CHECK(at_server.kind == ConnectionEnd::Kind::refused_by_us);
    CHECK(at_server.reason.find("the key is in no entry") != std::string::npos);
    CHECK(at_server.reason.find(pair.client.key.public_key().hex()) != std::string::npos);
    const auto at_client = pair.client.end();
    CHECK(at_client.kind == ConnectionEnd::Kind::refused_by_peer);
    CHECK(at_client.reason == "the peer does not know this node as a member");
    CHECK_FALSE(pair.server.is_open);
    CHECK_FALSE(pair.client.is_open);
}

TEST_CASE("peer connection: a revoked key is refused in the handshake, both sides say so") {
    Pair pair;
    pair.client.knows(pair.server.key);
    pair.server.known[pair.client.key.public_key()] = "revoked";
    pair.meet();
    CHECK(pair.server.end().kind == ConnectionEnd::Kind::refused_by_us);
    const auto at_client = pair.client.end();
    CHECK(at_client.kind == ConnectionEnd::Kind::refused_by_peer);
    CHECK(at_client.reason == "the peer says that this node was revoked");
}

TEST_CASE("peer connection: a server whose key is unknown is refused by the client") {
    Pair pair;
    pair.server.knows(pair.client.key);
    pair.meet();
    CHECK(pair.client.end().kind == ConnectionEnd::Kind::refused_by_us);
    CHECK(pair.server.end().kind != ConnectionEnd::Kind::closed);
    CHECK_FALSE(pair.server.is_open);
}

TEST_CASE("peer connection: another member than the one that was dialed is refused") {
    Pair pair;
    const auto third = key_from(3);
    pair.client.knows(pair.server.key);
    pair.client.knows(third);
    pair.server.knows(pair.client.key);
    pair.client.dial(pair.server, node_of(third));
    pair.server.accept();
    const auto at_client = pair.client.end();
    CHECK(at_client.kind == ConnectionEnd::Kind::refused_by_us);
    CHECK(at_client.reason ==
          "node " + pair.server.key.public_key().hex() + " answers at that address");
}

TEST_CASE("peer connection: nobody there is unreachable") {
    Loop loop;
    Node client(loop, 1);
    std::uint16_t port = 0;
    {
        Node gone(loop, 2);
        port = gone.port();
    }
    const auto strand = asio::make_strand(loop.io);
    client.connection = std::make_shared<PeerConnection>(
        sync::ConnectionId{1}, tcp::socket(strand), client.tls, client,
        DialTarget{node_of(key_from(2)), "127.0.0.1", port});
    client.connection->start();
    CHECK(client.end().kind == ConnectionEnd::Kind::unreachable);
}

TEST_CASE("peer connection: a client without a certificate is refused") {
    Loop loop;
    Node server(loop, 2);
    asio::ssl::context context(asio::ssl::context::tls_client);
    const unsigned char alpn[] = "\x08sangam/1";
    SSL_CTX_set_alpn_protos(context.native_handle(), alpn, 9);
    context.set_verify_mode(asio::ssl::verify_none);
    BareClient client(context);
    static_cast<void>(client.connect(server));
    const auto [error, count] = client.read(1);
    CHECK(error);
    CHECK(count == 0);
    CHECK(refusal_by_peer(error) == "the peer wants a certificate");
    static_cast<void>(server.end());
    CHECK_FALSE(server.is_open);
}

TEST_CASE("peer connection: TLS 1.2 and another protocol name are refused") {
    Loop loop;
    Node server(loop, 2);
    Node known(loop, 1);
    server.knows(known.key);
    known.knows(server.key);
    SSL_CTX* context = known.tls.client().native_handle();
    SUBCASE("TLS 1.2") {
        REQUIRE(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1);
        REQUIRE(SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) == 1);
    }
    SUBCASE("ALPN h2") {
        const unsigned char alpn[] = "\x02h2";
        REQUIRE(SSL_CTX_set_alpn_protos(context, alpn, 3) == 0);
    }
    SUBCASE("no ALPN") { REQUIRE(SSL_CTX_set_alpn_protos(context, nullptr, 0) == 0); }
    BareClient client(known.tls.client());
    static_cast<void>(client.connect(server));
    CHECK(client.read(1).first);
    static_cast<void>(server.end());
    CHECK_FALSE(server.is_open);
}

TEST_CASE("peer connection: a session is not resumed, so that the key is asked about each time") {
    Loop loop;
    Node server(loop, 2);
    Node known(loop, 1);
    server.knows(known.key);
    known.knows(server.key);
    SSL_CTX* context = known.tls.client().native_handle();
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_clear_options(context, SSL_OP_NO_TICKET);
    SSL_SESSION* session = nullptr;
    {
        BareClient client(known.tls.client());
        REQUIRE_FALSE(client.connect(server));
        server.wait_open();
        server.connection->send(messages::Ping{1});
        CHECK(client.read(messages::frame_header_bytes).second == messages::frame_header_bytes);
        session = SSL_get1_session(client.stream.native_handle());
        REQUIRE(session != nullptr);
        CHECK(SSL_SESSION_is_resumable(session) == 0);
        client.stream.next_layer().close();
        static_cast<void>(server.end());
    }
    Node again(loop, 2);
    again.known[known.key.public_key()] = "revoked";
    BareClient client(known.tls.client());
    SSL_set_session(client.stream.native_handle(), session);
    static_cast<void>(client.connect(again));
    CHECK(client.read(1).first);
    CHECK(again.end().kind == ConnectionEnd::Kind::refused_by_us);
    SSL_SESSION_free(session);
}

TEST_CASE("peer connection: bytes that are no TLS come to nothing") {
    Loop loop;
    Node server(loop, 2);
    asio::io_context io;
    tcp::socket socket(io);
    socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), server.port()));
    server.accept();
    const std::string garbage(300, 'x');
    asio::write(socket, asio::buffer(garbage));
    CHECK(server.end().kind == ConnectionEnd::Kind::unreachable);
}

TEST_CASE("peer connection: a frame that breaks the rules is answered by an abort, then silence") {
    Loop loop;
    Node server(loop, 2);
    Node known(loop, 1);
    server.knows(known.key);
    known.knows(server.key);
    Bytes frame;
    SUBCASE("a length beyond the bound") { frame = {0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0}; }
    SUBCASE("unknown flags") { frame = {0, 0, 0, 0, 1, 0, 1, 0}; }
    SUBCASE("an unknown type") { frame = {0, 0, 0, 0, 0xff, 0xff, 0, 0}; }
    SUBCASE("a body that is cut short") {
        frame = messages::encode_frame(messages::Ping{1});
        frame[0] -= 1;
        frame.pop_back();
    }
    BareClient client(known.tls.client());
    REQUIRE_FALSE(client.connect(server));
    server.wait_open();
    asio::write(client.stream, asio::buffer(frame));
    Bytes head(messages::frame_header_bytes);
    asio::read(client.stream, asio::buffer(head));
    const auto header = messages::decode_frame_header(head);
    REQUIRE(header);
    Bytes body(header->body_bytes);
    asio::read(client.stream, asio::buffer(body));
    const auto message = messages::decode_body(header->type, body);
    REQUIRE(message);
    CHECK(std::get<messages::Abort>(*message).code == messages::AbortCode::bad_message);
    CHECK(client.read(1).first);  // the server hangs up
    client.stream.next_layer().close();
    CHECK(server.end().reason.find("breaks the rules") != std::string::npos);
    CHECK(server.messages.empty());
}
