// SPDX-License-Identifier: Apache-2.0
#include "registry/entry.hpp"

#include "protocol/cbor.hpp"
#include "registry_fixture.hpp"

using namespace sangam;
using namespace sangam::registry;
using registry::testing::code_of;
using registry::testing::start;
using registry::testing::TestNode;

namespace {

std::vector<Entry> one_of_each() {
    TestNode a(1);
    TestNode b(2);
    InstitutionId institution;
    institution.bytes = a.id().bytes;
    const DocumentRef document{3, sha256(as_bytes("document"))};
    const ByNode by{a.id(), sign_admission(Hash{}, institution, b.id(), a.key)};
    return {
        {start, InstitutionAdmitted{a.id(), "irri", "International Rice Research Institute",
                                    "PHL001", "https://ror.org/0593p4448", document}},
        {start, NodeAdded{b.id(), institution, document, by}},
        {start, NodeAdded{b.id(), institution, document, ByOperator{}}},
        {start, DocumentUpdated{b.id(), document}},
        {start, NodeRevoked{b.id(), "stolen", ByOperator{}}},
        {start, NodeRevoked{b.id(), "stolen", by}},
        {start, InstitutionRevoked{institution, "left"}},
    };
}

}  // namespace

TEST_CASE("entry: each kind arrives as it left") {
    for (const Entry& entry : one_of_each()) {
        const auto read = Entry::decode(entry.encode());
        REQUIRE(read);
        CHECK(*read == entry);
        CHECK(read->kind() == entry.kind());
    }
}

TEST_CASE("entry: cut at any length or with bytes left over it is refused") {
    for (const Entry& entry : one_of_each()) {
        Bytes bytes = entry.encode();
        for (std::size_t n = 0; n < bytes.size(); ++n)
            CHECK_FALSE(Entry::decode(ByteView(bytes).first(n)));
        bytes.push_back(0);
        CHECK_FALSE(Entry::decode(bytes));
    }
}

TEST_CASE("entry: any changed byte is refused or makes another entry, never the same one") {
    for (const Entry& entry : one_of_each()) {
        const Bytes bytes = entry.encode();
        for (std::size_t n = 0; n < bytes.size(); ++n)
            for (const std::uint8_t flip : {0x01, 0x20, 0x80}) {
                Bytes changed = bytes;
                changed[n] ^= flip;
                const auto read = Entry::decode(changed);
                if (!read) continue;
                CHECK(*read != entry);
                CHECK(read->encode() == changed);
            }
    }
}

TEST_CASE("entry: a later format, kind or field asks for an upgrade, optional ones do not") {
    const auto coded = [](std::uint64_t format, std::uint64_t kind, std::uint64_t key) {
        cbor::Writer out;
        out.array(4);
        out.unsigned_int(format);
        out.unsigned_int(kind);
        out.unsigned_int(0);
        out.map(key == 0 ? 2 : 3);
        out.unsigned_int(1);
        out.bytes(Bytes(32, 1));
        out.unsigned_int(2);
        if (kind == 5)
            out.text("reason");
        else
            out.null();
        if (key != 0) {
            out.unsigned_int(key);
            out.text("later");
        }
        return out.take();
    };
    CHECK(code_of(Entry::decode(coded(1, 5, 0))) == "");
    CHECK(code_of(Entry::decode(coded(2, 5, 0))) == "needs_upgrade");
    CHECK(code_of(Entry::decode(coded(1, 6, 0))) == "needs_upgrade");
    CHECK(code_of(Entry::decode(coded(1, 99, 0))) == "needs_upgrade");
    CHECK(code_of(Entry::decode(coded(1, 100, 0))) == "optional_entry");
    CHECK(code_of(Entry::decode(coded(1, 5, 3))) == "needs_upgrade");
    CHECK(code_of(Entry::decode(coded(1, 5, 100))) == "");
    CHECK(code_of(Entry::decode(coded(1, 5, 2))) == "bad_entry");
}

TEST_CASE("entry: text that could deceive a reader of the log is refused") {
    TestNode a(1);
    InstitutionId institution;
    institution.bytes = a.id().bytes;
    const auto refused = [&](std::string reason) {
        return code_of(Entry::decode(
                   Entry{start, InstitutionRevoked{institution, std::move(reason)}}.encode())) ==
               "bad_entry";
    };
    CHECK(refused(""));
    CHECK(refused("two\nlines"));
    CHECK(refused(std::string(max_reason_bytes + 1, 'x')));
    CHECK_FALSE(refused(std::string(max_reason_bytes, 'x')));
    CHECK_FALSE(
        refused("R\xC3\xBC"
                "cktritt"));
}

TEST_CASE("entry signatures: hold for their registry, institution, node and reason only") {
    TestNode a(1);
    TestNode b(2);
    InstitutionId institution;
    institution.bytes = a.id().bytes;
    const Hash registry = sha256(as_bytes("r"));
    const PublicKey key = a.key.public_key();
    const Signature s = sign_admission(registry, institution, b.id(), a.key);
    CHECK(verify_admission(registry, institution, b.id(), key, s));
    CHECK_FALSE(verify_admission(Hash{}, institution, b.id(), key, s));
    CHECK_FALSE(verify_admission(registry, InstitutionId{}, b.id(), key, s));
    CHECK_FALSE(verify_admission(registry, institution, a.id(), key, s));
    CHECK_FALSE(verify_admission(registry, institution, b.id(), b.key.public_key(), s));
    const Signature r = sign_revocation(registry, b.id(), "why", a.key);
    CHECK(verify_revocation(registry, b.id(), "why", key, r));
    CHECK_FALSE(verify_revocation(registry, b.id(), "what", key, r));
    CHECK_FALSE(verify_revocation(registry, a.id(), "why", key, r));
    CHECK_FALSE(verify_revocation(registry, b.id(), "why", key, s));
}
