// SPDX-License-Identifier: Apache-2.0
// The logic thread (docs/architecture.md, "Threads"): a queue of work in front of the sync engine,
// its clock, and the hand that carries out its actions.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "node/daemon/engine_runner.hpp"
#include "sync/actions.hpp"

namespace sangam::node {

/// Where the engine's actions go. Called on the logic thread; must not block and must not call
/// back into EngineRunner::call() or search().
class ActionSink {
public:
    virtual ~ActionSink() = default;
    virtual void send(sync::ConnectionId, messages::Message) = 0;
    virtual void close(sync::ConnectionId, const messages::Abort&) = 0;
    virtual void pass_directory_message(sync::PassDirectoryMessage) = 0;
    /// The parts come back through EngineRunner::post().
    virtual void answer_search(sync::AnswerSearch) = 0;
    virtual void log(const sync::LogLine&) = 0;
};

/// Makes the engine on the thread that will use it.
using EngineFactory = std::function<std::unique_ptr<sync::Engine>()>;

class LogicThread final : public EngineRunner {
public:
    /// `sink` outlives the thread. `clock` gives Unix time. The engine is made by start().
    LogicThread(EngineFactory factory, ActionSink& sink, std::function<Millis()> clock);
    ~LogicThread() override;
    LogicThread(const LogicThread&) = delete;
    LogicThread& operator=(const LogicThread&) = delete;

    /// Runs from now on. Work that was posted before is done first. Rethrows what the factory
    /// threw.
    void start();
    /// Finishes the work under way, drops what waits, ends searches, destroys the engine. Any
    /// thread but the logic thread; harmless when repeated.
    void stop();
    /// Replaces the engine: what it had in memory is gone, what is durable is found again. For
    /// when the node joins a federation while it runs. Searches under way end as incomplete.
    void remake_engine();

    void post(std::function<void(sync::Engine&, Millis now)> work) override;
    sync::SearchOutcome search(const sync::SearchQuery& query, const sync::Asker& asker) override;

private:
    using Work = std::function<void(sync::Engine&, Millis)>;
    void run(std::promise<void> started);
    void loop(std::unique_ptr<sync::Engine>& engine);
    void do_work(sync::Engine& engine, const Work& work);
    void carry_out(sync::Engine& engine);

    EngineFactory factory_;
    ActionSink& sink_;
    std::function<Millis()> clock_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Work> queue_;
    bool is_stopping_ = false;
    bool wants_new_engine_ = false;
    std::thread thread_;

    /// Logic thread only.
    std::map<sync::SearchId, std::shared_ptr<std::promise<sync::SearchOutcome>>> searches_;
};

}  // namespace sangam::node
