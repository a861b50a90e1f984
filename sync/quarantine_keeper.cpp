// SPDX-License-Identifier: Apache-2.0
#include "sync/quarantine_keeper.hpp"

#include <algorithm>

#include "sync/limits.hpp"

namespace sangam::sync {
namespace {

/// Our own work is nobody's to withdraw.
bool may_be_forgotten(const std::string& reason) {
    return !reason.starts_with(storage::unaccepted_reason);
}

}  // namespace

// These are the beginnings of reasons in part_check.cpp.
bool may_pass(const std::string& reason) {
    return reason.starts_with("clock ahead:") || reason.starts_with("unknown author:") ||
           reason.starts_with("revoked author:") || reason.starts_with(storage::unaccepted_reason);
}

void QuarantineKeeper::load() {
    if (is_loaded_) return;
    is_loaded_ = true;
    for (const auto& item : context_.store.reader()->quarantine(limits::max_quarantine))
        kept_.insert(sha256(item.data));
}

bool QuarantineKeeper::keep(const DatasetUid& dataset, const NodeId& source,
                            const std::string& reason, ByteView part) {
    load();
    const Hash hash = sha256(part);
    if (kept_.contains(hash)) return true;
    if (kept_.size() >= limits::max_quarantine) {
        context_.outbox.error(source, "the quarantine is full (" +
                                          std::to_string(limits::max_quarantine) +
                                          " items); not kept: " + reason);
        return false;
    }
    kept_.insert(hash);
    storage::QuarantineItem item;
    item.dataset = dataset;
    item.source = source;
    item.reason = reason;
    item.data.assign(part.begin(), part.end());
    item.at = context_.now;
    context_.store.add_quarantine(item);
    context_.outbox.warning(source, "set aside: " + reason);
    return true;
}

bool QuarantineKeeper::forget(const DatasetUid& dataset, const std::vector<RecordKey>& records,
                              const std::function<void()>& before_others_go) {
    load();
    if (kept_.empty() || records.empty()) return false;
    bool others_lost = false;
    std::vector<storage::QuarantineItem> going;
    for (auto& item : context_.store.reader()->quarantine(limits::max_quarantine)) {
        if (item.dataset != dataset || !may_be_forgotten(item.reason)) continue;
        const auto part = CommitPart::decode(item.data);
        if (!part) continue;
        const auto named =
            std::count_if(part->changes.begin(), part->changes.end(), [&](const Change& change) {
                return std::find(records.begin(), records.end(), change.key) != records.end();
            });
        if (named == 0) continue;
        others_lost = others_lost || static_cast<std::size_t>(named) < part->changes.size();
        going.push_back(std::move(item));
    }
    if (others_lost) before_others_go();
    for (const auto& item : going) {
        context_.store.remove_quarantine(item.id);
        kept_.erase(sha256(item.data));
    }
    return others_lost;
}

void QuarantineKeeper::forget(const DatasetUid& dataset) {
    load();
    for (const auto& item : context_.store.reader()->quarantine(limits::max_quarantine)) {
        if (item.dataset != dataset || !may_pass(item.reason) || !may_be_forgotten(item.reason))
            continue;
        context_.store.remove_quarantine(item.id);
        kept_.erase(sha256(item.data));
    }
}

bool QuarantineKeeper::is_due() const { return context_.now >= next_retry_; }

void QuarantineKeeper::retry(const Apply& apply) {
    next_retry_ = context_.now + limits::retry_every;
    load();
    if (kept_.empty()) return;
    struct Item {
        storage::QuarantineItem item;
        storage::DatasetInfo dataset;
        VerifiedPart part;
    };
    std::vector<Item> ready;
    const auto reader = context_.store.reader();
    for (auto& item : reader->quarantine(limits::max_quarantine)) {
        if (!may_pass(item.reason)) continue;
        auto dataset = reader->dataset(item.dataset);
        if (!dataset) continue;
        auto verdict = check_part(item.data, *dataset, context_.directory, context_.judged_now());
        if (auto* part = std::get_if<VerifiedPart>(&verdict))
            ready.push_back({std::move(item), std::move(*dataset), std::move(*part)});
    }
    std::sort(ready.begin(), ready.end(), [](const Item& a, const Item& b) {
        return std::tie(a.item.dataset, a.part.header().hlc, a.part.header().lane) <
               std::tie(b.item.dataset, b.part.header().hlc, b.part.header().lane);
    });
    for (Item& item : ready) {
        if (!apply(item.dataset, std::move(item.part))) continue;
        context_.store.remove_quarantine(item.item.id);
        kept_.erase(sha256(item.item.data));
        context_.outbox.info(item.item.source, "no longer set aside: " + item.item.reason);
    }
}

}  // namespace sangam::sync
