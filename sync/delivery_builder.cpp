// SPDX-License-Identifier: Apache-2.0
#include "sync/delivery_builder.hpp"

#include <algorithm>

#include "sync/limits.hpp"
#include "sync/record_view.hpp"

namespace sangam::sync {
namespace {

using messages::Withdrawal;
using messages::WithdrawReason;
using storage::Delivered;
using storage::RecordNumber;

class StepBuilder {
public:
    StepBuilder(const storage::Reader& reader, const storage::ServedSubscription& subscription,
                const Scope& scope, const UnderWay& under_way)
        : reader_(reader), subscription_(subscription), scope_(scope), under_way_(under_way) {}

    DeliveryStep run(Position after) {
        step_.to = after;
        const auto arrivals =
            reader_.arrivals(subscription_.dataset, after, limits::delivery_arrivals);
        bool took_all = true;
        for (const auto& arrival : arrivals) {
            if (under_way_.withdrawn.contains(arrival.record)) {
                step_.must_wait = true;
                took_all = false;
                break;
            }
            if (bytes_ >= limits::delivery_bytes) {
                took_all = false;
                break;
            }
            take(arrival);
            step_.to = arrival.position;
        }
        if (took_all && arrivals.size() < limits::delivery_arrivals) {
            step_.reaches_end = true;
            if (const auto info = reader_.dataset(subscription_.dataset))
                step_.to = std::max(step_.to, info->last_position);
        }
        collect_parts();
        return std::move(step_);
    }

private:
    struct Judged {
        RecordView view;
        std::map<Position, std::size_t> bytes;
        bool takes_new = false;  ///< only what arrives; else all was taken or nothing is
    };

    void take(const storage::Reader::Arrival& arrival) {
        auto it = judged_.find(arrival.record);
        if (it == judged_.end()) it = judged_.emplace(arrival.record, judge(arrival.record)).first;
        if (it->second.takes_new) add_change(it->second, arrival.position);
    }

    Judged judge(RecordNumber number) {
        Judged judged;
        const auto record = reader_.record(number);
        if (!record) return judged;
        judged.view = view_of(*record, scope_);
        const bool is_under_way = under_way_.sent.contains(number);
        const Delivered delivered = reader_.delivered(subscription_.id, number);
        if (!judged.view.is_in_scope()) {
            if (delivered != Delivered::no || is_under_way) {
                step_.withdrawals.push_back({record->key.collection, record->key.id,
                                             judged.view.is_deleted ? WithdrawReason::deleted
                                                                    : WithdrawReason::left_scope});
                step_.withdrawn.push_back(number);
                bytes_ += record->key.collection.size() + record->key.id.size();
            }
            return judged;
        }
        for (const storage::StoredChange& change : record->changes)
            if (judged.view.changes.contains(change.position)) {
                judged.bytes[change.position] = size_of(change.change);
                at_[{change.dot, record->key}] = change.position;
            }
        if (delivered == Delivered::acknowledged || is_under_way) {
            judged.takes_new = true;
            return judged;
        }
        step_.sent.push_back(number);
        for (const auto& [position, superseded] : judged.view.changes) add_change(judged, position);
        return judged;
    }

    void add_change(const Judged& judged, Position position) {
        const auto it = judged.view.changes.find(position);
        if (it == judged.view.changes.end()) return;  // nothing of it shows
        if (chosen_.emplace(position, it->second).second) bytes_ += judged.bytes.at(position);
    }

    /// Near enough to the encoded size to keep a delivery small.
    static std::size_t size_of(const Change& change) {
        std::size_t bytes = 64 + change.hidden_leaves.size() * Hash::size;
        for (const OpenField& field : change.fields)
            bytes += field.write.path.text().size() +
                     (field.write.value ? value_size(*field.write.value) : 1);
        return bytes;
    }
    static std::size_t value_size(const Value& value) {
        if (value.is_text()) return value.text().size();
        std::size_t bytes = 9;
        if (const auto* array = value.get_if<Value::Array>())
            for (const Value& item : *array) bytes += value_size(item);
        if (const auto* map = value.get_if<Value::Map>())
            for (const auto& [name, item] : *map) bytes += name.size() + value_size(item);
        return bytes;
    }

    void collect_parts() {
        if (chosen_.empty()) return;
        std::vector<Position> positions;
        for (const auto& [position, superseded] : chosen_) positions.push_back(position);
        // Parts come back by commit; a change is found again by its commit and record.
        for (CommitPart& part : reader_.parts(subscription_.dataset, positions)) {
            const Dot dot = part.signed_header.header.dot();
            for (Change& change : part.changes)
                change = as_it_crosses(change, chosen_.at(at_.at({dot, change.key})), scope_);
            step_.parts.push_back(part.encode());
        }
    }

    const storage::Reader& reader_;
    const storage::ServedSubscription& subscription_;
    const Scope& scope_;
    const UnderWay& under_way_;
    DeliveryStep step_;
    std::map<RecordNumber, Judged> judged_;
    std::map<Position, std::set<Path>> chosen_;
    std::map<std::pair<Dot, RecordKey>, Position> at_;  ///< of every change in view
    std::size_t bytes_ = 0;
};

}  // namespace

DeliveryStep build_step(const storage::Reader& reader,
                        const storage::ServedSubscription& subscription, const Scope& scope,
                        Position after, const UnderWay& under_way) {
    return StepBuilder(reader, subscription, scope, under_way).run(after);
}

WithdrawalStep build_withdrawals(const storage::Reader& reader, const SubscriptionId& subscription,
                                 WithdrawReason reason, RecordNumber after) {
    WithdrawalStep step;
    step.last = after;
    const auto numbers =
        reader.delivered_records(subscription, after, limits::delivery_withdrawals);
    for (const RecordNumber number : numbers) {
        step.last = number;
        step.withdrawn.push_back(number);
        if (const auto record = reader.record(number))
            step.withdrawals.push_back({record->key.collection, record->key.id, reason});
    }
    step.reaches_end = numbers.size() < limits::delivery_withdrawals;
    return step;
}

}  // namespace sangam::sync
