// SPDX-License-Identifier: Apache-2.0
// When to dial which peer: exponential backoff with jitter, one attempt at a time for each node,
// all its endpoints in turn. Both sides may dial; the engine keeps one of two connections. Pure:
// time and randomness are handed in.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "protocol/crypto.hpp"
#include "protocol/hlc.hpp"
#include "protocol/ids.hpp"

namespace sangam::sync {

class Dialer {
public:
    static constexpr Millis first_delay{1'000};     ///< after the first failure
    static constexpr Millis longest_delay{60'000};  ///< cap of the doubling
    static constexpr Millis stable_after{30'000};   ///< a connection that held so long resets it

    struct Target {
        NodeId node;
        std::vector<std::string> endpoints;  ///< host:port; none: the node cannot be dialed
    };
    struct Dial {
        NodeId node;
        std::string endpoint;
    };

    /// The generator must outlive the dialer.
    explicit Dialer(Random& random) : random_(random) {}

    /// All peers that should be connected. A new one, or one whose endpoints changed, is due at
    /// once; one that is missing is forgotten.
    void set_targets(const std::vector<Target>& targets, Millis now);
    /// Whom to dial now. Each stays "dialing" until connected() or failed().
    [[nodiscard]] std::vector<Dial> due(Millis now);
    /// A session with the node is open, whoever dialed; of one that is known nothing changes.
    void connected(const NodeId& node, Millis now);
    /// The open session ended. Dialed again at once after a stable one, else after the backoff.
    void disconnected(const NodeId& node, Millis now);
    /// The attempt that due() gave did not lead to a session.
    void failed(const NodeId& node, Millis now);
    /// When due() has something next; nothing while all are connected or being dialed.
    [[nodiscard]] std::optional<Millis> next_due() const;
    [[nodiscard]] bool has_target(const NodeId& node) const { return peers_.contains(node); }
    [[nodiscard]] bool is_dialing(const NodeId& node) const;

private:
    enum class State { idle, dialing, connected };
    struct Peer {
        std::vector<std::string> endpoints;
        State state = State::idle;
        std::size_t next_endpoint = 0;
        int failures = 0;
        Millis due{};
        Millis connected_at{};
    };
    void back_off(Peer& peer, Millis now);
    Random& random_;
    std::map<NodeId, Peer> peers_;
};

/// A node that may be connected with.
struct DialCandidate {
    NodeId node;
    InstitutionId institution;
    std::vector<std::string> endpoints;
};

/// In a federation of so many institutions, the own one included, everybody is connected with
/// everybody.
inline constexpr std::size_t everybody_up_to = 64;

/// Whom to dial (COMMANDS, "Common to all"): all candidates in a small federation, in a larger one
/// those of the own institution and of `related` ones (related_institutions()). Who is left out may
/// still dial us.
[[nodiscard]] std::vector<Dialer::Target> whom_to_dial(const std::vector<DialCandidate>& candidates,
                                                       const InstitutionId& home,
                                                       const std::set<InstitutionId>& related);

}  // namespace sangam::sync
