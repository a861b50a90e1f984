// SPDX-License-Identifier: Apache-2.0
#include "node/net/tls.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/ssl/error.hpp>
#include <stdexcept>

namespace sangam::node::net {
namespace {

namespace ssl = boost::asio::ssl;

template <auto Free>
struct Deleter {
    template <class T>
    void operator()(T* p) const {
        Free(p);
    }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Deleter<X509_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>>;

/// The ALPN list in its wire form: each name behind its length.
const unsigned char alpn_wire[] = "\x08sangam/1";
constexpr unsigned alpn_wire_bytes = 9;

[[noreturn]] void throw_openssl(const char* what) {
    char text[256] = "no further reason";
    if (const auto code = ERR_get_error(); code != 0) ERR_error_string_n(code, text, sizeof text);
    throw std::runtime_error(std::string("OpenSSL cannot ") + what + ": " + text);
}

/// OpenSSL's raw private key is the seed of RFC 8032.
KeyPtr evp_key(const SigningKey& identity) {
    const ByteView seed = identity.seed();
    KeyPtr key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
    if (!key) throw_openssl("take the identity key");
    return key;
}

void add_extension(X509* certificate, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1)
        throw_openssl("add a certificate extension");
}

/// Made anew at every start: nobody looks at more than its key. RFC 5280 section 4.1.2.5 has the
/// last date for "no well-defined expiry".
CertificatePtr self_signed(const SigningKey& identity, EVP_PKEY* key) {
    CertificatePtr certificate(X509_new());
    if (!certificate) throw_openssl("make a certificate");
    X509* x = certificate.get();
    std::array<std::uint8_t, 16> serial{};
    SystemRandom().fill(serial);
    serial[0] = static_cast<std::uint8_t>((serial[0] & 0x3f) | 0x40);  // positive, no leading zero
    BIGNUM* number = BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr);
    const bool has_serial =
        number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) != nullptr;
    BN_free(number);
    const std::string name = identity.public_key().hex();
    X509_NAME* subject = X509_get_subject_name(x);
    if (!has_serial || X509_set_version(x, 2) != 1 ||
        ASN1_TIME_set_string(X509_getm_notBefore(x), "20200101000000Z") != 1 ||
        ASN1_TIME_set_string(X509_getm_notAfter(x), "99991231235959Z") != 1 ||
        X509_set_pubkey(x, key) != 1 ||
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                                   0) != 1 ||
        X509_set_issuer_name(x, subject) != 1)
        throw_openssl("fill in a certificate");
    add_extension(x, NID_subject_alt_name, ("DNS:" + name.substr(0, 63)).c_str());
    add_extension(x, NID_basic_constraints, "critical,CA:FALSE");
    // Ed25519 hashes by itself: any digest named here is an error.
    if (X509_sign(x, key, nullptr) == 0) throw_openssl("sign a certificate");
    return certificate;
}

std::optional<PublicKey> key_of(X509* certificate) {
    if (certificate == nullptr) return std::nullopt;
    EVP_PKEY* key = X509_get0_pubkey(certificate);
    if (key == nullptr || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) return std::nullopt;
    PublicKey out;
    std::size_t size = out.bytes.size();
    if (EVP_PKEY_get_raw_public_key(key, out.bytes.data(), &size) != 1 || size != out.bytes.size())
        return std::nullopt;
    return out;
}

/// Asio keeps its own data in slot 0 of an SSL.
int verdict_slot() {
    static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return slot;
}

/// In place of OpenSSL's chain building; called once a handshake. That the peer holds the key's
/// secret half is shown by TLS 1.3's CertificateVerify.
int verify_peer_key(X509_STORE_CTX* store, void* argument) {
    const auto& check = *static_cast<const KeyCheck*>(argument);
    auto* connection =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* verdict =
        connection == nullptr
            ? nullptr
            : static_cast<HandshakeVerdict*>(SSL_get_ex_data(connection, verdict_slot()));
    if (verdict == nullptr) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
        return 0;
    }
    const auto key = key_of(X509_STORE_CTX_get0_cert(store));
    if (!key) {
        verdict->refusal = Error{
            ErrorKind::refused, "unknown_key", "the certificate's key is no Ed25519 key", {}, {}};
        X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
        return 0;
    }
    verdict->key = *key;
    const auto node = check(*key);
    if (!node) {
        verdict->refusal = node.error();
        X509_STORE_CTX_set_error(store, node.error().code == "revoked" ? X509_V_ERR_CERT_REVOKED
                                                                       : X509_V_ERR_CERT_REJECTED);
        return 0;
    }
    verdict->peer = *node;
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_bytes, const unsigned char* in,
                unsigned in_bytes, void*) {
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_bytes, alpn_wire, alpn_wire_bytes, in, in_bytes) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;  // "no application protocol"
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

void configure(ssl::context& context, const SigningKey& identity, const KeyCheck* check) {
    SSL_CTX* c = context.native_handle();
    const KeyPtr key = evp_key(identity);
    const CertificatePtr certificate = self_signed(identity, key.get());
    if (SSL_CTX_use_certificate(c, certificate.get()) != 1 ||
        SSL_CTX_use_PrivateKey(c, key.get()) != 1)
        throw_openssl("use the node's certificate");
    if (SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set1_sigalgs_list(c, "ed25519") != 1)
        throw_openssl("set TLS 1.3 with Ed25519");
    context.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
    SSL_CTX_set_cert_verify_callback(c, verify_peer_key, const_cast<KeyCheck*>(check));
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    if (SSL_CTX_set_num_tickets(c, 0) != 1) throw_openssl("switch session tickets off");
}

}  // namespace

Tls::Tls(const SigningKey& identity, KeyCheck check)
    : check_(std::move(check)),
      server_(ssl::context::tls_server),
      client_(ssl::context::tls_client) {
    configure(server_, identity, &check_);
    configure(client_, identity, &check_);
    SSL_CTX_set_alpn_select_cb(server_.native_handle(), select_alpn, nullptr);
    // This call alone returns 0 for success.
    if (SSL_CTX_set_alpn_protos(client_.native_handle(), alpn_wire, alpn_wire_bytes) != 0)
        throw_openssl("offer ALPN");
}

Tls::~Tls() = default;

void attach(TlsStream& stream, HandshakeVerdict& verdict) {
    if (SSL_set_ex_data(stream.native_handle(), verdict_slot(), &verdict) != 1)
        throw_openssl("attach to a connection");
}

Result<void> check_alpn(TlsStream& stream) {
    const unsigned char* name = nullptr;
    unsigned bytes = 0;
    SSL_get0_alpn_selected(stream.native_handle(), &name, &bytes);
    if (std::string_view(reinterpret_cast<const char*>(name), bytes) == alpn_name) return {};
    return fail("wrong_alpn", "the peer does not speak " + std::string(alpn_name), {},
                "is another service listening there?", ErrorKind::refused);
}

std::optional<std::string> refusal_by_peer(const boost::system::error_code& error) {
    if (error.category() != boost::asio::error::get_ssl_category()) return std::nullopt;
    switch (ERR_GET_REASON(static_cast<unsigned long>(error.value()))) {
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
        case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
            return "the peer does not know this node as a member";
        case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
            return "the peer says that this node was revoked";
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
            return "the peer wants a certificate";
        case SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL:
            return "the peer does not speak " + std::string(alpn_name);
        default:
            return std::nullopt;
    }
}

bool is_truncated(const boost::system::error_code& error) {
    return error == ssl::error::stream_truncated;
}

}  // namespace sangam::node::net
