// SPDX-License-Identifier: Apache-2.0
#include "registry/log_verifier.hpp"

#include "registry_fixture.hpp"

using namespace sangam;
using namespace sangam::registry;
using namespace sangam::registry::testing;

TEST_CASE("log verify: an honest registry is ok, with what was checked") {
    TestRegistry r;
    TestNode a(1);
    TestNode b(2);
    r.member("irri", a);
    r.member("cimmyt", b);
    r.done(r.service->revoke_node(b.id(), "lost", start));
    const auto framed = read_framed(r.disk.entries);
    const auto report = verify_log(r.disk.roots, framed.entries, as_text(r.disk.checkpoint),
                                   r.disk.documents, r.service->registry_id());
    CHECK(report.ok);
    CHECK(report.tree_size == 3);
    CHECK(report.entries_checked == 3);
    CHECK(report.root_hash == r.service->log().root());
    CHECK(verify_log(r.disk.roots, {}, as_text(r.disk.checkpoint), {}).ok == false);
}

TEST_CASE("log verify: any changed byte of entries, checkpoint or documents is named") {
    TestRegistry r;
    TestNode a(1);
    r.member("irri", a);
    const auto entries = read_framed(r.disk.entries).entries;
    const auto ok = [&](const std::vector<Bytes>& e, const Bytes& checkpoint,
                        const std::vector<Bytes>& documents) {
        const auto report = verify_log(r.disk.roots, e, as_text(checkpoint), documents);
        CHECK(report.ok == report.problems.empty());
        return report.ok;
    };
    REQUIRE(ok(entries, r.disk.checkpoint, r.disk.documents));
    for (std::size_t i = 0; i < entries[0].size(); ++i) {
        auto bad = entries;
        bad[0][i] ^= 1;
        CHECK_FALSE(ok(bad, r.disk.checkpoint, r.disk.documents));
    }
    for (std::size_t i = 0; i < r.disk.checkpoint.size(); ++i) {
        auto bad = r.disk.checkpoint;
        bad[i] ^= 1;
        CHECK_FALSE(ok(entries, bad, r.disk.documents));
    }
    for (std::size_t i = 0; i < r.disk.documents[0].size(); ++i) {
        auto bad = r.disk.documents;
        bad[0][i] ^= 1;
        CHECK_FALSE(ok(entries, r.disk.checkpoint, bad));
    }
    CHECK_FALSE(verify_log(r.disk.roots, entries, as_text(r.disk.checkpoint), {}, Hash{}).ok);
}

TEST_CASE("log verify: an entry against the rules is a finding although it was signed") {
    TestRegistry r;
    TestNode a(1);
    TestNode b(2);
    r.member("irri", a);
    Log log;
    log.append(r.service->log().entry(0));
    log.append(Entry{start, InstitutionAdmitted{b.id(), "lrri", "Impostor", "", "", {1, Hash{}}}}
                   .encode());
    const auto report = verify_log(r.disk.roots, log.entries(), as_text(r.sign(log, start)), {});
    CHECK_FALSE(report.ok);
    REQUIRE(report.problems.size() == 1);
    CHECK(report.problems[0].starts_with("entry 1:"));
    CHECK(report.tree_size == 2);
}
