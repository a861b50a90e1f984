// SPDX-License-Identifier: Apache-2.0
// The lanes of one dataset while a write goes on: found or made once, written back at the end.
#pragma once

#include <map>
#include <set>

#include "storage/tables.hpp"

namespace sangam::storage {

class LaneBook {
public:
    LaneBook(Tables& tables, DatasetId dataset);
    /// The lane's row; made when there is none. Valid as long as the book. `institution`: whose
    /// node it is.
    LaneRow& of(const Lane& lane, const InstitutionId& institution);
    /// Whether of() told of an older lane whose node it is, not the owner's, which was not known
    /// before: what records look like may depend on it.
    [[nodiscard]] bool has_learned_of_others(const InstitutionId& owner) const;
    [[nodiscard]] const LaneRow* find(const Lane& lane) const;
    /// Heads of all lanes that have one, by lane.
    [[nodiscard]] std::vector<Head> heads() const;
    /// After a commit was taken as the lane's next.
    void advance(LaneRow& lane, const CommitHeader& header, const Hash& header_hash);
    /// Writes what advanced.
    void save();

private:
    Tables& tables_;
    DatasetId dataset_;
    std::map<Lane, LaneRow> lanes_;
    std::set<Lane> changed_;
    std::set<InstitutionId> learned_;
};

}  // namespace sangam::storage
