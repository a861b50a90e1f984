// SPDX-License-Identifier: Apache-2.0
// Keeps what cannot be applied yet, durable and visible, and tries it again when its reason may
// have gone: time has passed, the directory has moved. Nothing is dropped in silence, and nothing
// that is kept blocks what comes after.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "sync/part_check.hpp"
#include "sync/sessions.hpp"

namespace sangam::sync {

/// Whether what is set aside for this reason is tried again by itself, as time passes or the
/// directory or the owner's manifest moves; forks and broken rules stay for a person.
[[nodiscard]] bool may_pass(const std::string& reason);

class QuarantineKeeper {
public:
    explicit QuarantineKeeper(EngineContext& context) : context_(context) {}

    /// Durable on return. The same bytes are kept once. False when there is no room: whoever
    /// brought it is to be cut off before anything moves on without it.
    [[nodiscard]] bool keep(const DatasetUid& dataset, const NodeId& source,
                            const std::string& reason, ByteView part);
    /// Forgets what is kept of records that were withdrawn from a replica: it must not come back.
    /// True when a forgotten part also held other records, which are missing then; before it goes,
    /// `before_others_go` makes durable that they are to come again.
    [[nodiscard]] bool forget(const DatasetUid& dataset, const std::vector<RecordKey>& records,
                              const std::function<void()>& before_others_go);
    void forget(const DatasetUid& dataset);

    /// Something that passes the gate now. True: it was applied or is no longer wanted, and leaves
    /// the quarantine.
    using Apply = std::function<bool(const storage::DatasetInfo&, VerifiedPart)>;
    /// Tries again what waited for time or for the directory, lane by lane in order.
    void retry(const Apply& apply);
    /// True when retry() should be called at the present time.
    [[nodiscard]] bool is_due() const;
    /// The store may have set aside something itself, too.
    void make_due() {
        next_retry_ = Millis{0};
        is_loaded_ = false;
    }

private:
    void load();
    EngineContext& context_;
    bool is_loaded_ = false;
    std::set<Hash> kept_;  ///< hashes of the bytes that are in quarantine
    Millis next_retry_{};
};

}  // namespace sangam::sync
