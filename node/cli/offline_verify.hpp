// SPDX-License-Identifier: Apache-2.0
// `sangam verify` on a directory whose daemon does not run: the store is opened here.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "protocol/error.hpp"

namespace sangam::node::cli {

/// The document of `verify`. `dataset` is INSTITUTION/NAME or NAME; without the daemon's directory
/// of members the part after the slash decides. Errors: not_found for no node there or no such
/// dataset; "locked" when a daemon was started meanwhile.
[[nodiscard]] Result<boost::json::object> verify_without_daemon(
    const std::string& directory, const std::optional<std::string>& dataset);

/// The same for the smallest of its datasets, as a sample.
[[nodiscard]] Result<boost::json::object> verify_sample_without_daemon(
    const std::string& directory);

}  // namespace sangam::node::cli
