// SPDX-License-Identifier: Apache-2.0
// Which backends the store's suite runs on.
#pragma once

#include "store_fixture.hpp"

namespace sangam::storage::testing {

struct SqliteBackend {
    static constexpr bool outlives_closing = true;
    std::unique_ptr<Store> open(Author author) {
        return open_sqlite_store(directory->path(), author, projector(), options);
    }
    SqliteOptions options{.syncs = false};  // closing is no power failure
    std::shared_ptr<TemporaryDirectory> directory = std::make_shared<TemporaryDirectory>();
};

}  // namespace sangam::storage::testing

#define SANGAM_BACKENDS \
    ::sangam::storage::testing::MemoryBackend, ::sangam::storage::testing::SqliteBackend
