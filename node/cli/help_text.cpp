// SPDX-License-Identifier: Apache-2.0
#include "node/cli/help_text.hpp"

#include "node/cli/table.hpp"

namespace sangam::node::cli {
namespace {

constexpr std::size_t description_column = 30;  // CLI11's

/// Where what goes on of a line begins: below its description, if it has one.
std::size_t continuation_column(std::string_view line) {
    if (!line.starts_with("  ")) return 0;
    return line.size() > description_column && line[description_column - 1] == ' ' &&
                   line[description_column] != ' '
               ? description_column
               : line.find_first_not_of(' ');
}

}  // namespace

std::string wrap_help(std::string_view text, std::size_t width) {
    std::string out;
    while (!text.empty()) {
        const auto end = text.find('\n');
        std::string line(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const std::size_t column = continuation_column(line);
        while (display_width(line) > width) {
            std::size_t at = line.size();
            do {
                at = line.rfind(' ', at - 1);
            } while (at != std::string::npos && at > column &&
                     display_width(std::string_view(line).substr(0, at)) > width);
            if (at == std::string::npos || at <= column) break;
            out += line.substr(0, line.find_last_not_of(' ', at) + 1) + '\n';
            line = std::string(column, ' ') + line.substr(at + 1);
        }
        out += line;
        if (end != std::string_view::npos) out += '\n';
    }
    return out;
}

}  // namespace sangam::node::cli
