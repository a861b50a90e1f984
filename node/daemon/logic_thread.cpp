// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/logic_thread.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace sangam::node {
namespace {

/// A search ends at its deadline by the engine's own tick; this much later something is wrong.
constexpr std::chrono::seconds search_grace{5};

/// The longest sleep, whatever the engine says (Engine::next_wake() promises a second).
constexpr Millis longest_sleep{1000};

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};

}  // namespace

LogicThread::LogicThread(EngineFactory factory, ActionSink& sink, std::function<Millis()> clock)
    : factory_(std::move(factory)), sink_(sink), clock_(std::move(clock)) {}

LogicThread::~LogicThread() { stop(); }

void LogicThread::start() {
    SANGAM_ASSERT(!thread_.joinable());
    std::promise<void> started;
    auto ready = started.get_future();
    thread_ =
        std::thread([this, promise = std::move(started)]() mutable { run(std::move(promise)); });
    ready.get();
}

void LogicThread::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    // Destroyed outside the lock: a promise in it wakes whoever waits.
    std::deque<Work> dropped;
    {
        const std::lock_guard lock(mutex_);
        dropped.swap(queue_);
    }
}

void LogicThread::remake_engine() {
    {
        const std::lock_guard lock(mutex_);
        wants_new_engine_ = true;
    }
    changed_.notify_all();
}

void LogicThread::post(Work work) {
    {
        const std::lock_guard lock(mutex_);
        if (is_stopping_) return;
        queue_.push_back(std::move(work));
    }
    changed_.notify_all();
}

void LogicThread::run(std::promise<void> started) {
    std::unique_ptr<sync::Engine> engine;
    try {
        engine = factory_();
    } catch (...) {
        started.set_exception(std::current_exception());
        return;
    }
    started.set_value();
    loop(engine);
    // Whoever waits for a search learns that it will not end.
    searches_.clear();
}

void LogicThread::loop(std::unique_ptr<sync::Engine>& engine) {
    carry_out(*engine);
    for (;;) {
        Work work;
        bool is_remake = false;
        {
            std::unique_lock lock(mutex_);
            const auto has_something = [&] {
                return is_stopping_ || wants_new_engine_ || !queue_.empty();
            };
            if (!has_something()) {
                const Millis until_wake = engine->next_wake() - clock_();
                changed_.wait_for(lock, std::clamp(until_wake, Millis(1), longest_sleep),
                                  has_something);
            }
            if (is_stopping_) return;
            is_remake = std::exchange(wants_new_engine_, false);
            if (!is_remake && !queue_.empty()) {
                work = std::move(queue_.front());
                queue_.pop_front();
            }
        }
        if (is_remake) {
            searches_.clear();
            engine.reset();
            engine = factory_();
            carry_out(*engine);
        }
        if (work) do_work(*engine, work);
        // Also between pieces of work: a full queue must not keep deadlines from being noticed.
        if (engine->next_wake() <= clock_())
            do_work(*engine, [](sync::Engine& e, Millis now) { e.tick(now); });
    }
}

void LogicThread::do_work(sync::Engine& engine, const Work& work) {
    try {
        work(engine, clock_());
    } catch (const std::exception& error) {
        // The store failed (disk full, I/O). What the work wanted did not happen; peers ask again
        // and commands report their own failure, so the node goes on and says so.
        sink_.log(
            {sync::LogLine::Level::error, {}, std::string("the sync engine: ") + error.what()});
    }
    carry_out(engine);
}

void LogicThread::carry_out(sync::Engine& engine) {
    for (auto& action : engine.take_actions()) {
        std::visit(
            Overloaded{
                [&](sync::Send& a) { sink_.send(a.connection, std::move(a.message)); },
                [&](sync::Close& a) { sink_.close(a.connection, a.abort); },
                [&](sync::PassDirectoryMessage& a) { sink_.pass_directory_message(std::move(a)); },
                [&](sync::AnswerSearch& a) { sink_.answer_search(std::move(a)); },
                [&](sync::SearchFinished& a) {
                    auto outcome = engine.take_outcome(a.search);
                    const auto waiting = searches_.find(a.search);
                    if (!outcome || waiting == searches_.end()) return;
                    waiting->second->set_value(std::move(*outcome));
                    searches_.erase(waiting);
                },
                [&](sync::LogLine& a) { sink_.log(a); },
            },
            action);
    }
}

sync::SearchOutcome LogicThread::search(const sync::SearchQuery& query, const sync::Asker& asker) {
    auto promise = std::make_shared<std::promise<sync::SearchOutcome>>();
    auto future = promise->get_future();
    post([this, promise, query, asker](sync::Engine& engine, Millis now) {
        // Registered before the actions are carried out, in case it ends at once.
        searches_.emplace(engine.start_search(query, asker, now), promise);
    });
    promise.reset();
    if (future.wait_for(query.deadline + search_grace) != std::future_status::ready)
        throw std::runtime_error("a search did not end at its deadline");
    try {
        return future.get();
    } catch (const std::future_error&) {
        throw std::runtime_error(
            "the search was given up: the node is stopping, or its log says why");
    }
}

}  // namespace sangam::node
