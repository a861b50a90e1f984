// SPDX-License-Identifier: Apache-2.0
#include "node/service/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <iterator>

namespace sangam::node {
namespace {

/// Seconds: a local search takes some milliseconds, the longest deadline is a minute.
const prometheus::Histogram::BucketBoundaries search_seconds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                             0.5,   1,    2.5,   5,    10,  60};

}  // namespace

class Metrics::Impl {
public:
    prometheus::Registry registry;
    prometheus::Family<prometheus::Counter>& requests =
        prometheus::BuildCounter()
            .Name("sangam_http_requests_total")
            .Help("HTTP requests answered, by route and status.")
            .Register(registry);
    prometheus::Histogram& searches = prometheus::BuildHistogram()
                                          .Name("sangam_search_duration_seconds")
                                          .Help("Time from a search request to its answer.")
                                          .Register(registry)
                                          .Add({}, search_seconds);
    prometheus::Counter& incomplete =
        prometheus::BuildCounter()
            .Name("sangam_searches_incomplete_total")
            .Help("Searches in which some dataset was not answered whole.")
            .Register(registry)
            .Add({});
    prometheus::Family<prometheus::Counter>& rows =
        prometheus::BuildCounter()
            .Name("sangam_import_rows_total")
            .Help("Rows of imports, by what became of them.")
            .Register(registry);
    prometheus::Counter& written = rows.Add({{"result", "written"}});
    prometheus::Counter& unchanged = rows.Add({{"result", "unchanged"}});
    prometheus::Counter& rejected = rows.Add({{"result", "rejected"}});
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::request_answered(std::string_view route, int status) {
    impl_->requests.Add({{"route", std::string(route)}, {"code", std::to_string(status)}})
        .Increment();
}

void Metrics::search_ended(std::chrono::steady_clock::duration took, bool is_complete) {
    impl_->searches.Observe(std::chrono::duration<double>(took).count());
    if (!is_complete) impl_->incomplete.Increment();
}

void Metrics::rows_imported(const ingest::ImportReport& report) {
    impl_->written.Increment(static_cast<double>(report.written));
    impl_->unchanged.Increment(static_cast<double>(report.unchanged));
    impl_->rejected.Increment(static_cast<double>(report.rejected));
}

std::string Metrics::text(std::vector<prometheus::MetricFamily> state) const {
    auto families = impl_->registry.Collect();
    families.insert(families.end(), std::make_move_iterator(state.begin()),
                    std::make_move_iterator(state.end()));
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace sangam::node
