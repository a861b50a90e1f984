// SPDX-License-Identifier: Apache-2.0
#include "registry/audit.hpp"

#include <cstdio>
#include <ctime>
#include <string_view>

#include "protocol/error.hpp"

namespace sangam::registry {
namespace {

void append_json_text(std::string& out, std::string_view text) {
    out.push_back('"');
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (u < 0x20 || u == 0x7F) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\u%04x", u);
            out += escaped;
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

/// RFC 3339, UTC, milliseconds.
std::string time_text(Millis at) {
    const std::time_t seconds = at.count() / 1000;
    std::tm utc{};
    SANGAM_ASSERT(gmtime_r(&seconds, &utc) != nullptr);
    char text[64];
    std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
                  utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                  static_cast<int>(at.count() % 1000));
    return text;
}

}  // namespace

std::string AuditEvent::line() const {
    std::string out = "{\"time\":";
    append_json_text(out, time_text(at));
    const auto add = [&](std::string_view key, std::string_view value) {
        out += ",\"";
        out += key;
        out += "\":";
        append_json_text(out, value);
    };
    add("actor", actor);
    add("action", action);
    add("subject", subject);
    add("detail", detail);
    return out + "}";
}

}  // namespace sangam::registry
