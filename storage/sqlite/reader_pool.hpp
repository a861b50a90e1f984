// SPDX-License-Identifier: Apache-2.0
// Connections for readers. Each reader has one to itself while it lives, in a read transaction, so
// that it sees one state and waits for nobody. When all are taken another one is opened.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "storage/sqlite/sqlite_tables.hpp"

namespace sangam::storage::sqlite {

/// A connection with the tables over it.
struct ReadConnection {
    explicit ReadConnection(const std::string& path);
    Database db;
    SqliteTables tables{db};
};

/// Thread-safe.
class ReaderPool {
public:
    ReaderPool(std::string path, std::size_t kept) : path_(std::move(path)), kept_(kept) {}
    /// A connection whose transaction has begun and whose view is fixed.
    std::unique_ptr<ReadConnection> take();
    /// Ends the transaction.
    void give_back(std::unique_ptr<ReadConnection> connection) noexcept;

private:
    std::string path_;
    std::size_t kept_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<ReadConnection>> idle_;
};

}  // namespace sangam::storage::sqlite
