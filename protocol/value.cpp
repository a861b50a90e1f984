// SPDX-License-Identifier: Apache-2.0
#include "protocol/value.hpp"

#include <cmath>

#include "protocol/cbor.hpp"

namespace sangam {

namespace {

Result<void> validate_at(const Value& value, int depth) {
    const auto bad = [](std::string what) { return fail("bad_value", std::move(what)); };
    if (const auto* text = value.get_if<std::string>()) {
        if (!is_utf8(*text)) return bad("a text is not valid UTF-8");
    } else if (const auto* number = value.get_if<double>()) {
        if (!std::isfinite(*number)) return bad("a number is not finite");
    } else if (const auto* array = value.get_if<Value::Array>()) {
        if (depth == 0) return bad("a value is nested too deep");
        for (const auto& element : *array)
            if (auto ok = validate_at(element, depth - 1); !ok) return ok;
    } else if (const auto* map = value.get_if<Value::Map>()) {
        if (depth == 0) return bad("a value is nested too deep");
        for (const auto& [key, element] : *map) {
            if (!is_utf8(key)) return bad("a map key is not valid UTF-8");
            if (auto ok = validate_at(element, depth - 1); !ok) return ok;
        }
    }
    return {};
}

}  // namespace

Result<void> Value::validate() const { return validate_at(*this, max_value_depth); }

Bytes Value::to_cbor() const {
    cbor::Writer writer;
    writer.value(*this);
    return writer.take();
}

Result<Value> Value::from_cbor(ByteView bytes) {
    cbor::Reader reader(bytes);
    Value out = reader.value();
    if (auto done = reader.finish(); !done) return std::unexpected(std::move(done.error()));
    return out;
}

}  // namespace sangam
