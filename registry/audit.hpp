// SPDX-License-Identifier: Apache-2.0
// The registry's audit file: one line of JSON for each step of enrolment and each operator's act.
#pragma once

#include <string>

#include "protocol/hlc.hpp"

namespace sangam::registry {

/// One step. Tokens and other secrets never stand here.
struct AuditEvent {
    Millis at{};
    std::string actor;    ///< "operator", "registry", or a node id
    std::string action;   ///< "invited", "enrolled", "admitted", "refused", "revoked", ...
    std::string subject;  ///< a node id or a handle
    std::string detail;   ///< a sentence; may be empty

    /// {"time":"2026-11-24T03:16:00.000Z","actor":…,"action":…,"subject":…,"detail":…} without a
    /// newline; control characters escaped.
    [[nodiscard]] std::string line() const;
    friend bool operator==(const AuditEvent&, const AuditEvent&) = default;
};

}  // namespace sangam::registry
