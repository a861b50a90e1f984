// SPDX-License-Identifier: Apache-2.0
#include "storage/sqlite/group_writer.hpp"

namespace sangam::storage::sqlite {

namespace {

/// Requests in one transaction. Callers wait for their answer, so as many as there are threads can
/// wait; more than this would make the first of them wait too long.
constexpr std::size_t max_group = 64;

}  // namespace

GroupWriter::GroupWriter(Database& db, Hooks hooks)
    : db_(db), hooks_(std::move(hooks)), thread_([this] { loop(); }) {}

GroupWriter::~GroupWriter() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    has_work_.notify_one();
    thread_.join();
}

void GroupWriter::run(std::function<bool()> request, std::function<void()> afterwards) {
    Job job;
    job.request = std::move(request);
    job.afterwards = std::move(afterwards);
    {
        std::unique_lock lock(mutex_);
        waiting_.push_back(&job);
        has_work_.notify_one();
        is_done_.wait(lock, [&] { return job.is_done; });
    }
    if (job.failure) std::rethrow_exception(job.failure);
}

void GroupWriter::loop() {
    std::unique_lock lock(mutex_);
    while (true) {
        has_work_.wait(lock, [&] { return is_stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        std::deque<Job*> group;
        while (!waiting_.empty() && group.size() < max_group) {
            group.push_back(waiting_.front());
            waiting_.pop_front();
        }
        lock.unlock();
        run_group(group);
        lock.lock();
        for (auto* job : group) job->is_done = true;
        is_done_.notify_all();
    }
}

void GroupWriter::run_group(const std::deque<Job*>& group) {
    try {
        db_.execute("BEGIN IMMEDIATE");
        hooks_.begins();
        for (auto* job : group) run_job(*job);
        hooks_.before_commit();
        db_.execute("COMMIT");
    } catch (...) {
        // Nothing of the group is durable, also not what ran well.
        for (auto* job : group)
            if (!job->failure) job->failure = std::current_exception();
        try {
            if (db_.is_in_transaction()) db_.execute("ROLLBACK");
            hooks_.after_failure();
        } catch (...) {
            // The callers learn of the first failure; a second one while undoing adds nothing, and
            // the next transaction cannot begin before this one is over.
        }
        return;
    }
    hooks_.after_commit();
}

void GroupWriter::run_job(Job& job) {
    db_.execute("SAVEPOINT request");
    bool keeps = false;
    try {
        keeps = job.request();
    } catch (...) {
        // A full disk or a failed write may have ended the transaction: then nobody's request ran.
        if (!db_.is_in_transaction()) throw;
        job.failure = std::current_exception();
    }
    if (!keeps) db_.execute("ROLLBACK TO request");
    db_.execute("RELEASE request");
    if (!keeps && !job.failure && job.afterwards) job.afterwards();
}

}  // namespace sangam::storage::sqlite
