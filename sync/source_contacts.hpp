// SPDX-License-Identifier: Apache-2.0
// How old what this node holds of others is: for each dataset, when it last had all that the owner
// had to give it, and when it last heard the owner at all (docs/decisions/0147). A subscription and
// writer sync say when that is so; searches tell the age.
//
// In memory, and written down now and then in one document: a stop can lose a minute of it. A copy
// is then called older than it is, never younger.
#pragma once

#include <map>

#include "protocol/hlc.hpp"
#include "protocol/ids.hpp"
#include "storage/store.hpp"

namespace sangam::sync {

/// Of one dataset that is held for its owner. 0: never.
struct SourceContact {
    Millis up_to_date{};  ///< nothing that the owner had for this node was missing
    Millis heard{};       ///< the owner's word on who may see it was the newest
    friend bool operator==(const SourceContact&, const SourceContact&) = default;
};
using SourceContactMap = std::map<DatasetUid, SourceContact>;

class SourceContacts {
public:
    /// Goes on with what the store remembers.
    explicit SourceContacts(storage::Store& store);

    /// Something came from a node of the owner.
    void heard(const DatasetUid& dataset, Millis now);
    /// The same, and all that it has for this node is here.
    void confirmed(const DatasetUid& dataset, Millis now);
    /// A copy begins. Where nothing was held, nothing that is held is older than this.
    void begun(const DatasetUid& dataset, Millis now);
    /// Nothing of the dataset is held any more.
    void forget(const DatasetUid& dataset);

    [[nodiscard]] const SourceContactMap& all() const { return all_; }

    /// Writes down what has moved, once in a while.
    void tick(Millis now);
    /// Writes down what has moved.
    void save();
    /// The clock was set by `step`. Set back, the contacts go back with it; set on, they stay: the
    /// machine may have slept.
    void clock_was_set(Millis step);

private:
    storage::Store& store_;
    SourceContactMap all_;
    SourceContactMap saved_;
    Millis last_save_{};
};

}  // namespace sangam::sync
