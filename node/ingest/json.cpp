// SPDX-License-Identifier: Apache-2.0
#include "node/ingest/json.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <expected>
#include <vector>

#include "protocol/bytes.hpp"

namespace sangam::node::ingest {
namespace {

// UTF-16 code units order like bytes of UTF-8 except that code points from U+10000 (lead byte F0
// and up, a surrogate pair) come before U+E000 to U+FFFF (lead bytes EE and EF).
bool utf16_less(std::string_view a, std::string_view b) {
    const auto rank = [](char c) {
        const auto byte = static_cast<std::uint8_t>(c);
        if (byte >= 0xF0) return byte - 2;   // F0.. -> EE..
        if (byte >= 0xEE) return byte + 16;  // EE, EF -> FE, FF
        return static_cast<int>(byte);
    };
    const std::size_t common = std::min(a.size(), b.size());
    for (std::size_t i = 0; i < common; ++i)
        if (a[i] != b[i]) return rank(a[i]) < rank(b[i]);
    return a.size() < b.size();
}

// Number::toString of ECMA-262 for a finite double: the shortest digits that read back the same.
void append_double(std::string& out, double value) {
    if (value == 0) {
        out += '0';
        return;
    }
    char buffer[40];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, std::fabs(value),
                                   std::chars_format::scientific)
                         .ptr;
    const std::string_view text(buffer, static_cast<std::size_t>(end - buffer));
    const std::size_t e = text.find('e');
    std::string digits(text.substr(0, 1));
    if (e > 2) digits += text.substr(2, e - 2);
    int exponent = 0;
    const std::size_t exponent_begin = e + (text[e + 1] == '+' ? 2 : 1);
    std::from_chars(text.data() + exponent_begin, text.data() + text.size(), exponent);

    if (value < 0) out += '-';
    const int count = static_cast<int>(digits.size());
    const int point = exponent + 1;  // the decimal point stands after so many digits
    if (count <= point && point <= 21) {
        out += digits;
        out.append(static_cast<std::size_t>(point - count), '0');
    } else if (0 < point && point <= 21) {
        out.append(digits, 0, static_cast<std::size_t>(point));
        out += '.';
        out.append(digits, static_cast<std::size_t>(point));
    } else if (-6 < point && point <= 0) {
        out += "0.";
        out.append(static_cast<std::size_t>(-point), '0');
        out += digits;
    } else {
        out += digits[0];
        if (count > 1) {
            out += '.';
            out.append(digits, 1);
        }
        out += 'e';
        out += exponent < 0 ? '-' : '+';
        out += std::to_string(std::abs(exponent));
    }
}

// A number's digits without the zeros around them, and the power of ten of the last one.
struct Decimal {
    std::string digits;
    long exponent = 0;
    bool operator==(const Decimal&) const = default;
};

// Precondition: a JSON number within a double's range. The sign is of no interest here.
Decimal decimal_of(std::string_view number) {
    Decimal out;
    const std::size_t e = number.find_first_of("eE");
    if (e != number.npos) {
        const std::size_t begin = e + (number[e + 1] == '+' ? 2 : 1);
        std::from_chars(number.data() + begin, number.data() + number.size(), out.exponent);
    }
    bool is_fraction = false;
    for (const char c : number.substr(0, e)) {
        if (c == '.') is_fraction = true;
        if (c < '0' || c > '9') continue;
        out.digits += c;
        if (is_fraction) --out.exponent;
    }
    while (out.digits.ends_with('0')) {
        out.digits.pop_back();
        ++out.exponent;
    }
    out.digits.erase(0, out.digits.find_first_not_of('0'));
    if (out.digits.empty()) out.exponent = 0;
    return out;
}

// The value of a number that stands in JSON; why there is none that is equal to it otherwise.
std::expected<Value, std::string_view> number_value(std::string_view number) {
    const char* const first = number.data();
    const char* const last = first + number.size();
    constexpr std::string_view too_many_bits = "an integer beyond 64 bits";
    if (number.find_first_of(".eE") == number.npos) {
        std::int64_t integer = 0;
        if (std::from_chars(first, last, integer).ec != std::errc{})
            return std::unexpected(too_many_bits);
        return Value(integer);
    }
    double real = 0;
    if (std::from_chars(first, last, real).ec != std::errc{} || !std::isfinite(real))
        return std::unexpected(std::string_view("a number beyond what a double holds"));
    // It prints as an integer, which could not be read back.
    const bool prints_too_long = std::fabs(real) >= 9.2e18 && std::fabs(real) < 1e21;
    // Fewer digits than these are never changed by a double of usual size.
    constexpr std::size_t safe_length = 15;
    if (number.size() <= safe_length && std::fabs(real) > 1e-300 && !prints_too_long)
        return Value(real);
    std::string printed;
    append_double(printed, real);
    if (decimal_of(number) != decimal_of(printed))
        return std::unexpected(std::string_view("a number with more digits than a double keeps"));
    if (prints_too_long) return std::unexpected(too_many_bits);
    return Value(real);
}

class Parser {
public:
    Parser(std::string_view text, LongNumbers long_numbers, int levels_around)
        : text_(text), long_numbers_(long_numbers), max_depth_(max_value_depth + levels_around) {}

    Result<Value> document() {
        if (!is_utf8(text_))
            return fail("bad_json", "the JSON text is not UTF-8", {}, {}, ErrorKind::usage);
        Value value = this->value(1);
        skip_space();
        if (reason_.empty() && at_ < text_.size()) set_failed("text after the end of the value");
        if (!reason_.empty())
            return fail("bad_json", (is_long_number_ ? "" : "not valid JSON: ") + reason_,
                        "byte " + std::to_string(failed_at_ + 1),
                        is_long_number_ ? "quote the number as text, which keeps every digit"
                                        : "quote text as \"...\"",
                        ErrorKind::usage);
        return value;
    }

private:
    bool failed() const { return !reason_.empty(); }
    void set_failed(std::string reason) {
        if (failed()) return;
        reason_ = std::move(reason);
        failed_at_ = at_;
    }
    void skip_space() {
        while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos)
            ++at_;
    }
    bool take(char c) {
        skip_space();
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    bool take_word(std::string_view word) {
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }

    Value value(int depth) {
        skip_space();
        if (failed()) return {};
        if (at_ >= text_.size()) {
            set_failed("it ends too early");
            return {};
        }
        const char c = text_[at_];
        if (c == '"') return string();
        if (c == '-' || (c >= '0' && c <= '9')) return number();
        if (c == '[' || c == '{') {
            if (depth > max_depth_) {
                set_failed("nested deeper than " + std::to_string(max_depth_));
                return {};
            }
            return c == '[' ? array(depth) : object(depth);
        }
        if (take_word("true")) return true;
        if (take_word("false")) return false;
        if (take_word("null")) return nullptr;
        set_failed("an unexpected character");
        return {};
    }

    Value array(int depth) {
        ++at_;
        Value::Array out;
        if (take(']')) return out;
        do {
            out.push_back(value(depth + 1));
            if (failed()) return {};
        } while (take(','));
        if (!take(']')) set_failed("an array without its ]");
        return out;
    }

    Value object(int depth) {
        ++at_;
        Value::Map out;
        if (take('}')) return out;
        do {
            skip_space();
            if (at_ >= text_.size() || text_[at_] != '"') {
                set_failed("a key in quotes is missing");
                return {};
            }
            std::string key = string();
            if (out.contains(key)) set_failed("the key \"" + key + "\" stands twice");
            if (!failed() && !take(':')) set_failed("a : is missing after a key");
            Value held = value(depth + 1);
            if (failed()) return {};
            out.emplace(std::move(key), std::move(held));
        } while (take(','));
        if (!take('}')) set_failed("an object without its }");
        return out;
    }

    std::uint32_t hex4() {
        std::uint32_t code = 0;
        if (at_ + 4 > text_.size()) {
            set_failed("a cut \\u escape");
            return 0;
        }
        const char* const begin = text_.data() + at_;
        if (std::from_chars(begin, begin + 4, code, 16).ptr != begin + 4)
            set_failed("a \\u escape without four hexadecimal digits");
        at_ += 4;
        return code;
    }

    void escape(std::string& out) {
        if (at_ >= text_.size()) return set_failed("text without its closing quote");
        const char c = text_[at_++];
        constexpr std::string_view from = "\"\\/bfnrt";
        constexpr std::string_view to = "\"\\/\b\f\n\r\t";
        if (const auto i = from.find(c); i != from.npos) {
            out += to[i];
            return;
        }
        if (c != 'u') return set_failed("an unknown escape");
        std::uint32_t code = hex4();
        if (code >= 0xD800 && code < 0xDC00) {
            if (!take_word("\\u")) return set_failed("a lone surrogate");
            const std::uint32_t low = hex4();
            if (low < 0xDC00 || low > 0xDFFF) return set_failed("a lone surrogate");
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        } else if (code >= 0xDC00 && code <= 0xDFFF) {
            return set_failed("a lone surrogate");
        }
        if (code < 0x80) {
            out += static_cast<char>(code);
            return;
        }
        const int extra = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        constexpr std::uint8_t leads[] = {0, 0xC0, 0xE0, 0xF0};
        out += static_cast<char>(leads[extra] | (code >> (6 * extra)));
        for (int i = extra - 1; i >= 0; --i)
            out += static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3F));
    }

    std::string string() {
        ++at_;
        std::string out;
        while (!failed()) {
            if (at_ >= text_.size()) {
                set_failed("text without its closing quote");
                break;
            }
            const char c = text_[at_];
            if (static_cast<std::uint8_t>(c) < 0x20) {
                set_failed("a control character in text; write it as \\u00XX");
                break;
            }
            ++at_;
            if (c == '"') break;
            if (c == '\\')
                escape(out);
            else
                out += c;
        }
        return out;
    }

    std::size_t digits() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
        return at_ - begin;
    }

    Value number() {
        const std::size_t begin = at_;
        if (text_[at_] == '-') ++at_;
        const bool has_leading_zero = at_ < text_.size() && text_[at_] == '0';
        const std::size_t whole = digits();
        if (whole == 0 || (has_leading_zero && whole > 1)) {
            set_failed("a number is malformed");
            return {};
        }
        if (at_ < text_.size() && text_[at_] == '.') {
            ++at_;
            if (digits() == 0) set_failed("a number is malformed");
        }
        if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
            ++at_;
            if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
            if (digits() == 0) set_failed("a number is malformed");
        }
        if (failed()) return {};
        const std::string_view number = text_.substr(begin, at_ - begin);
        auto value = number_value(number);
        if (value) return std::move(*value);
        if (long_numbers_ == LongNumbers::as_text) return Value(number);
        at_ = begin;
        is_long_number_ = true;
        set_failed(std::string(value.error()) + ": " + std::string(number.substr(0, 40)));
        return {};
    }

    std::string_view text_;
    LongNumbers long_numbers_;
    int max_depth_;
    std::size_t at_ = 0;
    std::string reason_;
    bool is_long_number_ = false;  // JSON, but nothing that a value holds
    std::size_t failed_at_ = 0;
};

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
    constexpr std::string_view hex = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<std::uint8_t>(c) < 0x20) {
                    out += "\\u00";
                    out += hex[static_cast<std::uint8_t>(c) >> 4];
                    out += hex[static_cast<std::uint8_t>(c) & 0xF];
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

void append_json(std::string& out, const Value& value) {
    if (value.is_null()) {
        out += "null";
    } else if (const auto* flag = value.get_if<bool>()) {
        out += *flag ? "true" : "false";
    } else if (const auto* integer = value.get_if<std::int64_t>()) {
        out += std::to_string(*integer);
    } else if (const auto* real = value.get_if<double>()) {
        append_double(out, *real);
    } else if (const auto* text = value.get_if<std::string>()) {
        append_json_text(out, *text);
    } else if (const auto* array = value.get_if<Value::Array>()) {
        out += '[';
        for (std::size_t i = 0; i < array->size(); ++i) {
            if (i > 0) out += ',';
            append_json(out, (*array)[i]);
        }
        out += ']';
    } else if (const auto* map = value.get_if<Value::Map>()) {
        std::vector<const Value::Map::value_type*> entries;
        entries.reserve(map->size());
        for (const auto& entry : *map) entries.push_back(&entry);
        std::sort(entries.begin(), entries.end(),
                  [](const auto* a, const auto* b) { return utf16_less(a->first, b->first); });
        out += '{';
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (i > 0) out += ',';
            append_json_text(out, entries[i]->first);
            out += ':';
            append_json(out, entries[i]->second);
        }
        out += '}';
    }
}

std::string to_json(const Value& value) {
    std::string out;
    append_json(out, value);
    return out;
}

Result<Value> from_json(std::string_view text, LongNumbers long_numbers, int levels_around) {
    return Parser(text, long_numbers, levels_around).document();
}

bool is_long_number(std::string_view text) {
    if (text.empty() || (text.front() != '-' && (text.front() < '0' || text.front() > '9')))
        return false;
    const auto value = from_json(text, LongNumbers::as_text);
    return value && value->is_text();
}

int nesting_of(const Value& value) {
    int inner = 0;
    if (const auto* array = value.get_if<Value::Array>()) {
        for (const Value& element : *array) inner = std::max(inner, nesting_of(element));
        return inner + 1;
    }
    if (const auto* map = value.get_if<Value::Map>()) {
        for (const auto& [key, element] : *map) inner = std::max(inner, nesting_of(element));
        return inner + 1;
    }
    return 0;
}

}  // namespace sangam::node::ingest
