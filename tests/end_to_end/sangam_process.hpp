// SPDX-License-Identifier: Apache-2.0
// Runs the real executable: single commands, and daemons on free ports in a temporary directory.
#pragma once

#include <sys/types.h>

#include <boost/json/value.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace sangam::test {

/// What a command did.
struct CommandResult {
    int exit_code = -1;  ///< 128 + signal when it was killed
    std::string out;
    std::string err;
    /// The document on standard output; fails the test when it is none.
    [[nodiscard]] boost::json::value json() const;
};

/// Runs `sangam` with these arguments to its end; kills it and fails the test after four minutes.
CommandResult run_sangam(const std::vector<std::string>& arguments);

/// A directory that is removed with everything in it. Short, for the sockets inside.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
    /// Writes a file and gives its path.
    std::string write(const std::string& name, const std::string& content) const;

private:
    std::string path_;
};

/// How a daemon is started.
struct Launch {
    std::vector<std::string> words;  ///< the executable and its arguments
    std::vector<std::pair<std::string, std::string>> environment;  ///< added to the test's own
    std::string log;                                               ///< where its log is appended
    bool may_end_early = false;                                    ///< before it says "ready"
};

/// `sangam node run` or `registry run` in `directory`; ports are free ones unless `arguments` say
/// otherwise.
Launch daemon_launch(const std::string& kind, const std::string& directory,
                     std::vector<std::string> arguments = {});

/// `sangam node run` or `registry run` as a process of its own; its log goes to DIR.log.
class Daemon {
public:
    /// Waits for the ready line.
    explicit Daemon(const Launch& launch);
    /// daemon_launch(...); `kind` is "node" or "registry".
    Daemon(const std::string& kind, const std::string& directory,
           std::vector<std::string> arguments = {});
    ~Daemon();  ///< kills it when it still runs
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;

    [[nodiscard]] const boost::json::object& ready() const { return ready_; }
    [[nodiscard]] std::string address(const std::string& key) const;
    /// SIGTERM, and its exit code.
    int stop();
    /// SIGKILL.
    void kill();
    /// Whether it is gone, by itself or because it was killed.
    [[nodiscard]] bool has_ended();

private:
    pid_t pid_ = -1;
    int out_ = -1;
    boost::json::object ready_;
};

/// Asks until `holds` is true; fails the test after `limit`.
void wait_until(const std::string& what, const std::function<bool()>& holds,
                std::chrono::seconds limit = std::chrono::seconds(30));

}  // namespace sangam::test
