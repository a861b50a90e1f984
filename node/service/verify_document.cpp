// SPDX-License-Identifier: Apache-2.0
#include "node/service/verify_document.hpp"

#include <boost/json/array.hpp>

namespace sangam::node {

boost::json::object verify_document(const storage::VerifyReport& report) {
    boost::json::array failures;
    for (const auto& failure : report.failures) {
        boost::json::object entry;
        entry["record"] = failure.record;
        entry["reason"] = failure.reason;
        failures.push_back(std::move(entry));
    }
    boost::json::object out;
    out["records"] = report.records;
    out["commits"] = report.commits;
    out["failed"] = report.failed;
    out["failures"] = std::move(failures);
    return out;
}

}  // namespace sangam::node
