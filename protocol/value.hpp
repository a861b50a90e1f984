// SPDX-License-Identifier: Apache-2.0
// The values of fields: what JSON can say, with integers and floating-point numbers kept apart.
// One deterministic CBOR encoding each (RFC 8949 section 4.2.1), see cbor.hpp.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/error.hpp"

namespace sangam {

/// A field's value. Imports write text exactly as read; numbers, lists and maps come from JSON.
/// Text is well-formed UTF-8; a number is finite; nesting is at most max_value_depth.
class Value {
public:
    using Array = std::vector<Value>;
    using Map = std::map<std::string, Value, std::less<>>;
    using Variant =
        std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Map>;

    Value() : v_(nullptr) {}
    Value(std::nullptr_t) : v_(nullptr) {}
    Value(bool b) : v_(b) {}
    Value(std::int64_t i) : v_(i) {}
    Value(int i) : v_(std::int64_t{i}) {}
    Value(double d) : v_(d) {}
    Value(std::string s) : v_(std::move(s)) {}
    Value(std::string_view s) : v_(std::string(s)) {}
    Value(const char* s) : v_(std::string(s)) {}
    Value(Array a) : v_(std::move(a)) {}
    Value(Map m) : v_(std::move(m)) {}

    [[nodiscard]] const Variant& variant() const { return v_; }
    template <class T>
    [[nodiscard]] const T* get_if() const {
        return std::get_if<T>(&v_);
    }
    [[nodiscard]] bool is_null() const { return std::holds_alternative<std::nullptr_t>(v_); }
    [[nodiscard]] bool is_text() const { return std::holds_alternative<std::string>(v_); }
    [[nodiscard]] std::string_view text() const { return std::get<std::string>(v_); }
    friend bool operator==(const Value&, const Value&) = default;

    /// Refuses invalid UTF-8, NaN, infinity, and nesting beyond max_value_depth: what may not reach
    /// to_cbor(). The size of the encoding is for the caller to bound.
    [[nodiscard]] Result<void> validate() const;
    /// Deterministic CBOR. Precondition: valid text and finite numbers.
    [[nodiscard]] Bytes to_cbor() const;
    /// Strict: refuses every other encoding of the same value, bytes after the end, NaN and
    /// infinity, invalid UTF-8, and nesting beyond max_value_depth.
    static Result<Value> from_cbor(ByteView bytes);

private:
    Variant v_;
};

inline constexpr int max_value_depth = 16;  ///< keeps recursion off the stack limit
inline constexpr std::size_t max_value_bytes = 1024 * 1024;  ///< SEMANTICS section 2, of its CBOR

}  // namespace sangam
