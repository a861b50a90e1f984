// SPDX-License-Identifier: Apache-2.0
#include "storage/lane_book.hpp"

#include <algorithm>

namespace sangam::storage {

LaneBook::LaneBook(Tables& tables, DatasetId dataset) : tables_(tables), dataset_(dataset) {
    for (auto& row : tables.lanes(dataset)) lanes_.emplace(row.lane, std::move(row));
}

LaneRow& LaneBook::of(const Lane& lane, const InstitutionId& institution) {
    const auto it = lanes_.find(lane);
    if (it != lanes_.end()) {
        if (!it->second.institution) {
            it->second.institution = institution;
            learned_.insert(institution);
            changed_.insert(lane);
        }
        return it->second;
    }
    LaneRow row;
    row.dataset = dataset_;
    row.lane = lane;
    row.institution = institution;
    row.id = tables_.add_lane(row);
    return lanes_.emplace(lane, std::move(row)).first->second;
}

bool LaneBook::has_learned_of_others(const InstitutionId& owner) const {
    return std::ranges::any_of(learned_, [&](const InstitutionId& one) { return one != owner; });
}

const LaneRow* LaneBook::find(const Lane& lane) const {
    const auto it = lanes_.find(lane);
    return it == lanes_.end() ? nullptr : &it->second;
}

std::vector<Head> LaneBook::heads() const {
    std::vector<Head> out;
    for (const auto& [lane, row] : lanes_)
        if (raw(row.head) > 0) out.push_back({lane, row.head, row.head_hash});
    return out;
}

void LaneBook::advance(LaneRow& lane, const CommitHeader& header, const Hash& header_hash) {
    lane.head = header.sequence;
    lane.head_hash = header_hash;
    lane.head_hlc = header.hlc;
    for (const auto& head : header.heads) lane.seen.add({head.lane, head.sequence});
    changed_.insert(lane.lane);
}

void LaneBook::save() {
    for (const auto& lane : changed_) tables_.update_lane(lanes_.at(lane));
    changed_.clear();
}

}  // namespace sangam::storage
