// SPDX-License-Identifier: Apache-2.0
// The tables beside the records: what imports remember, subscriptions with their ledgers, the
// quarantine, documents.
#include <algorithm>
#include <ranges>

#include "storage/memory/memory_undo.hpp"

namespace sangam::storage::memory {

// ---- imports -----------------------------------------------------------------------------------

std::optional<SourceId> MemoryTables::find_source(DatasetId dataset,
                                                  const ImportSource& source) const {
    return find_copy(state_.sources, {dataset, source.collection, source.name});
}

SourceId MemoryTables::add_source(DatasetId dataset, const ImportSource& source) {
    const auto id = SourceId{++state_.last_id};
    put(state_.sources, {dataset, source.collection, source.name}, id);
    return id;
}

std::optional<ImportState> MemoryTables::import_state(SourceId source, RecordNumber number) const {
    return find_copy(state_.imports, {number, source});
}

void MemoryTables::put_import_state(SourceId source, RecordNumber number,
                                    const ImportState& state) {
    put(state_.imports, {number, source}, state);
}

void MemoryTables::scan_import_keys(DatasetId dataset, const ImportSource& source,
                                    const std::function<bool(const RecordKey&)>& visit) const {
    const auto id = find_source(dataset, source);
    if (!id) return;
    scan_records(dataset, source.collection, nullptr, [&](const RecordRow& row) {
        return !state_.imports.contains({row.number, *id}) || visit(row.key);
    });
}

void MemoryTables::replace_findings(std::optional<SourceId> source, RecordNumber number,
                                    const std::vector<Edit::Finding>& findings) {
    const std::pair key(number, source.value_or(SourceId{0}));
    if (findings.empty())
        erase(state_.findings, key);
    else
        put(state_.findings, key, findings);
}

std::uint64_t MemoryTables::findings_count() const {
    std::uint64_t out = 0;
    for (const auto& [key, findings] : state_.findings) out += findings.size();
    return out;
}

// ---- subscriptions and ledgers -----------------------------------------------------------------

std::vector<OwnSubscription> MemoryTables::own_subscriptions() const {
    std::vector<OwnSubscription> out;
    for (const auto& [id, row] : state_.own_subscriptions) out.push_back(row);
    return out;
}

void MemoryTables::put_own_subscription(const OwnSubscription& row) {
    put(state_.own_subscriptions, row.id, row);
}

void MemoryTables::remove_own_subscription(const SubscriptionId& id) {
    erase(state_.own_subscriptions, id);
}

std::vector<ServedSubscription> MemoryTables::served_subscriptions() const {
    std::vector<ServedSubscription> out;
    for (const auto& [id, row] : state_.served_subscriptions) out.push_back(row);
    return out;
}

void MemoryTables::put_served_subscription(const ServedSubscription& row) {
    put(state_.served_subscriptions, row.id, row);
}

void MemoryTables::remove_served_subscription(const SubscriptionId& id) {
    clear_ledger(id);
    erase(state_.served_subscriptions, id);
}

LedgerCounts MemoryTables::ledger_counts(const SubscriptionId& id) const {
    LedgerCounts out;
    for (const auto& [key, chunk] : state_.ledger)
        if (std::get<0>(key) == id)
            (std::get<1>(key) == LedgerState::sent ? out.sent : out.acknowledged) += chunk.count;
    return out;
}

std::optional<LedgerChunk> MemoryTables::ledger_chunk(const SubscriptionId& id, LedgerState state,
                                                      std::uint64_t chunk) const {
    return find_copy(state_.ledger, {id, state, chunk});
}

std::vector<std::uint64_t> MemoryTables::ledger_chunk_numbers(const SubscriptionId& id,
                                                              std::uint64_t from) const {
    std::vector<std::uint64_t> out;
    for (const auto& [key, chunk] : state_.ledger)
        if (std::get<0>(key) == id && chunk.chunk >= from) out.push_back(chunk.chunk);
    std::ranges::sort(out);
    out.erase(std::ranges::unique(out).begin(), out.end());
    return out;
}

void MemoryTables::put_ledger_chunk(const SubscriptionId& id, LedgerState state,
                                    const LedgerChunk& chunk) {
    if (chunk.count == 0)
        erase(state_.ledger, {id, state, chunk.chunk});
    else
        put(state_.ledger, {id, state, chunk.chunk}, chunk);
}

void MemoryTables::clear_ledger(const SubscriptionId& id) {
    for (const auto state : {LedgerState::sent, LedgerState::acknowledged})
        for (const auto chunk : ledger_chunk_numbers(id, 0))
            erase(state_.ledger, {id, state, chunk});
}

// ---- the rest ----------------------------------------------------------------------------------

std::vector<QuarantineItem> MemoryTables::quarantine(std::size_t limit, std::uint64_t after) const {
    std::vector<QuarantineItem> out;
    for (auto it = state_.quarantine.upper_bound(after);
         it != state_.quarantine.end() && out.size() < limit; ++it)
        out.push_back(it->second);
    return out;
}

std::uint64_t MemoryTables::quarantine_count() const { return state_.quarantine.size(); }

void MemoryTables::add_quarantine(const QuarantineItem& item) {
    for (const auto& [id, held] : state_.quarantine)
        if (held.dataset == item.dataset && held.source == item.source &&
            held.reason == item.reason && held.data == item.data)
            return;
    auto added = item;
    added.id = ++state_.last_id;
    put(state_.quarantine, added.id, added);
}

void MemoryTables::remove_quarantine(std::uint64_t id) { erase(state_.quarantine, id); }

std::optional<Bytes> MemoryTables::document(const std::string& kind, const std::string& key) const {
    return find_copy(state_.documents, {kind, key});
}

std::vector<std::pair<std::string, Bytes>> MemoryTables::documents(const std::string& kind) const {
    std::vector<std::pair<std::string, Bytes>> out;
    for (auto it = state_.documents.lower_bound({kind, {}});
         it != state_.documents.end() && it->first.first == kind; ++it)
        out.emplace_back(it->first.second, it->second);
    return out;
}

void MemoryTables::put_document(const std::string& kind, const std::string& key, ByteView bytes) {
    put(state_.documents, {kind, key}, Bytes(bytes.begin(), bytes.end()));
}

void MemoryTables::remove_document(const std::string& kind, const std::string& key) {
    erase(state_.documents, {kind, key});
}

void MemoryTables::set_epoch(Epoch epoch) {
    undo_.push_back([this, old = state_.epoch] { state_.epoch = old; });
    state_.epoch = epoch;
}

}  // namespace sangam::storage::memory
