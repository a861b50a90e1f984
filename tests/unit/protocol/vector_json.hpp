// SPDX-License-Identifier: Apache-2.0
// Writes the golden vectors' JSON: just enough of it, in an order and layout that never change.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/ids.hpp"
#include "protocol/value.hpp"

namespace sangam::samples {

/// One JSON document or part of one, as text.
struct Json {
    std::string text;
};

inline Json json(std::string_view value) {
    std::string out = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            const std::uint8_t byte[] = {0, static_cast<std::uint8_t>(c)};
            out += "\\u" + to_hex(byte);
        } else {
            out += c;
        }
    }
    return {out + '"'};
}
inline Json json(const std::string& value) { return json(std::string_view(value)); }
inline Json json(const char* value) { return json(std::string_view(value)); }
inline Json json(bool value) { return {value ? "true" : "false"}; }
template <std::integral T>
    requires(!std::same_as<T, bool>)
Json json(T value) {
    return {std::to_string(value)};
}
/// The shortest text of that number, with a point or an exponent: `1.0` is no integer.
inline Json json(double value) {
    char buffer[64];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    std::string out(buffer, end);
    if (out.find_first_of(".e") == std::string::npos) out += ".0";
    return {out};
}
inline Json json(ByteView value) { return json(to_hex(value)); }
inline Json json(const Bytes& value) { return json(to_hex(value)); }
template <class Tag, std::size_t N>
Json json(const FixedBytes<Tag, N>& value) {
    return json(value.hex());
}
inline Json json(Json value) { return value; }
inline Json json(const Value& value);

template <class T>
Json json(const std::vector<T>& values)
    requires(!std::same_as<T, std::uint8_t>)
{
    std::string out = "[";
    for (const auto& value : values) {
        if (out.size() > 1) out += ", ";
        out += json(value).text;
    }
    return {out + "]"};
}

inline Json json(const Value& value) {
    struct Visitor {
        Json operator()(std::nullptr_t) const { return {"null"}; }
        Json operator()(bool b) const { return json(b); }
        Json operator()(std::int64_t i) const { return json(i); }
        Json operator()(double d) const { return json(d); }
        Json operator()(const std::string& s) const { return json(s); }
        Json operator()(const Value::Array& a) const { return json(a); }
        Json operator()(const Value::Map& m) const {
            std::string out = "{";
            for (const auto& [key, element] : m) {
                if (out.size() > 1) out += ", ";
                out += json(key).text + ": " + json(element).text;
            }
            return {out + "}"};
        }
    };
    return std::visit(Visitor{}, value.variant());
}

using Members = std::vector<std::pair<std::string, Json>>;

/// An object, one member a line.
inline Json object(const Members& members) {
    std::string out = "{";
    for (const auto& [name, value] : members) {
        out += out.size() > 1 ? ",\n " : "\n ";
        out += json(name).text + ": " + value.text;
    }
    return {out + "\n}"};
}
/// An object on one line.
inline Json inline_object(const Members& members) {
    std::string out = "{";
    for (const auto& [name, value] : members) {
        if (out.size() > 1) out += ", ";
        out += json(name).text + ": " + value.text;
    }
    return {out + "}"};
}
/// An array of cases, each on lines of its own.
inline Json cases(const std::vector<Json>& values) {
    std::string out = "[";
    for (const auto& value : values) {
        out += out.size() > 1 ? ",\n" : "\n";
        out += value.text;
    }
    return {out + "\n]"};
}

}  // namespace sangam::samples
