// SPDX-License-Identifier: Apache-2.0
// The decision about one record: which of its fields show to the asker of a Scope
// (SEMANTICS section 5 "A view of a row"). Whatever shows or sends a record needs a RowScope, and
// only row_scope() makes one.
//
// A grant's condition reads the whole record, also fields that the grant hides: the owner decides
// what it is about. A subscriber's or searcher's own condition reads only what shows to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/condition.hpp"
#include "storage/store.hpp"
#include "sync/policy.hpp"

namespace sangam::sync {

/// What shows of one record. Where a rule hides something, a record of which no field with a value
/// is left does not show at all: it counts nowhere, and is no holder's (docs/decisions/0140).
class RowScope {
public:
    [[nodiscard]] bool is_visible() const { return is_visible_; }
    /// False for every field of a record that is not visible.
    [[nodiscard]] bool shows(const Path& field) const;
    [[nodiscard]] bool hides_nothing() const { return is_visible_ && hidden_.empty(); }
    /// These and all below them do not show; ascending.
    [[nodiscard]] const std::vector<Path>& hidden() const { return hidden_; }

private:
    friend class RowJudge;
    RowScope() = default;
    bool is_visible_ = false;
    std::vector<Path> hidden_;
};

/// Decides record by record for one asker and dataset. What it was made with must outlive it.
class RowJudge {
public:
    /// `filter` is what the asker wants besides: it must be true of what shows.
    RowJudge(const Scope& scope, const Manifest& manifest, const storage::Projector& projector,
             const Condition* filter = nullptr)
        : scope_(scope), manifest_(manifest), projector_(projector), filter_(filter) {}

    /// `live` are the record's live changes.
    [[nodiscard]] RowScope of(const RecordKey& key,
                              const std::vector<storage::StoredChange>& live) const;
    [[nodiscard]] RowScope of(const storage::RecordState& record) const {
        return of(record.key, record.changes);
    }

private:
    const Scope& scope_;
    const Manifest& manifest_;
    const storage::Projector& projector_;
    const Condition* filter_;
};

/// The same decision, for a search of the store.
[[nodiscard]] storage::SearchScope search_scope(const DatasetUid& dataset, const Scope& scope);

/// How many live records of the dataset show. Looks at each when that depends on the rows.
[[nodiscard]] std::uint64_t count_visible(const storage::Reader& reader,
                                          const storage::DatasetInfo& dataset, const Scope& scope);

/// The fields of the asker's own condition that it may not use: those that are hidden from it in
/// all records, or that none of those that show has, which must not differ. Looks at no more than
/// `max_looked_at` records; where nothing shows, nothing is refused.
[[nodiscard]] std::vector<Path> unusable_fields(const Condition& condition,
                                                const storage::Reader& reader,
                                                const storage::DatasetInfo& dataset,
                                                const Scope& scope,
                                                const storage::Projector& projector);
/// Those of them that records which changed after the position do not show either.
[[nodiscard]] std::vector<Path> still_unusable(std::vector<Path> missing, Position after,
                                               const storage::Reader& reader,
                                               const storage::DatasetInfo& dataset,
                                               const Scope& scope,
                                               const storage::Projector& projector);
/// The first of unusable_fields().
[[nodiscard]] std::optional<Path> unusable_field(const Condition& condition,
                                                 const storage::Reader& reader,
                                                 const storage::DatasetInfo& dataset,
                                                 const Scope& scope,
                                                 const storage::Projector& projector);
inline constexpr std::size_t max_looked_at = 20'000;

}  // namespace sangam::sync
