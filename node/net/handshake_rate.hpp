// SPDX-License-Identifier: Apache-2.0
// How many handshakes one address may begin: a token bucket for each (limits.hpp), so that a
// stranger cannot keep the node busy with signatures. Time is handed in.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "protocol/hlc.hpp"

namespace sangam::node::net {

/// Not thread-safe. Holds at most `max_addresses` buckets; the least recently used goes first.
class HandshakeRate {
public:
    HandshakeRate(double burst, double per_second, std::size_t max_addresses)
        : burst_(burst), per_second_(per_second), max_addresses_(max_addresses) {}

    /// Takes one token of the address's; false when there is none.
    [[nodiscard]] bool allows(const std::string& address, Millis now);

private:
    struct Bucket {
        double tokens = 0;
        Millis at{};
    };
    double burst_;
    double per_second_;
    std::size_t max_addresses_;
    std::map<std::string, Bucket> buckets_;
};

}  // namespace sangam::node::net
