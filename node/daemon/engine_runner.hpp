// SPDX-License-Identifier: Apache-2.0
// The logic thread: owns the sync engine and is the only one to touch it. Other threads hand it
// work; its actions go to the connections, the workers and the log.
#pragma once

#include <functional>
#include <future>

#include "sync/engine.hpp"

namespace sangam::node {

class EngineRunner {
public:
    virtual ~EngineRunner() = default;

    /// Runs `work` on the logic thread, with the present time, and carries out the engine's actions
    /// after it. Any thread; returns at once. After shutdown began the work is dropped.
    virtual void post(std::function<void(sync::Engine&, Millis now)> work) = 0;

    /// As post(), and waits for the result. Not from the logic thread. Throws when the engine is
    /// shut down.
    template <class Work>
    auto call(Work work) -> std::invoke_result_t<Work, sync::Engine&, Millis> {
        using R = std::invoke_result_t<Work, sync::Engine&, Millis>;
        auto promise = std::make_shared<std::promise<R>>();
        auto future = promise->get_future();
        // The promise goes with the work: when that is dropped, so is the promise, and get()
        // throws.
        post([promise = std::move(promise), work = std::move(work)](sync::Engine& engine,
                                                                    Millis now) mutable {
            try {
                if constexpr (std::is_void_v<R>) {
                    work(engine, now);
                    promise->set_value();
                } else {
                    promise->set_value(work(engine, now));
                }
            } catch (...) {
                promise->set_exception(std::current_exception());
            }
        });
        return future.get();
    }

    /// Runs a federated search to its end: at most its deadline and a moment. Blocks; any thread
    /// but the logic thread.
    virtual sync::SearchOutcome search(const sync::SearchQuery& query,
                                       const sync::Asker& asker) = 0;
};

}  // namespace sangam::node
