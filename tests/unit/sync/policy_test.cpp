// SPDX-License-Identifier: Apache-2.0
// The decision point and the entries that feed it.
#include "sync/policy.hpp"

#include <doctest/doctest.h>

#include "sync/control_author.hpp"
#include "sync/reserved_paths.hpp"
#include "sync/row_scope.hpp"
#include "tests/support/scripted_peer.hpp"

using namespace sangam;
using namespace sangam::sync;
using sangam::testing::Stage;

namespace {

struct PolicyScene {
    Stage stage;
    DatasetUid rice = stage.own_dataset("rice");
    Asker them = Asker::member(stage.them.institution);
    Asker third = Asker::member(stage.third.institution);

    Scope ask(const Asker& asker, sangam::Action action) {
        return decide(asker, action, rice, *stage.store->reader(), stage.directory);
    }
    /// Puts a grant into its chain without the checks of the command.
    void put_grant(Grant grant) {
        ControlEntry entry;
        entry.dataset = rice;
        entry.chain = grant.audience.chain();
        const auto held = stage.store->reader()->control(rice, entry.chain, 0);
        entry.number = held.size() + 1;
        if (!held.empty()) entry.previous = held.back().entry.hash();
        entry.hlc = Hlc::of(1'700'000'000'001, 0);
        entry.author = stage.us.id;
        entry.body = std::move(grant);
        REQUIRE(stage.store->put_control(rice, {SignedControl::sign(entry, stage.us.key)},
                                         std::nullopt));
    }
};

Path policy_path(const char* text) { return Path::parse(text).value(); }

}  // namespace

TEST_CASE("policy: nothing is shared until somebody grants it") {
    PolicyScene scene;
    for (const auto action : {sangam::Action::discover, sangam::Action::search,
                              sangam::Action::aggregate, sangam::Action::replicate}) {
        CHECK_FALSE(scene.ask(scene.them, action).allowed);
        CHECK_FALSE(scene.ask(Asker::everyone(), action).allowed);
    }
    CHECK(scene.ask(Asker::home(scene.stage.us.institution), sangam::Action::search).allowed);
    CHECK(scene.ask(Asker::member(scene.stage.us.institution), sangam::Action::replicate).allowed);
}

TEST_CASE("policy: an unknown dataset and a hidden one are refused in the same words") {
    PolicyScene scene;
    DatasetUid unknown;
    unknown.bytes[0] = 9;
    const Scope hidden = scene.ask(scene.them, sangam::Action::search);
    const Scope nothing = decide(scene.them, sangam::Action::search, unknown,
                                 *scene.stage.store->reader(), scene.stage.directory);
    CHECK(hidden.reason == nothing.reason);
    CHECK_FALSE(hidden.reason.empty());
}

TEST_CASE("policy: search and replicate include discover, and nothing else") {
    PolicyScene scene;
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::search});
    CHECK(scene.ask(scene.them, sangam::Action::discover).allowed);
    CHECK(scene.ask(scene.them, sangam::Action::search).allowed);
    CHECK_FALSE(scene.ask(scene.them, sangam::Action::replicate).allowed);
    CHECK_FALSE(scene.ask(scene.third, sangam::Action::discover).allowed);
}

TEST_CASE("policy: members are members, the public is everybody, a group is who is in it") {
    PolicyScene scene;
    SUBCASE("members") {
        scene.stage.grant(scene.rice, "members", {sangam::Action::search});
        CHECK(scene.ask(scene.them, sangam::Action::search).allowed);
        CHECK_FALSE(scene.ask(Asker::everyone(), sangam::Action::search).allowed);
    }
    SUBCASE("public") {
        scene.stage.grant(scene.rice, "public", {sangam::Action::search});
        CHECK(scene.ask(scene.them, sangam::Action::search).allowed);
        CHECK(scene.ask(Asker::everyone(), sangam::Action::search).allowed);
    }
    SUBCASE("group") {
        scene.stage.directory.put_in_group("wheat", scene.stage.third.institution);
        scene.stage.grant(scene.rice, "group:wheat", {sangam::Action::search});
        CHECK_FALSE(scene.ask(scene.them, sangam::Action::search).allowed);
        CHECK(scene.ask(scene.third, sangam::Action::search).allowed);
    }
}

TEST_CASE("policy: a field shows when one of the grants shows it") {
    PolicyScene scene;
    scene.stage.put(scene.rice, "a", {{policy_path("genus"), Value("Oryza")}});
    const auto row_of = [&](const Scope& scope) {
        const auto reader = scene.stage.store->reader();
        const auto info = reader->dataset(scene.rice).value();
        return RowJudge(scope, info.manifest, scene.stage.merger)
            .of(reader->record(scene.rice, {"germplasm", "a"}).value());
    };
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::search},
                      {policy_path("collectingInfo"), policy_path("remarks")});
    RowScope row = row_of(scene.ask(scene.them, sangam::Action::search));
    CHECK(row.is_visible());
    CHECK_FALSE(row.hides_nothing());
    CHECK_FALSE(row.shows(policy_path("remarks")));
    CHECK_FALSE(row.shows(policy_path("collectingInfo.collectingSite.elevation")));
    CHECK(row.shows(policy_path("genus")));
    // An object that another program wrote at a place above what is hidden may hold it.
    CHECK_FALSE(hides({policy_path("site.place")}, policy_path("sites")));
    CHECK(hides({policy_path("site.place")}, policy_path("site")));
    CHECK_FALSE(hides({policy_path("site.place")}, policy_path("site.soil")));
    scene.stage.grant(scene.rice, "members", {sangam::Action::search},
                      {policy_path("collectingInfo.collectingSite")});
    row = row_of(scene.ask(scene.them, sangam::Action::search));
    CHECK(row.hidden() == std::vector<Path>{policy_path("collectingInfo.collectingSite")});
    CHECK(row.shows(policy_path("remarks")));
    CHECK(row.shows(policy_path("collectingInfo.collectingDate")));
    CHECK_FALSE(row.shows(policy_path("collectingInfo.collectingSite.elevation")));
    CHECK_FALSE(row_of(scene.ask(scene.them, sangam::Action::replicate)).is_visible());
}

TEST_CASE("policy: a row shows what the grants show whose condition is true of it") {
    PolicyScene scene;
    const Path genus = policy_path("genus");
    const Path site = policy_path("collectingInfo.collectingSite.locationName");
    const auto add = [&](const char* id, const char* value) {
        scene.stage.put(scene.rice, id, {{genus, Value(value)}, {site, Value("secret place")}});
    };
    add("rice", "Oryza");
    add("wheat", "Triticum");
    scene.stage.put(scene.rice, "bare", {{policy_path("remarks"), Value("no genus")}});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::search},
                      {policy_path("collectingInfo")}, "genus IN ('Oryza','Triticum')");
    // The owner may choose by what it hides.
    scene.stage.grant(scene.rice, "members", {sangam::Action::search}, {genus}, "genus = 'Oryza'");
    const Scope scope = scene.ask(scene.them, sangam::Action::search);
    REQUIRE(scope.rules.size() == 2);
    CHECK(scope.depends_on_rows());
    CHECK(scope.has_several_views());
    const auto reader = scene.stage.store->reader();
    const auto info = reader->dataset(scene.rice).value();
    const RowJudge judge(scope, info.manifest, scene.stage.merger);
    const auto row = [&](const char* id) {
        return judge.of(reader->record(scene.rice, {"germplasm", id}).value());
    };
    CHECK(row("rice").hides_nothing());
    CHECK(row("wheat").is_visible());
    CHECK_FALSE(row("wheat").shows(site));
    CHECK(row("wheat").shows(genus));
    // Unknown does not let through, NOT unknown neither.
    CHECK_FALSE(row("bare").is_visible());
    CHECK_FALSE(row("bare").shows(policy_path("remarks")));
    CHECK(count_visible(*reader, info, scope) == 2);

    // The asker's own condition reads what shows to it, row by row.
    const auto place =
        Condition::parse("collectingInfo.collectingSite.locationName = 'secret place'");
    const RowJudge filtered(scope, info.manifest, scene.stage.merger, &*place);
    CHECK(filtered.of(reader->record(scene.rice, {"germplasm", "rice"}).value()).is_visible());
    CHECK_FALSE(
        filtered.of(reader->record(scene.rice, {"germplasm", "wheat"}).value()).is_visible());
}

TEST_CASE("policy: a record of which no field shows is not there, and counts nowhere") {
    PolicyScene scene;
    const Path remarks = policy_path("remarks");
    scene.stage.put(scene.rice, "a",
                    {{policy_path("genus"), Value("Oryza")}, {remarks, Value("x")}});
    scene.stage.put(scene.rice, "secret", {{remarks, Value("x")}});
    // A removal is no field with a value.
    scene.stage.put(scene.rice, "removed", {{remarks, Value("x")}, {policy_path("genus"), {}}});
    scene.stage.put(scene.rice, "empty", {{policy_path("genus"), {}}});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::search}, {remarks});
    const auto reader = scene.stage.store->reader();
    const auto info = reader->dataset(scene.rice).value();
    const auto visible = [&](const Scope& scope) {
        const RowJudge judge(scope, info.manifest, scene.stage.merger);
        std::string out;
        for (const char* id : {"a", "secret", "removed", "empty"})
            if (judge.of(reader->record(scene.rice, {"germplasm", id}).value()).is_visible())
                out += std::string(id) + " ";
        return out;
    };
    const Scope hiding = scene.ask(scene.them, sangam::Action::search);
    CHECK(hiding.depends_on_rows());
    CHECK_FALSE(hiding.has_conditions());
    CHECK(visible(hiding) == "a ");
    CHECK(count_visible(*reader, info, hiding) == 1);
    CHECK(reader->search(search_scope(scene.rice, hiding), {}).total == 1);
    // Nothing of them is hidden from who sees all, the empty one too.
    const Scope all = Scope::everything();
    CHECK(visible(all) == "a secret removed empty ");
    CHECK(count_visible(*reader, info, all) == 4);
    CHECK(reader->search(search_scope(scene.rice, all), {}).total == 4);
}

TEST_CASE("policy: a hidden field and one that does not exist cannot be told apart by asking") {
    PolicyScene scene;
    scene.stage.put(scene.rice, "a",
                    {{policy_path("genus"), Value("Oryza")}, {policy_path("remarks"), Value("x")}});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::search}, {policy_path("remarks")});
    const Scope scope = scene.ask(scene.them, sangam::Action::search);
    const auto reader = scene.stage.store->reader();
    const auto info = reader->dataset(scene.rice).value();
    const auto unusable = [&](const char* text) {
        return unusable_field(*Condition::parse(text), *reader, info, scope, scene.stage.merger);
    };
    CHECK(unusable("remarks = 'x'") == policy_path("remarks"));
    CHECK(unusable("nothing = 'x'") == policy_path("nothing"));
    CHECK(unusable("genus = 'Oryza' AND remarks = 'x'") == policy_path("remarks"));
    CHECK_FALSE(unusable("genus = 'Oryza'"));
    CHECK_FALSE(unusable_field(*Condition::parse("remarks = 'x'"), *reader, info,
                               Scope::everything(), scene.stage.merger));
}

TEST_CASE("policy: a revoked grant allows nothing, and others stay") {
    PolicyScene scene;
    const GrantId first = scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::search});
    scene.stage.grant(scene.rice, "cimmyt", {sangam::Action::discover});
    scene.stage.revoke(scene.rice, first);
    CHECK_FALSE(scene.ask(scene.them, sangam::Action::search).allowed);
    CHECK(scene.ask(scene.them, sangam::Action::discover).allowed);
}

TEST_CASE("policy: a grant whose condition cannot be read is no more than its description") {
    PolicyScene scene;
    Grant grant;
    grant.id.bytes[0] = 1;
    grant.audience.kind = Audience::Kind::members;
    grant.actions = {sangam::Action::search, sangam::Action::replicate};
    grant.where = "genus SOUNDS LIKE 'Oryza'";
    scene.put_grant(grant);
    CHECK(scene.ask(scene.them, sangam::Action::discover).allowed);
    const Scope search = scene.ask(scene.them, sangam::Action::search);
    CHECK_FALSE(search.allowed);
    CHECK(search.reason.find("condition") != std::string::npos);
    CHECK_FALSE(scene.ask(scene.them, sangam::Action::replicate).allowed);
}

TEST_CASE("policy: a grant in another audience's chain is not even read") {
    PolicyScene scene;
    Grant grant;
    grant.id.bytes[0] = 1;
    grant.audience.kind = Audience::Kind::everyone;
    grant.actions = {sangam::Action::search};
    ControlEntry entry;
    entry.dataset = scene.rice;
    entry.chain = "members";
    entry.number = 1;
    entry.author = scene.stage.us.id;
    entry.body = grant;
    CHECK_FALSE(SignedControl::decode(SignedControl::sign(entry, scene.stage.us.key).encode()));
    entry.chain = grant.audience.chain();
    CHECK(SignedControl::decode(SignedControl::sign(entry, scene.stage.us.key).encode()));
}

TEST_CASE("policy: a replica's holder answers others by grants to members and public only") {
    PolicyScene scene;
    scene.stage.grant(scene.rice, "ipk", {sangam::Action::search});
    scene.stage.grant(scene.rice, "members", {sangam::Action::search}, {policy_path("remarks")});
    auto policy = DatasetPolicy::load(*scene.stage.store->reader(), scene.rice).value();
    const auto may_show = [&] {
        return decide(scene.third, sangam::Action::search, policy, scene.stage.directory)
            .may_show(policy_path("remarks"));
    };
    CHECK(may_show());
    policy.info.holding = storage::Holding::replica;
    CHECK_FALSE(may_show());
    CHECK(rights_at_owner(scene.third.institution, policy, scene.stage.directory) ==
          std::set<sangam::Action>{sangam::Action::discover, sangam::Action::search});
}

TEST_CASE("control author: checks names, licences, owners and handles") {
    Stage stage;
    const ControlAuthor author{stage.us.id, &stage.us.key, &stage.random};
    const auto make = [&](const std::string& name, const std::string& licence,
                          std::vector<std::string> writers = {}) {
        return create_dataset(*stage.store->reader(), stage.directory, author,
                              {name, "T", licence, std::move(writers), {}}, stage.now);
    };
    for (const char* bad : {"", "Rice", "rice/lines", "-rice", "rice-", "ri ce"})
        CHECK_FALSE(make(bad, "CC0-1.0"));
    CHECK_FALSE(make("rice", ""));
    const auto unknown_writer = make("rice", "CC0-1.0", {"nobody"});
    REQUIRE_FALSE(unknown_writer);
    CHECK(unknown_writer.error().kind == ErrorKind::not_found);
    const auto made = make("rice", "CC0-1.0", {"cimmyt", "irri"});
    REQUIRE(made);
    CHECK(std::get<Manifest>(made->entry.body).writers ==
          std::vector<InstitutionId>{stage.them.institution});
    REQUIRE(stage.store->put_control(made->entry.dataset_uid(), {*made}, storage::Holding::own));
    const auto twice = make("rice", "CC0-1.0");
    REQUIRE_FALSE(twice);
    CHECK(twice.error().kind == ErrorKind::refused);

    const ControlAuthor other{stage.them.id, &stage.them.key, &stage.random};
    const auto stolen = add_grant(
        *stage.store->reader(), stage.directory, other,
        {made->entry.dataset_uid(), "members", {sangam::Action::search}, {}, {}}, stage.now);
    REQUIRE_FALSE(stolen);
    CHECK(stolen.error().kind == ErrorKind::refused);
}

TEST_CASE("control author: taking a writer out cuts its lanes at what is held") {
    Stage stage;
    const SignedControl manifest = Stage::manifest_of(stage.us, "rice", {stage.them.institution});
    const DatasetUid rice = manifest.entry.dataset_uid();
    REQUIRE(stage.store->put_control(rice, {manifest}, storage::Holding::own));
    const auto commit = Stage::commit_of(stage.them, rice, manifest, "a", "x", stage.now);
    REQUIRE(stage.store->apply({rice, {commit}, {}, std::nullopt}));
    const ControlAuthor author{stage.us.id, &stage.us.key, &stage.random};
    const auto next = change_dataset(*stage.store->reader(), stage.directory, author, rice,
                                     {{}, {}, std::vector<std::string>{}, {}}, stage.now);
    REQUIRE(next);
    CHECK(next->entry.number == 2);
    CHECK(next->entry.previous == manifest.entry.hash());
    const auto& body = std::get<Manifest>(next->entry.body);
    CHECK(body.writers.empty());
    // And lanes of its that are not held before their first commit.
    CHECK(body.cuts == std::vector<Cut>{{{stage.them.id, Epoch{}}, {}, {}},
                                        {commit.header().lane, Sequence{1}, commit.header_hash()}});
}

TEST_CASE("control author: a grant ends once, and an unknown one not at all") {
    Stage stage;
    const DatasetUid rice = stage.own_dataset("rice");
    const GrantId grant = stage.grant(rice, "cimmyt", {sangam::Action::search});
    stage.revoke(rice, grant);
    const ControlAuthor author{stage.us.id, &stage.us.key, &stage.random};
    const auto again =
        revoke_grant(*stage.store->reader(), stage.directory, author, grant, stage.now);
    REQUIRE_FALSE(again);
    CHECK(again.error().kind == ErrorKind::refused);
    GrantId unknown;
    unknown.bytes[0] = 7;
    const auto missing =
        revoke_grant(*stage.store->reader(), stage.directory, author, unknown, stage.now);
    REQUIRE_FALSE(missing);
    CHECK(missing.error().kind == ErrorKind::not_found);
}

TEST_CASE("policy: related is who shares, holds, writes or is subscribed to, and nobody else") {
    Stage stage;
    const auto related = [&] {
        return related_institutions(*stage.store->reader(), stage.us.institution, stage.directory);
    };
    const DatasetUid rice = stage.own_dataset("rice");
    stage.grant(rice, "members", {sangam::Action::search});
    CHECK(related().empty());
    const GrantId grant = stage.grant(rice, "cimmyt", {sangam::Action::search});
    CHECK(related() == std::set<InstitutionId>{stage.them.institution});
    stage.revoke(rice, grant);
    CHECK(related().empty());
    REQUIRE(stage.engine->subscribe("ipk/wheat", "", stage.now));
    CHECK(related() == std::set<InstitutionId>{stage.third.institution});
}
