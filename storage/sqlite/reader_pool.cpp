// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite/reader_pool.hpp"

namespace sangam::storage::sqlite {

ReadConnection::ReadConnection(const std::string& path) : db(path, Database::Mode::read_only) {}

std::unique_ptr<ReadConnection> ReaderPool::take() {
    std::unique_ptr<ReadConnection> connection;
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            connection = std::move(idle_.back());
            idle_.pop_back();
        }
    }
    if (!connection) connection = std::make_unique<ReadConnection>(path_);
    connection->db.execute("BEGIN");
    // A transaction sees the state of its first read.
    Query(connection->db, "SELECT one FROM store").run();
    return connection;
}

void ReaderPool::give_back(std::unique_ptr<ReadConnection> connection) noexcept {
    try {
        connection->db.execute("ROLLBACK");
        const std::lock_guard lock(mutex_);
        if (idle_.size() < kept_) idle_.push_back(std::move(connection));
    } catch (...) {
        // A connection that cannot end its transaction is closed instead of kept.
    }
}

}  // namespace sangam::storage::sqlite
