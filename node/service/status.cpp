// SPDX-License-Identifier: Apache-2.0
// `status`: the one page about the node.
#include <algorithm>
#include <boost/json/array.hpp>

#include "node/service/conflicts.hpp"
#include "node/service/status_rows.hpp"
#include "node/service/verbs.hpp"

namespace sangam::node {
namespace {

namespace json = boost::json;

std::string_view to_text(sync::Freshness freshness) {
    switch (freshness) {
        case sync::Freshness::fresh:
            return "fresh";
        case sync::Freshness::stale:
            return "stale";
        case sync::Freshness::expired:
            return "expired";
        case sync::Freshness::none:
            break;
    }
    return "none";
}

json::object registry_row(const MembershipState& state) {
    json::object out;
    out["state"] = to_text(state.freshness);
    out["membership"] = state.state;
    out["url"] = state.registry_url;
    out["tree_size"] = state.tree_size;
    out["age_s"] = state.age_s;
    out["last_error"] = state.last_error;
    return out;
}

json::array dataset_rows(const Call& call, const storage::Reader& reader,
                         const std::vector<storage::DatasetInfo>& datasets) {
    std::vector<json::object> rows;
    for (const auto& info : datasets) {
        if (info.holding == storage::Holding::known) continue;
        json::object row;
        row["dataset"] = call.dataset_text(info.manifest);
        row["own"] = info.holding == storage::Holding::own;
        row["records"] = info.live_records;
        if (info.holding == storage::Holding::own) {
            const auto policy = sync::DatasetPolicy::load(reader, info.uid);
            row["sharing_waits"] = policy && policy->is_paused;
        }
        rows.push_back(std::move(row));
    }
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
        return a.at("dataset").as_string() < b.at("dataset").as_string();
    });
    return json::array(std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end()));
}

json::array peer_rows(const std::vector<PeerRow>& peers, const sync::EngineStatus& status) {
    json::array out;
    for (const auto& peer : peers) {
        auto rtt = peer.rtt_ms;
        for (const auto& session : status.peers)
            if (session.node == peer.node && rtt < 0) rtt = session.rtt_ms;
        json::object row;
        row["institution"] = peer.institution;
        row["node_id"] = peer.node.hex();
        row["state"] = peer.state;
        row["rtt_ms"] = rtt < 0 ? json::value(nullptr) : json::value(rtt);
        row["since"] = time_or_null(peer.since);
        row["detail"] = peer.detail;
        out.push_back(std::move(row));
    }
    return out;
}

json::array serving_rows(const sync::EngineStatus& status) {
    json::array out;
    for (const auto& serving : status.serving) {
        json::object row;
        row["dataset"] = serving.dataset;
        row["institution"] = serving.institution;
        row["node_id"] = serving.node.hex();
        row["sent"] = serving.sent;
        row["acknowledged"] = serving.acknowledged;
        row["pending"] = serving.pending;
        row["withdrawals_pending"] = serving.withdrawals_pending;
        out.push_back(std::move(row));
    }
    return out;
}

json::object count_of(std::string_view name, std::uint64_t count) {
    json::object out;
    out[name] = count;
    return out;
}

}  // namespace

json::array subscription_rows(const sync::EngineStatus& status) {
    json::array out;
    for (const auto& subscription : status.subscriptions) {
        json::object row;
        row["subscription_id"] = subscription.id.hex();
        row["dataset"] = subscription.dataset;
        row["where"] = subscription.where;
        row["state"] = subscription.state;
        row["records"] = subscription.records;
        row["expected"] = subscription.expected;
        row["position"] = subscription.position;
        row["age_s"] = subscription.age_ms < 0 ? -1 : subscription.age_ms / 1000;
        row["reason"] = subscription.reason;
        out.push_back(std::move(row));
    }
    return out;
}

Result<Reply> status(Call& call) {
    const auto engine =
        call.context.engine->call([](const sync::Engine& e, Millis now) { return e.status(now); });
    const auto reader = call.reader();
    const auto datasets = reader->datasets();
    std::uint64_t open = 0;
    for (const auto& info : datasets)
        if (info.holding != storage::Holding::known) open += call.conflicts.counts(info.uid).open;
    json::object out;
    out["node_id"] = call.context.node.hex();
    out["institution"] = call.own_handle;
    out["version"] = call.context.version;
    out["epoch"] = std::to_string(raw(call.context.store->epoch()));
    out["registry"] = registry_row(call.context.membership->state());
    out["datasets"] = dataset_rows(call, *reader, datasets);
    out["peers"] = peer_rows(call.context.peers->rows(), engine);
    out["subscriptions"] = subscription_rows(engine);
    out["serving"] = serving_rows(engine);
    out["conflicts"] = count_of("open", open);
    out["quarantine"] = count_of("count", reader->quarantine_count());
    out["findings"] = count_of("count", reader->findings_count());
    out["clock_warning"] = engine.clock_warning;
    return Reply(std::move(out));
}

}  // namespace sangam::node
