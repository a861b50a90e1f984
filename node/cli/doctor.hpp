// SPDX-License-Identifier: Apache-2.0
// The checks of `sangam doctor`: those that need no daemon are made here, the others by the daemon.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "node/cli/session.hpp"

namespace sangam::node::cli {

/// {"checks":[{"name","ok","detail","fix"}]}. A check that fails never stops the others.
[[nodiscard]] boost::json::object examine(const Session& session, const std::string& directory);

}  // namespace sangam::node::cli
