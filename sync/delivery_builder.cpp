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
    StepBuilder(const storage::Reader& reader, const storage::Projector& projector,
                const storage::ServedSubscription& subscription, const ServedView& view,
                const UnderWay& under_way)
        : reader_(reader),
          projector_(projector),
          subscription_(subscription),
          view_(view),
          under_way_(under_way) {
        if (auto info = reader_.dataset(subscription.dataset)) info_ = std::move(*info);
        judge_.emplace(view_.scope, info_.manifest, projector_, filter_of(view_));
    }

    DeliveryStep run(Position after) {
        walk(after, [&](const auto& arrival) { take(arrival); });
        if (step_.reaches_end) step_.to = std::max(step_.to, info_.last_position);
        collect_parts();
        return std::move(step_);
    }

    DeliveryStep rescan(Position after, const ServedViews& earlier) {
        for (const ServedView& was : earlier)
            earlier_.push_back({RowJudge(was.scope, info_.manifest, projector_, filter_of(was)),
                                was.manifest.is_zero() || was.manifest == info_.manifest_hash});
        walk(after, [&](const auto& arrival) { look_again(arrival); });
        collect_parts();
        return std::move(step_);
    }

private:
    struct Judged {
        RecordView view;
        std::map<Position, std::size_t> bytes;
        bool takes_new = false;  ///< only what arrives; else all was taken or nothing is
        /// Set when an edit may have changed which fields show: all goes again with the record's
        /// last change.
        std::optional<Position> comes_again_at;
        std::optional<storage::RecordState> record;
        RecordNumber number{};
    };
    struct Earlier {
        RowJudge judge;
        bool is_same_schema = true;
    };

    static const Condition* filter_of(const ServedView& view) {
        return view.filter ? &*view.filter : nullptr;
    }

    template <class Visit>
    void walk(Position after, Visit visit) {
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
            visit(arrival);
            step_.to = arrival.position;
        }
        step_.reaches_end = took_all && arrivals.size() < limits::delivery_arrivals;
    }

    void take(const storage::Reader::Arrival& arrival) {
        auto it = judged_.find(arrival.record);
        if (it == judged_.end()) it = judged_.emplace(arrival.record, judge(arrival.record)).first;
        Judged& judged = it->second;
        if (judged.takes_new)
            add_change(judged, arrival.position);
        else if (judged.comes_again_at == arrival.position)
            send_again(judged);
    }

    /// What the record looks like to the subscriber, with all that is needed to send it.
    std::optional<RowScope> look_at(Judged& judged, RecordNumber number) {
        judged.number = number;
        judged.record = reader_.record(number);
        if (!judged.record) return std::nullopt;
        RowScope row = judge_->of(*judged.record);
        judged.view = view_of(*judged.record, row);
        for (const storage::StoredChange& change : judged.record->changes)
            if (judged.view.changes.contains(change.position)) {
                judged.bytes[change.position] = size_of(change.change);
                at_.insert_or_assign({change.dot, judged.record->key},
                                     std::pair(change.position, row));
            }
        return row;
    }

    Judged judge(RecordNumber number) {
        Judged judged;
        if (!look_at(judged, number)) return judged;
        const bool is_under_way = under_way_.sent.contains(number);
        const Delivered delivered = reader_.delivered(subscription_.id, number);
        if (!judged.view.is_in_scope()) {
            if (delivered != Delivered::no || is_under_way) {
                withdraw(judged);
                step_.withdrawn.push_back(number);
            }
        } else if (delivered == Delivered::no && !is_under_way) {
            send_all(judged);
        } else if (delivered == Delivered::sent && !is_under_way) {
            // It may have arrived, and shown more than now.
            if (view_.scope.has_several_views())
                send_again(judged);
            else
                send_all(judged);
        } else if (view_.scope.has_several_views()) {
            for (const auto& change : judged.record->changes)
                judged.comes_again_at =
                    std::max(judged.comes_again_at.value_or(change.position), change.position);
        } else {
            judged.takes_new = true;
        }
        return judged;
    }

    void look_again(const storage::Reader::Arrival& arrival) {
        if (judged_.contains(arrival.record)) return;
        Judged& judged = judged_[arrival.record];
        const auto row = look_at(judged, arrival.record);
        if (!row) return;
        // Once for each record: at the first of its changes.
        bool has_news = false;
        for (const auto& change : judged.record->changes) {
            if (change.position < arrival.position) return;
            has_news = has_news || change.position > subscription_.scanned;
        }
        const bool is_under_way = under_way_.sent.contains(arrival.record);
        const Delivered delivered = reader_.delivered(subscription_.id, arrival.record);
        if (delivered == Delivered::no && !is_under_way) {
            // What was not scanned yet comes by itself.
            if (judged.view.is_in_scope() && arrival.position <= subscription_.scanned)
                send_all(judged);
            return;
        }
        if (!judged.view.is_in_scope()) {
            withdraw(judged);
            step_.withdrawn.push_back(arrival.record);
            return;
        }
        // As it was when it was sent, unless something has happened to it since.
        bool is_uncertain = has_news || (delivered == Delivered::sent && !is_under_way);
        bool showed_more = false;
        bool shows_more_now = false;
        for (const Earlier& earlier : earlier_) {
            const RowScope was = earlier.judge.of(*judged.record);
            is_uncertain = is_uncertain || !earlier.is_same_schema;
            showed_more = showed_more || shows_more(*judged.record, was, *row);
            shows_more_now = shows_more_now || shows_more(*judged.record, *row, was);
        }
        if (showed_more || (is_uncertain && !row->hides_nothing()))
            send_again(judged);
        else if (shows_more_now || is_uncertain)
            send_all(judged);
    }

    void withdraw(const Judged& judged) {
        const RecordKey& key = judged.record->key;
        step_.withdrawals.push_back(
            {key.collection, key.id,
             judged.view.is_deleted ? WithdrawReason::deleted : WithdrawReason::left_scope});
        bytes_ += key.collection.size() + key.id.size();
    }

    void send_all(const Judged& judged) {
        step_.sent.push_back(judged.number);
        for (const auto& [position, superseded] : judged.view.changes) add_change(judged, position);
    }

    /// The receiver drops the record before it takes what comes in the same delivery.
    void send_again(const Judged& judged) {
        withdraw(judged);
        send_all(judged);
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
            for (Change& change : part.changes) {
                const auto& [position, row] = at_.at({dot, change.key});
                change = as_it_crosses(change, chosen_.at(position), row);
            }
            step_.parts.push_back(part.encode());
        }
    }

    const storage::Reader& reader_;
    const storage::Projector& projector_;
    const storage::ServedSubscription& subscription_;
    const ServedView& view_;
    const UnderWay& under_way_;
    storage::DatasetInfo info_;
    std::optional<RowJudge> judge_;
    std::vector<Earlier> earlier_;
    DeliveryStep step_;
    std::map<RecordNumber, Judged> judged_;
    std::map<Position, std::set<Path>> chosen_;
    /// Of every change in view: where it stands, and what shows of its record.
    std::map<std::pair<Dot, RecordKey>, std::pair<Position, RowScope>> at_;
    std::size_t bytes_ = 0;
};

}  // namespace

DeliveryStep build_step(const storage::Reader& reader, const storage::Projector& projector,
                        const storage::ServedSubscription& subscription, const ServedView& view,
                        Position after, const UnderWay& under_way) {
    return StepBuilder(reader, projector, subscription, view, under_way).run(after);
}

DeliveryStep build_rescan(const storage::Reader& reader, const storage::Projector& projector,
                          const storage::ServedSubscription& subscription, const ServedView& view,
                          const ServedViews& earlier, Position after, const UnderWay& under_way) {
    return StepBuilder(reader, projector, subscription, view, under_way).rescan(after, earlier);
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
