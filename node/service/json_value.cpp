// SPDX-License-Identifier: Apache-2.0
#include "node/service/json_value.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <limits>

namespace sangam::node {
namespace {

namespace json = boost::json;

Result<Value> convert(const json::value& from, int depth) {
    const auto bad = [](std::string message) {
        return fail("bad_value", std::move(message), {}, {}, ErrorKind::usage);
    };
    if (depth > max_value_depth)
        return bad("the value is nested deeper than " + std::to_string(max_value_depth));
    switch (from.kind()) {
        case json::kind::null:
            return Value(nullptr);
        case json::kind::bool_:
            return Value(from.get_bool());
        case json::kind::int64:
            return Value(from.get_int64());
        case json::kind::uint64:
            // Boost.JSON takes this kind for what int64 cannot hold, and for our own documents.
            if (from.get_uint64() > std::numeric_limits<std::int64_t>::max())
                return bad("the integer has more than 64 bits");
            return Value(static_cast<std::int64_t>(from.get_uint64()));
        case json::kind::double_:
            if (!std::isfinite(from.get_double())) return bad("the number is not finite");
            return Value(from.get_double());
        case json::kind::string:
            return Value(std::string(from.get_string()));
        case json::kind::array: {
            Value::Array out;
            for (const auto& element : from.get_array()) {
                auto value = convert(element, depth + 1);
                if (!value) return value;
                out.push_back(std::move(*value));
            }
            return Value(std::move(out));
        }
        case json::kind::object: {
            Value::Map out;
            for (const auto& [key, element] : from.get_object()) {
                auto value = convert(element, depth + 1);
                if (!value) return value;
                out.emplace(std::string(key), std::move(*value));
            }
            return Value(std::move(out));
        }
    }
    return bad("the value has no known kind");
}

}  // namespace

json::value to_json(const Value& value) {
    struct Visitor {
        json::value operator()(std::nullptr_t) const { return nullptr; }
        json::value operator()(bool b) const { return b; }
        json::value operator()(std::int64_t i) const { return i; }
        json::value operator()(double d) const { return d; }
        json::value operator()(const std::string& s) const { return json::string(s); }
        json::value operator()(const Value::Array& elements) const {
            json::array out;
            for (const auto& element : elements) out.push_back(to_json(element));
            return out;
        }
        json::value operator()(const Value::Map& entries) const {
            json::object out;
            for (const auto& [key, element] : entries) out[key] = to_json(element);
            return out;
        }
    };
    return std::visit(Visitor{}, value.variant());
}

Result<Value> value_from_json(const json::value& from) { return convert(from, 1); }

}  // namespace sangam::node
