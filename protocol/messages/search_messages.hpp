// SPDX-License-Identifier: Apache-2.0
// Federated search: one request, an answer split by dataset, one closing message (SEMANTICS
// section 7).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/ids.hpp"

namespace sangam::messages {

inline constexpr std::size_t max_query_bytes = 4 * 1024;   ///< as of a condition
inline constexpr std::uint32_t max_search_limit = 10'000;  ///< hits from one dataset: fits a frame
inline constexpr std::size_t max_search_facets = 32;       ///< each costs a pass over the matches

/// What ranking by BM25 has to know of all that the asker may see in a dataset, or in several: sums
/// add up. Lengths are bytes of visible text.
struct SearchStatistics {
    std::uint64_t records = 0;  ///< with a visible text
    std::uint64_t bytes = 0;
    std::vector<std::uint64_t> records_with_term;  ///< one for each term of the query
    template <class Archive>
    void serialize(Archive& archive) {
        archive(records, bytes, records_with_term);
    }
    friend bool operator==(const SearchStatistics&, const SearchStatistics&) = default;
};

/// The asking institution is the connection's peer; a person's pseudonym is for logs only.
struct SearchRequest {
    std::uint64_t query_id = 0;  ///< the asker's, unique on the connection
    std::string query;           ///< COMMANDS' QUERY; empty: all that the condition lets through
    std::string where;
    std::uint32_t limit = 0;           ///< best hits wanted from each dataset, at most 10,000
    std::uint32_t deadline_ms = 0;     ///< an answer after that is not looked at
    std::vector<std::string> facets;   ///< field paths
    std::string sort;                  ///< field path, "-" in front for descending; empty: by rank
    std::vector<DatasetUid> datasets;  ///< the datasets asked about; empty: all that may be seen
    std::string person;
    /// Ranks by these instead of each dataset's own: of all that answered a first time.
    bool has_statistics = false;
    SearchStatistics statistics;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(query_id, query, where, limit, deadline_ms, facets, sort, datasets, person,
                has_statistics, statistics);
    }
    friend bool operator==(const SearchRequest&, const SearchRequest&) = default;
};

struct SearchHit {
    std::string collection;
    std::string id;
    std::string title;
    double score = 0;
    bool has_score = false;  ///< false without a query
    Bytes fields;  ///< CBOR map of field path text to value, only fields visible to the asker
    std::string snippet;
    std::string sort_key;  ///< compares by bytes; empty: no value, or no sort
    /// What the score is made of, so that the asker can rank over datasets: how often each term
    /// stands in the visible text, and its bytes. Empty and 0 without a query.
    std::vector<std::uint32_t> occurrences;
    std::uint64_t length = 0;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(collection, id, title, score, has_score, fields, snippet, sort_key, occurrences,
                length);
    }
    friend bool operator==(const SearchHit&, const SearchHit&) = default;
};

struct FacetCount {
    std::string facet;
    std::string value;
    std::uint64_t count = 0;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(facet, value, count);
    }
    friend bool operator==(const FacetCount&, const FacetCount&) = default;
};

/// One dataset's answer, whole in one message.
struct SearchPart {
    enum class Source : std::uint8_t {
        origin = 1,
        replica = 2,
        refused = 3,  ///< a field that the asker may not see, or does not exist; see reason
        failed = 4,
    };
    std::uint64_t query_id = 0;
    DatasetUid dataset;
    Source source = Source::failed;
    std::uint64_t total = 0;  ///< exact over this source's scope
    std::uint64_t held = 0;   ///< records that the source holds of what the asker may see
    std::uint64_t expected =
        0;                     ///< records it ought to hold as of age_ms ago; origin: same as held
    std::uint64_t age_ms = 0;  ///< since it last had all that the owner had for it; origin: 0
    std::vector<SearchHit> hits;
    std::vector<FacetCount> facets;
    std::string reason;
    SearchStatistics statistics;  ///< of the dataset, whatever the condition; zero without a query
    /// Paths that the asker may see at the owner and that the replica, or the owner's rules for a
    /// stand-in, hide in some records; origin: 0.
    std::uint32_t fields_not_held = 0;
    template <class Archive>
    void serialize(Archive& archive) {
        archive(query_id, dataset, source, total, held, expected, age_ms, hits, facets, reason,
                statistics, fields_not_held);
    }
    friend bool operator==(const SearchPart&, const SearchPart&) = default;
};

/// All parts of the query were sent.
struct SearchDone {
    std::uint64_t query_id = 0;
    std::uint32_t parts = 0;
    std::string reason;  ///< why there are none, when the query itself was bad
    template <class Archive>
    void serialize(Archive& archive) {
        archive(query_id, parts, reason);
    }
    friend bool operator==(const SearchDone&, const SearchDone&) = default;
};

}  // namespace sangam::messages
