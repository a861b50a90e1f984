// SPDX-License-Identifier: Apache-2.0
// The part of `doctor` that only a running daemon can look at: clock, registry, peers, what was set
// aside.
#include <boost/json/array.hpp>

#include "node/service/quarantine.hpp"
#include "node/service/verbs.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;

json::object check(std::string_view name, bool is_ok, std::string detail, std::string fix = {}) {
    json::object out;
    out["name"] = name;
    out["ok"] = is_ok;
    out["detail"] = std::move(detail);
    out["fix"] = is_ok ? std::string() : std::move(fix);
    return out;
}

json::object registry_check(const MembershipState& state) {
    if (state.registry_url.empty())
        return check("registry", true,
                     "this node is in no federation (membership: " + state.state + ")");
    if (state.state == "revoked")
        return check("registry", false, "the registry has revoked this node",
                     "ask the registry's operator");
    if (!state.last_error.empty())
        return check("registry", false, state.registry_url + ": " + state.last_error,
                     "check the address and the network; sync and search go on meanwhile");
    const bool has_expired = state.freshness == sync::Freshness::expired;
    return check("registry", !has_expired,
                 state.registry_url + ", membership " + state.state + ", checkpoint " +
                     std::to_string(state.age_s) + " s old",
                 "the registry's operator must let it sign a new checkpoint");
}

json::object peers_check(const std::vector<PeerRow>& peers) {
    std::size_t connected = 0;
    std::string refused;
    for (const auto& peer : peers) {
        if (peer.state == "connected") ++connected;
        if (peer.state == "refused")
            refused += (refused.empty() ? "" : ", ") + peer.institution + " (" + peer.detail + ")";
    }
    const auto counts =
        std::to_string(connected) + " of " + std::to_string(peers.size()) + " connected";
    if (refused.empty()) return check("peers", true, counts);
    return check("peers", false, counts + "; refused: " + refused,
                 "check on both sides that the membership holds: sangam registry members");
}

/// Own datasets of which a holder has control entries that this store forgot (decisions 0082,
/// 0141).
json::object sharing_check(const Call& call, const storage::Reader& reader) {
    std::string waiting;
    std::string names;
    std::string behind;
    for (const auto& info : reader.datasets()) {
        if (info.holding != storage::Holding::own) continue;
        const auto policy = sync::DatasetPolicy::load(reader, info.uid);
        if (!policy || !policy->is_behind) continue;
        const auto text = call.dataset_text(info.manifest);
        auto& list = policy->is_paused ? waiting : behind;
        list += (list.empty() ? "" : ", ") + text;
        if (policy->is_paused) names += (names.empty() ? "" : " ") + info.manifest.name;
    }
    if (!waiting.empty())
        return check("sharing", false,
                     "nothing is shared of " + waiting +
                         ": a holder has grants or withdrawals of it that this store forgot",
                     "let its holders connect, which give them back; or share without them: sangam "
                     "dataset resume " +
                         names.substr(0, names.find(' ')) +
                         (names.find(' ') == std::string::npos ? "" : ", one by one"));
    if (!behind.empty())
        return check("sharing", true,
                     behind +
                         ": shared again, but its grants stay as they are until its holders "
                         "have given forgotten control entries back");
    return check("sharing", true, "no dataset waits for control entries");
}

}  // namespace

Result<Reply> doctor_checks(Call& call) {
    const auto engine =
        call.context.engine->call([](const sync::Engine& e, Millis now) { return e.status(now); });
    const auto reader = call.reader();
    const auto quarantined = reader->quarantine_count();
    std::size_t unaccepted = 0;
    for_each_set_aside(*reader, [&](const storage::QuarantineItem& item) {
        if (item.reason.starts_with(storage::unaccepted_reason)) ++unaccepted;
    });
    json::array checks;
    checks.push_back(
        check("clock", engine.clock_warning.empty(),
              engine.clock_warning.empty()
                  ? "no disagreement with " + std::to_string(engine.peers.size()) + " peers"
                  : engine.clock_warning,
              "set this machine's clock, by NTP"));
    checks.push_back(registry_check(call.context.membership->state()));
    checks.push_back(peers_check(call.context.peers->rows()));
    checks.push_back(sharing_check(call, *reader));
    checks.push_back(check("quarantine", quarantined == 0,
                           std::to_string(quarantined) + " items set aside" +
                               (unaccepted == 0 ? std::string()
                                                : ", " + std::to_string(unaccepted) +
                                                      " of them commits made here that had not "
                                                      "reached an owner which took this "
                                                      "institution out of the writers"),
                           "sangam quarantine list says of each why; nothing of it is applied"));
    json::object document;
    document["checks"] = std::move(checks);
    return Reply(std::move(document));
}

}  // namespace sangam::node
