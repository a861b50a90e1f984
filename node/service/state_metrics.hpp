// SPDX-License-Identifier: Apache-2.0
// The state of the node as metrics, cut to what the asker may know: names of datasets only where
// the asker may discover them, names of institutions only for the own institution's people.
#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "node/service/call.hpp"

namespace sangam::node {

/// `engine` may be some seconds old: it is the one thing here that costs the logic thread time.
[[nodiscard]] std::vector<prometheus::MetricFamily> state_metrics(Call& call,
                                                                  const sync::EngineStatus& engine);

}  // namespace sangam::node
