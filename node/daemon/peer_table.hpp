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
    std::string state;        ///< connected | dialing | refused | down
    std::int64_t rtt_ms = -1;  ///< -1: not known
    Millis since{};            ///< of the state
    std::string detail;        ///< why, in words; empty when connected
};

/// Thread-safe snapshot source, implemented by the connection manager.
class PeerTable {
  public:
    virtual ~PeerTable() = default;
    [[nodiscard]] virtual std::vector<PeerRow> rows() const = 0;  ///< by institution, node
};

}  // namespace sangam::node
