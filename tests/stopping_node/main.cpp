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
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "node/daemon/node_app.hpp"
#include "storage/fault_injection.hpp"
#include "tests/stopping_node/torn_write_vfs.hpp"

namespace {

using namespace sangam;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

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
    return std::make_unique<storage::FaultyStore>(
        storage::open_sqlite_store(directory, author, projector, options), hook);
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
