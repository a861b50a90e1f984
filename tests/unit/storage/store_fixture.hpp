// SPDX-License-Identifier: Apache-2.0
// What the store's tests share: nodes with a store on either backend, a small projector, edits.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "protocol/control.hpp"
#include "storage/store.hpp"

namespace sangam::storage::testing {

/// The least merge rule that a store can be tested with: the highest (hlc, lane) wins each field;
/// a live delete that no live restore has seen deletes.
class LatestProjector : public Projector {
public:
    Projection project(const Manifest&, const RecordKey&,
                       const std::vector<StoredChange>& live) const override {
        std::map<Path, std::pair<const StoredChange*, const FieldWrite*>> latest;
        std::map<Path, int> writers;
        Projection out;
        const auto is_later = [](const StoredChange& a, const StoredChange& b) {
            return std::pair(a.hlc, a.dot.lane) > std::pair(b.hlc, b.dot.lane);
        };
        for (const auto& change : live) {
            for (const auto& field : change.change.fields) {
                const auto& path = field.write.path;
                auto& best = latest[path];
                ++writers[path];
                if (best.first == nullptr || is_later(change, *best.first))
                    best = {&change, &field.write};
                if (path == life_path() && is_delete(field.write) &&
                    std::ranges::none_of(live, [&](const StoredChange& other) {
                        const auto* life = other.change.find(life_path());
                        return life != nullptr && !is_delete(life->write) &&
                               other.change.context.covers(change.dot);
                    }))
                    out.is_deleted = true;
            }
        }
        for (const auto& [path, best] : latest)
            if (path != life_path() && best.second->value)
                out.fields.push_back({path, *best.second->value, writers[path] > 1});
        return out;
    }
    /// One rule: the field `forbidden` is the owner's.
    std::optional<std::string> broken_rule(const Manifest&, const Change& change, const Lane&,
                                           bool by_owner) const override {
        const bool is_broken = !by_owner && change.find(Path::single("forbidden")) != nullptr;
        return is_broken ? std::optional<std::string>("forbidden is the owner's") : std::nullopt;
    }
    FieldType type_of(const Manifest& manifest, const Path& path) const override {
        const auto it = manifest.schema.types.find(path.text());
        return it == manifest.schema.types.end() ? FieldType::text : field_type_of(it->second);
    }

private:
    static bool is_delete(const FieldWrite& write) {
        const auto* map = write.value ? write.value->get_if<Value::Map>() : nullptr;
        return map != nullptr && map->at("state") == Value("deleted");
    }
};

inline const LatestProjector& projector() {
    static const LatestProjector one;
    return one;
}

/// A directory that goes with the test.
class TemporaryDirectory {
public:
    TemporaryDirectory() {
        auto pattern = (std::filesystem::temp_directory_path() / "sangam-store-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

struct MemoryBackend {
    static constexpr bool outlives_closing = false;
    std::unique_ptr<Store> open(Author author) {
        return open_memory_store(Epoch{author.random->draw_u64() | 1}, author, projector());
    }
};

/// A node: a key, a stream of randomness and a store.
template <class Backend>
class Node {
public:
    explicit Node(std::uint8_t seed)
        : key_(SigningKey::from_seed(Bytes(SigningKey::seed_size, seed))), random_(seed) {
        open();
    }
    [[nodiscard]] NodeId id() const { return NodeId::from_bytes(key_.public_key().view()).value(); }
    [[nodiscard]] const SigningKey& key() const { return key_; }
    [[nodiscard]] Lane lane() const { return {id(), store->epoch()}; }
    [[nodiscard]] Author author() { return {id(), &key_, &random_}; }
    void open() { store = backend.open(author()); }
    void reopen() {
        store.reset();
        open();
    }

    Backend backend;

private:
    SigningKey key_;
    SeededRandom random_;

public:
    std::unique_ptr<Store> store;
};

inline Manifest plain_manifest(std::string name = "rice") {
    Manifest manifest;
    manifest.name = std::move(name);
    manifest.title = "A test set";
    manifest.licence = "CC0-1.0";
    return manifest;
}

/// The first entry of a dataset owned by that node.
template <class N>
SignedControl first_manifest(N& node, Manifest manifest = plain_manifest()) {
    ControlEntry entry;
    entry.chain = std::string(chain_for_all);
    entry.number = 1;
    entry.hlc = Hlc::of(1000, 0);
    entry.author = node.id();
    manifest.owner = InstitutionId::from_bytes(node.id().view()).value();
    entry.body = std::move(manifest);
    return SignedControl::sign(entry, node.key());
}

/// An entry that follows `before` in its chain.
template <class N>
SignedControl following(N& node, const SignedControl& before, Manifest manifest) {
    auto entry = before.entry;
    entry.dataset = before.entry.dataset_uid();
    entry.number += 1;
    entry.previous = before.entry.hash();
    entry.hlc = Hlc{before.entry.hlc.value + 1};
    entry.body = std::move(manifest);
    return SignedControl::sign(entry, node.key());
}

/// Makes the dataset at its owner.
template <class N>
DatasetUid own_dataset(N& node, const SignedControl& first) {
    const auto uid = first.entry.dataset_uid();
    REQUIRE(node.store->put_control(uid, {first}, Holding::own));
    return uid;
}
template <class N>
DatasetUid own_dataset(N& node) {
    return own_dataset(node, first_manifest(node));
}

inline RecordKey germplasm(std::string id) { return {"germplasm", std::move(id)}; }

inline FieldWrite put(std::string_view path, Value value) {
    return {Path::parse(path).value(), std::move(value)};
}
inline FieldWrite unset(std::string_view path) { return {Path::parse(path).value(), {}}; }
inline FieldWrite life(std::string state) {
    return {life_path(), Value(Value::Map{{"state", Value(std::move(state))}})};
}

inline VersionVector version(Store& store, const DatasetUid& uid, const RecordKey& key) {
    const auto state = store.reader()->record(uid, key);
    return state ? state->version : VersionVector{};
}

/// An edit of the record as the store has it now.
inline Edit edit(Store& store, const DatasetUid& uid, const std::string& id,
                 std::vector<FieldWrite> writes) {
    return {germplasm(id), version(store, uid, germplasm(id)), std::move(writes), {}, {}};
}

inline AuthorResult write(Store& store, const DatasetUid& uid, std::vector<Edit> edits,
                          std::int64_t now_ms = 1'000'000) {
    AuthorRequest request{uid, std::move(edits), {}, Millis(now_ms)};
    auto result = store.author(request);
    REQUIRE_MESSAGE(result.has_value(), (result ? std::string() : result.error().text()));
    return *result;
}
inline AuthorResult write(Store& store, const DatasetUid& uid, const std::string& id,
                          std::vector<FieldWrite> writes, std::int64_t now_ms = 1'000'000) {
    return write(store, uid, {edit(store, uid, id, std::move(writes))}, now_ms);
}

inline VerifiedPart verified(CommitPart part) {
    auto result =
        VerifiedPart::verify(std::move(part), [](const NodeId&, const PublicKey&) { return true; });
    REQUIRE_MESSAGE(result.has_value(), (result ? std::string() : result.error().text()));
    return *result;
}

inline std::vector<VerifiedPart> verified(std::vector<CommitPart> parts) {
    std::vector<VerifiedPart> out;
    for (auto& part : parts) out.push_back(verified(std::move(part)));
    return out;
}

/// All live changes after `after`, as a source sends them.
inline std::vector<VerifiedPart> live_parts(Store& store, const DatasetUid& uid,
                                            Position after = {}) {
    const auto reader = store.reader();
    std::vector<Position> positions;
    for (const auto& arrival : reader->arrivals(uid, after, 100'000))
        positions.push_back(arrival.position);
    return verified(reader->parts(uid, positions));
}

/// The parts as a view without these fields gets them.
inline std::vector<VerifiedPart> without(const std::vector<VerifiedPart>& parts,
                                         const std::vector<std::string>& hidden) {
    std::vector<VerifiedPart> out;
    for (const auto& whole : parts) {
        auto part = whole.part();
        for (auto& change : part.changes)
            change = change.redacted([&](const Path& path) {
                return std::ranges::none_of(hidden, [&](const std::string& h) {
                    return path.is_at_or_below(Path::parse(h).value());
                });
            });
        out.push_back(verified(std::move(part)));
    }
    return out;
}

inline ApplyResult apply(Store& store, const DatasetUid& uid, std::vector<VerifiedPart> parts) {
    ApplyRequest request;
    request.dataset = uid;
    request.parts = std::move(parts);
    auto result = store.apply(request);
    REQUIRE_MESSAGE(result.has_value(), (result ? std::string() : result.error().text()));
    return *result;
}
inline std::string apply_error(Store& store, const DatasetUid& uid,
                               std::vector<VerifiedPart> parts) {
    ApplyRequest request;
    request.dataset = uid;
    request.parts = std::move(parts);
    const auto result = store.apply(request);
    REQUIRE_FALSE(result);
    return result.error().code;
}

/// Everything that a lane holds, as writers exchange it.
inline std::vector<VerifiedPart> lane_parts(Store& store, const DatasetUid& uid, const Lane& lane,
                                            Sequence after = {}) {
    return verified(store.reader()->commits(uid, lane, after, 100'000));
}

inline Projection merged(Store& store, const DatasetUid& uid, const std::string& id) {
    const auto state = store.reader()->record(uid, germplasm(id));
    REQUIRE(state);
    return projector().project(plain_manifest(), state->key, state->changes);
}
/// The merged value of a field as text; "(none)" without one.
inline std::string text_of(Store& store, const DatasetUid& uid, const std::string& id,
                           std::string_view path) {
    const auto projection = merged(store, uid, id);
    for (const auto& field : projection.fields)
        if (field.path == Path::parse(path).value()) return std::string(field.value.text());
    return "(none)";
}

inline SearchResult search_words(const Reader& reader, const DatasetUid& uid,
                                 std::string_view query, const std::vector<Path>& hidden,
                                 std::size_t limit) {
    SearchQuestion question;
    question.text = TextQuery::parse(query).value();
    question.limit = limit;
    return reader.search({uid, {{std::nullopt, hidden}}}, question);
}
inline SearchResult search_words(Store& store, const DatasetUid& uid, std::string_view query,
                                 const std::vector<Path>& hidden, std::size_t limit) {
    return search_words(*store.reader(), uid, query, hidden, limit);
}

/// The ids of hits, best first, joined by spaces.
inline std::string found(Store& store, const DatasetUid& uid, std::string_view query,
                         const std::vector<std::string>& hidden = {}, std::size_t limit = 100) {
    std::vector<Path> paths;
    for (const auto& path : hidden) paths.push_back(Path::parse(path).value());
    const auto result = search_words(store, uid, query, paths, limit);
    std::string out;
    for (const auto& hit : result.best) out += (out.empty() ? "" : " ") + hit.key.id;
    return out;
}

inline void require_sound(Store& store) {
    const auto report = store.reader()->verify({});
    for (const auto& failure : report.failures) MESSAGE(failure.record << ": " << failure.reason);
    REQUIRE(report.failed == 0);
}

}  // namespace sangam::storage::testing
