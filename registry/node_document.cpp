// SPDX-License-Identifier: Apache-2.0
#include "registry/node_document.hpp"

#include <algorithm>
#include <charconv>

#include "protocol/cbor.hpp"
#include "registry/impl/fields.hpp"
#include "registry/impl/plain_text.hpp"
#include "registry/impl/tags.hpp"

namespace sangam::registry {
namespace {

constexpr std::uint64_t node_document_format = 1;
constexpr std::size_t max_host_bytes = 253;  // of a DNS name
constexpr std::size_t max_node_name_bytes = 100;
constexpr std::size_t max_software_bytes = 100;

std::unexpected<Error> bad_node_document(std::string why) {
    return fail("bad_document", "a node's public document " + std::move(why));
}

bool is_host(std::string_view host) {
    const bool ipv6 = host.find(':') != std::string_view::npos;
    return !host.empty() && host.size() <= max_host_bytes && std::ranges::all_of(host, [&](char c) {
        const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (ipv6) return hex || c == ':' || c == '.';
        return hex || (c >= 'g' && c <= 'z') || (c >= 'G' && c <= 'Z') || c == '.' || c == '-' ||
               c == '_';
    });
}

std::uint16_t small(cbor::Reader& in) {
    const auto value = in.unsigned_int();
    if (value > 0xFFFF) in.set_failed("number out of range");
    return static_cast<std::uint16_t>(value);
}

Result<void> check_node_document(const NodeDocument& d) {
    if (d.version == 0) return bad_node_document("has version 0");
    if (!impl::is_plain_line(d.name, 1, max_node_name_bytes))
        return bad_node_document("has no proper name");
    if (!impl::is_plain_line(d.software, 0, max_software_bytes))
        return bad_node_document("names its software improperly");
    if (d.endpoints.size() > max_endpoints)
        return bad_node_document("has more than " + std::to_string(max_endpoints) + " endpoints");
    for (const Endpoint& e : d.endpoints)
        if (!is_host(e.host) || e.port == 0)
            return bad_node_document("has an endpoint that is no HOST:PORT");
    if (d.min_protocol == 0 || d.min_protocol > d.max_protocol)
        return bad_node_document("has an empty range of protocol versions");
    return {};
}

}  // namespace

std::string Endpoint::text() const {
    const bool ipv6 = host.find(':') != std::string::npos;
    return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
    const auto no = [&] {
        return fail(
            "bad_endpoint", "not an address to be reached at", std::string(text.substr(0, 300)),
            "write HOST:PORT; an IPv6 address in brackets, as [::1]:7420", ErrorKind::usage);
    };
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return no();
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (bracketed != (host.find(':') != std::string_view::npos) || !is_host(host)) return no();
    const std::string_view port = text.substr(colon + 1);
    Endpoint out{std::string(host), 0};
    const auto [end, errc] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (errc != std::errc{} || end != port.data() + port.size() || out.port == 0) return no();
    return out;
}

Bytes NodeDocument::encode() const {
    cbor::Writer out;
    out.array(2);
    out.unsigned_int(node_document_format);
    out.map(9);
    out.unsigned_int(1);
    out.bytes(registry_id.view());
    out.unsigned_int(2);
    out.bytes(node.view());
    out.unsigned_int(3);
    out.unsigned_int(version);
    out.unsigned_int(4);
    out.text(name);
    out.unsigned_int(5);
    out.array(endpoints.size());
    for (const Endpoint& e : endpoints) {
        out.array(2);
        out.text(e.host);
        out.unsigned_int(e.port);
    }
    out.unsigned_int(6);
    out.unsigned_int(min_protocol);
    out.unsigned_int(7);
    out.unsigned_int(max_protocol);
    out.unsigned_int(8);
    out.text(software);
    out.unsigned_int(9);
    out.unsigned_int(static_cast<std::uint64_t>(issued.count()));
    return out.take();
}

Result<NodeDocument> NodeDocument::decode(ByteView bytes) {
    cbor::Reader in(bytes);
    NodeDocument d;
    if (in.array() != 2) in.set_failed("not [format, fields]");
    if (const auto number = in.unsigned_int(); !in.failed() && number != node_document_format)
        return impl::needs_upgrade("node document format " + std::to_string(number));
    impl::Seen seen;
    impl::read_fields(in, impl::Unknown::skip, [&](std::uint64_t key) {
        switch (key) {
            case 1:
                d.registry_id = in.fixed<Hash>();
                break;
            case 2:
                d.node = in.fixed<NodeId>();
                break;
            case 3:
                d.version = in.unsigned_int();
                break;
            case 4:
                d.name = in.text();
                break;
            case 5: {
                const std::size_t count = in.array();
                if (count > max_endpoints) in.set_failed("too many endpoints");
                for (std::size_t i = 0; i < count && !in.failed(); ++i) {
                    if (in.array() != 2) in.set_failed("not [host, port]");
                    Endpoint e;
                    e.host = in.text();
                    e.port = small(in);
                    d.endpoints.push_back(std::move(e));
                }
                break;
            }
            case 6:
                d.min_protocol = small(in);
                break;
            case 7:
                d.max_protocol = small(in);
                break;
            case 8:
                d.software = in.text();
                break;
            case 9: {
                const auto issued = in.unsigned_int();
                if (issued >> 48 != 0) in.set_failed("time out of range");
                d.issued = Millis(static_cast<std::int64_t>(issued));
                break;
            }
            default:
                return false;
        }
        seen.add(key);
        return true;
    });
    if (auto done = in.finish(); !done)
        return bad_node_document("does not decode: " + done.error().message);
    if (!seen.has_first(9)) return bad_node_document("lacks a field");
    if (auto ok = check_node_document(d); !ok) return std::unexpected(ok.error());
    return d;
}

SignedDocument SignedDocument::sign(const NodeDocument& document, const SigningKey& key) {
    Bytes body = document.encode();
    const Signature signature = key.sign(tag::document_signature, body);
    return {document, std::move(body), signature};
}

bool SignedDocument::is_signed_by(const PublicKey& key) const {
    return verify_signature(key, tag::document_signature, body, signature);
}

Hash SignedDocument::hash() const { return document_hash(encode()); }

Bytes SignedDocument::encode() const {
    cbor::Writer out;
    out.array(3);
    out.unsigned_int(node_document_format);
    out.bytes(body);
    out.bytes(signature.view());
    return out.take();
}

Result<SignedDocument> SignedDocument::decode(ByteView bytes) {
    if (bytes.size() > max_document_bytes)
        return bad_node_document("is longer than " + std::to_string(max_document_bytes) + " bytes");
    cbor::Reader in(bytes);
    SignedDocument out;
    if (in.array() != 3) in.set_failed("not [format, body, signature]");
    if (const auto number = in.unsigned_int(); !in.failed() && number != node_document_format)
        return impl::needs_upgrade("signed document format " + std::to_string(number));
    const ByteView body = in.bytes();
    out.body.assign(body.begin(), body.end());
    out.signature = in.fixed<Signature>();
    if (auto done = in.finish(); !done)
        return bad_node_document("does not decode: " + done.error().message);
    auto document = NodeDocument::decode(out.body);
    if (!document) return std::unexpected(document.error());
    out.document = std::move(*document);
    return out;
}

Hash document_hash(ByteView encoded) { return tagged_hash(tag::document_hash, {encoded}); }

}  // namespace sangam::registry
