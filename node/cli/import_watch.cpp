// SPDX-License-Identifier: Apache-2.0
#include "node/cli/import_watch.hpp"

#include <boost/json/array.hpp>
#include <chrono>

#include "node/cli/progress.hpp"

namespace sangam::node::cli {
namespace {

constexpr auto asks_every = std::chrono::milliseconds(500);

}  // namespace

ImportWatch::ImportWatch(const Session& session, std::string name)
    : session_(session), name_(std::move(name)) {
    if (session_.terminal().err_is_terminal) thread_ = std::thread([this] { run(); });
}

ImportWatch::~ImportWatch() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        is_over_ = true;
    }
    ends_.notify_one();
    thread_.join();
}

void ImportWatch::run() {
    Progress progress(session_.terminal(), "import", "written; the node ends the import");
    std::unique_lock lock(mutex_);
    while (!ends_.wait_for(lock, asks_every, [this] { return is_over_; })) {
        lock.unlock();
        const auto answer = call_node(session_, "GET", "/api/v1/imports");
        lock.lock();
        if (!answer || is_over_) continue;
        for (const auto& entry : array_at(*answer, "imports")) {
            const auto& row = entry.as_object();
            if (text_at(row, "name") == name_)
                progress.update(static_cast<std::uint64_t>(number_at(row, "bytes_done")),
                                static_cast<std::uint64_t>(number_at(row, "bytes_total")));
        }
    }
}

}  // namespace sangam::node::cli
