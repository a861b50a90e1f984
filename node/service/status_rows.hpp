// SPDX-License-Identifier: Apache-2.0
// Rows of the engine's status as documents, for `status` and `subscriptions`.
#pragma once

#include <boost/json/array.hpp>

#include "sync/status.hpp"

namespace sangam::node {

[[nodiscard]] boost::json::array subscription_rows(const sync::EngineStatus& status);

}  // namespace sangam::node
