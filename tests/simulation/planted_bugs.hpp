// SPDX-License-Identifier: Apache-2.0
// Stores with a bug each, put between a node's engine and its disk: what the checkers must catch.
#pragma once

#include "tests/support/stopping_store.hpp"

namespace sangam::testing {

/// Writes the cursor of every fifth delivery and loses its content.
class LosesDeliveries : public StoppingStore {
public:
    using StoppingStore::StoppingStore;
    Result<storage::ApplyResult> apply(const storage::ApplyRequest& request) override {
        if (request.parts.empty() || !request.subscription || ++deliveries_ % 5 != 0)
            return StoppingStore::apply(request);
        storage::ApplyRequest without = request;
        without.parts.clear();
        return StoppingStore::apply(without);
    }

private:
    int deliveries_ = 0;
};

/// Says that a withdrawal was carried out, and keeps the records.
class KeepsWhatIsWithdrawn : public StoppingStore {
public:
    using StoppingStore::StoppingStore;
    Result<storage::ApplyResult> apply(const storage::ApplyRequest& request) override {
        storage::ApplyRequest without = request;
        without.withdrawals.clear();
        without.completes_copy = false;
        return StoppingStore::apply(without);
    }
};

/// Reports every twentieth edit as made before it is on disk, and then loses it.
class ReportsTooEarly : public StoppingStore {
public:
    using StoppingStore::StoppingStore;
    Result<storage::AuthorResult> author(const storage::AuthorRequest& request) override {
        if (++edits_ % 20 != 0) return StoppingStore::author(request);
        return storage::copy_memory_store(disk_, disk_.epoch())->author(request);
    }

private:
    int edits_ = 0;
};

}  // namespace sangam::testing
