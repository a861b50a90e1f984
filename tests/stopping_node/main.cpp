// SPDX-License-Identifier: Apache-2.0
// A node for the crash tests: `sangam node run` with a store that kills its own process at a chosen
// place. The shipped executable has no such switch.
//
//   stopping_node DIR PEER_ADDRESS HTTP_ADDRESS
//
// SANGAM_STOP_AT_STORE_MOMENT=N  SIGKILL before store operation (N+1)/2 for odd N, after operation
//                                N/2 for even N: durable, and its caller has not heard of it
// SANGAM_STOP_AT_FILE_WRITE=N    SIGKILL in SQLite's N-th write to a file, with half of it written
// SANGAM_STORE_SYNCS=0           no fsync: a process's death loses nothing by it, and it is faster
// SANGAM_PLANTED_BUG=cursor_first  a delivery's cursor is durable before its content: what
//                                stop_anywhere_test has to find
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "node/daemon/node_app.hpp"
#include "storage/fault_injection.hpp"
#include "tests/stopping_node/torn_write_vfs.hpp"
#include "tests/support/stopping_store.hpp"

namespace {

using namespace sangam;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

struct OwnedStore {
    std::unique_ptr<storage::Store> owned;
};

/// Two transactions where there has to be one.
class CursorFirst final : private OwnedStore, public sangam::testing::StoppingStore {
public:
    explicit CursorFirst(std::unique_ptr<storage::Store> store)
        : OwnedStore{std::move(store)}, StoppingStore(*owned) {}

    Result<storage::ApplyResult> apply(const storage::ApplyRequest& request) override {
        if (!request.subscription || request.parts.empty()) return disk_.apply(request);
        disk_.put_own_subscription(*request.subscription);
        storage::ApplyRequest content = request;
        content.subscription.reset();
        return disk_.apply(content);
    }
};

std::unique_ptr<storage::Store> open_stopping_store(const std::string& directory,
                                                    storage::Author author,
                                                    const storage::Projector& projector) {
    storage::SqliteOptions options;
    options.syncs = number_from("SANGAM_STORE_SYNCS", 1) != 0;
    const std::uint64_t stop = number_from("SANGAM_STOP_AT_STORE_MOMENT", 0);
    const auto hook = [stop](std::uint64_t operation, storage::FaultyStore::Moment moment,
                             std::string_view name) {
        const bool is_before = moment == storage::FaultyStore::Moment::before;
        if (operation * 2 - (is_before ? 1 : 0) != stop) return;
        std::cerr << "stopping " << (is_before ? "before" : "after") << " operation " << operation
                  << ", " << name << std::endl;
        std::raise(SIGKILL);
    };
    auto store = std::make_unique<storage::FaultyStore>(
        storage::open_sqlite_store(directory, author, projector, options), hook);
    const char* bug = std::getenv("SANGAM_PLANTED_BUG");
    if (bug == nullptr) return store;
    SANGAM_ASSERT(std::string_view(bug) == "cursor_first");
    return std::make_unique<CursorFirst>(std::move(store));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::cerr << "usage: stopping_node DIR PEER_ADDRESS HTTP_ADDRESS\n";
        return 2;
    }
    sangam::testing::tear_write(number_from("SANGAM_STOP_AT_FILE_WRITE", 0));
    node::NodeRunOptions options;
    options.peer_listen = argv[2];
    options.http_listen = argv[3];
    options.registry_poll = "1h";
    options.json = true;
    options.open_store = open_stopping_store;
    const auto ended = node::run_node(argv[1], options);
    if (ended) return 0;
    std::cerr << ended.error().text() << '\n';
    return 1;
}
