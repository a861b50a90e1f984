// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "node/cli/session.hpp"

namespace sangam::node::cli {

/// While it lives, asks the daemon twice a second how far an import is, and draws that; on a
/// terminal only. That the daemon does not answer, or knows no such import yet, is no matter.
class ImportWatch {
public:
    /// `name` is the one that the import was started under.
    ImportWatch(const Session& session, std::string name);
    ~ImportWatch();
    ImportWatch(const ImportWatch&) = delete;
    ImportWatch& operator=(const ImportWatch&) = delete;

private:
    void run();

    const Session& session_;
    const std::string name_;
    std::mutex mutex_;
    std::condition_variable ends_;
    bool is_over_ = false;  ///< under mutex_
    std::thread thread_;
};

}  // namespace sangam::node::cli
