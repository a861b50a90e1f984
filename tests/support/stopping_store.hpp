// SPDX-License-Identifier: Apache-2.0
// A store in front of another that ends the process, as far as a test can, at a chosen write: what
// was durable stays, the rest is gone. Counts writes, so that every place between two can be tried.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>

#include "storage/store.hpp"

namespace sangam::testing {

/// The process stops here. Deliberately no std::exception: nothing in the code under test may
/// catch it.
struct ProcessStopped {};

class StoppingStore : public storage::Store {
public:
    explicit StoppingStore(storage::Store& disk) : disk_(disk) {}

    /// Stops before the write that would be the n-th from now; 0: never.
    void stop_before(std::uint64_t n) { stop_at_ = n == 0 ? never : writes_ + n; }
    [[nodiscard]] std::uint64_t writes() const { return writes_; }

    Epoch epoch() const override { return disk_.epoch(); }
    std::unique_ptr<storage::Reader> reader() const override { return disk_.reader(); }
    Result<void> put_control(const DatasetUid& uid, const std::vector<SignedControl>& entries,
                             std::optional<storage::Holding> holding) override {
        count();
        return disk_.put_control(uid, entries, holding);
    }
    Result<storage::AuthorResult> author(const storage::AuthorRequest& request) override {
        count();
        return disk_.author(request);
    }
    Result<storage::ApplyResult> apply(const storage::ApplyRequest& request) override {
        count();
        return disk_.apply(request);
    }
    void put_own_subscription(const storage::OwnSubscription& row) override {
        count();
        disk_.put_own_subscription(row);
    }
    void remove_own_subscription(const SubscriptionId& id) override {
        count();
        disk_.remove_own_subscription(id);
    }
    void put_served_subscription(const storage::ServedSubscription& row) override {
        count();
        disk_.put_served_subscription(row);
    }
    void remove_served_subscription(const SubscriptionId& id) override {
        count();
        disk_.remove_served_subscription(id);
    }
    void ledger(const storage::LedgerStep& step) override {
        count();
        disk_.ledger(step);
    }
    void add_quarantine(const storage::QuarantineItem& item) override {
        count();
        disk_.add_quarantine(item);
    }
    void remove_quarantine(std::uint64_t id) override {
        count();
        disk_.remove_quarantine(id);
    }
    void put_document(const std::string& kind, const std::string& key, ByteView bytes) override {
        count();
        disk_.put_document(kind, key, bytes);
    }
    void remove_document(const std::string& kind, const std::string& key) override {
        count();
        disk_.remove_document(kind, key);
    }

    bool clear_remains() override { return disk_.clear_remains(); }

protected:
    storage::Store& disk_;

private:
    static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();
    void count() {
        if (++writes_ >= stop_at_) {
            stop_at_ = never;
            throw ProcessStopped{};
        }
    }
    std::uint64_t writes_ = 0;
    std::uint64_t stop_at_ = never;
};

}  // namespace sangam::testing
