// SPDX-License-Identifier: Apache-2.0
#include "process.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

extern char** environ;

namespace sangam::tests {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
    int read_end = -1;
    int write_end = -1;
    Pipe() {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
        read_end = ends[0];
        write_end = ends[1];
    }
};

/// Starts the executable with the two descriptors as its outputs and nothing as its input.
int spawn_sangam(const std::vector<std::string>& arguments, int out, int err) {
    std::vector<std::string> words{SANGAM_EXECUTABLE};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, 1);
    posix_spawn_file_actions_adddup2(&actions, err, 2);
    int pid = -1;
    const int failed =
        posix_spawn(&pid, SANGAM_EXECUTABLE, &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw std::runtime_error("cannot start " SANGAM_EXECUTABLE);
    return pid;
}

int exit_code_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Appends what is there; false at the end of the stream.
bool read_some(int fd, std::string& into) {
    std::array<char, 65536> buffer{};
    const auto n = ::read(fd, buffer.data(), buffer.size());
    if (n > 0) into.append(buffer.data(), static_cast<std::size_t>(n));
    return n > 0;
}

}  // namespace

boost::json::value Finished::json() const {
    boost::system::error_code error;
    auto value = boost::json::parse(out, error);
    REQUIRE_MESSAGE(!error,
                    "standard output is not one JSON document: " << out << "\nstderr: " << err);
    return value;
}

Finished run_sangam(const std::vector<std::string>& arguments, std::chrono::seconds limit) {
    Pipe out;
    Pipe err;
    const int pid = spawn_sangam(arguments, out.write_end, err.write_end);
    ::close(out.write_end);
    ::close(err.write_end);
    Finished finished;
    bool out_open = true;
    bool err_open = true;
    const auto end = Clock::now() + limit;
    while (out_open || err_open) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
        if (left <= 0) {
            ::kill(pid, SIGKILL);
            break;
        }
        std::array<pollfd, 2> fds{
            {{out_open ? out.read_end : -1, POLLIN, 0}, {err_open ? err.read_end : -1, POLLIN, 0}}};
        ::poll(fds.data(), fds.size(), static_cast<int>(left));
        if (fds[0].revents != 0) out_open = read_some(out.read_end, finished.out);
        if (fds[1].revents != 0) err_open = read_some(err.read_end, finished.err);
    }
    ::close(out.read_end);
    ::close(err.read_end);
    int status = 0;
    ::waitpid(pid, &status, 0);
    finished.exit_code = exit_code_of(status);
    return finished;
}

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sangam-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

Daemon::Daemon(std::vector<std::string> arguments, std::filesystem::path log)
    : log_(std::move(log)) {
    arguments.emplace_back("--json");
    Pipe out;
    const int log_fd = ::open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    REQUIRE(log_fd >= 0);
    pid_ = spawn_sangam(arguments, out.write_end, log_fd);
    ::close(out.write_end);
    ::close(log_fd);
    out_ = out.read_end;
    std::string text;
    const auto end = Clock::now() + std::chrono::seconds(30);
    while (text.find('\n') == std::string::npos && Clock::now() < end) {
        pollfd fd{out_, POLLIN, 0};
        if (::poll(&fd, 1, 200) > 0 && !read_some(out_, text)) break;
    }
    boost::system::error_code error;
    const auto line = boost::json::parse(text.substr(0, text.find('\n')), error);
    REQUIRE_MESSAGE((!error && line.is_object()),
                    "the daemon said no ready line but: " << text << "\nlog: " << log_text());
    ready_ = line.as_object();
}

Daemon::~Daemon() {
    kill();
    if (out_ >= 0) ::close(out_);
}

std::string Daemon::address(const std::string& key) const {
    return std::string(ready_.at(key).as_string());
}

std::string Daemon::log_text() const {
    std::ifstream file(log_);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

bool Daemon::is_running() {
    if (pid_ < 0) return false;
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == 0) return true;
    pid_ = -1;
    return false;
}

int Daemon::stop() {
    REQUIRE(pid_ > 0);
    ::kill(pid_, SIGTERM);
    int status = 0;
    const bool ended = eventually([&] { return ::waitpid(pid_, &status, WNOHANG) != 0; },
                                  std::chrono::seconds(20));
    REQUIRE_MESSAGE(ended, "the daemon did not stop within 20 s; log: " << log_text());
    pid_ = -1;
    return exit_code_of(status);
}

void Daemon::kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
}

void pause_a_moment() { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }

}  // namespace sangam::tests
