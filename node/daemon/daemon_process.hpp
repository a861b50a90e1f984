// SPDX-License-Identifier: Apache-2.0
// What both daemons (node run, registry run) are as processes: the log on standard error, the I/O
// threads, the signals that stop them, and the two lines on standard output.
#pragma once

#include <spdlog/formatter.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "protocol/hlc.hpp"

namespace sangam::node {

/// What a daemon that stops allows the answers under way to reach their clients: one that does not
/// read its answer does not keep it from stopping.
inline constexpr std::chrono::seconds answers_leave_within{3};

/// How a line of the log looks: time, level, message, on one line whatever the message quotes.
[[nodiscard]] std::unique_ptr<spdlog::formatter> log_formatter();
/// "debug", "info", "warning" or "error"; lines go to standard error.
void set_up_log(const std::string& level);

/// The system's Unix time.
[[nodiscard]] Millis system_now();
/// "2026-11-24T03:16:00Z".
[[nodiscard]] std::string utc_text(Millis time);

/// One line on standard output, the document or the sentence; a closed standard output is no
/// failure.
void print_line(bool json, const boost::json::object& document, const std::string& sentence);

/// An io_context with threads of its own, and the wait for SIGTERM or SIGINT. Ignores SIGPIPE.
class DaemonProcess {
public:
    explicit DaemonProcess(unsigned io_threads);
    /// Ends the I/O threads.
    ~DaemonProcess();
    DaemonProcess(const DaemonProcess&) = delete;
    DaemonProcess& operator=(const DaemonProcess&) = delete;

    [[nodiscard]] boost::asio::io_context& io() { return io_; }
    /// Blocks until the first of the signals came, at any time since construction. After it they
    /// have their default effect again, so that a second one ends a process that hangs.
    void wait_for_stop();
    /// Ends the I/O threads; nothing that runs on io() goes on after it.
    void stop_io();

private:
    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
    boost::asio::signal_set signals_;
    std::promise<void> stop_;
    std::vector<std::thread> threads_;
};

}  // namespace sangam::node
