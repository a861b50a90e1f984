// SPDX-License-Identifier: Apache-2.0
// The Reader of every backend, over its tables.
#pragma once

#include "storage/tables.hpp"

namespace sangam::storage {

/// A backend derives from it and keeps what holds the view open.
class TableReader : public Reader {
public:
    /// Both must outlive the reader.
    TableReader(const Tables& tables, const Projector& projector)
        : tables_(tables), projector_(projector) {}

    std::vector<DatasetInfo> datasets() const override;
    std::optional<DatasetInfo> dataset(const DatasetUid&) const override;
    std::vector<SignedControl> control(const DatasetUid&, const std::string& chain,
                                       std::uint64_t after) const override;
    std::vector<std::pair<std::string, std::uint64_t>> control_numbers(
        const DatasetUid&) const override;
    std::optional<RecordState> record(const DatasetUid&, const RecordKey&) const override;
    std::optional<RecordState> record(RecordNumber) const override;
    std::vector<StoredChange> history(const DatasetUid&, const RecordKey&) const override;
    void scan_records(const DatasetUid&, const std::string& collection, const RecordKey* after,
                      const std::function<bool(const RecordState&)>& visit) const override;
    std::vector<std::optional<ImportState>> import_states(
        const DatasetUid&, const ImportSource&, const std::vector<RecordKey>&) const override;
    void scan_import_keys(const DatasetUid&, const ImportSource&,
                          const std::function<bool(const RecordKey&)>& visit) const override;
    std::vector<Arrival> arrivals(const DatasetUid&, Position after,
                                  std::size_t limit) const override;
    std::vector<CommitPart> parts(const DatasetUid&,
                                  const std::vector<Position>& changes) const override;
    std::vector<Head> heads(const DatasetUid&) const override;
    std::vector<CommitPart> commits(const DatasetUid&, const Lane&, Sequence after,
                                    std::size_t limit) const override;
    std::vector<OwnSubscription> own_subscriptions() const override;
    std::vector<ServedSubscription> served_subscriptions() const override;
    LedgerCounts ledger_counts(const SubscriptionId&) const override;
    Delivered delivered(const SubscriptionId&, RecordNumber) const override;
    std::vector<RecordNumber> delivered_records(const SubscriptionId&, RecordNumber after,
                                                std::size_t limit) const override;
    std::vector<QuarantineItem> quarantine(std::size_t limit, std::uint64_t after) const override;
    std::uint64_t quarantine_count() const override;
    std::uint64_t findings_count() const override;
    SearchResult search(const SearchScope&, const SearchQuestion&) const override;
    std::optional<Bytes> document(const std::string& kind, const std::string& key) const override;
    std::vector<std::pair<std::string, Bytes>> documents(const std::string& kind) const override;
    VerifyReport verify(const std::optional<DatasetUid>& only,
                        const DatasetNames& name_of) const override;

private:
    const Tables& tables_;
    const Projector& projector_;
};

}  // namespace sangam::storage
