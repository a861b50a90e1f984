// SPDX-License-Identifier: Apache-2.0
// Tables and progress bars: what fits, what is cut, what is made harmless.
#include <doctest/doctest.h>

#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <sstream>

#include "node/cli/progress.hpp"
#include "node/cli/session.hpp"
#include "node/cli/table.hpp"
#include "node/daemon/daemon_process.hpp"

using namespace sangam::node;

namespace {

std::vector<std::string> lines(const cli::Table& table, std::size_t width) {
    std::ostringstream out;
    table.print(out, width);
    std::vector<std::string> result;
    std::istringstream in(out.str());
    for (std::string line; std::getline(in, line);) result.push_back(line);
    return result;
}

}  // namespace

TEST_CASE("cli table: no line is wider than the terminal, and the cut shows") {
    cli::Table table({"record", "title"});
    table.add({std::string(50, 'r'), std::string(100, 't')});
    table.add({"short", "x"});
    for (const auto& line : lines(table, 80)) CHECK(display_width(line) <= 80);
    CHECK(lines(table, 80)[1].starts_with(std::string(50, 'r') + "  t"));
    CHECK(lines(table, 80)[1].ends_with("…"));
}

TEST_CASE("cli table: the first column is never cut, so that its ids can be copied") {
    cli::Table table({"id", "title"});
    table.add({std::string(100, 'r'), std::string(100, 't')});
    CHECK(lines(table, 80)[1].starts_with(std::string(100, 'r') + "  t"));
}

TEST_CASE("cli table: columns line up also with accents and wide characters") {
    cli::Table table({"a", "b"});
    table.add({"Grünkern", "1"});
    table.add({"水稻", "2"});
    table.add({"e\xcc\x81t\xc3\xa9", "3"});
    const auto all = lines(table, 80);
    const auto column = display_width(all[1].substr(0, all[1].find('1')));
    CHECK(display_width(all[2].substr(0, all[2].find('2'))) == column);
    CHECK(display_width(all[3].substr(0, all[3].find('3'))) == column);
}

TEST_CASE("cli table: data cannot steer the terminal") {
    CHECK(printable("a\x1b[2Jb\r\nc") == "a?[2Jb??c");
    CHECK(printable("\xff\xfe") == "??");
    CHECK(printable("x\xe2\x80\xaey") == "x?y");
    CHECK(printable("\xc2\x9b") == "?");
}

TEST_CASE("cli progress: the line fits, and says what is left") {
    using std::chrono::milliseconds;
    const auto line =
        cli::progress_line("import", "done", 50'000'000, 100'000'000, milliseconds(5000), 79);
    CHECK(display_width(line) <= 79);
    CHECK(line.find("50 %") != std::string::npos);
    CHECK(line.find("10.0 MB/s") != std::string::npos);
    CHECK(line.find("5 s left") != std::string::npos);
    CHECK(display_width(cli::progress_line("import", "done", 1, 1'000'000'000'000, milliseconds(1),
                                           40)) <= 40);
}

TEST_CASE("cli numbers: counts and ages as people read them") {
    CHECK(cli::shown_count(0) == "0");
    CHECK(cli::shown_count(999) == "999");
    CHECK(cli::shown_count(1000) == "1,000");
    CHECK(cli::shown_count(-1234567) == "-1,234,567");
    CHECK(cli::shown_age(-1) == "-");
    CHECK(cli::shown_age(119) == "119 s");
    CHECK(cli::shown_age(7199) == "119 min");
    CHECK(cli::shown_age(172'800) == "2 d");
}

TEST_CASE("log: what a message quotes begins no line of its own and moves no cursor") {
    std::ostringstream out;
    spdlog::logger logger("test", std::make_shared<spdlog::sinks::ostream_sink_st>(out));
    logger.set_formatter(log_formatter());
    logger.warn("the peer ended it: {}", "\x1b[2Jbye\n2026-01-01T00:00:00 info all is well");
    const std::string text = out.str();
    CHECK(std::count(text.begin(), text.end(), '\n') == 1);
    CHECK(text.ends_with(
        " warning the peer ended it: ?[2Jbye?2026-01-01T00:00:00 info all is well\n"));
}
