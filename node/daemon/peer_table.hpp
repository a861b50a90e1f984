// SPDX-License-Identifier: Apache-2.0
// What the node knows of its connections, for `status`: connected, dialing, refused or down.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/hlc.hpp"
#include "protocol/ids.hpp"

namespace sangam::node {

struct PeerRow {
    std::string institution;
    NodeId node;
    std::string state;         ///< connected | dialing | refused | down
    std::int64_t rtt_ms = -1;  ///< -1: not known
    Millis since{};            ///< of the state
    std::string detail;        ///< why, in words; empty when connected
};

/// Of frames, over all connections since the start; TLS adds some.
struct WireBytes {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
};

/// Thread-safe snapshot source, implemented by the connection manager.
class PeerTable {
public:
    virtual ~PeerTable() = default;
    [[nodiscard]] virtual std::vector<PeerRow> rows() const = 0;  ///< by institution, node
    [[nodiscard]] virtual WireBytes wire_bytes() const = 0;
};

}  // namespace sangam::node
