// SPDX-License-Identifier: Apache-2.0
#include "registry/root_document.hpp"

#include <algorithm>

#include "protocol/cbor.hpp"
#include "registry_fixture.hpp"

using namespace sangam;
using namespace sangam::registry;
using registry::testing::code_of;
using registry::testing::key_from;
using registry::testing::start;

namespace {

RootDocument document_of(std::initializer_list<std::uint8_t> keys, std::uint32_t threshold,
                         std::uint64_t version = 1) {
    RootDocument d;
    d.version = version;
    d.name = "Test";
    d.origin = "sangam/test/1";
    for (const auto k : keys) d.root_keys.push_back(key_from(k).public_key());
    std::ranges::sort(d.root_keys);
    d.threshold = threshold;
    d.log_key = key_from(100).public_key();
    d.freshness_key = key_from(101).public_key();
    d.expiry_s = 24 * 3600;
    d.issued = start;
    return d;
}

SignedRoot signed_by(const RootDocument& document, std::initializer_list<std::uint8_t> keys) {
    SignedRoot out = SignedRoot::make(document);
    for (const auto k : keys) out.sign(key_from(k));
    return out;
}

}  // namespace

TEST_CASE("root: fewer signatures than the threshold are refused, strangers' do not count") {
    const auto document = document_of({1, 2, 3}, 2);
    CHECK(code_of(RootChain::start(signed_by(document, {}))) == "wrong_threshold");
    CHECK(code_of(RootChain::start(signed_by(document, {1}))) == "wrong_threshold");
    CHECK(code_of(RootChain::start(signed_by(document, {1, 9}))) == "wrong_threshold");
    CHECK(code_of(RootChain::start(signed_by(document, {1, 1}))) == "wrong_threshold");
    CHECK(RootChain::start(signed_by(document, {1, 3})));
    CHECK(RootChain::start(signed_by(document, {1, 2, 3})));
    auto forged = signed_by(document, {1, 3});
    forged.signatures[0].signature.bytes[5] ^= 1;
    CHECK(code_of(RootChain::start(forged)) == "wrong_threshold");
}

TEST_CASE("root: trust starts at the registry id and nowhere else") {
    const auto chain = RootChain::start(signed_by(document_of({1, 2, 3}, 2), {1, 2}));
    REQUIRE(chain);
    CHECK(RootChain::verify(chain->encode(), chain->registry_id()));
    CHECK(code_of(RootChain::verify(chain->encode(), Hash{})) == "wrong_registry");
    // Another set of signatures over the same document is the same registry.
    const auto other = RootChain::start(signed_by(document_of({1, 2, 3}, 2), {2, 3}));
    REQUIRE(other);
    CHECK(other->registry_id() == chain->registry_id());
    CHECK(RootChain::start(signed_by(document_of({1, 2, 4}, 2), {1, 2}))->registry_id() !=
          chain->registry_id());
}

TEST_CASE("root: a next version needs the old threshold and its own") {
    const auto first = signed_by(document_of({1, 2, 3}, 2), {1, 2});
    const auto next = document_of({3, 4, 5}, 2, 2);
    auto chain = RootChain::start(first);
    REQUIRE(chain);
    CHECK(code_of(chain->append(signed_by(next, {4, 5}))) == "wrong_threshold");
    CHECK(code_of(chain->append(signed_by(next, {1, 2}))) == "wrong_threshold");
    CHECK(code_of(chain->append(signed_by(next, {1, 3}))) == "wrong_threshold");
    CHECK(chain->roots().size() == 1);
    CHECK(chain->append(signed_by(next, {1, 3, 4})));
    CHECK(chain->current().version == 2);
    CHECK(RootChain::verify(chain->encode(), chain->registry_id()));
    // A version left out, a version twice, another log's origin.
    CHECK(code_of(chain->append(signed_by(document_of({3, 4, 5}, 2, 4), {3, 4}))) == "bad_root");
    CHECK(code_of(chain->append(signed_by(next, {1, 3, 4}))) == "bad_root");
    auto moved = document_of({3, 4, 5}, 2, 3);
    moved.origin = "sangam/other/1";
    CHECK(code_of(chain->append(signed_by(moved, {3, 4}))) == "bad_root");
}

TEST_CASE("root: contradictory documents are refused however well signed") {
    const auto refused = [](auto change) {
        auto d = document_of({1, 2, 3}, 2);
        change(d);
        return code_of(RootChain::start(signed_by(d, {1, 2, 3}))) == "bad_root";
    };
    CHECK(refused([](RootDocument& d) { d.threshold = 0; }));
    CHECK(refused([](RootDocument& d) { d.threshold = 4; }));
    CHECK(refused([](RootDocument& d) { d.root_keys.clear(); }));
    CHECK(refused([](RootDocument& d) { d.root_keys[1] = d.root_keys[0]; }));
    CHECK(refused([](RootDocument& d) { std::swap(d.root_keys[0], d.root_keys[1]); }));
    CHECK(refused([](RootDocument& d) { d.freshness_key = d.log_key; }));
    CHECK(refused([](RootDocument& d) { d.log_key = PublicKey{}; }));
    CHECK(refused([](RootDocument& d) { d.origin = "with space"; }));
    CHECK(refused([](RootDocument& d) { d.origin = ""; }));
    CHECK(refused([](RootDocument& d) { d.name = "two\nlines"; }));
    CHECK(refused([](RootDocument& d) { d.expiry_s = 0; }));
    CHECK(refused([](RootDocument& d) { d.version = 2; }));
    CHECK_FALSE(refused([](RootDocument& d) { d.expiry_s = 60; }));
}

TEST_CASE("root: a chain cut at any length or with any byte changed is refused") {
    const auto chain = RootChain::start(signed_by(document_of({1, 2, 3}, 2), {1, 2}));
    REQUIRE(chain);
    const Bytes bytes = chain->encode();
    for (std::size_t n = 0; n < bytes.size(); ++n) {
        CHECK_FALSE(RootChain::verify(ByteView(bytes).first(n), chain->registry_id()));
        Bytes changed = bytes;
        changed[n] ^= 1;
        CHECK_FALSE(RootChain::verify(changed, chain->registry_id()));
    }
    Bytes longer = bytes;
    longer.push_back(0);
    CHECK_FALSE(RootChain::verify(longer, chain->registry_id()));
}

TEST_CASE("root: a field of a later version is refused unless it may be ignored") {
    const auto with_key = [](std::uint64_t key) {
        // The encoding ends with the map's last pair: one more pair, one more in the map's head.
        Bytes bytes = document_of({1, 2, 3}, 2).encode();
        REQUIRE(bytes[2] == 0xA9);
        bytes[2] = 0xAA;
        cbor::Writer more;
        more.unsigned_int(key);
        more.text("later");
        bytes.insert(bytes.end(), more.data().begin(), more.data().end());
        return code_of(RootDocument::decode(bytes));
    };
    CHECK(with_key(10) == "needs_upgrade");
    CHECK(with_key(99) == "needs_upgrade");
    CHECK(with_key(100) == "");
    CHECK(with_key(9) == "bad_root");  // twice
}
