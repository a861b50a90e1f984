// SPDX-License-Identifier: Apache-2.0
// What counts of a node that was revoked (SEMANTICS section 6): its commits up to the owner's cut,
// later ones never, over any path.
#include <doctest/doctest.h>

#include "sync/part_check.hpp"
#include "tests/support/live_set.hpp"
#include "tests/support/scripted_peer.hpp"
#include "tests/support/sim_world.hpp"

using namespace sangam;
using namespace sangam::sync;
using namespace sangam::testing;

namespace {

/// `owner` owns rice, the other two of the three write it; we hold it whole.
struct RevocationScene {
    Stage stage;
    SignedControl manifest;
    DatasetUid rice;

    explicit RevocationScene(bool is_ours) {
        const Actor& owner = is_ours ? stage.us : stage.them;
        std::vector<InstitutionId> writers;
        for (const Actor* actor : {&stage.us, &stage.them, &stage.third})
            if (actor != &owner) writers.push_back(actor->institution);
        std::sort(writers.begin(), writers.end());
        manifest = Stage::manifest_of(owner, "rice", writers);
        rice = manifest.entry.dataset_uid();
        REQUIRE(stage.store->put_control(
            rice, {manifest}, is_ours ? storage::Holding::own : storage::Holding::writer));
        stage.engine->control_changed(rice, stage.now);
        stage.take();
    }
    VerifiedPart commit(const Actor& author, const std::string& id,
                        const VerifiedPart* previous = nullptr) {
        return Stage::commit_of(author, rice, manifest, id, "x", stage.now += Millis{1}, previous);
    }
    void bring(ConnectionId by, const VerifiedPart& part) {
        stage.say(by, messages::WriterCommits{rice, {part.part().encode()}});
    }
    void revoke(const Actor& actor) {
        stage.directory.revoke(actor.id);
        stage.engine->directory_changed(stage.now);
        stage.take();
    }
    [[nodiscard]] Sequence held(const Lane& lane) const {
        for (const Head& head : stage.store->reader()->heads(rice))
            if (head.lane == lane) return head.sequence;
        return Sequence{0};
    }
    [[nodiscard]] Manifest in_force() const {
        return stage.store->reader()->dataset(rice)->manifest;
    }
};

void revoke(SimWorld& world, std::size_t node) {
    world.directory.revoke(world[node].id);
    for (std::size_t i = 0; i < world.size(); ++i)
        world.act(i, [](Engine& engine, Millis now) { engine.directory_changed(now); });
}

std::string text_of(SimWorld& world, std::size_t node, const DatasetUid& dataset,
                    const std::string& id, const std::string& field) {
    const auto record = world[node].reader()->record(dataset, {"germplasm", id});
    if (!record) return {};
    const auto info = world[node].reader()->dataset(dataset);
    const auto merged = world[node].merger.merge(info->manifest, record->changes).fields;
    const auto it = merged.find(Path::single(field));
    return it == merged.end() ? std::string() : std::string(it->second.text());
}

}  // namespace

TEST_CASE(
    "revocation: the owner cuts the node's lanes at what it holds, and later commits never count") {
    RevocationScene scene(true);
    const ConnectionId them = scene.stage.greet(scene.stage.them);
    const ConnectionId third = scene.stage.greet(scene.stage.third);
    const auto first = scene.commit(scene.stage.them, "a");
    const auto second = scene.commit(scene.stage.them, "b", &first);
    const auto later = scene.commit(scene.stage.them, "c", &second);
    scene.bring(them, first);
    scene.bring(them, second);
    scene.revoke(scene.stage.them);
    CHECK(scene.in_force().cuts ==
          std::vector<Cut>{{{scene.stage.them.id, Epoch{}}, Sequence{}, Hash{}},
                           {first.header().lane, Sequence{2}, second.header_hash()}});
    scene.bring(third, later);
    CHECK_FALSE(scene.stage.closed(third));
    CHECK(scene.held(first.header().lane) == Sequence{2});
    // Nor does a lane under an epoch that the owner never saw.
    CommitHeader header = first.header();
    header.lane.epoch = Epoch{99};
    header.hlc = Hlc::of(static_cast<std::uint64_t>(scene.stage.now.count()), 0);
    std::vector<Change> changes;
    changes.push_back(
        Change::make({"germplasm", "z"}, {}, {{Path::single("remarks"), Value("x")}}, {}).value());
    scene.bring(third, build_commit(header, std::move(changes), scene.stage.them.key).value());
    CHECK_FALSE(scene.stage.closed(third));
    scene.stage.pass(Millis{20'000});
    CHECK(scene.held(header.lane) == Sequence{0});
    CHECK(scene.stage.store->reader()->quarantine_count() == 0);
    CHECK(scene.stage.store->reader()->dataset(scene.rice)->live_records == 2);
    // The next manifest, whatever it is for, keeps the cut.
    const auto next = change_dataset(
        *scene.stage.store->reader(), scene.stage.directory,
        {scene.stage.us.id, &scene.stage.us.key, &scene.stage.random}, scene.rice,
        {"Rice", {}, std::vector<std::string>{"cimmyt", "ipk"}, {}}, scene.stage.now);
    REQUIRE(next);
    CHECK(std::get<Manifest>(next->entry.body).cuts == scene.in_force().cuts);
}

TEST_CASE("revocation: of a revoked owner's data a holder keeps what it has and takes no more") {
    RevocationScene scene(false);
    const ConnectionId them = scene.stage.greet(scene.stage.them);
    const ConnectionId third = scene.stage.greet(scene.stage.third);
    const auto first = scene.commit(scene.stage.them, "a");
    scene.bring(them, first);
    const auto later = scene.commit(scene.stage.them, "b", &first);
    scene.revoke(scene.stage.them);
    scene.bring(third, later);
    CHECK_FALSE(scene.stage.closed(third));
    CHECK(scene.held(first.header().lane) == Sequence{1});
    CHECK(scene.stage.store->reader()->quarantine_count() == 1);
    scene.stage.pass(Millis{20'000});
    CHECK(scene.held(first.header().lane) == Sequence{1});
    // Other writers go on.
    scene.bring(third, scene.commit(scene.stage.third, "c"));
    CHECK(scene.stage.store->reader()->dataset(scene.rice)->live_records == 2);
    // A manifest under the revoked key that arrives now, over whom it may, changes nothing.
    ControlEntry entry;
    entry.dataset = scene.rice;
    entry.chain = std::string(chain_for_all);
    entry.number = 2;
    entry.previous = scene.manifest.entry.hash();
    entry.hlc = Hlc::of(static_cast<std::uint64_t>(scene.stage.now.count()), 0);
    entry.author = scene.stage.them.id;
    Manifest stolen = scene.in_force();
    stolen.cuts.push_back({first.header().lane, Sequence{2}, later.header_hash()});
    entry.body = stolen;
    scene.stage.say(third,
                    messages::ControlUpdate{
                        scene.rice, {SignedControl::sign(entry, scene.stage.them.key).encode()}});
    CHECK_FALSE(scene.stage.closed(third));
    CHECK(scene.stage.store->reader()->dataset(scene.rice)->manifest_number == 1);
}

TEST_CASE("revocation: a newcomer gets the earlier commits of the node, and they verify") {
    SimWorld world{{}};
    const auto irri = world.add_node("irri");
    const auto cimmyt = world.add_node("cimmyt");
    const auto ipk = world.add_node("ipk");
    const DatasetUid rice = world.create_dataset(irri, "rice", {"cimmyt"});
    world.run_for(Millis{500});
    REQUIRE(world.put(cimmyt, rice, "a", "remarks", "by cimmyt"));
    REQUIRE(world.put(irri, rice, "b", "remarks", "by irri"));
    world.run_for(Millis{500});
    revoke(world, cimmyt);
    world.run_for(Millis{500});
    REQUIRE(world.put(cimmyt, rice, "late", "remarks", "after the revocation"));
    world.grant(irri, rice, "ipk", {sangam::Action::replicate});
    world.run_for(Millis{500});
    REQUIRE(world.subscribe(ipk, "irri/rice"));
    world.run_for(Millis{2000});
    CHECK(text_of(world, ipk, rice, "a", "remarks") == "by cimmyt");
    CHECK(world[ipk].reader()->dataset(rice)->live_records == 2);
    CHECK(world[ipk].reader()->verify({}).failed == 0);
    CHECK(world[ipk].reader()->quarantine_count() == 0);
}

TEST_CASE(
    "revocation: who took more of the lane than its owner drops it, and what it hid is back") {
    SimWorld world{{}};
    const auto irri = world.add_node("irri");
    const auto cimmyt = world.add_node("cimmyt");
    const auto ipk = world.add_node("ipk");
    const DatasetUid rice = world.create_dataset(irri, "rice", {"cimmyt", "ipk"});
    world.run_for(Millis{500});
    REQUIRE(world.put(irri, rice, "a", "remarks", "by irri"));
    world.run_for(Millis{500});
    world.set_reachable(irri, cimmyt, false);
    world.set_reachable(irri, ipk, false);
    world.run_for(Millis{500});
    REQUIRE(world.put(cimmyt, rice, "a", "remarks", "by a thief"));
    REQUIRE(world.put(cimmyt, rice, "b", "remarks", "by a thief"));
    world.run_for(Millis{500});
    REQUIRE(text_of(world, ipk, rice, "a", "remarks") == "by a thief");
    // ipk's own work names what will be cut off, and must not be lost with it.
    REQUIRE(world.put(ipk, rice, "c", "remarks", "by ipk"));
    revoke(world, cimmyt);
    world.set_reachable(irri, ipk, true);
    world.run_for(Millis{40'000});
    for (const std::size_t node : {irri, ipk}) {
        CAPTURE(node);
        CHECK(text_of(world, node, rice, "a", "remarks") == "by irri");
        CHECK(text_of(world, node, rice, "b", "remarks").empty());
        CHECK(text_of(world, node, rice, "c", "remarks") == "by ipk");
        CHECK(world[node].reader()->dataset(rice)->live_records == 2);
        CHECK(world[node].reader()->verify({}).failed == 0);
    }
    // Both go on writing, each on what it holds now.
    REQUIRE(world.put(ipk, rice, "a", "remarks", "again by ipk"));
    world.run_for(Millis{1000});
    CHECK(text_of(world, irri, rice, "a", "remarks") == "again by ipk");
}
