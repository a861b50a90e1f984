// SPDX-License-Identifier: Apache-2.0
#include "node/cli/offline_verify.hpp"

#include <algorithm>

#include "node/daemon/node_directory.hpp"
#include "node/service/verify_document.hpp"
#include "storage/store.hpp"
#include "sync/merger.hpp"

namespace sangam::node::cli {
namespace {

namespace json = boost::json;

/// Runs `work` on a reader under the directory's lock. The store itself is not opened: that writes,
/// and a damaged one may not open at all.
template <class Work>
Result<json::object> with_store(const std::string& directory, Work work) {
    const auto lock = DirectoryLock::take(directory);
    if (!lock) return std::unexpected(lock.error());
    if (const auto key = load_identity(directory); !key) return std::unexpected(key.error());
    const sync::Merger merger;
    const auto reader = storage::open_sqlite_reader(directory, merger);
    return work(*reader);
}

}  // namespace

Result<json::object> verify_without_daemon(const std::string& directory,
                                           const std::optional<std::string>& dataset) {
    return with_store(directory, [&](const storage::Reader& reader) -> Result<json::object> {
        if (!dataset) return verify_document(reader.verify(std::nullopt));
        const auto name = dataset->substr(dataset->find('/') + 1);
        storage::VerifyReport sum;
        bool is_found = false;
        for (const auto& info : reader.datasets()) {
            if (info.manifest.name != name) continue;
            is_found = true;
            const auto report = reader.verify(info.uid);
            sum.records += report.records;
            sum.commits += report.commits;
            sum.failed += report.failed;
            sum.failures.insert(sum.failures.end(), report.failures.begin(), report.failures.end());
        }
        if (!is_found)
            return fail("no_such_dataset", "there is no such dataset here", *dataset,
                        "sangam verify without --dataset checks all", ErrorKind::not_found);
        return verify_document(sum);
    });
}

Result<json::object> verify_sample_without_daemon(const std::string& directory) {
    return with_store(directory, [&](const storage::Reader& reader) -> Result<json::object> {
        const auto datasets = reader.datasets();
        // One without records would show nothing.
        const auto smallest =
            std::min_element(datasets.begin(), datasets.end(), [](const auto& a, const auto& b) {
                return std::pair(a.live_records == 0, a.live_records) <
                       std::pair(b.live_records == 0, b.live_records);
            });
        if (smallest == datasets.end()) return verify_document({});
        return verify_document(reader.verify(smallest->uid));
    });
}

}  // namespace sangam::node::cli
