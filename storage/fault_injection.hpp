// SPDX-License-Identifier: Apache-2.0
// A store that calls back before and after each write, so that a test can end the process, throw or
// count at the k-th one: the seam of the crash tests and of the simulator.
#pragma once

#include <atomic>
#include <functional>
#include <string_view>
#include <type_traits>

#include "storage/store.hpp"

namespace sangam::storage {

/// Passes everything on to another store. Reads are not counted: they leave nothing behind.
class FaultyStore final : public Store {
public:
    enum class Moment {
        before,  ///< nothing of the write has happened
        after,   ///< the write is durable, and its caller has not heard of it
    };
    /// `operation` counts the writes of this wrapper: 1, 2, 3, ... What it throws comes out of the
    /// write. Called on the writing thread.
    using Hook = std::function<void(std::uint64_t operation, Moment moment, std::string_view name)>;

    FaultyStore(std::unique_ptr<Store> inner, Hook hook)
        : inner_(std::move(inner)), hook_(std::move(hook)) {}

    [[nodiscard]] std::uint64_t operations() const { return operations_; }

    Epoch epoch() const override { return inner_->epoch(); }
    std::unique_ptr<Reader> reader() const override { return inner_->reader(); }

    Result<void> put_control(const DatasetUid& uid, const std::vector<SignedControl>& entries,
                             std::optional<Holding> holding) override {
        return around("put_control", [&] { return inner_->put_control(uid, entries, holding); });
    }
    Result<AuthorResult> author(const AuthorRequest& request) override {
        return around("author", [&] { return inner_->author(request); });
    }
    Result<ApplyResult> apply(const ApplyRequest& request) override {
        return around("apply", [&] { return inner_->apply(request); });
    }
    void put_own_subscription(const OwnSubscription& row) override {
        around("put_own_subscription", [&] { return inner_->put_own_subscription(row); });
    }
    void remove_own_subscription(const SubscriptionId& id) override {
        around("remove_own_subscription", [&] { return inner_->remove_own_subscription(id); });
    }
    void put_served_subscription(const ServedSubscription& row) override {
        around("put_served_subscription", [&] { return inner_->put_served_subscription(row); });
    }
    void remove_served_subscription(const SubscriptionId& id) override {
        around("remove_served_subscription",
               [&] { return inner_->remove_served_subscription(id); });
    }
    void ledger(const LedgerStep& step) override {
        around("ledger", [&] { return inner_->ledger(step); });
    }
    void add_quarantine(const QuarantineItem& item) override {
        around("add_quarantine", [&] { return inner_->add_quarantine(item); });
    }
    void remove_quarantine(std::uint64_t id) override {
        around("remove_quarantine", [&] { return inner_->remove_quarantine(id); });
    }
    void put_document(const std::string& kind, const std::string& key, ByteView body) override {
        around("put_document", [&] { return inner_->put_document(kind, key, body); });
    }
    void remove_document(const std::string& kind, const std::string& key) override {
        around("remove_document", [&] { return inner_->remove_document(kind, key); });
    }

    bool clear_remains() override {
        return around("clear_remains", [&] { return inner_->clear_remains(); });
    }

private:
    template <class Write>
    std::invoke_result_t<Write&> around(std::string_view name, Write write) {
        const auto operation = ++operations_;
        hook_(operation, Moment::before, name);
        if constexpr (std::is_void_v<std::invoke_result_t<Write&>>) {
            write();
            hook_(operation, Moment::after, name);
        } else {
            auto result = write();
            hook_(operation, Moment::after, name);
            return result;
        }
    }

    std::unique_ptr<Store> inner_;
    Hook hook_;
    std::atomic<std::uint64_t> operations_{0};
};

}  // namespace sangam::storage
