// SPDX-License-Identifier: Apache-2.0
// The registry's commands: enrolment in all its orders, what is refused, and restarts in between.
#include "registry/service.hpp"

#include <algorithm>

#include "registry_fixture.hpp"

using namespace sangam;
using namespace sangam::registry;
using namespace sangam::registry::testing;

namespace {

/// Everything of a service that must be the same after a restart.
struct Picture {
    std::uint64_t size;
    Hash root;
    Membership membership;
    ServiceState state;
    friend bool operator==(const Picture&, const Picture&) = default;
};
Picture service_picture(const Service& s) {
    return {s.log().size(), s.log().root(), s.membership(), s.state()};
}

}  // namespace

TEST_CASE("service: an invited node waits until the operator approves") {
    TestRegistry r;
    TestNode a(1);
    const Invitation invitation = r.invite("irri", false);
    CHECK(*Invitation::parse(invitation.text()) == invitation);
    const auto request = r.request(invitation, a);
    CHECK(r.done(r.service->enrol(request, start)) ==
          EnrolmentReply{EnrolmentState::pending, "irri"});
    CHECK(r.service->log().size() == 0);
    auto members = r.service->members(start);
    REQUIRE(members.pending.size() == 1);
    CHECK(members.pending[0].node == a.id());
    CHECK(members.pending[0].institution == "irri");
    CHECK(members.pending[0].since == start);
    CHECK(members.institutions.empty());

    const std::vector approve{a.id()};
    CHECK(r.done(r.service->approve(approve, start + an_hour)) == std::vector<std::string>{"irri"});
    members = r.service->members(start + an_hour);
    CHECK(members.pending.empty());
    REQUIRE(members.institutions.size() == 1);
    CHECK(members.institutions[0].handle == "irri");
    CHECK(members.institutions[0].state == "active");
    REQUIRE(members.institutions[0].nodes.size() == 1);
    CHECK(members.institutions[0].nodes[0].name == a.name);
    CHECK(members.institutions[0].nodes[0].endpoints == std::vector<std::string>{"127.0.0.1:7420"});
    CHECK(members.institutions[0].nodes[0].state == "active");
    CHECK(r.service->enrolment(a.id()) == EnrolmentReply{EnrolmentState::member, "irri"});
    // Approving twice changes nothing.
    const auto size = r.service->log().size();
    CHECK(r.done(r.service->approve(approve, start + an_hour)) == std::vector<std::string>{"irri"});
    CHECK(r.service->log().size() == size);
}

TEST_CASE("service: an invitation serves one node, and its request may be repeated") {
    TestRegistry r;
    TestNode a(1);
    TestNode b(2);
    const Invitation invitation = r.invite("irri", false);
    const auto request = r.request(invitation, a);
    r.done(r.service->enrol(request, start));
    const auto before = service_picture(*r.service);
    CHECK(r.done(r.service->enrol(request, start + an_hour)).state == EnrolmentState::pending);
    CHECK(service_picture(*r.service) == before);
    CHECK(code_of(r.service->enrol(r.request(invitation, b), start)) == "token_used");
    r.done(r.service->approve(std::vector{a.id()}, start));
    CHECK(r.done(r.service->enrol(request, start)).state == EnrolmentState::member);
    CHECK(code_of(r.service->enrol(r.request(invitation, b), start)) == "token_used");
}

TEST_CASE("service: a node that lost the answer may ask again with a document made anew") {
    TestRegistry r;
    TestNode a(1);
    const Invitation invitation = r.invite("irri", false);
    r.done(r.service->enrol(r.request(invitation, a), start));
    // It forgot that it had made version 1, and its port is another now.
    a.version = 0;
    const auto again =
        EnrolRequest::make(invitation, a.document(r.service->registry_id(), 7999), a.key);
    CHECK(r.done(r.service->enrol(again, start + an_hour)).state == EnrolmentState::pending);
    a.version = 4;
    r.done(r.service->enrol(r.request(invitation, a), start + an_hour));
    // An older request that comes late changes nothing.
    r.done(r.service->enrol(again, start + an_hour));
    CHECK(r.service->state().pending.at(a.id()).document.document.version == 5);
    CHECK(r.service->state().pending.at(a.id()).since == start);
    r.done(r.service->approve(std::vector{a.id()}, start + an_hour));
    CHECK(r.service->membership().node(a.id())->document.version == 5);
}

TEST_CASE("service: expired, invented and misdirected invitations are refused") {
    TestRegistry r;
    TestNode a(1);
    const Invitation invitation = r.invite("irri");
    CHECK(code_of(r.service->enrol(r.request(invitation, a), start + 7 * 24 * an_hour)) ==
          "token_expired");
    Invitation invented = invitation;
    invented.token.bytes[0] ^= 1;
    CHECK(code_of(r.service->enrol(r.request(invented, a), start)) == "unknown_token");
    Invitation other = invitation;
    other.handle = "cimmyt";
    CHECK(code_of(r.service->enrol(r.request(other, a), start)) == "unknown_token");
    Invitation elsewhere = invitation;
    elsewhere.registry_id = Hash{};
    CHECK(code_of(r.service->enrol(r.request(elsewhere, a), start)) == "bad_proof");
    CHECK(r.service->state().pending.empty());
    // One that was used in time may be repeated later.
    const auto request = r.request(invitation, a);
    r.done(r.service->enrol(request, start));
    CHECK(r.done(r.service->enrol(request, start + 30 * 24 * an_hour)).state ==
          EnrolmentState::member);
}

TEST_CASE("service: tokens are not in what is stored") {
    TestRegistry r;
    const Invitation invitation = r.invite("irri");
    const auto found = std::ranges::search(r.disk.state, invitation.token.bytes);
    CHECK(found.empty());
    const auto hashed = std::ranges::search(r.disk.state, token_hash(invitation.token).bytes);
    CHECK_FALSE(hashed.empty());
}

TEST_CASE("service: a handle is taken once, by whoever comes first, in any spelling") {
    TestRegistry r;
    TestNode a(1);
    TestNode b(2);
    const Invitation first = r.invite("irri", false);
    const Invitation second = r.invite("irri", false);
    InviteOptions lookalike;
    lookalike.handle = "irr1";
    lookalike.name = "Impostor";
    CHECK(code_of(r.service->invite(lookalike, "http://h", start, r.random)) == "handle_taken");
    r.done(r.service->enrol(r.request(second, b), start));
    CHECK(code_of(r.service->enrol(r.request(first, a), start)) == "handle_taken");
    r.done(r.service->approve(std::vector{b.id()}, start));
    CHECK(code_of(r.service->enrol(r.request(first, a), start)) == "handle_taken");
    CHECK(code_of(r.service->invite(lookalike, "http://h", start, r.random)) == "handle_taken");
    // Also for ever after.
    r.done(r.service->revoke_institution("irri", "left", start));
    CHECK(code_of(r.service->invite(lookalike, "http://h", start, r.random)) == "handle_taken");
    lookalike.handle = "irri";
    CHECK(code_of(r.service->invite(lookalike, "http://h", start, r.random)) == "revoked");
}

TEST_CASE("service: improper invitations are refused before anything is drawn") {
    TestRegistry r;
    const auto code = [&](auto change) {
        InviteOptions options;
        options.handle = "irri";
        options.name = "IRRI";
        change(options);
        return code_of(r.service->invite(options, "http://h", start, r.random));
    };
    const auto before = service_picture(*r.service);
    CHECK(code([](auto& o) { o.handle = "IRRI"; }) == "bad_handle");
    CHECK(code([](auto& o) { o.name = ""; }) == "bad_name");
    CHECK(code([](auto& o) { o.name = "a\nb"; }) == "bad_name");
    CHECK(code([](auto& o) { o.wiews = "PH1"; }) == "bad_wiews");
    CHECK(code([](auto& o) { o.wiews = "phl001"; }) == "bad_wiews");
    CHECK(code([](auto& o) { o.ror = "http://ror.org/0593p4448"; }) == "bad_ror");
    CHECK(code([](auto& o) { o.valid = Millis(0); }) == "bad_validity");
    CHECK(code([](auto& o) { o.valid = 24 * 400 * an_hour; }) == "bad_validity");
    InviteOptions good;
    good.handle = "irri";
    good.name = "IRRI";
    CHECK(code_of(r.service->invite(good, "registry.example.org", start, r.random)) == "bad_url");
    CHECK(service_picture(*r.service) == before);
    good.wiews = "PHL001";
    good.ror = "https://ror.org/0593p4448";
    CHECK(r.service->invite(good, "http://h", start, r.random));
}

TEST_CASE("service: approval is all or none") {
    TestRegistry r;
    TestNode a(1);
    TestNode b(2);
    r.done(r.service->enrol(r.request(r.invite("irri", false), a), start));
    CHECK(code_of(r.service->approve(std::vector{a.id(), b.id()}, start)) == "not_pending");
    CHECK(r.service->log().size() == 0);
    r.done(r.service->enrol(r.request(r.invite("cimmyt", false), b), start));
    CHECK(r.done(r.service->approve(std::vector{b.id(), a.id(), b.id()}, start)).size() == 2);
    CHECK(r.service->log().size() == 2);
}

TEST_CASE("service: one that waits can be turned down, and stays so") {
    TestRegistry r;
    TestNode a(1);
    const Invitation invitation = r.invite("irri", false);
    r.done(r.service->enrol(r.request(invitation, a), start));
    CHECK(code_of(r.service->revoke_node(a.id(), "", start)) == "bad_reason");
    r.done(r.service->revoke_node(a.id(), "not whom we meant", start));
    CHECK(r.service->log().size() == 0);
    CHECK(r.service->members(start).pending.empty());
    CHECK(code_of(r.service->enrol(r.request(invitation, a), start)) == "turned_down");
    CHECK(code_of(r.service->revoke_node(a.id(), "again", start)) == "unknown_node");
    r.done(r.service->enrol(r.request(r.invite("irri", false), a), start));
    CHECK(r.service->members(start).pending.size() == 1);
}

TEST_CASE("service: a further node signed in by a current one counts at once, in either order") {
    TestRegistry r;
    TestNode a(1);
    TestNode b(2);
    r.member("irri", a);
    const InstitutionId irri = r.service->membership().by_handle("irri")->id;
    const auto admission =
        AdmitRequest::make(r.service->registry_id(), a.id(), irri, b.id(), a.key);
    SUBCASE("admission first, then the node, with an invitation without a token") {
        CHECK(r.done(r.service->admit(admission, start)) ==
              EnrolmentReply{EnrolmentState::expected, "irri"});
        CHECK(r.service->enrolment(b.id()).state == EnrolmentState::expected);
        r.restart(start);
        const Invitation open{"http://h", r.service->registry_id(), "irri", {}};
        CHECK(r.done(r.service->enrol(r.request(open, b), start)).state == EnrolmentState::member);
    }
    SUBCASE("the node first, by the operator's invitation") {
        CHECK(r.done(r.service->enrol(r.request(r.invite("irri", false), b), start)).state ==
              EnrolmentState::pending);
        CHECK(r.done(r.service->admit(admission, start)).state == EnrolmentState::member);
    }
    SUBCASE("admission first, then the operator's invitation") {
        r.done(r.service->admit(admission, start));
        CHECK(r.done(r.service->enrol(r.request(r.invite("irri", false), b), start)).state ==
              EnrolmentState::member);
    }
    CHECK(r.service->membership().counts(b.id(), start));
    CHECK_FALSE(r.service->membership().node(b.id())->by_operator_alone);
    CHECK(r.service->membership().by_handle("irri")->nodes == std::vector{a.id(), b.id()});
    CHECK(r.service->state().expected.empty());
    CHECK(r.done(r.service->admit(admission, start)).state == EnrolmentState::member);  // repeated
}

TEST_CASE("service: a further node that the operator adds alone waits 72 hours") {
    TestRegistry r;
    TestNode a(1);
    TestNode b(2);
    TestNode c(3);
    r.member("irri", a);
    r.member("irri", b, start + an_hour);
    CHECK(r.service->membership().is_current(b.id()));
    CHECK_FALSE(r.service->membership().counts(b.id(), start + 72 * an_hour));
    CHECK(r.service->membership().counts(b.id(), start + 73 * an_hour));
    CHECK(r.service->members(start + 2 * an_hour).institutions[0].nodes[1].state == "waiting");
    CHECK(r.service->members(start + 73 * an_hour).institutions[0].nodes[1].state == "active");
    // Meanwhile it cannot sign others in, nor revoke the one that could object.
    const InstitutionId irri = r.service->membership().by_handle("irri")->id;
    const Hash id = r.service->registry_id();
    CHECK(code_of(r.service->admit(AdmitRequest::make(id, b.id(), irri, c.id(), b.key),
                                   start + 2 * an_hour)) == "waiting");
    CHECK(code_of(r.service->revoke_by_node(
              RevokeRequest::make(id, b.id(), a.id(), "mine now", b.key), start + 2 * an_hour)) ==
          "waiting");
    // The objection.
    CHECK(
        r.done(r.service->revoke_by_node(RevokeRequest::make(id, a.id(), b.id(), "not ours", a.key),
                                         start + 2 * an_hour))
            .state == EnrolmentState::revoked);
    CHECK_FALSE(r.service->membership().is_current(b.id()));
}

TEST_CASE(
    "service: admissions by strangers, for other institutions or by the revoked are refused") {
    TestRegistry r;
    TestNode a(1);
    TestNode b(2);
    TestNode c(3);
    r.member("irri", a);
    r.member("cimmyt", b);
    const Hash id = r.service->registry_id();
    const InstitutionId irri = r.service->membership().by_handle("irri")->id;
    const InstitutionId cimmyt = r.service->membership().by_handle("cimmyt")->id;
    const auto code = [&](const AdmitRequest& request) {
        return code_of(r.service->admit(request, start));
    };
    CHECK(code(AdmitRequest::make(id, b.id(), irri, c.id(), b.key)) == "not_yours");
    CHECK(code(AdmitRequest::make(id, a.id(), irri, c.id(), b.key)) == "bad_signature");
    CHECK(code(AdmitRequest::make(Hash{}, a.id(), irri, c.id(), a.key)) == "bad_signature");
    CHECK(code(AdmitRequest::make(id, c.id(), irri, c.id(), c.key)) == "unknown_node");
    CHECK(code(AdmitRequest::make(id, a.id(), InstitutionId{}, c.id(), a.key)) ==
          "unknown_institution");
    CHECK(code(AdmitRequest::make(id, a.id(), irri, b.id(), a.key)) == "node_known");
    CHECK(code(AdmitRequest::make(id, a.id(), irri, NodeId{}, a.key)) == "bad_key");
    CHECK(code_of(r.service->revoke_by_node(RevokeRequest::make(id, b.id(), a.id(), "x", b.key),
                                            start)) == "not_yours");
    // A node that waits to become a member of its own is not taken over by one that admits it.
    r.done(r.service->enrol(r.request(r.invite("icrisat", false), c), start));
    CHECK(r.done(r.service->admit(AdmitRequest::make(id, a.id(), irri, c.id(), a.key), start))
              .state == EnrolmentState::expected);
    r.done(r.service->approve(std::vector{c.id()}, start));
    CHECK(r.service->enrolment(c.id()).institution == "icrisat");

    r.done(r.service->revoke_node(b.id(), "lost", start));
    CHECK(code(AdmitRequest::make(id, b.id(), cimmyt, TestNode(4).id(), b.key)) == "revoked");
    // Without an admission an invitation without a token is worth nothing.
    TestNode d(5);
    const Invitation open{"http://h", id, "irri", {}};
    CHECK(code_of(r.service->enrol(r.request(open, d), start)) == "not_expected");
}

TEST_CASE("service: admissions that nobody follows up are bounded and lapse") {
    TestRegistry r;
    TestNode a(1);
    r.member("irri", a);
    const InstitutionId irri = r.service->membership().by_handle("irri")->id;
    const auto admission = [&](std::uint8_t number) {
        return AdmitRequest::make(r.service->registry_id(), a.id(), irri, TestNode(number).id(),
                                  a.key);
    };
    for (std::uint8_t i = 0; i < max_expected_per_institution; ++i)
        r.done(r.service->admit(admission(static_cast<std::uint8_t>(10 + i)), start));
    CHECK(code_of(r.service->admit(admission(90), start)) == "too_many");
    CHECK(r.done(r.service->admit(admission(10), start)).state == EnrolmentState::expected);
    carry_out(r.disk, r.service->tick(start + 7 * 24 * an_hour));
    CHECK(r.service->state().expected.empty());
    CHECK(r.done(r.service->admit(admission(90), start)).state == EnrolmentState::expected);
}

TEST_CASE("service: publishes documents that grow, at a bounded rate") {
    TestRegistry r;
    TestNode a(1);
    TestNode b(2);
    r.member("irri", a);
    const Hash id = r.service->registry_id();
    const auto second = a.document(id, 7421);
    r.done(r.service->publish(second, start));
    const auto size = r.service->log().size();
    r.done(r.service->publish(second, start));  // repeated: done already
    CHECK(r.service->log().size() == size);
    a.version = 1;
    CHECK(code_of(r.service->publish(a.document(id, 7422), start)) == "not_newer");
    a.version = 0;
    CHECK(code_of(r.service->publish(a.document(id), start)) == "not_newer");
    a.version = 2;
    CHECK(code_of(r.service->publish(b.document(id), start)) == "unknown_node");
    CHECK(code_of(r.service->publish(a.document(Hash{}), start)) == "bad_signature");
    CHECK(code_of(r.service->publish(SignedDocument::sign(a.document(id).document, b.key),
                                     start)) == "bad_signature");
    for (std::size_t i = 1; i < max_documents_per_hour; ++i)
        r.done(r.service->publish(a.document(id), start));
    CHECK(code_of(r.service->publish(a.document(id), start)) == "too_often");
    // The bound holds across a restart, and ends with the hour.
    r.restart(start);
    CHECK(code_of(r.service->publish(a.document(id), start)) == "too_often");
    r.done(r.service->publish(a.document(id), start + an_hour));
    r.done(r.service->revoke_node(a.id(), "lost", start + an_hour));
    CHECK(code_of(r.service->publish(a.document(id), start + an_hour)) == "revoked");
}

TEST_CASE("service: signs the checkpoint anew when it is due, and only then") {
    TestRegistry r;
    CHECK(r.service->resign_interval() == std::chrono::minutes(10));
    const Millis now = start + std::chrono::minutes(10);
    CHECK(r.service->tick(now - Millis(1)).empty());
    const auto effects = r.service->tick(now);
    REQUIRE(effects.checkpoint);
    CHECK(effects.audit.empty());
    CHECK_FALSE(effects.state);
    CHECK(r.service->checkpoint().time() == now);
    CHECK(r.service->tick(now).empty());
    // A clock that was set back far is followed: members refuse times to come.
    CHECK(r.service->tick(now - std::chrono::minutes(5)).empty());
    CHECK(r.service->tick(now - an_hour).checkpoint);
}

TEST_CASE("service: a restart after every step finds everything again") {
    TestRegistry r;
    TestNode a(1);
    TestNode b(2);
    TestNode c(3);
    const auto step = [&](auto action) {
        action();
        const auto before = service_picture(*r.service);
        r.restart(start);
        CHECK(service_picture(*r.service) == before);
    };
    Invitation i;
    step([&] { i = r.invite("irri", false); });
    step([&] { r.done(r.service->enrol(r.request(i, a), start)); });
    step([&] { r.done(r.service->approve(std::vector{a.id()}, start)); });
    step([&] { r.member("cimmyt", b); });
    step([&] { r.done(r.service->revoke_node(b.id(), "lost", start)); });
    step([&] {
        r.done(r.service->admit(
            AdmitRequest::make(r.service->registry_id(), a.id(),
                               r.service->membership().by_handle("irri")->id, c.id(), a.key),
            start));
    });
    CHECK(r.service->members(start).institutions.size() == 2);
    const Hash named = r.service->membership().node(a.id())->document.hash;
    CHECK(r.service->document(named) != nullptr);
}

TEST_CASE("service: a crash between any two writes loses no approval and admits nobody twice") {
    // Carry out only the first k writes of an approval, then restart.
    for (int k = 0; k <= 4; ++k) {
        TestRegistry r;
        TestNode a(1);
        TestNode b(2);
        const Invitation invitation = r.invite("irri", true);
        const auto request = r.request(invitation, a);
        auto done = r.service->enrol(request, start);
        REQUIRE(done);
        Effects& e = done->effects;
        if (k < 4) e.checkpoint.reset();
        if (k < 3) e.entries.clear();
        if (k < 2) e.state.reset();
        if (k < 1) e.documents.clear();
        carry_out(r.disk, e);
        r.restart(start);
        // The node had no answer and asks again.
        CHECK(r.done(r.service->enrol(request, start)).state == EnrolmentState::member);
        CHECK(r.service->log().size() == 1);
        CHECK(r.service->members(start).pending.empty());
        CHECK(code_of(r.service->enrol(r.request(invitation, b), start)) == "token_used");
        Directory d = r.client();
        REQUIRE(d.apply(r.update(), start));
        CHECK(d.document(a.id()) != nullptr);
        r.restart(start);
        CHECK(r.service->members(start).institutions.size() == 1);
    }
}

TEST_CASE("service: an entry torn by a crash is cut off, one that was signed for is missed") {
    TestRegistry r;
    TestNode a(1);
    TestNode b(2);
    r.member("irri", a);
    const StoredRegistry good = r.disk;
    auto done = r.service->enrol(r.request(r.invite("cimmyt", true), b), start);
    REQUIRE(done);
    for (std::size_t n = 0; n < done->effects.entries.size(); ++n) {
        StoredRegistry torn = good;
        torn.entries.insert(torn.entries.end(), done->effects.entries.begin(),
                            done->effects.entries.begin() + static_cast<std::ptrdiff_t>(n));
        const auto loaded = Service::load(torn, r.keys);
        REQUIRE(loaded);
        CHECK(loaded->log().size() == 1);
        CHECK(loaded->entries_file_bytes() == good.entries.size());
    }
    // Zeros or other bytes that a file system left behind the end.
    StoredRegistry dirty = good;
    dirty.entries.resize(good.entries.size() + 4096);
    CHECK(Service::load(dirty, r.keys)->entries_file_bytes() == good.entries.size());
    dirty.entries[good.entries.size() + 1] = 5;
    CHECK(Service::load(dirty, r.keys)->entries_file_bytes() == good.entries.size());

    for (std::size_t n = 0; n < good.entries.size(); ++n) {
        StoredRegistry cut = good;
        cut.entries.resize(n);
        CHECK(code_of(Service::load(cut, r.keys)) == "log_lost");
        StoredRegistry changed = good;
        changed.entries[n] ^= 1;
        CHECK(code_of(Service::load(changed, r.keys)) == "log_lost");
    }
}

TEST_CASE("service: does not start with wrong keys or with files that do not read") {
    TestRegistry r;
    CHECK(code_of(Service::load(r.disk, RegistryKeys{key_from(1), key_from(2)})) == "wrong_keys");
    CHECK(Service::load(r.disk, std::nullopt));
    StoredRegistry bad = r.disk;
    bad.state.pop_back();
    CHECK(code_of(Service::load(bad, r.keys)) == "bad_state");
    bad = r.disk;
    bad.checkpoint.pop_back();
    CHECK(code_of(Service::load(bad, r.keys)) == "log_lost");
    bad = r.disk;
    bad.roots.pop_back();
    CHECK(code_of(Service::load(bad, r.keys)) == "bad_root");
}

TEST_CASE("service: a state with all of its parts reads back, cut at any length it does not") {
    TestRegistry r;
    TestNode a(1);
    r.member("irri", a);
    TestNode b(2);
    r.done(r.service->enrol(r.request(r.invite("cimmyt", false), b), start));
    r.done(r.service->admit(
        AdmitRequest::make(r.service->registry_id(), a.id(),
                           r.service->membership().by_handle("irri")->id, TestNode(3).id(), a.key),
        start));
    const ServiceState& state = r.service->state();
    CHECK(state.invitations.size() == 2);
    CHECK(state.pending.size() == 1);
    CHECK(state.expected.size() == 1);
    const Bytes bytes = state.encode();
    const auto read = ServiceState::decode(bytes);
    REQUIRE(read);
    CHECK(*read == state);
    for (std::size_t n = 0; n < bytes.size(); ++n)
        CHECK(code_of(ServiceState::decode(ByteView(bytes).first(n))) == "bad_state");
}

TEST_CASE("service: every step of enrolment and every act of the operator is in the audit") {
    TestRegistry r;
    TestNode a(1);
    InviteOptions options;
    options.handle = "irri";
    options.name = "IRRI";
    auto invited = r.service->invite(options, "http://h", start, r.random);
    REQUIRE(invited);
    REQUIRE(invited->effects.audit.size() == 1);
    CHECK(invited->effects.audit[0].action == "invited");
    auto enrolled = r.service->enrol(r.request(invited->value, a), start);
    REQUIRE(enrolled->effects.audit.size() == 1);
    CHECK(enrolled->effects.audit[0].action == "enrolled");
    CHECK(enrolled->effects.audit[0].actor == a.id().hex());
    auto approved = r.service->approve(std::vector{a.id()}, start);
    REQUIRE(approved->effects.audit.size() == 1);
    CHECK(approved->effects.audit[0] ==
          AuditEvent{start, "operator", "admitted", a.id().hex(), "institution_admitted"});
    auto revoked = r.service->revoke_institution("irri", "said \"bye\"\tand left", start);
    CHECK(code_of(revoked) == "bad_reason");
    revoked = r.service->revoke_institution("irri", "said \"bye\"", start + Millis(7));
    REQUIRE(revoked->audit.size() == 1);
    CHECK(revoked->audit[0].line() ==
          "{\"time\":\"2026-11-24T00:00:00.007Z\",\"actor\":\"operator\",\"action\":\"revoked\","
          "\"subject\":\"irri\",\"detail\":\"said \\\"bye\\\"\"}");
    CHECK(AuditEvent{Millis(0), "a\n", "", "", ""}.line() ==
          "{\"time\":\"1970-01-01T00:00:00.000Z\",\"actor\":\"a\\u000a\",\"action\":\"\","
          "\"subject\":\"\",\"detail\":\"\"}");
}

TEST_CASE("registry init: impossible roots are refused with what to do") {
    init_crypto();
    const RegistryKeys keys{key_from(1), key_from(2)};
    const std::vector<SigningKey> roots{key_from(3), key_from(4)};
    InitOptions options;
    options.name = "CGIAR Federation, 2026";
    options.threshold = 3;
    CHECK(code_of(create_registry(options, roots, keys, start)) == "bad_root");
    options.threshold = 2;
    const auto made = create_registry(options, roots, keys, start);
    REQUIRE(made);
    const auto loaded = Service::load(made->files, keys);
    REQUIRE(loaded);
    CHECK(loaded->registry_id() == made->registry_id);
    CHECK(loaded->roots().current().origin.starts_with("sangam/cgiar-federation-2026/"));
    options.name = "\xE7\xA8\xBB";  // no letter that a key name could keep
    CHECK(create_registry(options, roots, keys, start));
    options.name = "";
    CHECK(code_of(create_registry(options, roots, keys, start)) == "bad_root");
    options.name = "x";
    options.expiry = Millis(500);
    CHECK(code_of(create_registry(options, roots, keys, start)) == "bad_root");
    options.expiry = an_hour;
    CHECK(code_of(create_registry(options, std::vector{key_from(3), key_from(3)}, keys, start)) ==
          "bad_root");
    CHECK(code_of(create_registry(options, roots, {key_from(1), key_from(1)}, start)) ==
          "bad_root");
}
