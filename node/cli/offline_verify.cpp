// SPDX-License-Identifier: Apache-2.0
#include "node/cli/offline_verify.hpp"

#include <algorithm>

#include "node/daemon/config.hpp"
#include "node/daemon/daemon_process.hpp"
#include "node/daemon/directory_snapshot.hpp"
#include "node/daemon/membership_file.hpp"
#include "node/daemon/node_directory.hpp"
#include "node/service/verify_document.hpp"
#include "storage/store.hpp"
#include "sync/merger.hpp"

namespace sangam::node::cli {
namespace {

namespace json = boost::json;

/// INSTITUTION/NAME by the directory that the node last had; the institution's id where nothing
/// that can be read names it.
storage::DatasetNames dataset_names(const std::string& directory, const SigningKey& key) {
    SelfDescription self{NodeId{key.public_key().bytes}, key.public_key(), {}};
    if (const auto config = load_config(directory, {}))
        self.provisional_handle = config->institution;
    const auto stored = load_membership(DirectoryPaths{directory}.directory());
    const auto snapshot = std::make_shared<const DirectorySnapshot>(
        self, stored && stored->directory ? &*stored->directory : nullptr, system_now(), false);
    return [snapshot](const Manifest& manifest) {
        return snapshot->handle_of(manifest.owner) + "/" + manifest.name;
    };
}

/// Runs `work` on a reader under the directory's lock, with names for its datasets. The store
/// itself is not opened: that writes, and a damaged one may not open at all.
template <class Work>
Result<json::object> with_store(const std::string& directory, Work work) {
    const auto lock = DirectoryLock::take(directory);
    if (!lock) return std::unexpected(lock.error());
    const auto key = load_identity(directory);
    if (!key) return std::unexpected(key.error());
    const sync::Merger merger;
    const auto reader = storage::open_sqlite_reader(directory, merger);
    return work(*reader, dataset_names(directory, *key));
}

}  // namespace

Result<json::object> verify_without_daemon(const std::string& directory,
                                           const std::optional<std::string>& dataset) {
    return with_store(directory,
                      [&](const storage::Reader& reader,
                          const storage::DatasetNames& names) -> Result<json::object> {
                          if (!dataset) return verify_document(reader.verify(std::nullopt, names));
                          storage::VerifyReport sum;
                          bool is_found = false;
                          for (const auto& info : reader.datasets()) {
                              const bool is_meant = dataset->find('/') == std::string::npos
                                                        ? info.manifest.name == *dataset
                                                        : names(info.manifest) == *dataset;
                              if (!is_meant) continue;
                              is_found = true;
                              const auto report = reader.verify(info.uid, names);
                              sum.records += report.records;
                              sum.commits += report.commits;
                              sum.failed += report.failed;
                              sum.failures.insert(sum.failures.end(), report.failures.begin(),
                                                  report.failures.end());
                          }
                          if (!is_found)
                              return fail("no_such_dataset", "there is no such dataset here",
                                          *dataset, "sangam verify without --dataset checks all",
                                          ErrorKind::not_found);
                          return verify_document(sum);
                      });
}

Result<json::object> verify_sample_without_daemon(const std::string& directory) {
    return with_store(directory,
                      [&](const storage::Reader& reader,
                          const storage::DatasetNames& names) -> Result<json::object> {
                          const auto datasets = reader.datasets();
                          // One without records would show nothing.
                          const auto smallest = std::min_element(
                              datasets.begin(), datasets.end(), [](const auto& a, const auto& b) {
                                  return std::pair(a.live_records == 0, a.live_records) <
                                         std::pair(b.live_records == 0, b.live_records);
                              });
                          if (smallest == datasets.end()) return verify_document({});
                          return verify_document(reader.verify(smallest->uid, names));
                      });
}

}  // namespace sangam::node::cli
