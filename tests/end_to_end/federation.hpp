// SPDX-License-Identifier: Apache-2.0
// A registry and nodes that joined it, each a process of its own on free ports.
#pragma once

#include <map>
#include <memory>

#include "tests/end_to_end/sangam_process.hpp"

namespace sangam::test {

class Federation {
public:
    /// Makes the registry and one node for each handle; all run and know each other.
    explicit Federation(const std::vector<std::string>& handles);

    /// A command in the node's directory with --json.
    CommandResult on(const std::string& handle, std::vector<std::string> arguments) const;
    /// The document of a command that must succeed.
    boost::json::object must(const std::string& handle, std::vector<std::string> arguments) const;
    CommandResult on_registry(std::vector<std::string> arguments) const;

    /// Ends the registry for good.
    void stop_registry() { registry_.reset(); }
    void start(const std::string& handle);
    [[nodiscard]] const Daemon& daemon(const std::string& handle) const {
        return *nodes_.at(handle);
    }
    int stop(const std::string& handle);
    void kill(const std::string& handle);
    [[nodiscard]] std::string directory(const std::string& handle) const {
        return files_.path(handle);
    }
    [[nodiscard]] const TemporaryDirectory& files() const { return files_; }

    /// A dataset HANDLE/NAME with `records` records in the collection `germplasm`.
    void make_dataset(const std::string& handle, const std::string& name, int records);
    /// The node's subscription to the dataset; an empty object when it has none.
    [[nodiscard]] boost::json::object subscription(const std::string& handle,
                                                   const std::string& dataset) const;
    void wait_for_records(const std::string& handle, const std::string& dataset, int records) const;

private:
    TemporaryDirectory files_;
    std::unique_ptr<Daemon> registry_;
    std::map<std::string, std::unique_ptr<Daemon>> nodes_;
};

}  // namespace sangam::test
