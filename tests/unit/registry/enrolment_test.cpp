// SPDX-License-Identifier: Apache-2.0
#include "registry/enrolment.hpp"

#include "registry_fixture.hpp"

using namespace sangam;
using namespace sangam::registry;
using registry::testing::code_of;
using registry::testing::key_from;
using registry::testing::TestNode;

namespace {

template <class Request>
void check_every_cut(const Request& request) {
    Bytes bytes = request.encode();
    const auto whole = Request::decode(bytes);
    REQUIRE(whole);
    CHECK(whole->encode() == bytes);
    for (std::size_t n = 0; n < bytes.size(); ++n)
        CHECK_FALSE(Request::decode(ByteView(bytes).first(n)));
    bytes.push_back(0);
    CHECK_FALSE(Request::decode(bytes));
}

}  // namespace

TEST_CASE("enrolment: requests and replies cut at any length are refused") {
    TestNode a(1);
    TestNode b(2);
    const Invitation invitation{"http://h", Hash{}, "irri", {}};
    check_every_cut(EnrolRequest::make(invitation, a.document(Hash{}), a.key));
    check_every_cut(AdmitRequest::make(Hash{}, a.id(), InstitutionId{}, b.id(), a.key));
    check_every_cut(RevokeRequest::make(Hash{}, a.id(), b.id(), "lost", a.key));
    check_every_cut(EnrolmentReply{EnrolmentState::pending, "irri"});
}

TEST_CASE("enrolment: the proof holds for one key, token, institution, document and registry") {
    TestNode a(1);
    const Hash registry_id = sha256(as_bytes("registry"));
    SeededRandom random(1);
    const Invitation invitation{"http://h", registry_id, "irri", random.draw<InviteToken>()};
    const auto good = EnrolRequest::make(invitation, a.document(registry_id), a.key);
    CHECK(good.verify(registry_id));
    const auto refused = [&](auto change) {
        auto request = good;
        change(request);
        return code_of(request.verify(registry_id)) == "bad_proof";
    };
    CHECK(refused([&](auto& r) { r.token = random.draw<InviteToken>(); }));
    CHECK(refused([](auto& r) { r.handle = "cimmyt"; }));
    CHECK(refused([&](auto& r) { r.document = a.document(registry_id); }));
    CHECK(refused([&](auto& r) { r.document = a.document(Hash{}); }));
    CHECK(refused([](auto& r) { r.proof.bytes[0] ^= 1; }));
    CHECK(code_of(good.verify(Hash{})) == "bad_proof");
    // Somebody else's node id under one's own signature, and the other way round.
    CHECK(code_of(EnrolRequest::make(invitation, a.document(registry_id), key_from(2))
                      .verify(registry_id)) == "bad_proof");
    auto claimed = a.document(registry_id).document;
    CHECK(code_of(EnrolRequest::make(invitation, SignedDocument::sign(claimed, key_from(2)), a.key)
                      .verify(registry_id)) == "bad_proof");
}
