// SPDX-License-Identifier: Apache-2.0
// A peer that says whatever a test wants over a real TLS connection, with a node's own identity
// key: a member whose software is broken or hostile. Blocking, each step within a deadline.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "node/net/tls.hpp"
#include "protocol/messages/message.hpp"

namespace sangam::test {

class ScriptedPeer {
public:
    explicit ScriptedPeer(const SigningKey& identity);
    ~ScriptedPeer();

    /// TCP and TLS to "host:port". False when the connection or our side of the handshake failed.
    bool connect(const std::string& address);
    /// False when the other side is gone.
    bool send_bytes(ByteView bytes);
    bool send(const messages::Message& message) {
        return send_bytes(messages::encode_frame(message));
    }
    /// The next message; nothing when the other side closed or said nothing for 10 s.
    std::optional<messages::Message> receive();
    /// Reads up to a message of type T, dropping others.
    template <class T>
    std::optional<T> receive_until() {
        while (auto message = receive())
            if (auto* found = std::get_if<T>(&*message)) return std::move(*found);
        return std::nullopt;
    }
    /// Reads until the other side closes; the abort that it said first, if any. Nothing at all, and
    /// `closed` false, when it kept the connection open for 20 s.
    struct Ending {
        bool closed = false;
        std::optional<messages::Abort> abort;
    };
    Ending read_to_the_end();
    void close();

    /// What an honest node of this identity says first.
    [[nodiscard]] messages::Hello hello(const Hash& registry_id, Millis now) const;
    [[nodiscard]] NodeId node() const { return NodeId{identity_.public_key().bytes}; }
    [[nodiscard]] const SigningKey& identity() const { return identity_; }

private:
    /// Runs what was started until it is done or the deadline is over.
    template <class Start>
    boost::system::error_code within_deadline(Start start);

    SigningKey identity_;
    boost::asio::io_context io_;
    node::net::Tls tls_;
    node::net::HandshakeVerdict verdict_;
    std::unique_ptr<node::net::TlsStream> stream_;
    bool timed_out_ = false;
};

}  // namespace sangam::test
