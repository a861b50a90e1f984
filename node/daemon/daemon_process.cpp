// SPDX-License-Identifier: Apache-2.0
#include "node/daemon/daemon_process.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/json/serialize.hpp>
#include <csignal>
#include <cstdio>
#include <ctime>

#include "node/daemon/printable.hpp"

namespace sangam::node {
namespace {

/// What a message quotes may come from a peer or a file.
class PrintableMessage final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&,
                spdlog::memory_buf_t& out) override {
        const auto text = printable({message.payload.data(), message.payload.size()});
        out.append(text.data(), text.data() + text.size());
    }
    [[nodiscard]] std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
        return std::make_unique<PrintableMessage>();
    }
};

}  // namespace

std::unique_ptr<spdlog::formatter> log_formatter() {
    auto out = std::make_unique<spdlog::pattern_formatter>();
    out->add_flag<PrintableMessage>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %*");
    return out;
}

void set_up_log(const std::string& level) {
    auto logger = std::make_shared<spdlog::logger>(
        "sangam", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_formatter(log_formatter());
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
}

Millis system_now() {
    return std::chrono::duration_cast<Millis>(std::chrono::system_clock::now().time_since_epoch());
}

std::string utc_text(Millis time) {
    const std::time_t seconds = time.count() / 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

void print_line(bool json, const boost::json::object& document, const std::string& sentence) {
    const std::string line = (json ? boost::json::serialize(document) : sentence) + "\n";
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
}

DaemonProcess::DaemonProcess(unsigned io_threads)
    : guard_(boost::asio::make_work_guard(io_)), signals_(io_, SIGTERM, SIGINT) {
    std::signal(SIGPIPE, SIG_IGN);
    signals_.async_wait([this](const boost::system::error_code& error, int) {
        if (error) return;
        signals_.clear();
        stop_.set_value();
    });
    for (unsigned i = 0; i < io_threads; ++i) threads_.emplace_back([this] { io_.run(); });
}

DaemonProcess::~DaemonProcess() { stop_io(); }

void DaemonProcess::wait_for_stop() { stop_.get_future().wait(); }

void DaemonProcess::stop_io() {
    guard_.reset();
    io_.stop();
    for (auto& thread : threads_)
        if (thread.joinable()) thread.join();
}

}  // namespace sangam::node
