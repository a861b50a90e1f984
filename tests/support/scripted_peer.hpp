// SPDX-License-Identifier: Apache-2.0
// One engine over a store in memory, and peers that are played by the test: members with real keys
// that say whatever the test wants.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sync/control_author.hpp"
#include "sync/engine.hpp"
#include "sync/merger.hpp"
#include "tests/support/test_directory.hpp"

namespace sangam::testing {

/// A member whose messages the test writes.
struct Actor {
    std::string handle;
    SigningKey key;
    NodeId id;
    InstitutionId institution;

    static Actor make(const std::string& handle, std::uint8_t seed) {
        init_crypto();
        Bytes bytes(SigningKey::seed_size, seed);
        SigningKey key = SigningKey::from_seed(bytes);
        const NodeId id{key.public_key().bytes};
        return {handle, std::move(key), id, InstitutionId{id.bytes}};
    }
};

class Stage {
public:
    Stage()
        : us(Actor::make("irri", 1)), them(Actor::make("cimmyt", 2)), third(Actor::make("ipk", 3)) {
        for (const Actor* actor : {&us, &them, &third})
            directory.admit(actor->handle, actor->id, actor->institution);
        store = storage::open_memory_store(Epoch{11}, {us.id, &us.key, &random}, merger);
        open();
    }

    void open() {
        engine = std::make_unique<sync::Engine>(
            sync::EngineConfig{us.id, "sangam/test", Hash{}, &us.key}, *store, directory, merger,
            random);
    }

    messages::Hello hello_of(const Actor& actor) const {
        messages::Hello hello;
        hello.node = actor.id;
        hello.epoch = Epoch{77};
        hello.clock_ms = static_cast<std::uint64_t>(now.count());
        hello.software = "scripted";
        return hello;
    }
    /// Connects the actor up to an open session and forgets what was said so far.
    sync::ConnectionId greet(const Actor& actor) {
        const sync::ConnectionId id{++last_connection};
        engine->connected(id, actor.id, false, now);
        engine->received(id, hello_of(actor), now);
        take();
        return id;
    }
    void say(sync::ConnectionId id, messages::Message message) {
        engine->received(id, std::move(message), now);
        take();
    }
    void pass(Millis time) {
        now += time;
        engine->tick(now);
        take();
    }
    /// Collects what the engine did since the last event.
    void take() { actions = engine->take_actions(); }

    [[nodiscard]] std::optional<messages::AbortCode> closed(sync::ConnectionId id) const {
        for (const sync::Action& action : actions)
            if (const auto* close = std::get_if<sync::Close>(&action);
                close && close->connection == id)
                return close->abort.code;
        return std::nullopt;
    }
    [[nodiscard]] bool has_warned() const {
        for (const sync::Action& action : actions)
            if (const auto* line = std::get_if<sync::LogLine>(&action);
                line && line->level >= sync::LogLine::Level::warning && !line->text.empty())
                return true;
        return false;
    }
    template <class Message>
    [[nodiscard]] std::vector<Message> sent(sync::ConnectionId id) const {
        std::vector<Message> out;
        for (const sync::Action& action : actions)
            if (const auto* send = std::get_if<sync::Send>(&action); send && send->connection == id)
                if (const auto* message = std::get_if<Message>(&send->message))
                    out.push_back(*message);
        return out;
    }

    // ---- material
    // --------------------------------------------------------------------------------

    static SignedControl manifest_of(const Actor& owner, const std::string& name,
                                     std::vector<InstitutionId> writers = {}) {
        Manifest manifest;
        manifest.owner = owner.institution;
        manifest.name = name;
        manifest.title = name;
        manifest.licence = "CC0-1.0";
        manifest.writers = std::move(writers);
        ControlEntry entry;
        entry.chain = std::string(chain_for_all);
        entry.number = 1;
        entry.hlc = Hlc::of(1'700'000'000'000, 0);
        entry.author = owner.id;
        entry.body = std::move(manifest);
        return SignedControl::sign(entry, owner.key);
    }
    DatasetUid own_dataset(const std::string& name, std::vector<InstitutionId> writers = {}) {
        const SignedControl entry = manifest_of(us, name, std::move(writers));
        const DatasetUid uid = entry.entry.dataset_uid();
        SANGAM_ASSERT(store->put_control(uid, {entry}, storage::Holding::own).has_value());
        engine->control_changed(uid, now);
        take();
        return uid;
    }
    GrantId grant(const DatasetUid& uid, const std::string& to, std::set<sangam::Action> can,
                  std::vector<Path> hide = {}, std::string where = {}) {
        const auto entry =
            sync::add_grant(*store->reader(), directory, {us.id, &us.key, &random},
                            {uid, to, std::move(can), std::move(hide), std::move(where)}, now);
        SANGAM_ASSERT(entry.has_value());
        SANGAM_ASSERT(store->put_control(uid, {*entry}, std::nullopt).has_value());
        engine->control_changed(uid, now);
        take();
        return std::get<Grant>(entry->entry.body).id;
    }
    void revoke(const DatasetUid& uid, const GrantId& id) {
        const auto entry =
            sync::revoke_grant(*store->reader(), directory, {us.id, &us.key, &random}, id, now);
        SANGAM_ASSERT(entry.has_value());
        SANGAM_ASSERT(store->put_control(uid, {*entry}, std::nullopt).has_value());
        engine->control_changed(uid, now);
        take();
    }
    /// Our own edit, based on what the store has.
    void put(const DatasetUid& uid, const std::string& id, std::vector<FieldWrite> writes) {
        storage::Edit edit;
        edit.key = {"germplasm", id};
        edit.writes = std::move(writes);
        if (const auto record = store->reader()->record(uid, edit.key))
            edit.context = record->version;
        storage::AuthorRequest request;
        request.dataset = uid;
        request.edits.push_back(std::move(edit));
        request.now = now;
        SANGAM_ASSERT(store->author(request).has_value());
        engine->data_changed(uid, now);
        take();
    }
    /// A commit of an actor's lane with one change, signed by `key` or its own.
    static VerifiedPart commit_of(const Actor& author, const DatasetUid& uid,
                                  const SignedControl& manifest, const std::string& id,
                                  const std::string& value, Millis clock,
                                  const VerifiedPart* previous = nullptr,
                                  std::vector<Head> heads = {}) {
        CommitHeader header;
        header.dataset = uid;
        header.lane = {author.id, Epoch{5}};
        header.sequence = Sequence{1};
        if (previous) {
            header.sequence = next(previous->header().sequence);
            header.previous = previous->header_hash();
        }
        header.heads = std::move(heads);
        header.manifest_number = manifest.entry.number;
        header.manifest_hash = manifest.entry.hash();
        header.hlc = Hlc::of(static_cast<std::uint64_t>(clock.count()), 0);
        ChangeSecret secret;
        secret.bytes[0] = static_cast<std::uint8_t>(raw(header.sequence));
        std::vector<Change> changes;
        changes.push_back(
            Change::make({"germplasm", id}, {}, {{Path::single("remarks"), Value(value)}}, secret)
                .value());
        return build_commit(header, std::move(changes), author.key).value();
    }

    Actor us;
    Actor them;
    Actor third;
    TestDirectory directory;
    sync::Merger merger;
    SeededRandom random{42};
    std::unique_ptr<storage::Store> store;
    std::unique_ptr<sync::Engine> engine;
    std::vector<sync::Action> actions;
    Millis now{1'700'000'100'000};
    std::uint64_t last_connection = 0;
};

}  // namespace sangam::testing
