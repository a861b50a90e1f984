// SPDX-License-Identifier: Apache-2.0
#include "backends.hpp"

namespace sangam::storage::testing {

namespace {

template <class N>
SignedControl grant(N& node, const DatasetUid& uid, std::uint64_t number, const Hash& previous) {
    ControlEntry entry;
    entry.dataset = uid;
    entry.chain = "members";
    entry.number = number;
    entry.previous = previous;
    entry.hlc = Hlc::of(2000 + number, 0);
    entry.author = node.id();
    Grant body;
    body.id.bytes[0] = static_cast<std::uint8_t>(number);
    body.actions = {Action::search};
    entry.body = body;
    return SignedControl::sign(entry, node.key());
}

}  // namespace

TEST_CASE_TEMPLATE("control: a chain grows entry by entry, and entries held are skipped", Backend,
                   SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto manifest = first_manifest(node);
    const auto uid = own_dataset(node, manifest);
    const auto first = grant(node, uid, 1, {});
    const auto second = grant(node, uid, 2, first.entry.hash());
    REQUIRE(node.store->put_control(uid, {first}, {}));
    REQUIRE(node.store->put_control(uid, {manifest, first, second}, {}));
    const auto reader = node.store->reader();
    CHECK(reader->control(uid, "members", 0) == std::vector{first, second});
    CHECK(reader->control(uid, "members", 1) == std::vector{second});
    CHECK(reader->control(uid, "all", 0) == std::vector{manifest});
    CHECK(reader->control_numbers(uid) ==
          std::vector<std::pair<std::string, std::uint64_t>>{{"all", 1}, {"members", 2}});
    CHECK(reader->dataset(uid)->holding == Holding::own);
    CHECK(reader->dataset(uid)->manifest.name == "rice");
    CHECK(reader->datasets().size() == 1);
    require_sound(*node.store);
}

TEST_CASE_TEMPLATE("control: what does not continue its chain is refused whole", Backend,
                   SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto manifest = first_manifest(node);
    const auto uid = own_dataset(node, manifest);
    const auto first = grant(node, uid, 1, {});
    const auto second = grant(node, uid, 2, first.entry.hash());
    const auto third = grant(node, uid, 3, second.entry.hash());
    const auto error = [&](const std::vector<SignedControl>& entries) {
        const auto result = node.store->put_control(uid, entries, {});
        REQUIRE_FALSE(result);
        CHECK(node.store->reader()->control_numbers(uid).size() == 1);
        return result.error().code;
    };
    CHECK(error({second}) == "control_gap");
    CHECK(error({first, third}) == "control_gap");
    CHECK(error({first, grant(node, uid, 2, {})}) == "bad_control");
    auto forged = first;
    forged.signature.bytes[3] ^= 1;
    CHECK(error({forged}) == "bad_signature");
    Node<Backend> other(2);
    const auto elsewhere = first_manifest(other);
    CHECK(error({elsewhere}) == "bad_control");
    CHECK(node.store->put_control(elsewhere.entry.dataset_uid(), {}, Holding::known).error().code ==
          "unknown_dataset");
    const auto foreign = elsewhere.entry.dataset_uid();
    CHECK(node.store->put_control(foreign, {grant(other, foreign, 1, {})}, {}).error().code ==
          "unknown_dataset");
    REQUIRE(node.store->put_control(uid, {first}, {}));
    auto rival = first.entry;
    rival.hlc = Hlc::of(9999, 0);
    const auto conflict =
        node.store->put_control(uid, {SignedControl::sign(rival, node.key())}, {});
    CHECK(conflict.error().code == "control_conflict");
    require_sound(*node.store);
}

TEST_CASE_TEMPLATE("control: the newest manifest is in force and named by commits", Backend,
                   SANGAM_BACKENDS) {
    Node<Backend> node(1);
    const auto manifest = first_manifest(node);
    const auto uid = own_dataset(node, manifest);
    write(*node.store, uid, "a", {put("f", "1")});
    auto changed = plain_manifest("rice-renamed");
    changed.schema.types["f"] = "number";
    const auto second = following(node, manifest, changed);
    REQUIRE(node.store->put_control(uid, {second}, {}));
    CHECK(node.store->reader()->dataset(uid)->manifest == changed);
    CHECK(node.store->reader()->dataset(uid)->manifest_number == 2);
    CHECK(node.store->reader()->dataset(uid)->live_records == 1);
    const auto header = write(*node.store, uid, "b", {put("f", "2")}).commits[0].header;
    CHECK(header.manifest_number == 2);
    CHECK(header.manifest_hash == second.entry.hash());
    require_sound(*node.store);
}

/// Hides a field that the manifest types as a code: a projection that depends on the manifest.
class CodeHidingProjector final : public Projector {
public:
    Projection project(const Manifest& manifest, const RecordKey& key,
                       const std::vector<StoredChange>& live) const override {
        auto out = projector().project(manifest, key, live);
        std::erase_if(out.fields, [&](const ProjectedField& field) {
            return manifest.schema.types.contains(field.path.text());
        });
        return out;
    }
    FieldType type_of(const Manifest& manifest, const Path& path) const override {
        return projector().type_of(manifest, path);
    }
};

TEST_CASE("control: a manifest that changes how records merge remakes the text index") {
    Node<MemoryBackend> node(1);
    const CodeHidingProjector hiding;
    const TemporaryDirectory directory;
    for (int backend = 0; backend < 2; ++backend) {
        auto store = backend == 0 ? open_memory_store(Epoch{5}, node.author(), hiding)
                                  : open_sqlite_store(directory.path(), node.author(), hiding);
        const auto manifest = first_manifest(node);
        const auto uid = manifest.entry.dataset_uid();
        REQUIRE(store->put_control(uid, {manifest}, Holding::own));
        write(*store, uid, "a", {put("f", "drought"), put("g", "flood")});
        CHECK(found(*store, uid, "drought") == "a");
        auto changed = plain_manifest();
        changed.schema.types["f"] = "code";
        REQUIRE(store->put_control(uid, {following(node, manifest, changed)}, {}));
        CHECK(found(*store, uid, "drought").empty());
        CHECK(found(*store, uid, "flood") == "a");
        require_sound(*store);
    }
}

}  // namespace sangam::storage::testing
