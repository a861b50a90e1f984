// SPDX-License-Identifier: Apache-2.0
// The document of `verify`: {"records","commits","failed","failures":[{"record","reason"}]}.
#pragma once

#include <boost/json/object.hpp>

#include "storage/types.hpp"

namespace sangam::node {

[[nodiscard]] boost::json::object verify_document(const storage::VerifyReport& report);

}  // namespace sangam::node
