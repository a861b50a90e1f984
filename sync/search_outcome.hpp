// SPDX-License-Identifier: Apache-2.0
// A federated search's question and its outcome, as `search --json` prints it (COMMANDS, Search).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "protocol/error.hpp"
#include "protocol/hlc.hpp"
#include "protocol/ids.hpp"
#include "protocol/value.hpp"

namespace sangam::sync {

struct SearchQuery {
    std::string query;
    std::string where;
    std::vector<std::string> facets;
    std::string sort;
    std::uint32_t limit = 20;  ///< hits on the page
    std::uint32_t page = 0;
    std::chrono::milliseconds deadline{2000};
    std::vector<std::string> nodes;  ///< institution handles to ask; empty: all
    bool local_only = false;         ///< only what this node holds itself
};

struct OutcomeHit {
    std::string record;  ///< INSTITUTION/DATASET/COLLECTION/ID
    std::string dataset;
    std::string collection;
    std::string id;
    std::string title;
    std::optional<double> score;
    std::map<std::string, Value> fields;
    std::string origin;       ///< handle of the owner
    std::string answered_by;  ///< handle of the institution whose node answered
    std::int64_t age_s = 0;
    std::vector<std::string> holders;  ///< handles that the asker may know of
    std::string licence;
    std::string snippet;
};

/// One for each dataset whose description the asker may see.
struct Completeness {
    std::string dataset;
    std::string from;  ///< origin | replica | none
    std::string answered_by;
    bool partial = false;
    std::int64_t age_s = 0;
    std::int64_t took_ms = 0;
    std::string reason;
};

struct SearchOutcome {
    std::uint64_t total = 0;
    std::vector<OutcomeHit> hits;
    std::map<std::string, std::vector<std::pair<std::string, std::uint64_t>>> facets;
    std::uint32_t nodes_asked = 0;
    std::uint32_t nodes_answered = 0;
    std::vector<Completeness> completeness;  ///< by dataset
    bool complete = false;
    /// Some source could not be asked again in time: a better hit of its may be missing.
    bool ranking_is_per_node = false;
    std::int64_t took_ms = 0;
    /// Set when the query itself was bad, or every dataset refused it (exit 4).
    std::optional<Error> refused;
};

}  // namespace sangam::sync
