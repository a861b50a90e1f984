// SPDX-License-Identifier: Apache-2.0
// The store in memory: one state, copied when a write meets an open reader.
#include <mutex>

#include "storage/ledger_bitmap.hpp"
#include "storage/memory/memory_tables.hpp"
#include "storage/operations.hpp"
#include "storage/table_reader.hpp"

namespace sangam::storage {

namespace {

using memory::MemoryTables;
using memory::State;

/// What a reader holds open.
struct View {
    std::shared_ptr<State> state;
    std::unique_ptr<MemoryTables> tables;
};

class MemoryReader final : private View, public TableReader {
public:
    MemoryReader(View view, const Projector& projector, std::mutex& mutex)
        : View(std::move(view)), TableReader(*View::tables, projector), mutex_(mutex) {}
    /// The state is let go under the lock, so that a writer which finds itself alone with it also
    /// sees that all reading is over.
    ~MemoryReader() override {
        const std::lock_guard lock(mutex_);
        tables.reset();
        state.reset();
    }

private:
    std::mutex& mutex_;
};

class MemoryStore final : public Store {
public:
    MemoryStore(Epoch epoch, Author author, const Projector& projector)
        : author_(author), projector_(projector) {
        SANGAM_ASSERT(raw(epoch) != 0);
        state_->epoch = epoch;
    }

    /// What a backup of `original` taken now would give under `epoch`.
    MemoryStore(const MemoryStore& original, Epoch epoch)
        : author_(original.author_), projector_(original.projector_) {
        SANGAM_ASSERT(raw(epoch) != 0);
        const std::lock_guard lock(original.mutex_);
        state_ = std::make_shared<State>(*original.state_);
        state_->epoch = epoch;
    }

    Epoch epoch() const override {
        const std::lock_guard lock(mutex_);
        return state_->epoch;
    }

    std::unique_ptr<Reader> reader() const override {
        const std::lock_guard lock(mutex_);
        return std::make_unique<MemoryReader>(View{state_, std::make_unique<MemoryTables>(*state_)},
                                              projector_, mutex_);
    }

    Result<void> put_control(const DatasetUid& uid, const std::vector<SignedControl>& entries,
                             std::optional<Holding> holding) override {
        return write([&](Writing& w) { return storage::put_control(w, uid, entries, holding); });
    }
    Result<AuthorResult> author(const AuthorRequest& request) override {
        return write([&](Writing& w) { return storage::author(w, request); });
    }
    Result<ApplyResult> apply(const ApplyRequest& request) override {
        return write([&](Writing& w) { return storage::apply(w, request); });
    }
    void put_own_subscription(const OwnSubscription& row) override {
        change([&](Tables& tables) { tables.put_own_subscription(row); });
    }
    void remove_own_subscription(const SubscriptionId& id) override {
        write([&](Writing& w) -> Result<void> {
            storage::remove_own_subscription(w, id);
            return {};
        }).value();
    }
    void put_served_subscription(const ServedSubscription& row) override {
        change([&](Tables& tables) { tables.put_served_subscription(row); });
    }
    void remove_served_subscription(const SubscriptionId& id) override {
        change([&](Tables& tables) { storage::remove_served_subscription(tables, id); });
    }
    void ledger(const LedgerStep& step) override {
        change([&](Tables& tables) { apply_ledger_step(tables, step); });
    }
    void add_quarantine(const QuarantineItem& item) override {
        change([&](Tables& tables) { tables.add_quarantine(item); });
    }
    void remove_quarantine(std::uint64_t id) override {
        change([&](Tables& tables) { tables.remove_quarantine(id); });
    }
    void put_document(const std::string& kind, const std::string& key, ByteView bytes) override {
        change([&](Tables& tables) { tables.put_document(kind, key, bytes); });
    }
    void remove_document(const std::string& kind, const std::string& key) override {
        change([&](Tables& tables) { tables.remove_document(kind, key); });
    }

private:
    template <class Operation>
    auto write(Operation operation) -> std::invoke_result_t<Operation&, Writing&> {
        const std::lock_guard lock(mutex_);
        if (state_.use_count() > 1) state_ = std::make_shared<State>(*state_);
        MemoryTables tables(*state_);
        Writing writing{tables, projector_, author_, state_->epoch};
        try {
            auto result = operation(writing);
            if (!result) {
                tables.roll_back();
                for (const auto& item : writing.set_aside) tables.add_quarantine(item);
            }
            return result;
        } catch (...) {
            tables.roll_back();
            throw;
        }
    }

    void change(const std::function<void(Tables&)>& operation) {
        write([&](Writing& w) -> Result<void> {
            operation(w.tables);
            return {};
        }).value();
    }

    Author author_;
    const Projector& projector_;
    mutable std::mutex mutex_;
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace

std::unique_ptr<Store> open_memory_store(Epoch epoch, Author author, const Projector& projector) {
    return std::make_unique<MemoryStore>(epoch, author, projector);
}

std::unique_ptr<Store> copy_memory_store(const Store& original, Epoch epoch) {
    const auto* store = dynamic_cast<const MemoryStore*>(&original);
    SANGAM_ASSERT(store != nullptr);
    return std::make_unique<MemoryStore>(*store, epoch);
}

}  // namespace sangam::storage
