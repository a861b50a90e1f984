// SPDX-License-Identifier: Apache-2.0
// The one thread that writes. Requests that wait together share one transaction, and so one disk
// sync; each runs in a savepoint of its own, so that one which fails takes only itself back.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "storage/sqlite/database.hpp"

namespace sangam::storage::sqlite {

class GroupWriter {
public:
    /// Called on the writer's thread. `before_commit` when all requests of a group have run;
    /// `after_commit` once it is durable; `after_failure` when the whole group was undone.
    struct Hooks {
        std::function<void()> begins;
        std::function<void()> before_commit;
        std::function<void()> after_commit;
        std::function<void()> after_failure;
    };
    /// The database must outlive the writer and is used by its thread alone.
    GroupWriter(Database& db, Hooks hooks);
    /// Finishes what waits.
    ~GroupWriter();
    GroupWriter(const GroupWriter&) = delete;
    GroupWriter& operator=(const GroupWriter&) = delete;

    /// Runs `request` in a transaction and returns when that is durable. False from `request`
    /// undoes what it did; then `afterwards` (may be null) still runs in the transaction. What
    /// either throws comes out here. Any thread.
    void run(std::function<bool()> request, std::function<void()> afterwards);

private:
    struct Job {
        std::function<bool()> request;
        std::function<void()> afterwards;
        std::exception_ptr failure;
        bool is_done = false;
    };
    void loop();
    void run_group(const std::deque<Job*>& group);
    void run_job(Job& job);

    Database& db_;
    Hooks hooks_;
    std::mutex mutex_;
    std::condition_variable has_work_;
    std::condition_variable is_done_;
    std::deque<Job*> waiting_;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace sangam::storage::sqlite
