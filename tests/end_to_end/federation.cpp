// SPDX-License-Identifier: Apache-2.0
#include "tests/end_to_end/federation.hpp"

#include <doctest/doctest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace sangam::test {

Federation::Federation(const std::vector<std::string>& handles) {
    const auto made = on_registry({"registry", "init", "--name", "Test"});
    REQUIRE_MESSAGE(made.exit_code == 0, made.out, made.err);
    registry_ = std::make_unique<Daemon>("registry", files_.path("registry"));
    for (const auto& handle : handles) {
        const auto init =
            run_sangam({"node", "init", "--dir", directory(handle), "--name", handle});
        REQUIRE_MESSAGE(init.exit_code == 0, init.out, init.err);
        const auto invited = on_registry({"registry", "invite", "--institution", handle, "--name",
                                          "Institute " + handle, "--auto-approve"});
        REQUIRE_MESSAGE(invited.exit_code == 0, invited.out, invited.err);
        const std::string invitation(invited.json().at("invitation").as_string());
        // Every other node joins beside its running daemon.
        const bool joins_running = nodes_.size() % 2 == 1;
        if (joins_running) start(handle);
        const auto joined = must(handle, {"node", "join", invitation});
        REQUIRE(joined.at("state").as_string() == "member");
        if (!joins_running) start(handle);
    }
    for (const auto& handle : handles)
        wait_until(handle + " is connected to all others", [&] {
            std::size_t connected = 0;
            const auto status = must(handle, {"status"});
            for (const auto& peer : status.at("peers").as_array())
                if (peer.at("state").as_string() == "connected") ++connected;
            return connected + 1 == handles.size();
        });
}

CommandResult Federation::on(const std::string& handle, std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--dir", directory(handle), "--json"});
    return run_sangam(arguments);
}

boost::json::object Federation::must(const std::string& handle,
                                     std::vector<std::string> arguments) const {
    const auto name = arguments.front();
    const auto result = on(handle, std::move(arguments));
    REQUIRE_MESSAGE(result.exit_code == 0, handle, ": ", name, ": ", result.out, result.err);
    return result.json().as_object();
}

CommandResult Federation::on_registry(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--dir", files_.path("registry"), "--json"});
    return run_sangam(arguments);
}

void Federation::start(const std::string& handle) {
    nodes_[handle] = std::make_unique<Daemon>("node", directory(handle));
}
int Federation::stop(const std::string& handle) { return nodes_.at(handle)->stop(); }
void Federation::kill(const std::string& handle) { nodes_.at(handle)->kill(); }

void Federation::make_dataset(const std::string& handle, const std::string& name, int records) {
    must(handle, {"dataset", "create", name, "--title", name, "--licence", "CC-BY-4.0"});
    std::string rows = "ID,remarks\n";
    for (int i = 0; i < records; ++i)
        rows += name + "-" + std::to_string(i) + ",drought trial plot " + std::to_string(i) + "\n";
    const auto file = files_.write(handle + "-" + name + ".csv", rows);
    const auto report = must(
        handle, {"import", "--dataset", name, "--collection", "germplasm", "--id", "ID", file});
    REQUIRE(report.at("written").as_int64() == records);
}

boost::json::object Federation::subscription(const std::string& handle,
                                             const std::string& dataset) const {
    const auto status = must(handle, {"status"});
    for (const auto& row : status.at("subscriptions").as_array())
        if (row.at("dataset").as_string() == dataset) return row.as_object();
    return {};
}

void Federation::wait_for_records(const std::string& handle, const std::string& dataset,
                                  int records) const {
    wait_until(handle + " holds " + std::to_string(records) + " of " + dataset, [&] {
        const auto row = subscription(handle, dataset);
        return !row.empty() && row.at("state").as_string() == "live" &&
               row.at("records").to_number<std::int64_t>() == records;
    });
}

}  // namespace sangam::test
