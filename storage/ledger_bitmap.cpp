// SPDX-License-Identifier: Apache-2.0
#include "storage/ledger_bitmap.hpp"

#include <limits>
#include <map>
#include <roaring/roaring.hh>

#include "storage/change_batch.hpp"

namespace sangam::storage {

namespace {

constexpr std::uint64_t chunk_of(RecordNumber n) { return raw(n) >> 16; }
constexpr std::uint32_t low_of(RecordNumber n) {
    return static_cast<std::uint32_t>(raw(n) & 0xffff);
}

Roaring bitmap_of(const Tables& tables, const SubscriptionId& id, LedgerState state,
                  std::uint64_t chunk) {
    const auto row = tables.ledger_chunk(id, state, chunk);
    if (!row) return {};
    // readSafe() ends the process for bytes that are no bitmap; ask first.
    const auto* bytes = reinterpret_cast<const char*>(row->bitmap.data());
    if (roaring_bitmap_portable_deserialize_size(bytes, row->bitmap.size()) != row->bitmap.size())
        throw CorruptError("the ledger of subscription " + id.hex() +
                           " cannot be read; end the subscription so that it starts afresh");
    return Roaring::readSafe(bytes, row->bitmap.size());
}

/// The pieces that one step touches.
class Pieces {
public:
    Pieces(Tables& tables, const SubscriptionId& id) : tables_(tables), id_(id) {}

    Roaring& at(LedgerState state, std::uint64_t chunk) {
        const auto key = std::pair(state, chunk);
        const auto it = pieces_.find(key);
        if (it != pieces_.end()) return it->second;
        return pieces_.emplace(key, bitmap_of(tables_, id_, state, chunk)).first->second;
    }

    void save() {
        for (auto& [key, bitmap] : pieces_) {
            bitmap.runOptimize();
            LedgerChunk row;
            row.chunk = key.second;
            row.count = static_cast<std::uint32_t>(bitmap.cardinality());
            row.bitmap.resize(bitmap.getSizeInBytes());
            bitmap.write(reinterpret_cast<char*>(row.bitmap.data()));
            tables_.put_ledger_chunk(id_, key.first, row);
        }
    }

private:
    Tables& tables_;
    const SubscriptionId& id_;
    std::map<std::pair<LedgerState, std::uint64_t>, Roaring> pieces_;
};

/// Rows of records that are gone stay only while a ledger counts their numbers.
void release_numbers(Tables& tables, const SubscriptionId& subscription,
                     const std::vector<RecordNumber>& numbers) {
    for (const auto& served : tables.served_subscriptions()) {
        if (served.id != subscription) continue;
        const auto others = served_of(tables, served.dataset);
        for (const auto number : numbers) {
            const auto row = tables.record(number);
            if (row && row->live_changes == 0 && !is_in_ledger(tables, others, number))
                tables.remove_record(number);
        }
    }
}

}  // namespace

void apply_ledger_step(Tables& tables, const LedgerStep& step) {
    if (step.state) tables.put_served_subscription(*step.state);
    std::vector<RecordNumber> released = step.withdrawn;
    if (step.clears_all) {
        const auto all =
            delivered_after(tables, step.subscription, {}, std::numeric_limits<std::size_t>::max());
        released.insert(released.end(), all.begin(), all.end());
        tables.clear_ledger(step.subscription);
    }
    Pieces pieces(tables, step.subscription);
    for (const auto number : step.withdrawing)
        if (pieces.at(LedgerState::acknowledged, chunk_of(number)).contains(low_of(number))) {
            pieces.at(LedgerState::acknowledged, chunk_of(number)).remove(low_of(number));
            pieces.at(LedgerState::sent, chunk_of(number)).add(low_of(number));
        }
    for (const auto number : step.sent)
        if (!pieces.at(LedgerState::acknowledged, chunk_of(number)).contains(low_of(number)))
            pieces.at(LedgerState::sent, chunk_of(number)).add(low_of(number));
    for (const auto number : step.acknowledged) {
        pieces.at(LedgerState::sent, chunk_of(number)).remove(low_of(number));
        pieces.at(LedgerState::acknowledged, chunk_of(number)).add(low_of(number));
    }
    for (const auto number : step.withdrawn) {
        pieces.at(LedgerState::sent, chunk_of(number)).remove(low_of(number));
        pieces.at(LedgerState::acknowledged, chunk_of(number)).remove(low_of(number));
    }
    pieces.save();
    release_numbers(tables, step.subscription, released);
}

Delivered delivered_in(const Tables& tables, const SubscriptionId& id, RecordNumber number) {
    for (const auto& [state, result] :
         {std::pair(LedgerState::acknowledged, Delivered::acknowledged),
          std::pair(LedgerState::sent, Delivered::sent)})
        if (bitmap_of(tables, id, state, chunk_of(number)).contains(low_of(number))) return result;
    return Delivered::no;
}

std::vector<RecordNumber> delivered_after(const Tables& tables, const SubscriptionId& id,
                                          RecordNumber after, std::size_t limit) {
    std::vector<RecordNumber> out;
    for (const auto chunk : tables.ledger_chunk_numbers(id, chunk_of(after))) {
        if (out.size() >= limit) break;
        const auto both = bitmap_of(tables, id, LedgerState::sent, chunk) |
                          bitmap_of(tables, id, LedgerState::acknowledged, chunk);
        for (const auto low : both) {
            const auto number = RecordNumber{(chunk << 16) | low};
            if (number <= after) continue;
            if (out.size() >= limit) break;
            out.push_back(number);
        }
    }
    return out;
}

}  // namespace sangam::storage
