// SPDX-License-Identifier: Apache-2.0
// A registry with its "disk" in memory, and nodes that enrol: what the registry's tests start from.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "registry/client.hpp"
#include "registry/directory.hpp"
#include "registry/service.hpp"
#include "registry/tiles.hpp"

namespace sangam::registry::testing {

inline SigningKey key_from(std::uint8_t number) {
    init_crypto();
    return SigningKey::from_seed(Bytes(SigningKey::seed_size, number));
}

/// Any time will do; this one is 2026-11-24.
inline constexpr Millis start{1'795'478'400'000};
inline constexpr Millis an_hour = std::chrono::hours(1);

/// Carries effects out as the node module does.
inline void carry_out(StoredRegistry& disk, const Effects& effects) {
    for (const Bytes& document : effects.documents) disk.documents.push_back(document);
    if (effects.state) disk.state = *effects.state;
    disk.entries.insert(disk.entries.end(), effects.entries.begin(), effects.entries.end());
    if (effects.checkpoint)
        disk.checkpoint.assign(effects.checkpoint->begin(), effects.checkpoint->end());
}

struct TestNode {
    SigningKey key;
    std::string name;
    std::uint64_t version = 0;

    explicit TestNode(std::uint8_t number)
        : key(key_from(number)), name("node-" + std::to_string(number)) {}
    [[nodiscard]] NodeId id() const {
        NodeId out;
        out.bytes = key.public_key().bytes;
        return out;
    }
    /// The next version of its document.
    SignedDocument document(const Hash& registry_id, std::uint16_t port = 7420) {
        NodeDocument d;
        d.registry_id = registry_id;
        d.node = id();
        d.version = ++version;
        d.name = name;
        d.endpoints = {{"127.0.0.1", port}};
        d.software = "sangam/0.1.0";
        d.issued = start;
        return SignedDocument::sign(d, key);
    }
};

class TestRegistry {
public:
    explicit TestRegistry(std::uint8_t salt = 0, std::size_t roots = 3, std::uint32_t threshold = 2)
        : keys{key_from(static_cast<std::uint8_t>(200 + salt)),
               key_from(static_cast<std::uint8_t>(210 + salt))},
          random(salt + 1u) {
        for (std::size_t i = 0; i < roots; ++i)
            root_keys.push_back(key_from(static_cast<std::uint8_t>(220 + salt * 8u + i)));
        InitOptions options;
        options.name = "Test Federation";
        options.threshold = threshold;
        auto made = create_registry(options, root_keys, keys, start);
        REQUIRE(made);
        disk = made->files;
        restart(start);
    }

    /// Ends the process and loads what the disk has.
    void restart(Millis now) {
        auto loaded = Service::load(disk, keys);
        REQUIRE_MESSAGE(loaded, loaded.error().text());
        disk.entries.resize(loaded->entries_file_bytes());
        service.emplace(std::move(*loaded));
        carry_out(disk, service->recover(now));
    }

    template <class T>
    T done(Result<Done<T>> result) {
        REQUIRE_MESSAGE(result, result.error().text());
        carry_out(disk, result->effects);
        return std::move(result->value);
    }
    void done(Result<Effects> result) {
        REQUIRE_MESSAGE(result, result.error().text());
        carry_out(disk, *result);
    }

    Invitation invite(const std::string& handle, bool auto_approve = true, Millis now = start) {
        InviteOptions options;
        options.handle = handle;
        options.name = "Institute " + handle;
        options.auto_approve = auto_approve;
        return done(service->invite(options, "http://127.0.0.1:7410", now, random));
    }
    EnrolRequest request(const Invitation& invitation, TestNode& node) {
        return EnrolRequest::make(invitation, node.document(service->registry_id()), node.key);
    }
    /// Invites, enrols and admits.
    void member(const std::string& handle, TestNode& node, Millis now = start) {
        const auto reply = done(service->enrol(request(invite(handle, true, now), node), now));
        REQUIRE(reply.state == EnrolmentState::member);
    }
    messages::DirectoryUpdate update(std::uint64_t from = 0) {
        auto out = service->update_from(from, 1u << 30);
        REQUIRE(out);
        return *out;
    }
    Directory client() {
        auto out = Directory::create(service->registry_id(), service->roots().encode());
        REQUIRE(out);
        return std::move(*out);
    }
    /// A checkpoint by this registry's keys over anything: what a lying registry can sign.
    Bytes sign(const Log& log, Millis time) const {
        const auto note =
            sign_checkpoint({service->roots().current().origin, log.size(), log.root()}, keys.log,
                            keys.freshness, time)
                .note;
        return {note.begin(), note.end()};
    }

    RegistryKeys keys;
    std::vector<SigningKey> root_keys;
    StoredRegistry disk;
    std::optional<Service> service;
    SeededRandom random;
};

/// The code of a failed result, "" of a good one.
template <class T>
std::string code_of(const Result<T>& result) {
    return result ? "" : result.error().code;
}

}  // namespace sangam::registry::testing
