// SPDX-License-Identifier: Apache-2.0
#include "tests/end_to_end/sangam_process.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <fstream>
#include <thread>

namespace sangam::test {
namespace {

using Clock = std::chrono::steady_clock;
// Only what hangs comes to it: an import of tens of thousands of rows took over a minute where
// other builds ran beside it.
constexpr auto command_limit = std::chrono::seconds(240);

/// Starts words[0] with its standard output and error on these descriptors.
pid_t start(std::vector<std::string> words,
            const std::vector<std::pair<std::string, std::string>>& environment, int out, int err) {
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t pid = ::fork();
    REQUIRE(pid >= 0);
    if (pid != 0) return pid;
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    ::unsetenv("SANGAM_DIR");
    for (const auto& [name, value] : environment) ::setenv(name.c_str(), value.c_str(), 1);
    ::execv(argv[0], argv.data());
    ::_exit(127);
}

int exit_code_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct Pipe {
    int read = -1;
    int write = -1;
    Pipe() {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        read = ends[0];
        write = ends[1];
    }
    ~Pipe() {
        close_write();
        if (read >= 0) ::close(read);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    void close_write() {
        if (write >= 0) ::close(write);
        write = -1;
    }
    int release_read() {
        const int out = read;
        read = -1;
        return out;
    }
};

/// Reads what is there; false at the end.
bool read_some(int fd, std::string& into) {
    char buffer[16 * 1024];
    const auto n = ::read(fd, buffer, sizeof buffer);
    if (n <= 0) return false;
    into.append(buffer, static_cast<std::size_t>(n));
    return true;
}

}  // namespace

boost::json::value CommandResult::json() const {
    boost::system::error_code error;
    auto document = boost::json::parse(out, error);
    REQUIRE_MESSAGE(!error, "no JSON document: ", out, err);
    return document;
}

CommandResult run_sangam(const std::vector<std::string>& arguments) {
    Pipe out;
    Pipe err;
    std::vector<std::string> words{SANGAM_EXECUTABLE};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const pid_t pid = start(std::move(words), {}, out.write, err.write);
    out.close_write();
    err.close_write();
    CommandResult result;
    const auto deadline = Clock::now() + command_limit;
    bool out_open = true;
    bool err_open = true;
    while ((out_open || err_open) && Clock::now() < deadline) {
        pollfd waiting[2] = {{out_open ? out.read : -1, POLLIN, 0},
                             {err_open ? err.read : -1, POLLIN, 0}};
        ::poll(waiting, 2, 200);
        if (waiting[0].revents != 0) out_open = read_some(out.read, result.out);
        if (waiting[1].revents != 0) err_open = read_some(err.read, result.err);
    }
    const bool is_late = out_open || err_open;
    if (is_late) ::kill(pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    std::string line;
    for (const auto& word : arguments) line += " " + word;
    REQUIRE_MESSAGE(!is_late, "no end within four minutes: sangam", line);
    result.exit_code = exit_code_of(status);
    return result;
}

TemporaryDirectory::TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sgm-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::write(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
}

Launch daemon_launch(const std::string& kind, const std::string& directory,
                     std::vector<std::string> arguments) {
    const auto has = [&](const std::string& option) {
        return std::find(arguments.begin(), arguments.end(), option) != arguments.end();
    };
    Launch launch;
    launch.words = {SANGAM_EXECUTABLE, kind, "run", "--dir", directory, "--json"};
    for (const std::string& option :
         kind == "node" ? std::vector<std::string>{"--peer-listen", "--http-listen"}
                        : std::vector<std::string>{"--listen"})
        if (!has(option)) launch.words.insert(launch.words.end(), {option, "127.0.0.1:0"});
    if (kind == "node" && !has("--registry-poll"))
        launch.words.insert(launch.words.end(), {"--registry-poll", "200ms"});
    launch.words.insert(launch.words.end(), arguments.begin(), arguments.end());
    launch.log = directory + ".log";
    return launch;
}

Daemon::Daemon(const std::string& kind, const std::string& directory,
               std::vector<std::string> arguments)
    : Daemon(daemon_launch(kind, directory, std::move(arguments))) {}

Daemon::Daemon(const Launch& launch) {
    const int log = ::open(launch.log.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
    REQUIRE(log >= 0);
    Pipe out;
    pid_ = start(launch.words, launch.environment, out.write, log);
    ::close(log);
    out.close_write();
    out_ = out.release_read();
    std::string line;
    const auto deadline = Clock::now() + command_limit;
    bool is_open = true;
    while (is_open && line.find('\n') == std::string::npos && Clock::now() < deadline) {
        pollfd waiting{out_, POLLIN, 0};
        if (::poll(&waiting, 1, 200) > 0) is_open = read_some(out_, line);
    }
    if (launch.may_end_early && !is_open) return;
    boost::system::error_code error;
    const auto document = boost::json::parse(line, error);
    REQUIRE_MESSAGE((!error && document.is_object() && document.as_object().contains("event")),
                    "no ready line; ", launch.log, " says why: ", line);
    ready_ = document.as_object();
}

Daemon::~Daemon() {
    kill();
    if (out_ >= 0) ::close(out_);
}

std::string Daemon::address(const std::string& key) const {
    return std::string(ready_.at(key).as_string());
}

int Daemon::stop() {
    ::kill(pid_, SIGTERM);
    int status = 0;
    const auto deadline = Clock::now() + command_limit;
    while (::waitpid(pid_, &status, WNOHANG) == 0) {
        REQUIRE_MESSAGE(Clock::now() < deadline, "the daemon did not stop on SIGTERM");
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
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

bool Daemon::has_ended() {
    if (pid_ >= 0 && ::waitpid(pid_, nullptr, WNOHANG) != 0) pid_ = -1;
    return pid_ < 0;
}

void wait_until(const std::string& what, const std::function<bool()>& holds,
                std::chrono::seconds limit) {
    const auto deadline = Clock::now() + limit;
    while (!holds()) {
        REQUIRE_MESSAGE(Clock::now() < deadline, "did not happen in time: ", what);
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

}  // namespace sangam::test
