// SPDX-License-Identifier: Apache-2.0
// TLS between nodes: the identity key is the TLS key (docs/protocol.md). The only file that knows
// OpenSSL's TLS.
//
// Both sides show a self-signed certificate of their Ed25519 identity key; no chain, date or name
// is looked at, only whether the key is a current member's. TLS 1.3 alone, ALPN "sangam/1". No
// session resumption: it would skip that question, and a revoked peer would get back in.
//
// In TLS 1.3 a client's handshake ends before the server has judged its certificate: a client
// learns that it was refused at its first read (refusal_by_peer()).
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "protocol/crypto.hpp"
#include "protocol/error.hpp"
#include "protocol/ids.hpp"

namespace sangam::node::net {

using TlsStream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

inline constexpr std::string_view alpn_name = "sangam/1";

/// Whose current key this is. An error of code "revoked" or "unknown_key" refuses it, its message
/// is logged. Called in handshakes on any I/O thread, also at the same time.
using KeyCheck = std::function<Result<NodeId>(const PublicKey&)>;

/// What one handshake found. Must outlive the stream it is attached to.
struct HandshakeVerdict {
    std::optional<NodeId> peer;    ///< set when the key was accepted
    PublicKey key;                 ///< the key shown; zero when none was
    std::optional<Error> refusal;  ///< why our side refused it
};

/// Contexts for both roles. Thread-safe once made.
class Tls {
public:
    /// Throws std::runtime_error when OpenSSL cannot make them.
    Tls(const SigningKey& identity, KeyCheck check);
    ~Tls();
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;

    [[nodiscard]] boost::asio::ssl::context& server() { return server_; }
    [[nodiscard]] boost::asio::ssl::context& client() { return client_; }

private:
    KeyCheck check_;
    boost::asio::ssl::context server_;
    boost::asio::ssl::context client_;
};

/// Before the handshake: what it finds goes to `verdict`.
void attach(TlsStream& stream, HandshakeVerdict& verdict);

/// After the handshake: an error when the peer did not agree on ALPN "sangam/1".
[[nodiscard]] Result<void> check_alpn(TlsStream& stream);

/// The sentence for a failed handshake or first read when the other side refused us (an alert about
/// our certificate); none for other errors.
[[nodiscard]] std::optional<std::string> refusal_by_peer(const boost::system::error_code& error);

/// True for the end of a stream that came without TLS's closing message: how most peers vanish.
[[nodiscard]] bool is_truncated(const boost::system::error_code& error);

}  // namespace sangam::node::net
