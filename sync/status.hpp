// SPDX-License-Identifier: Apache-2.0
// What the engine knows of peers and subscriptions, for `status`, `subscriptions` and `holders`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/hlc.hpp"
#include "protocol/ids.hpp"

namespace sangam::sync {

/// A peer with an open session.
struct PeerStatus {
    NodeId node;
    std::string institution;  ///< handle
    std::string software;
    std::int64_t rtt_ms = -1;         ///< of the last ping; -1 before the first
    std::int64_t clock_ahead_ms = 0;  ///< the peer's clock minus ours at hello
    Millis since{};
};

/// One of our subscriptions.
struct SubscriptionStatus {
    SubscriptionId id;
    std::string dataset;
    std::string where;
    std::string state;  ///< live | catching_up | waiting | refused
    std::uint64_t records = 0;
    std::uint64_t expected = 0;
    std::uint64_t position = 0;
    std::int64_t age_ms = -1;  ///< since the source last said something; -1: never
    std::string reason;
};

/// A subscription that somebody has with us.
struct ServingStatus {
    SubscriptionId id;
    DatasetUid dataset_uid;
    std::string dataset;
    std::string institution;
    NodeId node;
    std::uint64_t sent = 0;          ///< records sent and not acknowledged
    std::uint64_t acknowledged = 0;  ///< records that it holds for sure
    std::uint64_t pending = 0;       ///< records in scope, not yet acknowledged
    std::uint64_t withdrawals_pending = 0;
    bool has_ended = false;
    Millis since{};
    Millis last_ack{};
};

/// What an owner's node said of a dataset of its own (`dataset list --remote`).
struct RemoteDataset {
    DatasetUid dataset;
    std::uint64_t records = 0;  ///< that this node's institution may see there
};

struct EngineStatus {
    std::vector<PeerStatus> peers;
    std::vector<SubscriptionStatus> subscriptions;
    std::vector<ServingStatus> serving;
    std::vector<RemoteDataset> remote_datasets;  ///< by dataset
    /// A sentence when most peers agree that this node's clock is off; else empty.
    std::string clock_warning;
};

}  // namespace sangam::sync
