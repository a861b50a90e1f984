// SPDX-License-Identifier: Apache-2.0
#include "node/service/state_metrics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "node/service/conflicts.hpp"

namespace sangam::node {
namespace {

using Labels = std::vector<prometheus::ClientMetric::Label>;
using prometheus::MetricType;
using storage::Holding;

/// A family that is filled value by value.
class Family {
public:
    Family(std::string name, std::string help, MetricType type = MetricType::Gauge) {
        family_.name = std::move(name);
        family_.help = std::move(help);
        family_.type = type;
    }
    void add(double value, Labels labels = {}) {
        prometheus::ClientMetric metric;
        metric.label = std::move(labels);
        if (family_.type == MetricType::Counter)
            metric.counter.value = value;
        else
            metric.gauge.value = value;
        family_.metric.push_back(std::move(metric));
    }
    void add(std::uint64_t value, Labels labels = {}) {
        add(static_cast<double>(value), std::move(labels));
    }
    [[nodiscard]] bool is_empty() const { return family_.metric.empty(); }
    prometheus::MetricFamily take() { return std::move(family_); }

private:
    prometheus::MetricFamily family_;
};

class Collector {
public:
    Collector(Call& call, const sync::EngineStatus& engine)
        : call_(call), engine_(engine), reader_(call.reader()) {}

    std::vector<prometheus::MetricFamily> collect() {
        node();
        registry();
        peers();
        datasets();
        subscriptions();
        if (call_.role >= Role::researcher) serving();
        store();
        process();
        return std::move(out_);
    }

private:
    /// A family without values says nothing and is left out.
    void put(Family& family) {
        if (!family.is_empty()) out_.push_back(family.take());
    }
    void put_one(std::string name, std::string help, double value,
                 MetricType type = MetricType::Gauge) {
        Family family(std::move(name), std::move(help), type);
        family.add(value);
        put(family);
    }

    void node() {
        Family build("sangam_build_info", "Always 1; the version is a label.");
        build.add(1.0, {{"version", call_.context.version}});
        put(build);
        put_one("sangam_clock_disagrees",
                "1 when most peers agree that this node's clock is off, else 0.",
                engine_.clock_warning.empty() ? 0 : 1);
    }

    void registry() {
        const auto state = call_.context.membership->state();
        Family freshness("sangam_registry_state",
                         "1 for the state that the verified directory is in, 0 for the others.");
        const std::pair<sync::Freshness, const char*> states[] = {
            {sync::Freshness::none, "none"},
            {sync::Freshness::fresh, "fresh"},
            {sync::Freshness::stale, "stale"},
            {sync::Freshness::expired, "expired"}};
        for (const auto& [value, name] : states)
            freshness.add(state.freshness == value ? 1.0 : 0.0, {{"state", name}});
        put(freshness);
        if (state.age_s >= 0)
            put_one("sangam_registry_checkpoint_age_seconds",
                    "Age of the newest checkpoint of the registry's log.",
                    static_cast<double>(state.age_s));
        put_one("sangam_registry_log_entries", "Entries of the registry's log that are held.",
                static_cast<double>(state.tree_size));
        put_one("sangam_registry_reachable", "0 when the last contact with the registry failed.",
                state.last_error.empty() ? 1 : 0);
    }

    void peers() {
        std::map<std::string, std::uint64_t> counts{
            {"connected", 0}, {"dialing", 0}, {"refused", 0}, {"down", 0}};
        for (const auto& row : call_.context.peers->rows()) ++counts[row.state];
        Family peers("sangam_peers", "Other nodes of the federation, by state of the connection.");
        for (const auto& [state, count] : counts) peers.add(count, {{"state", state}});
        put(peers);
        const auto bytes = call_.context.peers->wire_bytes();
        put_one("sangam_peer_received_bytes_total", "Bytes of frames received from peers.",
                static_cast<double>(bytes.received), MetricType::Counter);
        put_one("sangam_peer_sent_bytes_total", "Bytes of frames sent to peers.",
                static_cast<double>(bytes.sent), MetricType::Counter);
    }

    void datasets() {
        Family records("sangam_dataset_records", "Live records held.");
        Family commits("sangam_dataset_commits_total",
                       "Signed commits of datasets that the institution owns or writes.",
                       MetricType::Counter);
        Family conflicts("sangam_open_conflicts", "Conflicts that no rule and nobody settled.");
        for (const auto& info : reader_->datasets()) {
            if (info.holding == Holding::known) continue;
            // Figures of the whole dataset are for those who see the whole of it: a withheld record
            // is not to be counted by a scrape either.
            const auto scope = call_.decide(Action::search, *reader_, info.uid);
            if (!scope.allowed || !scope.shows_all()) continue;
            const auto name = call_.dataset_text(info.manifest);
            visible_.insert(name);
            const bool is_whole = info.holding != Holding::replica;
            const char* holding = info.holding == Holding::own      ? "own"
                                  : info.holding == Holding::writer ? "writer"
                                                                    : "replica";
            records.add(info.live_records, {{"dataset", name}, {"holding", holding}});
            conflicts.add(call_.conflicts.counts(info.uid).open, {{"dataset", name}});
            if (!is_whole) continue;
            std::uint64_t count = 0;
            for (const auto& head : reader_->heads(info.uid)) count += raw(head.sequence);
            commits.add(count, {{"dataset", name}});
        }
        put(records);
        put(commits);
        put(conflicts);
    }

    void subscriptions() {
        std::map<std::string, std::uint64_t> counts{
            {"live", 0}, {"catching_up", 0}, {"waiting", 0}, {"refused", 0}};
        Family lag("sangam_subscription_lag_seconds",
                   "Time since a subscription's source last said something.");
        Family missing("sangam_subscription_missing_records",
                       "Records that a subscription's source announced and that are not here yet.");
        for (const auto& row : engine_.subscriptions) {
            ++counts[row.state];
            if (!visible_.contains(row.dataset) && call_.role < Role::researcher) continue;
            if (row.age_ms >= 0)
                lag.add(static_cast<double>(row.age_ms) / 1000.0, {{"dataset", row.dataset}});
            missing.add(row.expected - std::min(row.expected, row.records),
                        {{"dataset", row.dataset}});
        }
        Family states("sangam_subscriptions", "Subscriptions of this node, by state.");
        for (const auto& [state, count] : counts) states.add(count, {{"state", state}});
        put(states);
        put(lag);
        put(missing);
    }

    void serving() {
        Family held("sangam_served_records", "Records that holders have for sure.");
        Family pending("sangam_served_pending_records",
                       "Records in a holder's scope that it has not acknowledged.");
        Family withdrawals("sangam_pending_withdrawals",
                           "Withdrawals that a holder has not acknowledged.");
        for (const auto& row : engine_.serving) {
            // An institution may have several nodes, each with a subscription of its own.
            const Labels labels{{"dataset", row.dataset},
                                {"institution", row.institution},
                                {"node", row.node.hex().substr(0, 16)}};
            held.add(row.acknowledged, labels);
            pending.add(row.pending, labels);
            withdrawals.add(row.withdrawals_pending, labels);
        }
        put(held);
        put(pending);
        put(withdrawals);
    }

    void store() {
        put_one("sangam_quarantined_items", "What was set aside and waits to be looked at.",
                static_cast<double>(reader_->quarantine_count()));
        put_one("sangam_findings", "Odd values that are stored as they came.",
                static_cast<double>(reader_->findings_count()));
        std::uintmax_t bytes = 0;
        for (const char* name : {"store.sqlite", "store.sqlite-wal"}) {
            std::error_code error;
            const auto size =
                std::filesystem::file_size(call_.context.store_directory + "/" + name, error);
            if (!error) bytes += size;
        }
        put_one("sangam_store_size_bytes", "Size of the store's file and of its log.",
                static_cast<double>(bytes));
    }

    /// The names that Prometheus client libraries give these.
    void process() {
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        const auto seconds = [](const timeval& time) {
            return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
        };
        put_one("process_cpu_seconds_total", "Processor time used.",
                seconds(usage.ru_utime) + seconds(usage.ru_stime), MetricType::Counter);
        std::uint64_t pages = 0;
        std::uint64_t resident = 0;
        if (std::ifstream in("/proc/self/statm"); in >> pages >> resident)
            put_one("process_resident_memory_bytes", "Memory in use.",
                    static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
        std::error_code error;
        const std::filesystem::directory_iterator files("/proc/self/fd", error);
        if (!error)
            put_one("process_open_fds", "Open file descriptors.",
                    static_cast<double>(std::distance(begin(files), end(files))));
    }

    Call& call_;
    const sync::EngineStatus& engine_;
    std::unique_ptr<storage::Reader> reader_;
    std::set<std::string> visible_;  ///< datasets that the asker sees whole
    std::vector<prometheus::MetricFamily> out_;
};

}  // namespace

std::vector<prometheus::MetricFamily> state_metrics(Call& call, const sync::EngineStatus& engine) {
    return Collector(call, engine).collect();
}

}  // namespace sangam::node
