// SPDX-License-Identifier: Apache-2.0
// The HTTP interface and its client against each other, without a socket in between.
#include "registry/api.hpp"

#include "protocol/value.hpp"
#include "registry/log_verifier.hpp"
#include "registry_fixture.hpp"

using namespace sangam;
using namespace sangam::registry;
using namespace sangam::registry::testing;

namespace {

HttpResponse send(TestRegistry& r, const HttpRequest& request, Millis now = start) {
    auto answer = handle(*r.service, request, now);
    carry_out(r.disk, answer.effects);
    return answer.response;
}

}  // namespace

TEST_CASE("api: a node joins, follows and publishes over it") {
    TestRegistry r;
    TestNode a(1);
    const auto invitation = Invitation::parse(r.invite("irri", false).text());
    REQUIRE(invitation);
    const auto roots = client::body_of(send(r, client::get_roots()));
    REQUIRE(roots);
    auto d = Directory::create(invitation->registry_id, *roots);
    REQUIRE(d);
    const auto request =
        EnrolRequest::make(*invitation, a.document(invitation->registry_id), a.key);
    CHECK(client::enrolment(send(r, client::post_enrol(request)))->state ==
          EnrolmentState::pending);
    CHECK(client::enrolment(send(r, client::get_enrolment(a.id())))->state ==
          EnrolmentState::pending);
    r.done(r.service->approve(std::vector{a.id()}, start));
    CHECK(*client::enrolment(send(r, client::get_enrolment(a.id()))) ==
          EnrolmentReply{EnrolmentState::member, "irri"});
    auto update = client::directory_update(send(r, client::get_directory(d->next_from())));
    REQUIRE(update);
    REQUIRE(d->apply(*update, start));
    CHECK(d->is_member(a.id()));

    const auto document = a.document(invitation->registry_id, 7500);
    CHECK(client::body_of(send(r, client::post_document(document))));
    update = client::directory_update(send(r, client::get_directory(d->next_from())));
    REQUIRE(update);
    CHECK(update->entries.size() == 1);
    REQUIRE(d->apply(*update, start));
    CHECK(d->document(a.id())->endpoints.at(0).port == 7500);
    CHECK(*client::body_of(send(r, client::get_document(document.hash()))) == document.encode());
    CHECK(as_text(*client::body_of(send(r, client::get_checkpoint()))) == d->checkpoint()->note);

    TestNode b(2);
    const auto admission =
        AdmitRequest::make(d->registry_id(), a.id(), d->by_handle("irri")->id, b.id(), a.key);
    CHECK(client::enrolment(send(r, client::post_admit(admission)))->state ==
          EnrolmentState::expected);
    const auto second =
        EnrolRequest::make({"", d->registry_id(), "irri", {}}, b.document(d->registry_id()), b.key);
    CHECK(client::enrolment(send(r, client::post_enrol(second)))->state == EnrolmentState::member);
    const auto revocation = RevokeRequest::make(d->registry_id(), a.id(), b.id(), "lost", a.key);
    CHECK(client::enrolment(send(r, client::post_revoke(revocation)))->state ==
          EnrolmentState::revoked);
}

TEST_CASE("api: a mirror of the static paths alone is enough to verify the log") {
    TestRegistry r;
    std::vector<TestNode> nodes;
    for (std::uint8_t i = 1; i <= 3; ++i) {
        nodes.emplace_back(i);
        r.member("member" + std::string(1, static_cast<char>('a' + i)), nodes.back());
    }
    for (int i = 0; i < 300; ++i)
        r.done(r.service->publish(nodes[0].document(r.service->registry_id()),
                                  start + i * std::chrono::minutes(10)));
    const auto roots = client::body_of(send(r, client::get_roots()));
    const auto note = client::body_of(send(r, client::get_checkpoint()));
    const auto head = Checkpoint::parse(Note::parse(as_text(*note))->text);
    REQUIRE(head->tree_size == 303);
    std::vector<Bytes> entries;
    for (const TileAddress& tile : tiles_of(head->tree_size)) {
        const auto response = send(r, client::get_tile(tile.path()));
        REQUIRE(response.status == 200);
        CHECK(response.content_type == "application/octet-stream");
        CHECK(response.cache_control.find("immutable") != std::string::npos);
        if (tile.level) continue;
        const auto bundle = decode_bundle(response.body, tile.width);
        REQUIRE(bundle);
        entries.insert(entries.end(), bundle->begin(), bundle->end());
    }
    const auto report = verify_log(*roots, entries, as_text(*note), {}, r.service->registry_id());
    CHECK(report.ok);
    CHECK(report.tree_size == 303);
    CHECK(report.entries_checked == 303);
    CHECK(report.root_hash == r.service->log().root());
}

TEST_CASE("api: what the registry refuses arrives as the same error at the client") {
    TestRegistry r;
    TestNode a(1);
    Invitation invented{"http://h", r.service->registry_id(), "irri", {}};
    invented.token.bytes[3] = 1;
    const auto response = send(r, client::post_enrol(r.request(invented, a)));
    CHECK(response.status == 403);
    const auto read = client::enrolment(response);
    REQUIRE_FALSE(read);
    const auto direct = r.service->enrol(r.request(invented, a), start);
    CHECK(read.error().code == "unknown_token");
    CHECK(read.error().text() == direct.error().text());
    CHECK(read.error().kind == ErrorKind::refused);
}

TEST_CASE("api: unknown paths, methods, parameters and sizes get a clear error") {
    TestRegistry r;
    const auto answer = [&](const char* method, const char* target, Bytes body = {}) {
        const auto response = send(r, {method, target, std::move(body)});
        return std::pair(response.status, code_of(client::body_of(response)));
    };
    using P = std::pair<unsigned, std::string>;
    CHECK(answer("GET", "/checkpoint") == P(200, ""));
    CHECK(answer("HEAD", "/checkpoint") == P(200, ""));
    CHECK(answer("GET", "/checkpoint?x=1") == P(200, ""));
    CHECK(answer("GET", "/api/v1/directory") == P(400, "bad_parameter"));
    CHECK(answer("GET", "/api/v1/directory?from=") == P(400, "bad_parameter"));
    CHECK(answer("GET", "/api/v1/directory?from=-1") == P(400, "bad_parameter"));
    CHECK(answer("GET", "/api/v1/directory?from=1x") == P(400, "bad_parameter"));
    CHECK(answer("GET", "/api/v1/directory?from=99999999999999999999") == P(400, "bad_parameter"));
    CHECK(answer("GET", "/api/v1/directory?from=1") == P(400, "behind"));
    CHECK(answer("GET", "/api/v1/directory?x=1&from=0&y") == P(200, ""));
    CHECK(answer("GET", "/api/v1/enrolment") == P(400, "bad_parameter"));
    CHECK(answer("GET", "/api/v1/enrolment?node=00") == P(400, "bad_parameter"));
    CHECK(answer("GET", "/") == P(404, "not_found"));
    CHECK(answer("GET", "") == P(404, "not_found"));
    CHECK(answer("GET", "/tile/0/000") == P(404, "not_found"));
    CHECK(answer("GET", "/tile/0/../../service.cbor") == P(404, "not_found"));
    CHECK(answer("GET", "/documents/00") == P(404, "not_found"));
    CHECK(answer("GET", ("/documents/" + std::string(64, '0')).c_str()) == P(404, "not_found"));
    CHECK(answer("POST", "/checkpoint") == P(404, "not_found"));
    CHECK(answer("PUT", "/checkpoint") == P(405, "bad_method"));
    CHECK(answer("POST", "/api/v1/enrol") == P(400, "bad_request"));
    CHECK(answer("POST", "/api/v1/admit", Bytes(1000, 0xFF)) == P(400, "bad_request"));
    CHECK(answer("POST", "/api/v1/revoke", Bytes{0x80}) == P(400, "bad_request"));
    CHECK(answer("POST", "/api/v1/document", Bytes{0x80}) == P(400, "bad_document"));
    CHECK(answer("POST", "/api/v1/enrol", Bytes(max_request_body_bytes + 1)) ==
          P(413, "too_large"));
    CHECK(r.service->log().size() == 0);
}

TEST_CASE("api: a reply that is none is told apart from the registry's word") {
    CHECK(code_of(client::body_of({502, "text/html", "", {'<', 'h', '1', '>'}})) == "bad_reply");
    CHECK(code_of(client::body_of({404, "", "", {}})) == "bad_reply");
    CHECK(code_of(client::body_of({403, "", "", Value(Value::Map{}).to_cbor()})) == "bad_reply");
    CHECK(code_of(client::body_of(
              {403, "", "", Value(Value::Map{{"error", Value(7)}}).to_cbor()})) == "bad_reply");
    CHECK(code_of(client::directory_update({200, "text/html", "", {'<', 'h', '1', '>'}})) ==
          "bad_reply");
    CHECK(code_of(client::enrolment({200, "text/html", "", {'<'}})) == "bad_request");
}

TEST_CASE("api: an update cut at any length is refused") {
    TestRegistry r;
    TestNode a(1);
    r.member("irri", a);
    const auto update = r.update();
    const Bytes bytes = encode_update(update);
    REQUIRE(decode_update(bytes));
    CHECK(*decode_update(bytes) == update);
    for (std::size_t n = 0; n < bytes.size(); ++n)
        CHECK(code_of(decode_update(ByteView(bytes).first(n))) == "bad_reply");
}

TEST_CASE("api: following costs what changed") {
    TestRegistry r;
    TestNode a(1);
    r.member("irri", a);
    CHECK(send(r, client::get_directory(1)).body.size() < 600);
    r.done(r.service->publish(a.document(r.service->registry_id()), start));
    CHECK(send(r, client::get_directory(1)).body.size() < 1100);
}
