// SPDX-License-Identifier: Apache-2.0
#include "node/service/json_value.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "node/ingest/json.hpp"

namespace sangam::node {

namespace json = boost::json;

namespace {

/// Deeper documents are none of ours.
constexpr int max_document_depth = 64;

/// `exact` is the same document, read by a parser that rounds nothing.
void restore_doubles(json::value& document, const Value& exact) {
    if (document.is_double()) {
        if (const auto* real = exact.get_if<double>()) document = *real;
    } else if (document.is_array()) {
        const auto* elements = exact.get_if<Value::Array>();
        auto& array = document.get_array();
        for (std::size_t i = 0; elements && i < std::min(array.size(), elements->size()); ++i)
            restore_doubles(array[i], (*elements)[i]);
    } else if (document.is_object()) {
        const auto* members = exact.get_if<Value::Map>();
        if (!members) return;
        for (auto& member : document.get_object())
            if (const auto found = members->find(std::string_view(member.key()));
                found != members->end())
                restore_doubles(member.value(), found->second);
    }
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

Result<Value> member_of_body(std::string_view body, std::string_view key, int levels_around) {
    auto document = ingest::from_json(body, ingest::LongNumbers::refuse, levels_around);
    if (!document) return document;
    const auto* object = document->get_if<Value::Map>();
    const auto found = object ? object->find(key) : Value::Map::const_iterator{};
    if (!object || found == object->end())
        return fail("bad_body", "a key of the body is missing", std::string(key), {},
                    ErrorKind::usage);
    return found->second;
}

Result<json::value> parse_exactly(std::string_view text) {
    boost::system::error_code bad;
    json::parse_options options;
    options.max_depth = max_document_depth;
    auto document = json::parse(json::string_view(text.data(), text.size()), bad, {}, options);
    if (bad) return fail("bad_json", "not valid JSON: " + bad.message(), {}, {}, ErrorKind::usage);
    if (const auto exact = ingest::from_json(text, ingest::LongNumbers::as_text,
                                             max_document_depth - max_value_depth))
        restore_doubles(document, *exact);
    return document;
}

}  // namespace sangam::node
