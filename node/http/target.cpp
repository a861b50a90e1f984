// SPDX-License-Identifier: Apache-2.0
#include "node/http/target.hpp"

#include "protocol/bytes.hpp"

namespace sangam::node::http {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

void append_encoded(std::string& out, char c) {
    static constexpr char digits[] = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
}

/// Names, ids and values are text; what is not could not even be quoted in an answer.
Result<std::string> decode_text(std::string_view text) {
    auto decoded = percent_decode(text);
    if (decoded && !is_utf8(*decoded))
        return fail("bad_target", "a part of the request target is not UTF-8", std::string(text),
                    "send text as UTF-8, each byte of it percent-encoded", ErrorKind::usage);
    return decoded;
}

Result<std::string> decode_parameter(std::string_view text) {
    std::string spaced(text);
    for (char& c : spaced)
        if (c == '+') c = ' ';
    return decode_text(spaced);
}

}  // namespace

Result<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0)
            return fail("bad_percent_encoding", "a % is not followed by two hexadecimal digits",
                        std::string(text), "write a literal % as %25", ErrorKind::usage);
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::string percent_encode(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
                              c == '~';
        if (is_plain)
            out += c;
        else
            append_encoded(out, c);
    }
    return out;
}

std::string encode_header_value(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c >= ' ' && c <= '~' && c != '%')
            out += c;
        else
            append_encoded(out, c);
    }
    return out;
}

Result<Target> parse_target(std::string_view target) {
    if (target.empty() || target.front() != '/')
        return fail("bad_target", "the request target does not begin with a slash",
                    std::string(target), {}, ErrorKind::usage);
    Target out;
    const auto question = target.find('?');
    out.path = std::string(target.substr(0, question));

    std::string_view rest = std::string_view(out.path).substr(1);
    while (!rest.empty()) {
        const auto slash = rest.find('/');
        auto segment = decode_text(rest.substr(0, slash));
        if (!segment) return std::unexpected(segment.error());
        out.segments.push_back(std::move(*segment));
        if (slash == std::string_view::npos) break;
        rest.remove_prefix(slash + 1);
    }

    if (question == std::string_view::npos) return out;
    std::string_view query = target.substr(question + 1);
    while (!query.empty()) {
        const auto ampersand = query.find('&');
        const auto pair = query.substr(0, ampersand);
        if (!pair.empty()) {
            const auto equals = pair.find('=');
            auto name = decode_parameter(pair.substr(0, equals));
            if (!name) return std::unexpected(name.error());
            auto value = decode_parameter(
                equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1));
            if (!value) return std::unexpected(value.error());
            out.query.emplace(std::move(*name), std::move(*value));
        }
        if (ampersand == std::string_view::npos) break;
        query.remove_prefix(ampersand + 1);
    }
    return out;
}

}  // namespace sangam::node::http
