// SPDX-License-Identifier: Apache-2.0
// RECORD as people and programs write it: institution/dataset/collection/id, in which only `%`, `/`
// and control characters of the id are percent-encoded (COMMANDS, "Common to all").
// The other way is ingest::record_text().
#pragma once

#include <string>
#include <string_view>

#include "protocol/error.hpp"
#include "protocol/ids.hpp"

namespace sangam::node {

struct RecordName {
    std::string institution;  ///< handle
    std::string dataset;      ///< the part after the slash
    RecordKey key;            ///< the id raw
    friend bool operator==(const RecordName&, const RecordName&) = default;
};

/// Refuses fewer than four parts, an empty part, a `/` in the id that is not encoded, a `%` without
/// two digits, and what is no UTF-8.
[[nodiscard]] Result<RecordName> parse_record_name(std::string_view text);

}  // namespace sangam::node
