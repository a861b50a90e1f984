// SPDX-License-Identifier: Apache-2.0
// The registry's golden vectors: tests/vectors/registry/*.json and the seeds in tests/fuzz/corpus
// are what these samples give, byte for byte; tests/vectors/registry_reader_test.py reads them
// without our code. With SANGAM_REGENERATE_VECTORS=1 in the environment this test writes the files
// instead; a change in them is a change of format and belongs into docs/registry-format.md.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "../protocol/vector_json.hpp"
#include "registry/handle.hpp"
#include "registry_fixture.hpp"

using namespace sangam;
using namespace sangam::registry;
using namespace sangam::registry::testing;
using namespace sangam::samples;

namespace {

void check_file(const std::filesystem::path& path, std::string_view expected) {
    CAPTURE(path.filename().string());
    if (std::getenv("SANGAM_REGENERATE_VECTORS") != nullptr) {
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << expected;
    }
    std::ifstream in(path, std::ios::binary);
    REQUIRE(in.good());
    const std::string found{std::istreambuf_iterator<char>(in), {}};
    CHECK((found == expected));  // not printed: long
}

void check_vectors(const std::string& name, const Members& members) {
    check_file(std::filesystem::path(SANGAM_VECTORS) / "registry" / (name + ".json"),
               object(members).text + "\n");
}

void check_seed(const std::string& corpus, const std::string& name, ByteView bytes) {
    check_file(std::filesystem::path(SANGAM_VECTORS) / "../fuzz/corpus" / corpus / name,
               as_text(bytes));
}

/// A registry after a little of everything.
struct Sample {
    TestRegistry registry;
    TestNode irri{1};
    TestNode second{2};
    TestNode cimmyt{3};
    TestNode recovered{4};
    std::vector<Invitation> invitations;
    std::vector<EnrolRequest> enrolments;
    std::vector<AdmitRequest> admissions;
    std::vector<RevokeRequest> revocations;

    Sample() {
        InviteOptions options;
        options.handle = "irri";
        options.name = "International Rice Research Institute";
        options.wiews = "PHL001";
        options.ror = "https://ror.org/0593p4448";
        options.auto_approve = true;
        enrol(registry.done(registry.service->invite(options, url, start, registry.random)), irri,
              start);
        const InstitutionId id = registry.service->membership().by_handle("irri")->id;
        const Hash& registry_id = registry.service->registry_id();
        admissions.push_back(AdmitRequest::make(registry_id, irri.id(), id, second.id(), irri.key));
        registry.done(registry.service->admit(admissions.back(), start + an_hour));
        enrol({url, registry_id, "irri", {}}, second, start + an_hour);
        options = {};
        options.handle = "cimmyt";
        options.name = "Centro Internacional de Mejoramiento de Ma\xC3\xADz y Trigo";
        options.auto_approve = true;
        enrol(registry.done(registry.service->invite(options, url, start, registry.random)), cimmyt,
              start + 2 * an_hour);
        registry.done(
            registry.service->publish(irri.document(registry_id, 7421), start + 3 * an_hour));
        enrol(registry.done(registry.service->invite(options, url, start, registry.random)),
              recovered, start + 4 * an_hour);
        revocations.push_back(RevokeRequest::make(registry_id, irri.id(), second.id(),
                                                  "retired: disk failed", irri.key));
        registry.done(registry.service->revoke_by_node(revocations.back(), start + 5 * an_hour));
        registry.done(
            registry.service->revoke_node(recovered.id(), "not theirs", start + 6 * an_hour));
        registry.done(registry.service->revoke_institution("cimmyt", "left the federation",
                                                           start + 7 * an_hour));
    }

    void enrol(const Invitation& invitation, TestNode& node, Millis now) {
        invitations.push_back(invitation);
        enrolments.push_back(registry.request(invitation, node));
        registry.done(registry.service->enrol(enrolments.back(), now));
    }

    static constexpr const char* url = "https://registry.example.org/sangam";
};

std::vector<Json> rows_of(const Membership& members) {
    std::vector<Json> out;
    for (const auto& [id, node] : members.nodes())
        out.push_back(
            inline_object({{"node", json(id)},
                           {"institution", json(members.institution(node.institution)->handle)},
                           {"added", json(node.added.count())},
                           {"counts_from", json(node.counts_from.count())},
                           {"revoked", json(node.revoked ? node.revoked->reason : "")},
                           {"document", json(node.document.hash)},
                           {"version", json(node.document.version)}}));
    return out;
}

template <class Request>
void add_requests(std::vector<Json>& out, const char* kind, const std::vector<Request>& requests) {
    for (const auto& request : requests)
        out.push_back(inline_object({{"kind", json(kind)}, {"encoded", json(request.encode())}}));
}

}  // namespace

TEST_CASE("vectors: the registry's samples give the golden bytes") {
    Sample sample;
    const Service& service = *sample.registry.service;
    const auto keys = service.roots().current().keys();

    std::vector<Json> entries;
    for (std::uint64_t i = 0; i < service.log().size(); ++i) {
        const Bytes& bytes = service.log().entry(i);
        const auto entry = Entry::decode(bytes);
        REQUIRE(entry);
        entries.push_back(inline_object({{"kind", json(entry->kind())},
                                         {"time", json(entry->time.count())},
                                         {"encoded", json(bytes)}}));
        check_seed("registry", "entry_" + std::to_string(i), bytes);
    }
    std::vector<Json> roots_after;
    for (std::uint64_t size = 0; size <= service.log().size(); ++size)
        roots_after.push_back(json(service.log().root_at(size)));
    std::vector<Json> documents;
    for (const Bytes& bytes : sample.registry.disk.documents) {
        const auto document = SignedDocument::decode(bytes);
        std::vector<std::string> endpoints;
        for (const Endpoint& e : document->document.endpoints) endpoints.push_back(e.text());
        documents.push_back(inline_object({{"node", json(document->document.node)},
                                           {"version", json(document->document.version)},
                                           {"name", json(document->document.name)},
                                           {"endpoints", json(endpoints)},
                                           {"hash", json(document_hash(bytes))},
                                           {"encoded", json(bytes)}}));
    }
    check_vectors(
        "log", {{"meaning", json("a registry's life: the chain of root documents, every entry, the "
                                 "root after each, the last checkpoint, the documents, and who is "
                                 "a member then")},
                {"registry_id", json(service.registry_id())},
                {"chain", json(service.roots().encode())},
                {"log_key", json(keys.log.text())},
                {"freshness_key", json(keys.freshness.text())},
                {"checkpoint", json(service.checkpoint().note)},
                {"time_s", json(service.checkpoint().time_s)},
                {"entries", cases(entries)},
                {"roots", json(roots_after)},
                {"documents", cases(documents)},
                {"nodes", cases(rows_of(service.membership()))}});

    std::vector<Json> invitations;
    for (const Invitation& i : sample.invitations)
        invitations.push_back(inline_object({{"url", json(i.url)},
                                             {"handle", json(i.handle)},
                                             {"token", json(i.token)},
                                             {"token_hash", json(token_hash(i.token))},
                                             {"text", json(i.text())}}));
    std::vector<Json> requests;
    add_requests(requests, "enrol", sample.enrolments);
    add_requests(requests, "admit", sample.admissions);
    add_requests(requests, "revoke", sample.revocations);
    check_vectors("joining", {{"meaning", json("invitations and the requests that followed them, "
                                               "at the registry of log.json")},
                              {"registry_id", json(service.registry_id())},
                              {"invitations", cases(invitations)},
                              {"requests", cases(requests)}});

    std::vector<Json> handles;
    for (const char* handle :
         {"irri", "irr1", "ir-ri", "ilri", "cimmyt", "cirnrnyt", "vvarda", "rnn", "vvv", "cg0-1l"})
        handles.push_back(
            inline_object({{"handle", json(handle)}, {"skeleton", json(handle_skeleton(handle))}}));
    check_vectors("handles", {{"meaning", json("handles with one skeleton look alike")},
                              {"handles", cases(handles)}});

    check_seed("registry", "chain", service.roots().encode());
    check_seed("registry", "checkpoint", as_bytes(service.checkpoint().note));
    check_seed("registry", "document", sample.registry.disk.documents.front());
    check_seed("registry", "enrol", sample.enrolments.front().encode());
    check_seed("registry", "admit", sample.admissions.front().encode());
    check_seed("registry", "revoke", sample.revocations.front().encode());
    check_seed("registry", "reply", service.enrolment(sample.irri.id()).encode());
    check_seed("registry", "invitation", as_bytes(sample.invitations.front().text()));
    check_seed("registry", "update", encode_update(sample.registry.update()));
    check_seed("registry", "state", service.state().encode());
    check_seed("registry", "target", as_bytes("/tile/0/000.p/8"));
}
