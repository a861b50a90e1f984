// SPDX-License-Identifier: Apache-2.0
#include "backends.hpp"

namespace sangam::storage::testing {

TEST_CASE_TEMPLATE("authoring: an edit is signed, live and found", Backend, SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    const auto result = write(*node.store, uid, "IRGC 1", {put("genus", "Oryza")});
    REQUIRE(result.commits.size() == 1);
    const auto& header = result.commits[0].header;
    CHECK(result.commits[0].has_valid_signature());
    CHECK(header.dataset == uid);
    CHECK(header.lane == node.lane());
    CHECK(header.sequence == Sequence{1});
    CHECK(header.previous.is_zero());
    CHECK(header.heads.empty());
    CHECK(header.manifest_number == 1);
    CHECK(header.hlc == Hlc::of(1'000'000, 0));
    CHECK(result.last_position == Position{1});

    const auto state = node.store->reader()->record(uid, germplasm("IRGC 1"));
    REQUIRE(state);
    CHECK(state->dataset == uid);
    CHECK(state->version.at(node.lane()) == Sequence{1});
    REQUIRE(state->changes.size() == 1);
    CHECK(state->changes[0].change.is_whole());
    CHECK(state->changes[0].dot == header.dot());
    CHECK(state->changes[0].header_hash == header.hash());
    CHECK(state->changes[0].change_hash == state->changes[0].change.hash(uid, header.dot()));
    CHECK(text_of(*node.store, uid, "IRGC 1", "genus") == "Oryza");
    CHECK(node.store->reader()->dataset(uid)->live_records == 1);
    CHECK(node.store->reader()->record(state->number)->key == state->key);
    require_sound(*node.store);
}

TEST_CASE_TEMPLATE("authoring: commits of a lane follow one another and their clock grows", Backend,
                   SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    const auto first = write(*node.store, uid, "a", {put("f", "1")}, 5000).commits[0].header;
    const auto second = write(*node.store, uid, "b", {put("f", "2")}, 4000).commits[0].header;
    CHECK(second.sequence == Sequence{2});
    CHECK(second.previous == first.hash());
    CHECK(second.hlc > first.hlc);
    CHECK(node.store->reader()->heads(uid) ==
          std::vector<Head>{{node.lane(), Sequence{2}, second.hash()}});
}

TEST_CASE_TEMPLATE(
    "authoring: an edit supersedes what it has seen and stands beside what it has not", Backend,
    SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    write(*node.store, uid, "a", {put("f", "old"), put("g", "kept")});
    write(*node.store, uid, "a", {put("f", "new")});
    auto state = node.store->reader()->record(uid, germplasm("a"));
    CHECK(state->changes.size() == 2);  // the first still says g
    write(*node.store, uid, "a", {put("g", "other")});
    state = node.store->reader()->record(uid, germplasm("a"));
    CHECK(state->changes.size() == 2);
    CHECK(node.store->reader()->history(uid, germplasm("a")).size() == 3);
    // Blind: based on nothing.
    write(*node.store, uid, {Edit{germplasm("a"), {}, {put("f", "sibling")}, {}, {}}});
    state = node.store->reader()->record(uid, germplasm("a"));
    CHECK(state->changes.size() == 3);
    CHECK(text_of(*node.store, uid, "a", "f") == "sibling");
    CHECK(node.store->reader()->arrivals(uid, {}, 10).size() == 3);
    require_sound(*node.store);
}

TEST_CASE_TEMPLATE("authoring: a request is cut into commits of at most 1,024 changes and 512 KiB",
                   Backend, SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    std::vector<Edit> edits;
    for (int i = 0; i < 1500; ++i)
        edits.push_back({germplasm(std::to_string(i)), {}, {put("f", "v")}, {}, {}});
    auto result = write(*node.store, uid, edits);
    REQUIRE(result.commits.size() == 2);
    CHECK(result.commits[0].header.count == 1024);
    CHECK(result.commits[1].header.count == 476);
    CHECK(result.commits[1].header.hlc > result.commits[0].header.hlc);
    edits.clear();
    for (int i = 0; i < 3; ++i)
        edits.push_back({germplasm("big " + std::to_string(i)),
                         {},
                         {put("f", std::string(300'000, 'x'))},
                         {},
                         {}});
    result = write(*node.store, uid, edits);
    CHECK(result.commits.size() == 3);
    edits = {{germplasm("huge"), {}, {put("f", std::string(700'000, 'x'))}, {}, {}}};
    CHECK(write(*node.store, uid, edits).commits.size() == 1);
    CHECK(node.store->reader()->dataset(uid)->live_records == 1504);
    require_sound(*node.store);
}

TEST_CASE_TEMPLATE("authoring: an edit out of bounds writes nothing of its request", Backend,
                   SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    const auto refused = [&](std::vector<Edit> edits) {
        const auto result = node.store->author({uid, std::move(edits), {}, Millis(1)});
        REQUIRE_FALSE(result);
        CHECK_FALSE(node.store->reader()->record(uid, germplasm("good")));
        CHECK(node.store->reader()->heads(uid).empty());
        return result.error().code;
    };
    const Edit good{germplasm("good"), {}, {put("f", "v")}, {}, {}};
    refused({good, {germplasm("empty"), {}, {}, {}, {}}});
    refused({good, {germplasm(""), {}, {put("f", "v")}, {}, {}}});
    refused({good, {germplasm("big"), {}, {put("f", std::string(2'000'000, 'x'))}, {}, {}}});
    CHECK(refused({good, good}) == "duplicate_record");
    VersionVector unseen;
    unseen.add({node.lane(), Sequence{1}});
    CHECK(refused({good, {germplasm("other"), unseen, {put("f", "v")}, {}, {}}}) == "bad_context");
    DatasetUid unknown;
    CHECK(node.store->author({unknown, {good}, {}, Millis(1)}).error().code == "unknown_dataset");
    REQUIRE(node.store->put_control(uid, {}, Holding::known));
    CHECK(node.store->author({uid, {good}, {}, Millis(1)}).error().code == "not_writer");
}

TEST_CASE_TEMPLATE("authoring: a deleted record takes no edit but a restore, and others are made",
                   Backend, SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    write(*node.store, uid, "a", {put("f", "drought")});
    write(*node.store, uid, "a", {life("deleted")});
    CHECK(node.store->reader()->dataset(uid)->live_records == 0);
    CHECK(found(*node.store, uid, "drought").empty());
    CHECK(found(*node.store, uid, "").empty());
    const auto result = write(*node.store, uid,
                              {edit(*node.store, uid, "b", {put("f", "b")}),
                               edit(*node.store, uid, "a", {put("f", "again")}),
                               edit(*node.store, uid, "c", {put("f", "c")})});
    CHECK(result.refused_deleted == std::vector<std::size_t>{1});
    CHECK(node.store->reader()->dataset(uid)->live_records == 2);
    write(*node.store, uid, "a", {life("live")});
    CHECK(node.store->reader()->dataset(uid)->live_records == 3);
    CHECK(found(*node.store, uid, "drought") == "a");
    CHECK(text_of(*node.store, uid, "a", "f") == "drought");
    require_sound(*node.store);
}

TEST_CASE_TEMPLATE("authoring: an import keeps what its source stated, with the version after",
                   Backend, SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    const ImportSource source{"germplasm", "genebank.csv"};
    const auto import = [&](const std::string& id, std::string value, std::string cells,
                            std::vector<Edit::Finding> findings) {
        Edit one = edit(*node.store, uid, id, {put("f", std::move(value))});
        one.import_cells = Bytes(cells.begin(), cells.end());
        one.findings = std::move(findings);
        REQUIRE(node.store->author({uid, {one}, source, Millis(1)}));
    };
    import("b", "1", "b:1", {{"f", "odd", "is odd"}, {"f", "old", "is old"}});
    import("a", "1", "a:1", {{"f", "odd", "is odd"}});
    CHECK(node.store->reader()->findings_count() == 3);
    auto states = node.store->reader()->import_states(
        uid, source, {germplasm("a"), germplasm("x"), germplasm("b")});
    REQUIRE(states.size() == 3);
    REQUIRE(states[0]);
    CHECK(as_text(states[0]->cells) == "a:1");
    CHECK(states[0]->version == version(*node.store, uid, germplasm("a")));
    CHECK_FALSE(states[0]->is_deleted);
    CHECK_FALSE(states[1]);
    CHECK(as_text(states[2]->cells) == "b:1");
    const auto before = states[2]->version;

    write(*node.store, uid, "b", {put("f", "by hand")});
    states = node.store->reader()->import_states(uid, source, {germplasm("b")});
    CHECK(states[0]->version == before);
    import("b", "2", "b:2", {});
    CHECK(node.store->reader()->findings_count() == 1);
    states = node.store->reader()->import_states(uid, source, {germplasm("b")});
    CHECK(as_text(states[0]->cells) == "b:2");
    CHECK(states[0]->version == version(*node.store, uid, germplasm("b")));
    CHECK_FALSE(
        node.store->reader()->import_states(uid, {"germplasm", "other"}, {germplasm("b")})[0]);
    write(*node.store, uid, "a", {life("deleted")});
    CHECK(node.store->reader()->import_states(uid, source, {germplasm("a")})[0]->is_deleted);

    std::string keys;
    node.store->reader()->scan_import_keys(uid, source, [&](const RecordKey& key) {
        keys += key.id;
        return true;
    });
    CHECK(keys == "ab");
}

TEST_CASE_TEMPLATE("authoring: a commit names the heads of other lanes that advanced, once",
                   Backend, SANGAM_BACKENDS) {
    Node<Backend> owner(1);
    Node<Backend> writer(2);
    const auto first = first_manifest(owner);
    const auto uid = own_dataset(owner, first);
    REQUIRE(writer.store->put_control(uid, {first}, Holding::writer));
    const auto theirs = write(*owner.store, uid, "a", {put("f", "1")}, 9'000'000).commits[0].header;
    apply(*writer.store, uid, lane_parts(*owner.store, uid, owner.lane()));
    const auto mine = write(*writer.store, uid, "a", {put("f", "2")}, 1000).commits[0].header;
    CHECK(mine.heads == std::vector<Head>{{owner.lane(), Sequence{1}, theirs.hash()}});
    CHECK(mine.hlc > theirs.hlc);
    CHECK(write(*writer.store, uid, "b", {put("f", "3")}).commits[0].header.heads.empty());
    const auto parts = lane_parts(*writer.store, uid, writer.lane());
    CHECK(apply(*owner.store, uid, parts).changes_added == 2);
    CHECK(text_of(*owner.store, uid, "a", "f") == "2");
    require_sound(*owner.store);
    require_sound(*writer.store);
}

TEST_CASE_TEMPLATE("authoring: an edit for one version is not made to another", Backend,
                   SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto uid = own_dataset(node);
    auto first = edit(*node.store, uid, "a", {put("f", "1")});
    first.only_at = VersionVector{};  // while it does not exist
    CHECK(write(*node.store, uid, {first}).refused_changed.empty());
    CHECK(write(*node.store, uid, {first}).refused_changed == std::vector<std::size_t>{0});
    auto second = edit(*node.store, uid, "a", {put("f", "2")});
    second.only_at = second.context;
    CHECK(write(*node.store, uid, {second}).refused_changed.empty());
    const auto late = write(*node.store, uid, {second});
    CHECK(late.refused_changed == std::vector<std::size_t>{0});
    CHECK(late.commits.empty());
    CHECK(node.store->reader()->record(uid, germplasm("a"))->changes.size() == 1);
}

TEST_CASE_TEMPLATE("authoring: nobody writes what breaks the rules they hold", Backend,
                   SANGAM_BACKENDS) {
    Node<Backend> owner(1);
    Node<Backend> writer(2);
    const auto manifest = first_manifest(owner);
    const auto uid = own_dataset(owner, manifest);
    REQUIRE(writer.store->put_control(uid, {manifest}, Holding::writer));
    CHECK(owner.store->author(
        {uid, {edit(*owner.store, uid, "a", {put("forbidden", "1")})}, {}, {}}));
    const auto refused = writer.store->author(
        {uid, {edit(*writer.store, uid, "a", {put("forbidden", "1")})}, {}, {}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "against_rules");
    CHECK(writer.store->reader()->heads(uid).empty());
}

}  // namespace sangam::storage::testing
