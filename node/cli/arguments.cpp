// SPDX-License-Identifier: Apache-2.0
#include "node/cli/arguments.hpp"

#include <charconv>

#include "node/daemon/duration.hpp"

namespace sangam::node::cli {
namespace {

/// In front of an argument that is no option. An argument that begins with it gets another one.
constexpr char mark = '\x01';

std::string unprotect(std::string text) {
    if (!text.empty() && text.front() == mark) text.erase(0, 1);
    return text;
}

CLI::Option* take_one(CLI::Option* option, const std::string& value_name) {
    // "[a,b]" stays one value, and a repeatable option takes one value each time.
    return option->expected(1)
        ->allow_extra_args(false)
        ->type_name(value_name)
        ->transform(unprotect);
}

}  // namespace

std::vector<std::string> protect_arguments(const std::vector<std::string>& arguments) {
    std::vector<std::string> out;
    bool options_ended = false;
    for (const auto& argument : arguments) {
        if (!options_ended && argument == "--") {
            options_ended = true;
        } else if (!argument.empty() && argument.front() == mark) {
            out.push_back(mark + argument);
        } else if (!argument.starts_with('-') || argument == "-h") {
            out.push_back(argument);
        } else if (options_ended || !argument.starts_with("--")) {
            out.push_back(mark + argument);
        } else if (argument.find('=') == argument.size() - 1) {
            out.push_back(argument.substr(0, argument.size() - 1));
            out.emplace_back();
        } else {
            out.push_back(argument);
        }
    }
    return out;
}

CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& help) {
    return parent.add_subcommand(name, help)->fallthrough();
}

CLI::App* add_command_group(CLI::App& parent, const std::string& name, const std::string& help) {
    return parent.add_subcommand(name, help)->fallthrough()->require_subcommand(1);
}

CLI::Option* add_option(CLI::App& app, const std::string& name, std::string& into,
                        const std::string& value_name, const std::string& help) {
    return take_one(app.add_option(name, into, help), value_name);
}

CLI::Option* add_option(CLI::App& app, const std::string& name, std::optional<std::string>& into,
                        const std::string& value_name, const std::string& help) {
    return take_one(app.add_option_function<std::string>(
                        name, [&into](const std::string& value) { into = value; }, help),
                    value_name);
}

CLI::Option* add_repeatable(CLI::App& app, const std::string& name, std::vector<std::string>& into,
                            const std::string& value_name, const std::string& help) {
    return take_one(app.add_option(name, into, help), value_name)->take_all();
}

CLI::Option* add_number(CLI::App& app, const std::string& name, std::uint32_t& into,
                        const std::string& value_name, const std::string& help) {
    const auto read = [&into, name](const std::string& text) {
        std::uint32_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size())
            throw CLI::ValidationError(name, "'" + text + "' is no whole number from 0 to " +
                                                 std::to_string(~std::uint32_t{0}));
        into = value;
    };
    return take_one(app.add_option_function<std::string>(name, read, help), value_name)
        ->default_str(std::to_string(into));
}

CLI::Option* add_duration(CLI::App& app, const std::string& name,
                          std::optional<std::chrono::milliseconds>& into, const std::string& help) {
    return take_one(app.add_option_function<std::string>(
                        name,
                        [&into, name](const std::string& text) {
                            const auto value = parse_duration(text);
                            if (!value) throw CLI::ValidationError(name, value.error().text());
                            into = *value;
                        },
                        help),
                    "TIME");
}

CLI::Option* add_flag(CLI::App& app, const std::string& name, bool& into, const std::string& help) {
    return app.add_flag(name, into, help);
}

CLI::Option* add_positional(CLI::App& app, const std::string& name, std::string& into,
                            const std::string& help) {
    return take_one(app.add_option(name, into, help), "");
}

CLI::Option* add_positionals(CLI::App& app, const std::string& name, std::vector<std::string>& into,
                             const std::string& help) {
    return app.add_option(name, into, help)
        ->expected(1, -1)
        ->type_name("")
        ->transform(unprotect)
        ->required();
}

Result<std::vector<std::string>> split_commas(std::string_view text) {
    std::vector<std::string> out;
    while (true) {
        const auto comma = text.find(',');
        const auto part = text.substr(0, comma);
        if (part.empty())
            return fail("empty_part", "a name between the commas is empty", std::string(text),
                        "write the names with single commas and no spaces: a,b", ErrorKind::usage);
        out.emplace_back(part);
        if (comma == std::string_view::npos) return out;
        text.remove_prefix(comma + 1);
    }
}

Result<std::pair<std::string, std::string>> split_assignment(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0)
        return fail("bad_assignment", "NAME=VALUE is wanted", std::string(text), {},
                    ErrorKind::usage);
    return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

}  // namespace sangam::node::cli
