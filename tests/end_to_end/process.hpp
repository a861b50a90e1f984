// SPDX-License-Identifier: Apache-2.0
// Runs the real executable: one-off commands with their output and exit code, and daemons that are
// ready when their first line came and are ended by pid at the latest when the test ends.
#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace sangam::tests {

/// What a finished command left.
struct Finished {
    int exit_code = -1;  ///< 128 + signal when it was killed
    std::string out;
    std::string err;

    /// Standard output as one JSON document; fails the test when it is none.
    [[nodiscard]] boost::json::value json() const;
};

/// Runs `sangam` with the arguments and waits, at most `limit`, then kills it.
Finished run_sangam(const std::vector<std::string>& arguments,
                    std::chrono::seconds limit = std::chrono::seconds(60));

/// A folder below the system's temporary directory, removed with all in it.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// `sangam ... run`, started; `ready()` is its first line. Its log goes to a file.
class Daemon {
public:
    /// Starts it and waits for the ready line; fails the test with the log when none comes.
    Daemon(std::vector<std::string> arguments, std::filesystem::path log);
    ~Daemon();  ///< SIGKILL when it still runs
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    [[nodiscard]] const boost::json::object& ready() const { return ready_; }
    /// A text of the ready line, such as "peer" or "listen".
    [[nodiscard]] std::string address(const std::string& key) const;
    [[nodiscard]] std::string log_text() const;
    [[nodiscard]] bool is_running();
    /// SIGTERM; returns the exit code, or fails the test when it takes over 20 s.
    int stop();
    /// SIGKILL, and waits.
    void kill();
    [[nodiscard]] int pid() const { return pid_; }

private:
    int pid_ = -1;
    int out_ = -1;
    std::filesystem::path log_;
    boost::json::object ready_;
};

/// Sleeps 20 ms.
void pause_a_moment();

/// Asks `condition` until it holds; false when it did not within `limit`.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(30)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        pause_a_moment();
    }
    return true;
}

}  // namespace sangam::tests
