// SPDX-License-Identifier: Apache-2.0
#include "sync/quarantine_keeper.hpp"

#include <doctest/doctest.h>

#include "sync/limits.hpp"
#include "tests/support/scripted_peer.hpp"

using namespace sangam;
using namespace sangam::sync;
using sangam::testing::Stage;

namespace {

struct QuarantineScene {
    Stage stage;
    SignedControl manifest = Stage::manifest_of(stage.us, "rice", {stage.them.institution});
    DatasetUid rice = manifest.entry.dataset_uid();
    EngineContext context{{stage.us.id, "test", {}},
                          *stage.store,
                          stage.directory,
                          stage.merger,
                          stage.random,
                          {},
                          {},
                          {},
                          stage.now};
    QuarantineKeeper keeper{context};

    QuarantineScene() {
        REQUIRE(stage.store->put_control(rice, {manifest}, storage::Holding::own));
    }
    Bytes part(const std::string& id, Millis clock) {
        return Stage::commit_of(stage.them, rice, manifest, id, "x", clock).part().encode();
    }
    [[nodiscard]] std::uint64_t count() const { return stage.store->reader()->quarantine_count(); }
};

}  // namespace

TEST_CASE("quarantine keeper: keeps the same bytes once, also after a restart") {
    QuarantineScene scene;
    const Bytes part = scene.part("a", scene.stage.now);
    CHECK(scene.keeper.keep(scene.rice, scene.stage.them.id, "clock ahead: test", part));
    CHECK(scene.keeper.keep(scene.rice, scene.stage.them.id, "clock ahead: test", part));
    QuarantineKeeper later(scene.context);
    CHECK(later.keep(scene.rice, scene.stage.them.id, "clock ahead: test", part));
    CHECK(scene.count() == 1);
}

TEST_CASE("quarantine keeper: says when there is no room, and keeps no more") {
    QuarantineScene scene;
    for (std::size_t i = 0; i < limits::max_quarantine; ++i) {
        const Bytes data{static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8), 1};
        REQUIRE(scene.keeper.keep(scene.rice, scene.stage.them.id, "clock ahead: test", data));
        static_cast<void>(scene.context.outbox.take());
    }
    CHECK_FALSE(scene.keeper.keep(scene.rice, scene.stage.them.id, "clock ahead: test", Bytes{9}));
    CHECK(scene.count() == limits::max_quarantine);
}

TEST_CASE("quarantine keeper: retries what time has made good, in order, and leaves forks alone") {
    QuarantineScene scene;
    const Millis soon = scene.stage.now + std::chrono::minutes(12);
    REQUIRE(scene.keeper.keep(scene.rice, scene.stage.them.id, "clock ahead: b",
                              scene.part("b", soon + Millis{1})));
    REQUIRE(scene.keeper.keep(scene.rice, scene.stage.them.id, "clock ahead: a",
                              scene.part("a", soon)));
    REQUIRE(scene.keeper.keep(scene.rice, scene.stage.them.id, "fork: c",
                              scene.part("c", scene.stage.now)));
    std::vector<std::string> tried;
    const auto apply = [&](const storage::DatasetInfo&, VerifiedPart part) {
        tried.push_back(part.part().changes.front().key.id);
        return tried.size() == 1;
    };
    scene.keeper.retry(apply);
    CHECK(tried.empty());
    scene.context.now += std::chrono::minutes(5);
    CHECK(scene.keeper.is_due());
    scene.keeper.retry(apply);
    CHECK(tried == std::vector<std::string>{"a", "b"});
    CHECK(scene.count() == 2);
    CHECK_FALSE(scene.keeper.is_due());
}

TEST_CASE("quarantine keeper: what goes with a withdrawn record is asked for before it goes") {
    QuarantineScene scene;
    const auto alone =
        Stage::commit_of(scene.stage.them, scene.rice, scene.manifest, "a", "x", scene.stage.now);
    std::vector<Change> changes;
    for (const char* id : {"a", "b"})
        changes.push_back(Change::make({"germplasm", id}, {},
                                       {{Path::single("remarks"), Value("x")}}, ChangeSecret{})
                              .value());
    const auto both =
        build_commit(alone.header(), std::move(changes), scene.stage.them.key).value();
    REQUIRE(scene.keeper.keep(scene.rice, scene.stage.them.id, "clock ahead: both",
                              both.part().encode()));
    std::uint64_t held_when_told = 0;
    CHECK(scene.keeper.forget(scene.rice, {{"germplasm", "a"}},
                              [&] { held_when_told = scene.count(); }));
    CHECK(held_when_told == 1);
    CHECK(scene.count() == 0);
}

TEST_CASE("quarantine keeper: what was withdrawn does not come back") {
    QuarantineScene scene;
    REQUIRE(scene.keeper.keep(scene.rice, scene.stage.them.id, "clock ahead: a",
                              scene.part("a", scene.stage.now)));
    REQUIRE(scene.keeper.keep(scene.rice, scene.stage.them.id, "clock ahead: b",
                              scene.part("b", scene.stage.now)));
    CHECK_FALSE(scene.keeper.forget(scene.rice, {{"germplasm", "a"}},
                                    [] { FAIL("no other record goes with it"); }));
    CHECK(scene.count() == 1);
    scene.keeper.forget(scene.rice);
    CHECK(scene.count() == 0);
}
