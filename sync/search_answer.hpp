// SPDX-License-Identifier: Apache-2.0
// Answers a search from this node's own store: as origin for what its institution owns, as stand-in
// for what it holds of others (SEMANTICS section 7, COMMANDS "Search").
#pragma once

#include <string>
#include <vector>

#include "protocol/messages/search_messages.hpp"
#include "storage/store.hpp"
#include "sync/actions.hpp"
#include "sync/directory_view.hpp"

namespace sangam::sync {

class Merger;

struct SearchAnswer {
    std::vector<messages::SearchPart> parts;  ///< one for each dataset, by dataset
    std::string reason;                       ///< why there are none, when the query itself is bad
};

/// One part for each dataset that the asker may search here and that the request asks about. A
/// refused part for one that the asker may only discover, so that "not allowed" differs from
/// "nothing found". Pure; any thread on which `directory` may be used. `now` gives the age of what
/// is held for others.
[[nodiscard]] SearchAnswer answer_search(const storage::Reader& reader,
                                         const DirectoryView& directory, const Merger& merger,
                                         const AnswerSearch& asked, Millis now);

/// What people see as the record's name: germplasmName, the first of accessionNames,
/// accessionNumber, else the id. Takes only fields that the asker may see.
[[nodiscard]] std::string title_of(const std::map<Path, Value>& fields, const RecordKey& key);

/// How long a stand-in answers `members` and `public` after the owner was last heard.
inline constexpr Millis stand_in_lifetime = std::chrono::hours(24);

}  // namespace sangam::sync
