// SPDX-License-Identifier: Apache-2.0
// Messages that open, keep and end a connection.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/ids.hpp"

namespace sangam::messages {

/// How far a node has a chain of some dataset's control log.
struct ControlNumber {
    DatasetUid dataset;
    std::string chain;
    std::uint64_t number = 0;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(dataset, chain, number);
    }
    friend bool operator==(const ControlNumber&, const ControlNumber&) = default;
};

/// The first message each way. The connection's version is the highest that both ranges hold.
struct Hello {
    std::uint16_t min_version = 1;
    std::uint16_t max_version = 1;
    std::vector<std::string> features;  ///< optional abilities by name; unknown ones are ignored
    NodeId node;                        ///< must be the node whose key the TLS peer showed
    Epoch epoch{};
    std::uint64_t clock_ms = 0;  ///< the sender's Unix time
    std::string software;        ///< "sangam/0.1.0"
    Hash registry_id;            ///< zero when the node is no member of a federation
    /// Of datasets that the receiver's institution owns or writes, and no others.
    std::vector<ControlNumber> control;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(min_version, max_version, features, node, epoch, clock_ms, software, registry_id,
                control);
    }
    friend bool operator==(const Hello&, const Hello&) = default;
};

/// Why a side ends the connection. Never renumbered.
enum class AbortCode : std::uint16_t {
    shutting_down = 1,       ///< the node stops; try again later
    no_common_version = 2,   ///< the version ranges do not meet
    bad_message = 3,         ///< a frame or message that breaks the rules
    unexpected_message = 4,  ///< well-formed, but not now (before hello, unknown subscription)
    not_member = 5,          ///< the key is in no verified directory entry, or was revoked
    invalid_data = 6,        ///< a commit, proof or signature that does not verify
    not_allowed = 7,         ///< data for a dataset that the sender may not write
    duplicate = 8,           ///< another connection between the two nodes is kept
    too_slow = 9,            ///< nothing heard for too long
    internal = 10,           ///< the sender failed; its log says why
};

struct Abort {
    AbortCode code = AbortCode::internal;
    std::string reason;  ///< a sentence for the other side's log
    template <class Archive>
    void serialize(Archive& archive) {
        archive(code, reason);
    }
    friend bool operator==(const Abort&, const Abort&) = default;
};

struct Ping {
    std::uint64_t nonce = 0;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(nonce);
    }
    friend bool operator==(const Ping&, const Ping&) = default;
};

struct Pong {
    std::uint64_t nonce = 0;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(nonce);
    }
    friend bool operator==(const Pong&, const Pong&) = default;
};

}  // namespace sangam::messages
