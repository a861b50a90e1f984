// SPDX-License-Identifier: Apache-2.0
#include "protocol/path.hpp"

#include <algorithm>

#include "protocol/bytes.hpp"

namespace sangam {

namespace {

/// Characters of a name that needs no quotes. Bytes of non-ASCII characters are all >= 0x80.
bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

Result<Path> Path::parse(std::string_view text) {
    const auto bad = [&](std::string what) {
        return fail(
            "bad_path", std::move(what), std::string(text),
            "write names joined by dots, in double quotes where a name has other characters",
            ErrorKind::usage);
    };
    if (!is_utf8(text)) return bad("a field path is not valid UTF-8");
    Path out;
    std::size_t i = 0;
    while (true) {
        std::string name;
        if (i < text.size() && text[i] == '"') {
            ++i;
            while (true) {
                if (i == text.size()) return bad("a field path has an open quote");
                if (text[i] == '"') {
                    if (i + 1 < text.size() && text[i + 1] == '"') {
                        name += '"';
                        i += 2;
                        continue;
                    }
                    ++i;
                    break;
                }
                name += text[i++];
            }
            if (i < text.size() && text[i] != '.')
                return bad("a field path goes on after a closing quote without a dot");
        } else {
            while (i < text.size() && text[i] != '.') {
                if (text[i] == '"') return bad("a field path has a quote inside a name");
                name += text[i++];
            }
            if (name.empty()) return bad("a field path has an empty name");
        }
        out.names.push_back(std::move(name));
        if (i == text.size()) return out;
        ++i;  // the dot; a name must follow, so that a trailing dot is an empty name
    }
}

std::string Path::text() const {
    std::string out;
    bool first = true;
    for (const auto& name : names) {
        if (!first) out += '.';
        first = false;
        bool plain = !name.empty();
        for (const char c : name) plain = plain && is_plain(c);
        if (plain) {
            out += name;
            continue;
        }
        out += '"';
        for (const char c : name) {
            if (c == '"') out += '"';
            out += c;
        }
        out += '"';
    }
    return out;
}

bool Path::is_at_or_below(const Path& other) const {
    return names.size() >= other.names.size() &&
           std::equal(other.names.begin(), other.names.end(), names.begin());
}

bool Path::is_reserved() const { return !names.empty() && names.front().starts_with('_'); }

Path Path::child(std::string_view name) const {
    Path out = *this;
    out.names.emplace_back(name);
    return out;
}

const Path& life_path() {
    static const Path path = Path::single("_life");
    return path;
}

}  // namespace sangam
