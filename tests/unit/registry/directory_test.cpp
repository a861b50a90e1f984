// SPDX-License-Identifier: Apache-2.0
// A client against a registry that tells the truth, one that lies, and carriers that garble.
#include "registry/directory.hpp"

#include <algorithm>

#include "protocol/merkle.hpp"
#include "registry_fixture.hpp"

using namespace sangam;
using namespace sangam::registry;
using namespace sangam::registry::testing;

namespace {

/// All that a client shows of itself, to see that nothing changed.
std::map<std::string, Bytes> picture(const Directory& directory) { return directory.files(); }

Log log_with(const Service& service, std::uint64_t size) {
    Log out;
    for (std::uint64_t i = 0; i < size; ++i) out.append(service.log().entry(i));
    return out;
}

}  // namespace

TEST_CASE("directory: a new member is found by handle, id, node and key") {
    TestRegistry registry;
    TestNode irri(1);
    registry.member("irri", irri);
    Directory d = registry.client();
    CHECK(d.state(start) == Freshness::expired);
    CHECK_FALSE(d.age(start));
    const auto applied = d.apply(registry.update(), start);
    REQUIRE_MESSAGE(applied, applied.error().text());
    CHECK(applied->new_size == 1);
    CHECK(applied->changed == std::vector{irri.id()});
    CHECK(applied->revoked.empty());

    const Institution* found = d.by_handle("irri");
    REQUIRE(found != nullptr);
    CHECK(found->name == "Institute irri");
    CHECK(found->id.bytes == irri.id().bytes);
    CHECK(d.institution(found->id) == found);
    CHECK(d.institution_of(irri.id()) == found);
    CHECK(d.by_handle("irr1") == nullptr);
    REQUIRE(d.by_key(irri.key.public_key()) != nullptr);
    CHECK(d.by_key(irri.key.public_key())->id == irri.id());
    CHECK(d.by_key(key_from(9).public_key()) == nullptr);
    CHECK(d.is_member(irri.id()));
    CHECK(d.counts_for_audiences(irri.id(), start));
    CHECK(d.may_sign(irri.id(), irri.key.public_key()));
    CHECK_FALSE(d.may_sign(irri.id(), key_from(9).public_key()));
    REQUIRE(d.document(irri.id()) != nullptr);
    CHECK(d.document(irri.id())->endpoints.at(0).text() == "127.0.0.1:7420");
    CHECK(d.missing_documents().empty());
    CHECK(d.ignored_entries().empty());

    // The entry that made it a member can be shown to a third party.
    const auto proof = d.prove_entry(*d.admission_entry(irri.id()));
    REQUIRE(proof);
    const auto head = verify_checkpoint(proof->checkpoint, d.root().keys());
    REQUIRE(head);
    CHECK(merkle::verify_inclusion(merkle::leaf_hash(proof->entry), proof->index,
                                   head->checkpoint.tree_size, proof->path,
                                   head->checkpoint.root_hash));
    CHECK(code_of(d.prove_entry(1)) == "not_found");
}

TEST_CASE("directory: ages from fresh to stale to expired, and a newer checkpoint renews it") {
    TestRegistry registry;
    Directory d = registry.client();
    REQUIRE(d.apply(registry.update(), start));
    CHECK(d.state(start) == Freshness::fresh);
    CHECK(d.state(start + 8 * an_hour - Millis(1)) == Freshness::fresh);
    CHECK(d.state(start + 8 * an_hour) == Freshness::stale);
    CHECK(d.state(start + 24 * an_hour) == Freshness::stale);
    CHECK(d.state(start + 24 * an_hour + Millis(1)) == Freshness::expired);
    CHECK(*d.age(start + an_hour) == an_hour);
    CHECK(*d.age(start - an_hour) == Millis(0));

    carry_out(registry.disk, registry.service->tick(start + 30 * an_hour));
    const auto applied = d.apply(registry.update(0), start + 30 * an_hour);
    REQUIRE(applied);
    CHECK(applied->checkpoint_changed);
    CHECK(applied->changed_files == std::vector<std::string>{"checkpoint"});
    CHECK(d.state(start + 30 * an_hour) == Freshness::fresh);
    // A frozen registry, or a carrier that replays the old note, does not make it younger.
    auto replayed = registry.update(0);
    replayed.checkpoint = registry.sign(Log(), start);
    const auto again = d.apply(replayed, start + 40 * an_hour);
    REQUIRE(again);
    CHECK_FALSE(again->checkpoint_changed);
    CHECK(*d.age(start + 40 * an_hour) == 10 * an_hour);
}

TEST_CASE("directory: refuses a checkpoint from the future, in either clock's fault") {
    TestRegistry registry;
    Directory d = registry.client();
    REQUIRE(d.apply(registry.update(), start));
    const auto before = picture(d);
    carry_out(registry.disk, registry.service->tick(start + 24 * 365 * an_hour));
    CHECK(code_of(d.apply(registry.update(), start)) == "clock");
    CHECK(picture(d) == before);
    CHECK(d.apply(registry.update(), start + 24 * 365 * an_hour - std::chrono::minutes(9)));
}

TEST_CASE("directory: follows step by step, from a peer as well as from the registry") {
    TestRegistry registry;
    TestNode a(1);
    TestNode b(2);
    Directory first = registry.client();
    Directory second = registry.client();
    registry.member("irri", a);
    REQUIRE(first.apply(registry.update(), start));
    registry.member("cimmyt", b, start + an_hour);
    registry.done(registry.service->publish(a.document(registry.service->registry_id(), 7421),
                                            start + an_hour));
    const auto tail = registry.update(first.next_from());
    CHECK(tail.entries.size() == 2);
    CHECK(tail.documents.size() == 2);
    const auto applied = first.apply(tail, start + an_hour);
    REQUIRE(applied);
    auto both = std::vector{a.id(), b.id()};
    std::ranges::sort(both);
    CHECK(applied->changed == both);
    CHECK(first.document(a.id())->endpoints.at(0).port == 7421);
    CHECK(first.document(a.id())->version == 2);

    // The second never speaks to the registry.
    CHECK(*second.consider(*first.offer(), start + an_hour) == OfferAction::ask);
    const auto passed_on = first.update_from(second.next_from());
    REQUIRE(passed_on);
    REQUIRE(second.apply(*passed_on, start + an_hour));
    CHECK(picture(second) == picture(first));
    CHECK(*second.consider(*first.offer(), start + an_hour) == OfferAction::nothing);
    CHECK(second.document(a.id())->version == 2);
}

TEST_CASE("directory: tells an offer that is older from one that is newer") {
    TestRegistry registry;
    TestNode a(1);
    Directory old = registry.client();
    REQUIRE(old.apply(registry.update(), start));
    Directory aged = old;
    registry.member("irri", a);
    Directory current = registry.client();
    REQUIRE(current.apply(registry.update(), start));
    CHECK(*current.consider(*old.offer(), start) == OfferAction::tell);
    CHECK(*old.consider(*current.offer(), start) == OfferAction::ask);
    // The same tree with a newer time is worth asking for as well.
    const Directory before = current;
    carry_out(registry.disk, registry.service->tick(start + an_hour));
    REQUIRE(current.apply(registry.update(1), start + an_hour));
    Directory behind = before;
    CHECK(*behind.consider(*current.offer(), start + an_hour) == OfferAction::ask);
    CHECK(*current.consider(*before.offer(), start + an_hour) == OfferAction::tell);
    // An offer that is not what it says, or not signed.
    auto offer = *current.offer();
    offer.tree_size = 7;
    CHECK(code_of(behind.consider(offer, start + an_hour)) == "bad_checkpoint");
    offer = *current.offer();
    offer.checkpoint[offer.checkpoint.size() - 5] ^= 1;
    CHECK_FALSE(behind.consider(offer, start + an_hour));
}

TEST_CASE("directory: refuses a rollback and stays as it was") {
    TestRegistry registry;
    TestNode a(1);
    TestNode b(2);
    registry.member("irri", a);
    const auto old = registry.update();
    registry.member("cimmyt", b);
    Directory d = registry.client();
    REQUIRE(d.apply(registry.update(), start));
    const auto before = picture(d);
    CHECK(code_of(d.apply(old, start)) == "rollback");
    // Also when the old tree is signed anew, today.
    auto renewed = old;
    renewed.checkpoint = registry.sign(log_with(*registry.service, 1), start + an_hour);
    CHECK(code_of(d.apply(renewed, start + an_hour)) == "rollback");
    CHECK(picture(d) == before);
    CHECK(d.split_views().empty());
}

TEST_CASE("directory: catches a split view of its own size, keeps both checkpoints") {
    TestRegistry registry;
    TestNode a(1);
    TestNode b(2);
    registry.member("irri", a);
    Directory d = registry.client();
    REQUIRE(d.apply(registry.update(), start));
    // The same registry shows somebody else a log in which b is irri.
    Log other;
    InstitutionAdmitted admitted{b.id(), "irri", "Impostor", "", "", {1, Hash{}}};
    other.append(Entry{start, admitted}.encode());
    messages::DirectoryUpdate lie{1, {}, registry.sign(other, start + an_hour), {}};
    CHECK(code_of(d.apply(lie, start + an_hour)) == "split_view");
    REQUIRE(d.split_views().size() == 1);
    CHECK(d.split_views()[0].other == as_text(lie.checkpoint));
    CHECK(verify_checkpoint(d.split_views()[0].held, d.root().keys()));
    CHECK(verify_checkpoint(d.split_views()[0].other, d.root().keys()));
    CHECK(d.by_handle("irri")->name == "Institute irri");
    // Repeating it adds nothing; a peer's offer proves it just as well.
    CHECK(code_of(d.apply(lie, start + an_hour)) == "split_view");
    CHECK(code_of(d.consider({1, lie.checkpoint}, start + an_hour)) == "split_view");
    CHECK(d.split_views().size() == 1);
    // The evidence outlives the process.
    const auto loaded = Directory::load(d.files());
    REQUIRE(loaded);
    CHECK(loaded->split_views() == d.split_views());
}

TEST_CASE("directory: a larger contradicting tree is proven by asking for all of it") {
    TestRegistry registry;
    TestNode a(1);
    TestNode b(2);
    registry.member("irri", a);
    Directory d = registry.client();
    REQUIRE(d.apply(registry.update(), start));
    Log other;
    other.append(Entry{start, InstitutionAdmitted{b.id(), "irri", "Impostor", "", "", {1, Hash{}}}}
                     .encode());
    other.append(Entry{start, DocumentUpdated{b.id(), {2, Hash{}}}}.encode());
    const Bytes note = registry.sign(other, start + an_hour);
    // Asked for what is new, the liar's tail does not fit; that alone could be a garbling carrier.
    CHECK(d.next_from() == 1);
    CHECK(code_of(d.apply({1, {other.entry(1)}, note, {}}, start + an_hour)) == "log_mismatch");
    CHECK(d.split_views().empty());
    CHECK(d.next_from() == 0);
    CHECK(code_of(d.apply({0, {other.entry(0), other.entry(1)}, note, {}}, start + an_hour)) ==
          "split_view");
    CHECK(d.split_views().size() == 1);
    CHECK(d.tree_size() == 1);
    // The truth is still accepted afterwards.
    registry.member("cimmyt", b, start + an_hour);
    REQUIRE(d.apply(registry.update(d.next_from()), start + an_hour));
    CHECK(d.next_from() == 2);
}

TEST_CASE(
    "directory: an older tree that never was ours is a split view, not a peer that is behind") {
    TestRegistry registry;
    TestNode a(1);
    TestNode b(2);
    registry.member("irri", a);
    registry.member("cimmyt", b);
    Directory d = registry.client();
    REQUIRE(d.apply(registry.update(), start));
    Log other;
    other.append(Entry{start, InstitutionAdmitted{b.id(), "irri", "Impostor", "", "", {1, Hash{}}}}
                     .encode());
    CHECK(code_of(d.consider({1, registry.sign(other, start)}, start)) == "split_view");
}

TEST_CASE("directory: what a carrier garbles is refused, and the original accepted after it") {
    TestRegistry registry;
    TestNode a(1);
    TestNode b(2);
    registry.member("irri", a);
    registry.member("cimmyt", b);
    const auto good = registry.update();
    Directory d = registry.client();
    const auto before = picture(d);
    const auto refused = [&](auto change) {
        auto bad = good;
        change(bad);
        const auto result = d.apply(bad, start);
        return !result && picture(d) == before && d.tree_size() == 0;
    };
    CHECK(refused([](auto& u) { u.entries.pop_back(); }));
    CHECK(refused([](auto& u) { u.entries.push_back(u.entries[0]); }));
    CHECK(refused([](auto& u) { std::swap(u.entries[0], u.entries[1]); }));
    CHECK(refused([](auto& u) { u.entries[0].clear(); }));
    CHECK(refused([](auto& u) { u.entries[0].resize(70'000); }));
    CHECK(refused([](auto& u) { u.entries[1].push_back(0); }));
    CHECK(refused([](auto& u) { u.from_size = 1; }));
    CHECK(refused([](auto& u) { u.checkpoint.clear(); }));
    for (std::size_t i = 0; i < good.entries[0].size(); ++i)
        CHECK(refused([&](auto& u) { u.entries[0][i] ^= 1; }));
    for (std::size_t i = 0; i < good.checkpoint.size(); ++i)
        CHECK(refused([&](auto& u) { u.checkpoint[i] ^= 1; }));
    CHECK(d.split_views().empty());
    CHECK(d.apply(good, start));
}

TEST_CASE("directory: documents withheld or forged cost an address, not the membership") {
    TestRegistry registry;
    TestNode a(1);
    registry.member("irri", a);
    auto update = registry.update();
    const Bytes document = update.documents.at(0);
    SUBCASE("withheld") { update.documents.clear(); }
    SUBCASE("another node's") {
        TestNode b(2);
        update.documents = {b.document(registry.service->registry_id()).encode()};
    }
    SUBCASE("the right contents under another key") {
        auto forged = *SignedDocument::decode(document);
        update.documents = {SignedDocument::sign(forged.document, key_from(9)).encode()};
    }
    SUBCASE("garbage") { update.documents = {Bytes(100, 7), Bytes{}}; }
    Directory d = registry.client();
    REQUIRE(d.apply(update, start));
    CHECK(d.is_member(a.id()));
    CHECK(d.document(a.id()) == nullptr);
    CHECK(d.missing_documents() == std::vector{document_hash(document)});
    const auto added = d.add_document(document);
    REQUIRE(added);
    CHECK(*added == a.id());
    CHECK(d.missing_documents().empty());
    CHECK(d.document(a.id())->name == a.name);
}

TEST_CASE("directory: an old document replayed does not take the newer one's place") {
    TestRegistry registry;
    TestNode a(1);
    registry.member("irri", a);
    const Bytes old = registry.update().documents.at(0);
    registry.done(
        registry.service->publish(a.document(registry.service->registry_id(), 9999), start));
    Directory d = registry.client();
    auto update = registry.update();
    REQUIRE(update.documents.size() == 1);
    update.documents.push_back(old);
    REQUIRE(d.apply(update, start));
    CHECK(d.document(a.id())->version == 2);
    CHECK(code_of(d.add_document(old)) == "bad_document");
    CHECK(d.document(a.id())->endpoints.at(0).port == 9999);
}

TEST_CASE("directory: a document of an invalid signature that the log names is not used") {
    // A lying registry logs a document that it made up for a node.
    TestRegistry registry;
    TestNode a(1);
    registry.member("irri", a);
    auto made_up = a.document(registry.service->registry_id(), 6666).document;
    const auto forged = SignedDocument::sign(made_up, key_from(9));
    Log log = log_with(*registry.service, 1);
    log.append(Entry{start, DocumentUpdated{a.id(), {2, forged.hash()}}}.encode());
    Directory d = registry.client();
    REQUIRE(d.apply(registry.update(), start));
    REQUIRE(d.apply({1, {log.entry(1)}, registry.sign(log, start), {forged.encode()}}, start));
    CHECK(d.document(a.id())->endpoints.at(0).port == 7420);
    CHECK(d.missing_documents() == std::vector{forged.hash()});
    // The last valid one also survives a restart.
    const auto loaded = Directory::load(d.files());
    REQUIRE(loaded);
    CHECK(loaded->files() == d.files());
    CHECK(loaded->document(a.id())->endpoints.at(0).port == 7420);
}

TEST_CASE("directory: entries against the rules have no effect and are listed") {
    TestRegistry registry;
    TestNode a(1);
    TestNode b(2);
    registry.member("irri", a);
    Log log = log_with(*registry.service, 1);
    InstitutionId irri;
    irri.bytes = a.id().bytes;
    // A handle that looks like irri; a node "signed in" without a signature; garbage.
    log.append(Entry{start, InstitutionAdmitted{b.id(), "irr1", "Impostor", "", "", {1, Hash{}}}}
                   .encode());
    log.append(
        Entry{start, NodeAdded{b.id(), irri, {1, Hash{}}, ByNode{a.id(), Signature{}}}}.encode());
    log.append(Bytes{0xFF, 0x00});
    Directory d = registry.client();
    const auto applied = d.apply(
        {0, {log.entries().begin(), log.entries().end()}, registry.sign(log, start), {}}, start);
    REQUIRE(applied);
    CHECK(d.tree_size() == 4);
    CHECK_FALSE(d.is_member(b.id()));
    REQUIRE(d.ignored_entries().size() == 3);
    CHECK(d.ignored_entries()[0].index == 1);
    CHECK(d.ignored_entries()[2].index == 3);
    CHECK(applied->changed == std::vector{a.id()});
}

TEST_CASE(
    "directory: an entry of a later version stops it until it is upgraded, and harms nothing") {
    TestRegistry registry;
    TestNode a(1);
    registry.member("irri", a);
    Directory d = registry.client();
    REQUIRE(d.apply(registry.update(), start));
    Log log = log_with(*registry.service, 1);
    log.append(Bytes{0x84, 0x01, 0x06, 0x00, 0xA0});  // [1, 6, 0, {}]
    const auto before = picture(d);
    CHECK(code_of(d.apply({1, {log.entry(1)}, registry.sign(log, start), {}}, start)) ==
          "needs_upgrade");
    CHECK(picture(d) == before);
    Log optional = log_with(*registry.service, 1);
    optional.append(Bytes{0x84, 0x01, 0x18, 0x64, 0x00, 0xA0});  // [1, 100, 0, {}]
    REQUIRE(d.apply({1, {optional.entry(1)}, registry.sign(optional, start), {}}, start));
    CHECK(d.ignored_entries().empty());
}

TEST_CASE("directory: revoked nodes and institutions are told once and never come back") {
    TestRegistry registry;
    TestNode a(1);
    TestNode b(2);
    registry.member("irri", a);
    registry.member("cimmyt", b);
    Directory d = registry.client();
    REQUIRE(d.apply(registry.update(), start));
    registry.done(registry.service->revoke_node(a.id(), "stolen laptop", start + an_hour));
    auto applied = d.apply(registry.update(2), start + an_hour);
    REQUIRE(applied);
    CHECK(applied->revoked == std::vector{a.id()});
    CHECK(d.is_revoked(a.id()));
    CHECK_FALSE(d.is_member(a.id()));
    CHECK_FALSE(d.may_sign(a.id(), a.key.public_key()));
    CHECK_FALSE(d.counts_for_audiences(a.id(), start + an_hour));
    CHECK(d.node(a.id())->revoked->reason == "stolen laptop");
    registry.done(registry.service->revoke_institution("cimmyt", "left", start + an_hour));
    applied = d.apply(registry.update(3), start + an_hour);
    REQUIRE(applied);
    CHECK(applied->revoked == std::vector{b.id()});
    CHECK(d.by_handle("cimmyt")->revoked);
    CHECK_FALSE(d.is_member(b.id()));
    CHECK_FALSE(d.is_revoked(TestNode(9).id()));
    CHECK(code_of(registry.service->enrol(
              registry.request(registry.invite("other", true, start + an_hour), a),
              start + an_hour)) == "revoked");
}

TEST_CASE(
    "directory: a node added by the operator alone counts after 72 hours, as the client saw it") {
    TestRegistry registry;
    TestNode a(1);
    TestNode recovered(2);
    registry.member("irri", a);
    Directory d = registry.client();
    const Millis later = start + 100 * an_hour;
    carry_out(registry.disk, registry.service->tick(later));
    REQUIRE(d.apply(registry.update(), later));
    // A lying registry dates the entry back, as if the 72 hours were long over.
    Log log = log_with(*registry.service, 1);
    InstitutionId irri;
    irri.bytes = a.id().bytes;
    log.append(Entry{start, NodeAdded{recovered.id(), irri, {1, Hash{}}, ByOperator{}}}.encode());
    REQUIRE(d.apply({1, {log.entry(1)}, registry.sign(log, later + an_hour), {}}, later + an_hour));
    CHECK(d.is_member(recovered.id()));
    CHECK_FALSE(d.counts_for_audiences(recovered.id(), later + 71 * an_hour));
    CHECK(d.counts_for_audiences(recovered.id(), later + 72 * an_hour));
    // And it remembers that after a restart.
    const auto loaded = Directory::load(d.files());
    REQUIRE(loaded);
    CHECK_FALSE(loaded->counts_for_audiences(recovered.id(), later + 71 * an_hour));
    CHECK(loaded->counts_for_audiences(recovered.id(), later + 72 * an_hour));
}

TEST_CASE("directory: outlives the process, whichever write a crash came after") {
    TestRegistry registry;
    TestNode a(1);
    TestNode b(2);
    registry.member("irri", a);
    Directory d = registry.client();
    REQUIRE(d.apply(registry.update(), start));
    auto on_disk = d.files();
    registry.member("cimmyt", b);
    registry.done(
        registry.service->publish(a.document(registry.service->registry_id(), 7421), start));
    const auto tail = registry.update(1);
    const auto applied = d.apply(tail, start);
    REQUIRE(applied);
    const auto next = d.files();
    for (std::size_t written = 0; written <= applied->changed_files.size(); ++written) {
        auto crashed = on_disk;
        for (std::size_t i = 0; i < written; ++i)
            crashed[applied->changed_files[i]] = next.at(applied->changed_files[i]);
        auto loaded = Directory::load(crashed);
        REQUIRE_MESSAGE(loaded, loaded.error().text());
        if (written == applied->changed_files.size()) {
            CHECK(loaded->files() == next);
        } else {
            CHECK(loaded->tree_size() == 1);
            CHECK(loaded->is_member(a.id()));
            REQUIRE(loaded->apply(tail, start));
            CHECK(loaded->files() == next);
        }
    }
}

TEST_CASE("directory: files that were tampered with are refused") {
    TestRegistry registry;
    TestNode a(1);
    registry.member("irri", a);
    Directory d = registry.client();
    REQUIRE(d.apply(registry.update(), start));
    const auto good = d.files();
    for (const char* name : {"root.cbor", "log.entries", "checkpoint"}) {
        for (std::size_t i = 0; i < good.at(name).size(); ++i) {
            auto bad = good;
            bad[name][i] ^= 1;
            const auto loaded = Directory::load(bad);
            // A changed signature among the root's surplus ones is no harm: 3 signed, 2 are asked.
            if (loaded) CHECK(std::string(name) == "root.cbor");
            bad = good;
            bad[name].resize(i);
            if (i > 0) CHECK_FALSE(Directory::load(bad));
        }
    }
    for (std::size_t i = 0; i < good.at("documents.cbor").size(); ++i) {
        auto bad = good;
        bad["documents.cbor"][i] ^= 1;
        const auto loaded = Directory::load(bad);
        if (loaded) CHECK(loaded->document(a.id()) == nullptr);
        bad = good;
        bad["documents.cbor"].resize(i);
        if (i > 0) CHECK_FALSE(Directory::load(bad));
    }
    CHECK_FALSE(Directory::load({}));
    // Without the rest, the root alone is where trust starts.
    const auto fresh = Directory::load({{"root.cbor", good.at("root.cbor")}});
    REQUIRE(fresh);
    CHECK(fresh->tree_size() == 0);
}

TEST_CASE("directory: trusts new log keys only by a root document of both thresholds") {
    TestRegistry registry;
    TestNode a(1);
    registry.member("irri", a);
    Directory d = registry.client();
    REQUIRE(d.apply(registry.update(), start));

    RootDocument next = registry.service->roots().current();
    next.version = 2;
    next.log_key = key_from(150).public_key();
    next.freshness_key = key_from(151).public_key();
    SignedRoot root = SignedRoot::make(next);
    root.sign(registry.root_keys[0]);
    RootChain chain = registry.service->roots();
    CHECK(code_of(chain.append(root)) == "wrong_threshold");
    root.sign(registry.root_keys[1]);
    REQUIRE(chain.append(root));

    Log log = log_with(*registry.service, 1);
    const auto note =
        sign_checkpoint({next.origin, 1, log.root()}, key_from(150), key_from(151), start + an_hour)
            .note;
    const messages::DirectoryUpdate update{1, {}, Bytes(note.begin(), note.end()), {}};
    CHECK(code_of(d.apply(update, start + an_hour)) == "unsigned");
    CHECK(d.update_roots(chain.encode()).value());
    CHECK_FALSE(d.update_roots(chain.encode()).value());
    CHECK(d.apply(update, start + an_hour));
    // What the old log key signs from now on is not believed, nor an older root document.
    CHECK(code_of(d.apply({1, {}, registry.sign(log, start + 2 * an_hour), {}},
                          start + 2 * an_hour)) == "unsigned");
    CHECK(code_of(d.update_roots(registry.service->roots().encode())) == "rollback");
    CHECK(Directory::load(d.files()));
}

TEST_CASE("directory: takes no other registry's word") {
    TestRegistry ours(0);
    TestRegistry theirs(3);
    Directory d = ours.client();
    CHECK(code_of(d.apply(theirs.update(), start)) == "bad_checkpoint");
    CHECK(code_of(d.update_roots(theirs.service->roots().encode())) == "wrong_registry");
    CHECK(code_of(Directory::create(ours.service->registry_id(),
                                    theirs.service->roots().encode())) == "wrong_registry");
}
