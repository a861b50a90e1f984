// SPDX-License-Identifier: Apache-2.0
// What the node counts of its own work, for `/metrics` in the Prometheus text format 0.0.4
// (docs/api.md, "Probes and metrics"). Counters live here; what is a state of the node is looked up
// at each scrape (state_metrics.hpp).
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/ingest/import_report.hpp"

namespace prometheus {
struct MetricFamily;
}

namespace sangam::node {

/// Thread-safe. Labels are bounded: routes by their pattern, never by a path that somebody sent.
class Metrics {
public:
    Metrics();
    ~Metrics();
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// `route` as in routes.cpp; "none" where there was none.
    void request_answered(std::string_view route, int status);
    void search_ended(std::chrono::steady_clock::duration took, bool is_complete);
    void rows_imported(const ingest::ImportReport& report);

    /// All counters, then `state`, as text.
    [[nodiscard]] std::string text(std::vector<prometheus::MetricFamily> state) const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sangam::node
