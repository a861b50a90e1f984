// SPDX-License-Identifier: Apache-2.0
#include "registry/node_document.hpp"

#include "protocol/cbor.hpp"
#include "registry/impl/tags.hpp"
#include "registry_fixture.hpp"

using namespace sangam;
using namespace sangam::registry;
using registry::testing::code_of;
using registry::testing::TestNode;

TEST_CASE("endpoint: host and port, IPv6 in brackets, and nothing else") {
    for (const char* text : {"localhost:1", "node.irri.org:7420", "127.0.0.1:65535", "[::1]:7420",
                             "[2001:db8::1]:443"}) {
        const auto endpoint = Endpoint::parse(text);
        REQUIRE_MESSAGE(endpoint, text);
        CHECK(endpoint->text() == text);
    }
    for (const char* text :
         {"", "host", "host:", ":7420", "host:0", "host:65536", "host:+1", "host:7420x", "::1:7420",
          "[host]:7420", "ho st:1", "host/x:1", "http://host:1", "[::1:7420", "h\xC3\xB6st:1"})
        CHECK_MESSAGE(code_of(Endpoint::parse(text)) == "bad_endpoint", text);
}

TEST_CASE("node document: arrives as it left, under its node's signature only") {
    TestNode node(1);
    const auto made = node.document(sha256(as_bytes("registry")));
    const auto read = SignedDocument::decode(made.encode());
    REQUIRE(read);
    CHECK(*read == made);
    CHECK(read->hash() == document_hash(made.encode()));
    CHECK(read->is_signed_by(node.key.public_key()));
    CHECK_FALSE(read->is_signed_by(registry::testing::key_from(2).public_key()));
}

TEST_CASE("node document: cut short or with any byte changed it is refused or unsigned") {
    TestNode node(1);
    const Bytes bytes = node.document(Hash{}).encode();
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        CHECK_FALSE(SignedDocument::decode(ByteView(bytes).first(n)));
        Bytes changed = bytes;
        changed[n] ^= 1;
        const auto read = SignedDocument::decode(changed);
        CHECK((!read || !read->is_signed_by(node.key.public_key())));
    }
}

TEST_CASE("node document: improper contents are refused although signed") {
    TestNode node(1);
    const auto refused = [&](auto change) {
        auto d = node.document(Hash{}).document;
        change(d);
        return !SignedDocument::decode(SignedDocument::sign(d, node.key).encode()).has_value();
    };
    CHECK(refused([](NodeDocument& d) { d.version = 0; }));
    CHECK(refused([](NodeDocument& d) { d.name = ""; }));
    CHECK(refused([](NodeDocument& d) { d.name = "a\x1B[31m"; }));
    CHECK(refused([](NodeDocument& d) { d.endpoints = {{"host", 0}}; }));
    CHECK(refused([](NodeDocument& d) { d.endpoints = {{"ho\nst", 1}}; }));
    CHECK(refused([](NodeDocument& d) { d.endpoints.assign(17, {"host", 1}); }));
    CHECK(refused([](NodeDocument& d) { d.min_protocol = 2; }));
    CHECK(refused([](NodeDocument& d) { d.min_protocol = 0; }));
    CHECK_FALSE(refused([](NodeDocument& d) { d.endpoints.clear(); }));
}

TEST_CASE("node document: a newer node's additional fields are ignored and stay signed") {
    TestNode node(1);
    auto made = node.document(Hash{});
    REQUIRE(made.body[2] == 0xA9);
    made.body[2] = 0xAA;
    cbor::Writer more;
    more.unsigned_int(10);
    more.array(1);
    more.text("irri/rice");
    made.body.insert(made.body.end(), more.data().begin(), more.data().end());
    // As the newer node signs it.
    made.signature = node.key.sign(tag::document_signature, made.body);
    const auto read = SignedDocument::decode(made.encode());
    REQUIRE(read);
    CHECK(read->document.name == node.name);
    CHECK(read->is_signed_by(node.key.public_key()));
    CHECK(read->encode() == made.encode());
}
