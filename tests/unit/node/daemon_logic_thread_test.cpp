// SPDX-License-Identifier: Apache-2.0
// The logic thread over a real engine and a store in memory, with a sink that writes down what it
// is told to do. Waiting is for the thread under test, never for time to pass.
#include "node/daemon/logic_thread.hpp"

#include <doctest/doctest.h>

#include <atomic>

#include "node/daemon/current_directory.hpp"
#include "sync/merger.hpp"

using namespace sangam;
using namespace sangam::node;

namespace {

/// Keeps every action, in order.
struct Recorder final : ActionSink {
    void send(sync::ConnectionId, messages::Message message) override {
        note(std::string("send ") + std::string(messages::type_name(message)));
    }
    void close(sync::ConnectionId, const messages::Abort&) override { note("close"); }
    void pass_directory_message(sync::PassDirectoryMessage) override { note("directory"); }
    void answer_search(sync::AnswerSearch search) override {
        note("answer");
        if (on_answer) on_answer(search);
    }
    void log(const sync::LogLine& line) override {
        const std::lock_guard lock(mutex);
        if (line.level == sync::LogLine::Level::error) errors.push_back(line.text);
    }
    void note(const std::string& what) {
        const std::lock_guard lock(mutex);
        actions.push_back(what);
    }
    std::mutex mutex;
    std::vector<std::string> actions;
    std::vector<std::string> errors;
    std::function<void(const sync::AnswerSearch&)> on_answer;
};

struct Fixture {
    SigningKey key = (init_crypto(), SigningKey::from_seed(Bytes(SigningKey::seed_size, 1)));
    NodeId node{key.public_key().bytes};
    SeededRandom store_random{1};
    SeededRandom engine_random{2};
    sync::Merger merger;
    std::unique_ptr<storage::Store> store =
        storage::open_memory_store(Epoch{7}, {node, &key, &store_random}, merger);
    CurrentDirectory directory;
    Recorder recorder;
    std::atomic<std::int64_t> now{1'800'000'000'000};
    int engines_made = 0;
    LogicThread logic{[this] {
                          ++engines_made;
                          return std::make_unique<sync::Engine>(
                              sync::EngineConfig{node, "test", {}}, *store, directory, merger,
                              engine_random);
                      },
                      recorder, [this] { return Millis(now.load()); }};
    Fixture() {
        directory.replace(std::make_shared<const DirectorySnapshot>(
            SelfDescription{node, key.public_key(), "irri"}, nullptr, Millis(now.load()), false));
    }
};

}  // namespace

TEST_CASE("logic thread: work is done in order, on one thread, with the present time") {
    Fixture f;
    std::vector<int> order;
    f.logic.post([&](sync::Engine&, Millis) { order.push_back(0); });  // before the start
    f.logic.start();
    std::thread::id first;
    for (int i = 1; i < 50; ++i)
        f.logic.post([&, i](sync::Engine&, Millis) { order.push_back(i); });
    f.logic.post([&](sync::Engine&, Millis) { first = std::this_thread::get_id(); });
    const auto now = f.logic.call([&](sync::Engine&, Millis at) {
        CHECK(std::this_thread::get_id() == first);
        return at;
    });
    CHECK(now == Millis(f.now.load()));
    REQUIRE(order.size() == 50);
    for (int i = 0; i < 50; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
}

TEST_CASE(
    "logic thread: actions are carried out after the work that caused them, before the next") {
    Fixture f;
    f.logic.start();
    // A stranger: the directory does not name the node, so the engine closes.
    f.logic.post([](sync::Engine& engine, Millis now) {
        engine.connected(sync::ConnectionId{1}, NodeId{}, false, now);
    });
    const auto seen = f.logic.call([&](sync::Engine&, Millis) {
        const std::lock_guard lock(f.recorder.mutex);
        return f.recorder.actions;
    });
    CHECK(seen == std::vector<std::string>{"close"});
}

TEST_CASE("logic thread: what work throws is logged, and the caller of call() gets it") {
    Fixture f;
    f.logic.start();
    f.logic.post([](sync::Engine&, Millis) { throw std::runtime_error("the disk is full"); });
    CHECK_THROWS_WITH(
        f.logic.call([](sync::Engine&, Millis) -> int { throw std::runtime_error("no answer"); }),
        "no answer");
    CHECK(f.logic.call([](sync::Engine&, Millis) { return 1; }) == 1);
    REQUIRE(f.recorder.errors.size() == 1);
    CHECK(f.recorder.errors[0].find("the disk is full") != std::string::npos);
}

TEST_CASE("logic thread: after the stop, work is dropped and waiting for it fails") {
    Fixture f;
    f.logic.start();
    f.logic.stop();
    bool was_run = false;
    f.logic.post([&](sync::Engine&, Millis) { was_run = true; });
    CHECK_THROWS(f.logic.call([](sync::Engine&, Millis) { return 1; }));
    CHECK_THROWS(static_cast<void>(f.logic.search({}, sync::Asker::home({}))));
    f.logic.stop();
    CHECK_FALSE(was_run);
}

TEST_CASE("logic thread: a search comes back with its outcome, however many wait at once") {
    Fixture f;
    f.recorder.on_answer = [&](const sync::AnswerSearch& search) {
        f.logic.post([query = search.query](sync::Engine& engine, Millis now) {
            engine.search_answered(query, {}, "", now);
        });
    };
    f.logic.start();
    std::vector<std::thread> askers;
    std::atomic<int> done = 0;
    for (int i = 0; i < 8; ++i)
        askers.emplace_back([&] {
            const auto outcome = f.logic.search({}, sync::Asker::home(InstitutionId{f.node.bytes}));
            if (outcome.total == 0 && outcome.hits.empty()) ++done;
        });
    for (auto& asker : askers) asker.join();
    CHECK(done == 8);
}

TEST_CASE("logic thread: a new engine takes the place of the old one") {
    Fixture f;
    f.logic.start();
    f.logic.call([](sync::Engine&, Millis) {});
    CHECK(f.engines_made == 1);
    f.logic.remake_engine();
    f.logic.call([](sync::Engine&, Millis) {});
    f.logic.call([](sync::Engine&, Millis) {});
    CHECK(f.engines_made == 2);
}
