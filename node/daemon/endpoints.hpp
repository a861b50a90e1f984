// SPDX-License-Identifier: Apache-2.0
// Under which addresses a node tells the federation that it is reached.
#pragma once

#include <string>
#include <vector>

namespace sangam::node {

/// `advertise` as it is, when the admin gave it. Else where the node listens ("127.0.0.1:7420");
/// for a node that listens on all addresses, that of this machine from which the registry is
/// reached. Empty (the node then only dials) when the port is not known yet or there is no route.
[[nodiscard]] std::vector<std::string> endpoints_to_publish(
    const std::vector<std::string>& advertise, const std::string& listening,
    const std::string& registry_url);

}  // namespace sangam::node
