// SPDX-License-Identifier: Apache-2.0
#include "node/net/handshake_rate.hpp"

#include <algorithm>

namespace sangam::node::net {

bool HandshakeRate::allows(const std::string& address, Millis now) {
    auto found = buckets_.find(address);
    if (found == buckets_.end()) {
        if (buckets_.size() >= max_addresses_)
            buckets_.erase(std::min_element(
                buckets_.begin(), buckets_.end(),
                [](const auto& a, const auto& b) { return a.second.at < b.second.at; }));
        found = buckets_.emplace(address, Bucket{burst_, now}).first;
    }
    Bucket& bucket = found->second;
    // A clock that was set back gives nothing, and takes nothing.
    const double seconds = std::max(0.0, static_cast<double>((now - bucket.at).count()) / 1000.0);
    bucket.tokens = std::min(burst_, bucket.tokens + seconds * per_second_);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
}

}  // namespace sangam::node::net
